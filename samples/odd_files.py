"""Damaged and odd files as they turn up in recording folders, for the tests of the nightly run."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import av
import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from samples.telephone import SAMPLE_RATE_HZ

Expected = Literal["assessed", "quarantined", "either"]
"""What a night does with a file: judge it, set it aside with a reason, or either as the libraries at hand allow."""

_SPEECH_FROM = Path(__file__).with_name("calls") / "20260302-001.wav"
_FROM_S, _SHORT_S, _LONGER_S = 1.0, 1.6, 3.0

Frames = NDArray[np.float32]

ODD_NAMES = (
    "name with spaces.wav",
    " leading and trailing .wav",
    "it's a call.wav",
    'say "hello".wav',
    "通话录音（下午）.wav",
    "two\nlines.wav",
    "tab\there.wav",
    "carriage\rreturn.wav",
    "\U0001f4de.wav",
    "e\u0301tat.wav",
    "-rf.wav",
    "--engine=none.wav",
    "=1+1.wav",
    "a,b;c.wav",
    "$(touch nothing) `x` & | > y.wav",
    "percent%20and%s{0}.wav",
    "[a-z]*?.wav",
    "back\\slash.wav",
    "dots...wav",
    "录" * 80 + ".wav",
    "n" * 251 + ".wav",
    os.fsdecode(b"caf\xe9.wav"),  # written by a system that does not use UTF-8
)
"""Names that a shell, a table, a log or a database may stumble over; what is in the files is in order."""


def _speech(seconds: float) -> Frames:
    """The first words of a bundled call, shape (frames, 2)."""
    first = round(_FROM_S * SAMPLE_RATE_HZ)
    frames: Frames
    frames, _ = sf.read(
        _SPEECH_FROM, start=first, frames=round(seconds * SAMPLE_RATE_HZ), dtype="float32", always_2d=True
    )
    return frames


def _encoded(
    frames: NDArray[np.floating], container: str = "WAV", subtype: str = "PCM_16", rate_hz: int = SAMPLE_RATE_HZ
) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, frames, rate_hz, format=container, subtype=subtype)
    return buffer.getvalue()


def _stretched(frames: Frames, factor: int) -> Frames:
    """The same sound at ``factor`` times the sample rate."""
    at = np.arange(len(frames) * factor) / factor
    columns = [np.interp(at, np.arange(len(frames)), column) for column in frames.T]
    return np.stack(columns, axis=1).astype(np.float32)


def _wav_header(
    data: bytes, *, channels: int = 1, rate_hz: int = SAMPLE_RATE_HZ, riff_size: int | None = None,
    data_size: int | None = None, before: bytes = b"", after: bytes = b"",
) -> bytes:  # fmt: skip
    """A 16-bit WAV file whose header says what it is told to say."""
    block = 2 * channels
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate_hz, rate_hz * block, block, 16)
    size = len(data) if data_size is None else data_size
    body = b"WAVE" + before + fmt + struct.pack("<4sI", b"data", size) + data + after
    return struct.pack("<4sI", b"RIFF", len(body) if riff_size is None else riff_size) + body


def _by_av(container: str, codec: str, frames: Frames, rate_hz: int) -> bytes | None:
    """Mono sound by FFmpeg's libraries; None when they hold no such encoder."""
    if codec not in av.codecs_available:
        return None
    buffer = io.BytesIO()
    try:
        with av.open(buffer, "w", format=container) as target:
            stream = target.add_stream(codec, rate=rate_hz, layout="mono")
            pcm = (np.clip(frames[:, 0], -1, 1) * 32767).astype(np.int16)[None, :]
            frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
            frame.sample_rate = rate_hz
            for packet in (*stream.encode(frame), *stream.encode(None)):
                target.mux(packet)
    except (av.FFmpegError, ValueError):
        return None
    return buffer.getvalue()


def _silent_film() -> bytes:
    """An MP4 of four grey pictures, with no sound track."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as target:
        stream = target.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 128, np.uint8), format="rgb24")
        for _ in range(4):
            for packet in stream.encode(picture):
                target.mux(packet)
        for packet in stream.encode(None):
            target.mux(packet)
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("call.txt", "no sound in here")
    return buffer.getvalue()


def _damaged() -> Iterator[tuple[str, bytes, Expected]]:
    """Files that hold no sound, or not all of it."""
    speech = _speech(_LONGER_S)
    wav = _encoded(speech)
    mp3 = _encoded(speech, "MP3", "MPEG_LAYER_III")
    ogg = _encoded(speech, "OGG", "VORBIS")
    opus = _encoded(speech, "OGG", "OPUS")
    flac = _encoded(speech, "FLAC")
    noise = np.random.default_rng(7).bytes(20_000)
    yield "empty.wav", b"", "quarantined"
    yield "empty.mp3", b"", "quarantined"
    yield "one_byte.wav", b"R", "quarantined"
    yield "four_bytes.wav", b"RIFF", "quarantined"
    yield "header_cut.wav", wav[:30], "quarantined"
    yield "header_only.wav", _wav_header(b""), "quarantined"
    yield "one_sample.wav", _wav_header(b"\x10\x20"), "quarantined"
    yield "half_a_sample.wav", _wav_header(b"\x10", data_size=1), "quarantined"
    yield "truncated.wav", wav[: len(wav) // 2], "quarantined"
    yield "truncated.mp3", mp3[: len(mp3) // 2], "either"
    yield "truncated.ogg", ogg[: len(ogg) // 2], "either"
    yield "truncated.opus", opus[: len(opus) // 2], "either"
    yield "truncated.flac", flac[: len(flac) // 2], "either"
    yield "middle_lost.mp3", mp3[: len(mp3) // 3] + bytes(2000) + mp3[len(mp3) // 2 :], "either"
    yield "text.wav", "这不是录音。\n".encode() * 50, "quarantined"
    yield "page.mp3", b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "quarantined"
    yield "answer.wav", b'{"error": "recording expired"}', "quarantined"
    yield "archive.wav", _zip(), "quarantined"
    yield "zipped.wav", gzip.compress(wav, mtime=0), "quarantined"
    yield "document.mp3", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n", "quarantined"
    yield "picture.wav", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + noise[:500] + b"\xff\xd9", "quarantined"
    # A play list must be refused, not followed to what it names.
    yield "play_list.mp3", b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n", "quarantined"
    yield "silent_film.mp4", _silent_film(), "quarantined"
    yield "random.wav", noise, "quarantined"
    # Among random bytes an MP3 decoder may find what looks like a frame.
    yield "random.mp3", noise, "either"
    yield "random_inside.wav", _wav_header(noise), "either"
    yield "six_channels.wav", _encoded(np.tile(speech, (1, 3))), "quarantined"
    yield "no_channels.wav", _wav_header(wav[44:2000], channels=0), "quarantined"
    yield "rate_0.wav", _wav_header(wav[44:2000], rate_hz=0), "quarantined"
    yield "rate_1.wav", _wav_header(wav[44:2000], rate_hz=1), "quarantined"
    yield "zeros.wav", _encoded(np.zeros_like(speech)), "quarantined"
    yield "offset_only.wav", _encoded(np.full_like(speech, 0.3)), "quarantined"
    yield "nan.wav", _encoded(np.full_like(speech, np.nan), subtype="FLOAT"), "quarantined"
    spoilt = speech.copy()
    spoilt[1000:1010] = np.inf
    yield "infinite.wav", _encoded(spoilt, subtype="FLOAT"), "quarantined"
    spoilt = speech.copy()
    spoilt[1000] = np.nan
    yield "one_nan.wav", _encoded(spoilt, subtype="FLOAT"), "quarantined"
    yield "data_size_too_large.wav", _wav_header(wav[44:], channels=2, data_size=10 * len(wav)), "quarantined"


def _odd_but_sound() -> Iterator[tuple[str, bytes, Expected]]:
    """Files that a recording platform may write, though seldom."""
    speech = _speech(_SHORT_S)
    wav, mp3 = _encoded(speech), _encoded(speech, "MP3", "MPEG_LAYER_III")
    data = wav[44:]
    # Mono: the header must say one channel.
    one_side = _encoded(speech[:, 0])[44:]
    yield "three_seconds.wav", _encoded(_speech(_LONGER_S)), "assessed"
    yield "8_bit.wav", _encoded(speech, subtype="PCM_U8"), "assessed"
    yield "24_bit.wav", _encoded(speech, subtype="PCM_24"), "assessed"
    yield "32_bit.wav", _encoded(speech, subtype="PCM_32"), "assessed"
    yield "float.wav", _encoded(speech, subtype="FLOAT"), "assessed"
    yield "double.wav", _encoded(speech, subtype="DOUBLE"), "assessed"
    yield "ima_adpcm.wav", _encoded(speech, subtype="IMA_ADPCM"), "assessed"
    yield "ms_adpcm.wav", _encoded(speech, subtype="MS_ADPCM"), "assessed"
    yield "extensible.wav", _encoded(speech, "WAVEX"), "assessed"
    yield "rf64.wav", _encoded(speech, "RF64"), "assessed"
    yield "sun.au", _encoded(speech, "AU", "ULAW"), "assessed"
    yield "apple.aiff", _encoded(speech, "AIFF"), "assessed"
    yield "lossless.flac", _encoded(speech, "FLAC"), "assessed"
    yield "vorbis.ogg", _encoded(speech, "OGG", "VORBIS"), "assessed"
    yield "96_khz.wav", _encoded(_stretched(speech, 12), rate_hz=96_000), "assessed"
    yield "mp3_inside.wav", mp3, "assessed"
    yield "wav_inside.mp3", wav, "assessed"
    yield "UPPER.WAV", wav, "assessed"
    yield "size_0.wav", _wav_header(data, channels=2, riff_size=0, data_size=0), "assessed"
    yield "size_unknown.wav", _wav_header(
        data, channels=2, riff_size=0xFFFFFFFF, data_size=0xFFFFFFFF
    ), "assessed"  # fmt: skip
    yield "riff_size_wrong.wav", _wav_header(one_side, riff_size=12), "either"
    junk = struct.pack("<4sI", b"JUNK", 28) + bytes(28)
    yield "chunk_before.wav", _wav_header(data, channels=2, before=junk), "assessed"
    yield "rubbish_after.wav", _wav_header(data, channels=2, after=b"recorded by line 7\0" * 9), "assessed"
    yield "clipped.wav", _encoded(np.clip(speech * 200, -1, 1)), "assessed"
    at_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    yield "tone.wav", _encoded((0.3 * np.sin(2 * np.pi * 450 * at_s)).astype(np.float32)), "assessed"
    click = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    click[SAMPLE_RATE_HZ] = 0.9
    yield "click.wav", _encoded(click), "assessed"
    yield "headerless.ul", _encoded(speech[:, 0], "RAW", "ULAW"), "either"
    for name, container, codec, rate_hz, expected in (
        ("phone.m4a", "ipod", "aac", SAMPLE_RATE_HZ, "assessed"),
        ("wideband.g722", "g722", "g722", 16_000, "either"),
        ("mobile.amr", "amr", "libopencore_amrnb", SAMPLE_RATE_HZ, "either"),
    ):
        frames = speech if rate_hz == SAMPLE_RATE_HZ else _stretched(speech, rate_hz // SAMPLE_RATE_HZ)
        content = _by_av(container, codec, frames, rate_hz)
        if content is not None:
            yield name, content, expected  # type: ignore[misc]


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _closed(path: Path) -> None:
    path.write_bytes(_encoded(_speech(_SHORT_S)))
    path.chmod(0)


def _no_files(folder: Path) -> Iterator[tuple[str, Callable[[Path], None], Expected]]:
    """What has a recording's name and is something else, or cannot be opened."""
    yield "folder.wav", Path.mkdir, "quarantined"
    yield "leads_nowhere.wav", lambda path: path.symlink_to(folder / "was_here_once.wav"), "quarantined"
    yield "leads_to_itself.wav", lambda path: path.symlink_to(path), "quarantined"
    yield "device.wav", lambda path: path.symlink_to("/dev/zero"), "quarantined"
    if hasattr(os, "mkfifo"):
        yield "pipe.wav", _fifo, "quarantined"
    # The superuser reads what nobody may.
    yield "no_permission.wav", _closed, "either" if os.geteuid() == 0 else "quarantined"


def write_odd_files(folder: Path) -> dict[str, Expected]:
    """Fill a folder with damaged and odd files.

    Returns:
        What a night must do with each, by its name in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    expected: dict[str, Expected] = {}
    for name, content, fate in (*_damaged(), *_odd_but_sound()):
        (folder / name).write_bytes(content)
        expected[name] = fate
    plain = _encoded(_speech(_SHORT_S))
    for name in ODD_NAMES:
        (folder / name).write_bytes(plain)
        expected[name] = "assessed"
    for name, make, fate in _no_files(folder):
        make(folder / name)
        expected[name] = fate
    return expected
