"""The sound of a call: in parts, and its peaks; only for those who may open the call."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.django import settings_in_force
from pipeline.audio.decode import decode
from pipeline.audio.listening import prepare_listening
from pipeline.errors import RecordingError
from review.access import needs
from review.byte_ranges import send_file
from review.desk import may_listen
from review.errors import problem
from review.words import PROBLEMS
from store.listening import copy_file, peaks_file
from store.models import Recording
from store.paths import path_from_text

TYPES = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".flac": "audio/flac", ".ogg": "audio/ogg"}
MAY_LISTEN = ("judge_calls", "see_calls", "see_own_results", "rate_calibration")


@needs(*MAY_LISTEN)
@require_safe
def audio(request: HttpRequest, recording_id: str) -> HttpResponseBase:
    """The recording, or its copy of constant rate."""
    recording = _recording(request, recording_id)
    try:
        path = _playable(recording)
        prefix = settings_in_force().accel_redirect
        if prefix:
            # The proxy sends the file itself: its internal place `prefix` stands for the root of the file system.
            response = HttpResponse(content_type=_type(path))
            response.headers["X-Accel-Redirect"] = prefix.rstrip("/") + quote(str(path))
            return response
        return send_file(request, path, _type(path))
    except (OSError, RecordingError) as error:
        return _gone(error)


@needs(*MAY_LISTEN)
@require_safe
def peaks(request: HttpRequest, recording_id: str) -> HttpResponseBase:
    """The peaks of every channel, as ``pipeline.audio.listening.Peaks`` writes them."""
    recording = _recording(request, recording_id)
    try:
        _playable(recording)
        file = peaks_file(settings_in_force().listening_dir, recording.id)
        response = HttpResponse(file.read_bytes(), content_type="application/octet-stream")
    except (OSError, RecordingError) as error:
        return _gone(error)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def _recording(request: HttpRequest, recording_id: str) -> Recording:
    recording = Recording.objects.filter(id=recording_id).first()
    if recording is None or not may_listen(request.user, recording):
        raise Http404
    return recording


def _playable(recording: Recording) -> Path:
    """The file that the browser plays; peaks and copy are made here where the night has not made them."""
    folder, path = settings_in_force().listening_dir, path_from_text(recording.path)
    copy = copy_file(folder, recording.id)
    if not peaks_file(folder, recording.id).exists():
        prepare_listening(decode(path), path, peaks_file(folder, recording.id), copy)
    return copy if copy.exists() else path


def _type(path: Path) -> str:
    return TYPES.get(path.suffix.lower(), "application/octet-stream")


def _gone(error: Exception) -> HttpResponse:
    code = error.code if isinstance(error, RecordingError) else "not_readable"
    why = PROBLEMS.get(code, code)
    return problem(_("放不了这段录音：%(why)s。请告诉管理员；对话和标记照样可以看。") % {"why": why}, 404)
