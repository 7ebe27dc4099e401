"""From a file to samples, channels apart, or a named reason why there are none.

libsndfile reads what telephony mostly writes; PyAV (FFmpeg's libraries) reads the rest. What a file claims about
itself is never believed: the length is what was decoded, and a file that holds less than it declares is told so.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import NoReturn

import numpy as np
import soundfile
import soxr

from pipeline.audio import container
from pipeline.audio.riff import RiffData, read_riff
from pipeline.audio.spool import Spool
from pipeline.errors import RecordingError
from pipeline.types import Audio, CallMetadata, FloatArray, Samples

MAX_RATE_HZ = 16_000
MIN_RATE_HZ = 4_000
MIN_DURATION_S = 0.1
SILENT_PEAK_DBFS = -70.0
_FULL_SCALE_LIMIT = 16.0
_BLOCK_FRAMES = 1 << 19


def decode(path: Path) -> Audio:
    """Decode a recording of one or two channels; rates above 16 kHz come down to it, lower ones stay.

    Returns samples of shape (channels, frames), float32 in -1..1; long ones lie in a temporary file (``spool``).

    Raises:
        RecordingError: the file cannot be assessed; the code is one of ``RECORDING_PROBLEMS``.
    """
    _check_file(path)
    try:
        collector, rate_hz, declared_s = _read(path)
        collector.finish()
    except OSError as error:
        _fail("not_readable", path, f"reading it failed ({error.strerror or type(error).__name__})",
              "check the storage and the room for temporary files, and try again")  # fmt: skip
    duration_s = collector.frames_read / rate_hz
    if collector.frames_read == 0:
        _fail("no_samples", path, "it has an audio header and no sound after it",
              "export it again from the recording platform")  # fmt: skip
    if declared_s is not None and _falls_short(declared_s, duration_s):
        _fail("truncated", path, f"it holds {duration_s:.1f} s of the {declared_s:.1f} s that its header declares",
              "copy it again from the recording platform")  # fmt: skip
    if collector.corrupt:
        _fail("corrupt_samples", path, "some samples are no numbers or far beyond full scale (expected -1 to 1)",
              "export it again from the recording platform")  # fmt: skip
    if duration_s < MIN_DURATION_S:
        _fail("too_short", path, f"it lasts {duration_s:.4f} s; expected at least {MIN_DURATION_S} s",
              "leave it out, or check why the call was not recorded")  # fmt: skip
    if collector.peak() < 10 ** (SILENT_PEAK_DBFS / 20):
        _fail("silent", path, f"nothing on any channel is louder than {SILENT_PEAK_DBFS:.0f} dBFS",
              "check the recorder of this line")  # fmt: skip
    return Audio(collector.samples, collector.rate_hz)


class _Collector:
    """Takes what decoders give, block by block: brings the rate down, looks after broken samples, keeps the rest."""

    def __init__(self, channels: int, rate_hz: int) -> None:
        self.rate_hz = min(rate_hz, MAX_RATE_HZ)
        self.frames_read = 0
        self.corrupt = False
        self.samples: Samples = np.zeros((channels, 0), np.float32)
        self._resampler = (
            soxr.ResampleStream(rate_hz, MAX_RATE_HZ, channels, dtype="float32") if rate_hz > MAX_RATE_HZ else None
        )
        self._spool = Spool(channels)
        self._sum = np.zeros(channels)
        self._low, self._high = np.full(channels, np.inf), np.full(channels, -np.inf)

    def add(self, block: FloatArray) -> None:
        """The next samples, shape (channels, frames)."""
        if not block.shape[1]:
            return
        block = np.ascontiguousarray(block)  # by channel: every look at one is several times quicker
        self.frames_read += block.shape[1]
        # What is no number is not within the limits either.
        if not (-_FULL_SCALE_LIMIT <= block.min() and block.max() <= _FULL_SCALE_LIMIT):
            self.corrupt = True
        if self.corrupt:
            return
        self._keep(
            block if self._resampler is None else self._resampler.resample_chunk(np.ascontiguousarray(block.T)).T
        )

    def finish(self) -> None:
        """Nothing comes after this."""
        if self._resampler is not None and self.frames_read and not self.corrupt:
            nothing = np.zeros((0, len(self._sum)), np.float32)
            self._keep(self._resampler.resample_chunk(nothing, last=True).T)
        self.samples = self._spool.close()

    def peak(self) -> float:
        """Loudest sample of any channel; a constant offset of the sound card is no sound."""
        if not self._spool.frames:
            return 0.0
        mean = self._sum / self._spool.frames
        return float(np.maximum(self._high - mean, mean - self._low).max())

    def _keep(self, block: FloatArray) -> None:
        if not block.shape[1]:
            return
        self._sum += block.sum(axis=1, dtype=np.float64)
        low, high = block.min(axis=1), block.max(axis=1)
        self._low, self._high = np.minimum(self._low, low), np.maximum(self._high, high)
        if low.min() < -1.0 or high.max() > 1.0:
            block = np.clip(block, -1.0, 1.0)
        self._spool.add(block.astype(np.float32, copy=False))


def check_duration(audio: Audio, metadata: CallMetadata, path: Path) -> None:
    """Raise RecordingError ``shorter_than_manifest`` when over 1 s and over 2 % of the manifest's length is missing."""
    expected_s = metadata.duration_s
    if expected_s is not None and expected_s - audio.duration_s > max(1.0, 0.02 * expected_s):
        _fail("shorter_than_manifest", path,
              f"it lasts {audio.duration_s:.1f} s; the manifest says duration_s {expected_s:.1f}",
              "copy it again from the recording platform, or mend the manifest")  # fmt: skip


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes, read in pieces; OSError when it cannot be read."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _fail(code: str, path: Path, what: str, do: str) -> NoReturn:
    # repr: a file name may hold line breaks and bytes that no terminal shows.
    raise RecordingError(code, f"recording {str(path)!r}: {what}; {do}")


def _check_file(path: Path) -> None:
    """Refuse what is no readable, non-empty file, without ever opening a pipe or a device."""
    try:
        status = os.stat(path)
    except PermissionError:
        _fail("not_readable", path, "its folder may not be read", "give this user the right to read it")
    except (OSError, ValueError):
        _fail("not_a_file", path, "there is no such file, or it is a link that leads nowhere; expected an audio file",
              "check the path")  # fmt: skip
    if not stat.S_ISREG(status.st_mode):
        _fail("not_a_file", path, "it is a folder, a pipe or a device; expected an audio file",
              "leave it out of the recordings")  # fmt: skip
    if status.st_size == 0:
        _fail("empty_file", path, "it has 0 bytes; expected audio", "copy it again from the recording platform")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        _fail("not_readable", path, f"it may not be read ({error.strerror or type(error).__name__})",
              "give this user the right to read it")  # fmt: skip


def _falls_short(declared: float, found: float) -> bool:
    missing_s = declared - found
    return missing_s > 0.1 and missing_s > 0.01 * declared


def _read(path: Path) -> tuple[_Collector, int, float | None]:
    """What was decoded, its rate, and the length in seconds that the file declares, where it does."""
    riff = read_riff(path)
    # libsndfile takes the size 0 of a header written to a pipe at its word; FFmpeg reads on to the end.
    if riff is None or not riff.unsized:
        read = _read_soundfile(path, riff)
        if read is not None:
            return read
    try:
        return _read_container(path)
    except container.NotAudioError as error:
        raise RecordingError(
            "not_audio",
            f"recording {str(path)!r}: it is not audio that can be read; expected WAV, MP3, Ogg, FLAC, M4A, AMR or "
            "another common format; export it again from the recording platform",
        ) from error


def _read_container(path: Path) -> tuple[_Collector, int, float | None]:
    """What FFmpeg makes of the file; NotAudioError when it cannot read it either."""
    collector: _Collector | None = None

    def take(block: FloatArray, rate_hz: int) -> None:
        nonlocal collector
        if collector is None:
            collector = _Collector(block.shape[0], rate_hz)
        collector.add(block)

    rate_hz, declared_s = container.read(path, _check_shape, take)
    if collector is None:
        raise container.NotAudioError("no frame could be decoded")
    return collector, rate_hz, declared_s


def _read_soundfile(path: Path, riff: RiffData | None) -> tuple[_Collector, int, float | None] | None:
    """What libsndfile makes of the file; None when it cannot read it at all."""
    try:
        # As bytes, because a name need not be valid Unicode; TypeError is its answer to headerless formats.
        sound = soundfile.SoundFile(os.fsencode(path))
    except (soundfile.LibsndfileError, TypeError):
        return None
    with sound:
        channels, rate_hz = int(sound.channels), int(sound.samplerate)
        _check_shape(path, channels, rate_hz)
        collector = _Collector(channels, rate_hz)
        declared_s: float | None = sound.frames / rate_hz
        try:
            while len(block := sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
                collector.add(block.T)
        except soundfile.LibsndfileError:
            # Damaged further on: what was read counts, and the declared length shows what is missing.
            if not collector.frames_read:
                return None
    if riff is not None and riff.shortfall:
        # libsndfile silently shortens the length of a WAV file that was cut.
        available = riff.available_bytes
        declared_s = collector.frames_read / rate_hz * riff.declared_bytes / available if available else None
    elif not 0 < sound.frames < 1 << 40:
        declared_s = None
    return collector, rate_hz, declared_s


def _check_shape(path: Path, channels: int, rate_hz: int) -> None:
    """Refuse before decoding what could not be assessed after it."""
    if channels > 2:
        _fail("unsupported_channels", path, f"it has {channels} channels; expected 1 (mono) or 2 (agent, customer)",
              "export it as stereo with one party a channel")  # fmt: skip
    if rate_hz < MIN_RATE_HZ:
        _fail("not_audio", path, f"its sample rate is {rate_hz} Hz; speech needs at least {MIN_RATE_HZ} Hz",
              "export it again from the recording platform")  # fmt: skip
