"""Sound out of what libsndfile cannot read (M4A, AMR, G.722, video containers), by FFmpeg's libraries through PyAV."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from pipeline.types import FloatArray

# Containers of sound only. A play list among the recordings must not make FFmpeg open what the list names.
_FORMATS = (
    "aac,ac3,act,aiff,alaw,amr,amrnb,amrwb,ape,asf,au,avi,caf,flac,flv,g722,g723_1,g726,g726le,g729,gsm,matroska,"
    "webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,mulaw,ogg,voc,w64,wav,wv"
)
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
# FFmpeg's own AMR decoder drops the pauses of discontinuous transmission and with them shifts all later times.
_PREFERRED_DECODERS = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
_MAX_DAMAGED_PACKETS = 1000
_BLOCK_FRAMES = 1 << 17


class NotAudioError(Exception):
    """FFmpeg finds no sound in the file."""


def read(
    path: Path, check_shape: Callable[[Path, int, int], None], take: Callable[[FloatArray, int], None]
) -> tuple[int, float | None]:
    """Decode the first audio stream; the result is its rate, and the seconds it declares, where it does.

    ``check_shape`` sees the path, the number of channels and the rate before anything is decoded; ``take`` gets the
    samples (channels, frames) block by block, and the rate.

    Raises:
        NotAudioError: no stream of sound is in the file, or none of it can be decoded.
    """
    av.logging.set_level(None)  # damage is told by our own error, not on the terminal
    try:
        # As an open file, because a name need not be valid Unicode.
        with path.open("rb") as handle, av.open(handle, options=_OPTIONS, metadata_errors="ignore") as source:
            if not source.streams.audio:
                raise NotAudioError("no audio stream")
            stream = source.streams.audio[0]
            if stream.codec_context is None:
                raise NotAudioError("no decoder for its encoding")
            channels, rate_hz = int(stream.channels), int(stream.rate or 0)
            check_shape(path, channels, rate_hz)
            for block in _joined(_planes(source, stream, channels)):
                take(block, rate_hz)
            declared_s = _declared_s(source, stream)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise NotAudioError(type(error).__name__) from error
    return rate_hz, declared_s


def _joined(planes: Iterator[FloatArray]) -> Iterator[FloatArray]:
    """The decoder's pieces of 20 ms or so as blocks of some seconds."""
    waiting: list[FloatArray] = []
    frames = 0
    for plane in planes:
        waiting.append(plane)
        frames += plane.shape[1]
        if frames >= _BLOCK_FRAMES:
            yield np.concatenate(waiting, axis=1)
            waiting, frames = [], 0
    if waiting:
        yield np.concatenate(waiting, axis=1)


def _planes(source: Any, stream: Any, channels: int) -> Iterator[FloatArray]:
    decoder = stream.codec_context
    preferred = _PREFERRED_DECODERS.get(decoder.name)
    if preferred in av.codecs_available:
        decoder = av.CodecContext.create(preferred, "r")
        decoder.sample_rate, decoder.layout = stream.rate, stream.layout
    to_planes = av.AudioResampler(format="fltp")
    damaged = 0
    for packet in source.demux(stream):
        try:
            # An empty packet ends the stream and flushes the decoder.
            frames = decoder.decode(packet if packet.size else None)
        except (av.InvalidDataError, av.PatchWelcomeError):
            damaged += 1
            if damaged > _MAX_DAMAGED_PACKETS:
                return
            continue
        for frame in frames:
            for plane in to_planes.resample(frame):
                samples: FloatArray = plane.to_ndarray()
                # A stream that changes its channels midway keeps the first layout; the rest is unusable.
                if samples.shape[0] == channels:
                    yield samples
    with contextlib.suppress(av.FFmpegError):
        for plane in to_planes.resample(None):
            yield plane.to_ndarray()


def _declared_s(source: Any, stream: Any) -> float | None:
    """Length by the header; None for formats whose length is only an estimate from the size of the file."""
    if not {"mov", "mp4", "matroska", "webm", "flac"} & set(source.format.name.split(",")):
        return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return source.duration / av.time_base if source.duration is not None else None
