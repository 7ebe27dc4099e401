from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from pipeline.audio.decode import check_duration, decode, sha256_of
from pipeline.errors import RecordingError
from pipeline.types import Audio, CallMetadata

RATE_HZ = 8000


@pytest.fixture
def stereo(voice_like):
    return np.stack([voice_like(2.0, 1), voice_like(2.0, 2, 0.05)], axis=1)


def write(path: Path, frames, rate_hz: int = RATE_HZ, **how) -> Path:
    soundfile.write(path, frames, rate_hz, **how)
    return path


def write_with_av(path: Path, frames, container: str, codec: str, rate_hz: int) -> Path:
    layout = "mono" if frames.ndim == 1 else "stereo"
    planes = np.ascontiguousarray(np.atleast_2d(frames.T), dtype=np.float32)
    with av.open(str(path), "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate_hz)
        stream.layout = layout
        to_codec = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate_hz)
        for at in range(0, planes.shape[1], 960):
            frame = av.AudioFrame.from_ndarray(planes[:, at : at + 960].copy(), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, at
            for ready in to_codec.resample(frame):
                target.mux(stream.encode(ready))
        target.mux(stream.encode(None))
    return path


def problem_of(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        decode(path)
    assert repr(str(path)) in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"format": "WAV", "subtype": "PCM_16"}, id="pcm"),
        pytest.param({"format": "WAV", "subtype": "PCM_U8"}, id="eight_bit"),
        pytest.param({"format": "WAV", "subtype": "ALAW"}, id="alaw"),
        pytest.param({"format": "WAV", "subtype": "ULAW"}, id="mulaw"),
        pytest.param({"format": "WAV", "subtype": "FLOAT"}, id="float"),
        pytest.param({"format": "RF64", "subtype": "PCM_16"}, id="rf64"),
        pytest.param({"format": "FLAC"}, id="flac"),
        pytest.param({"format": "MP3"}, id="mp3"),
        pytest.param({"format": "OGG", "subtype": "OPUS"}, id="opus"),
    ],
)
def test_decode_of_what_libsndfile_reads_keeps_channels_apart_and_length(tmp_path, stereo, how) -> None:
    audio = decode(write(tmp_path / "call.bin", stereo, **how))
    assert (audio.channels, audio.sample_rate_hz) == (2, RATE_HZ)
    assert audio.samples.dtype == np.float32
    assert audio.duration_s == pytest.approx(2.0, abs=0.01)
    for channel in range(2):
        alike = [
            abs(np.corrcoef(audio.samples[channel][200:15800], stereo[200:15800, other])[0, 1]) for other in (0, 1)
        ]
        assert alike[channel] > 0.9 > alike[1 - channel]


def test_decode_of_gsm_gives_one_channel(tmp_path, stereo) -> None:
    audio = decode(write(tmp_path / "call.wav", stereo[:, 0], format="WAV", subtype="GSM610"))
    assert (audio.channels, audio.sample_rate_hz) == (1, RATE_HZ)


@pytest.mark.parametrize(
    ("name", "container", "codec", "rate_hz", "channels"),
    [
        pytest.param("call.m4a", "ipod", "aac", 8000, 2, id="m4a"),
        pytest.param("call.amr", "amr", "libopencore_amrnb", 8000, 1, id="amr"),
        pytest.param("call.g722", "g722", "g722", 16000, 1, id="g722"),
        pytest.param("call.mkv", "matroska", "pcm_s16le", 8000, 2, id="matroska"),
    ],
)
def test_decode_of_what_only_ffmpeg_reads_gives_the_sound(
    tmp_path, voice_like, name, container, codec, rate_hz, channels
) -> None:
    sound = np.stack([voice_like(2.4, 1), voice_like(2.4, 2)], axis=1)[:, :channels]
    path = write_with_av(tmp_path / name, sound if channels == 2 else sound[:, 0], container, codec, rate_hz)
    audio = decode(path)
    assert (audio.channels, audio.sample_rate_hz) == (channels, rate_hz)
    assert audio.duration_s == pytest.approx(len(sound) / rate_hz, abs=0.15)
    assert np.abs(audio.samples).max() > 0.05


def test_decode_of_a_high_rate_comes_down_to_16_khz(tmp_path, stereo) -> None:
    audio = decode(write(tmp_path / "call.wav", np.repeat(stereo, 12, axis=0), 96_000))
    assert audio.sample_rate_hz == 16_000
    assert audio.duration_s == pytest.approx(2.0, abs=0.001)


def test_decode_of_overshooting_floats_is_clipped_to_full_scale(tmp_path, stereo) -> None:
    audio = decode(write(tmp_path / "call.wav", stereo * 8, format="WAV", subtype="FLOAT"))
    assert np.abs(audio.samples).max() <= 1.0


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF, 0x7FFFF000], ids=["zero", "all_ones", "sox"])
def test_decode_of_a_header_written_to_a_pipe_reads_to_the_end(tmp_path, stereo, declared) -> None:
    path = write(tmp_path / "call.wav", stereo)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"data") + 4
    raw[at : at + 4] = struct.pack("<I", declared)
    path.write_bytes(raw)
    assert decode(path).duration_s == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    "name", ["带 空格.wav", "quo'te\".wav", "line\nbreak.wav", b"caf\xe9.wav".decode("utf-8", "surrogateescape")]
)
def test_decode_of_an_odd_file_name_works(tmp_path, stereo, name) -> None:
    plain = write(tmp_path / "plain.wav", stereo)
    assert decode(plain.rename(tmp_path / name)).channels == 2


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        pytest.param("zero.wav", b"", "empty_file", id="zero_bytes"),
        pytest.param("text.wav", "这不是录音。\n".encode() * 50, "not_audio", id="text"),
        pytest.param("random.wav", np.random.default_rng(1).bytes(5000), "not_audio", id="random_bytes"),
        pytest.param("list.wav", b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n", "not_audio", id="play_list"),
        pytest.param("headerless.raw", b"\x01\x02" * 4000, "not_audio", id="raw_suffix"),
        pytest.param("riff.wav", b"RIFF\x24\x00\x00\x00WAVE", "not_audio", id="riff_without_chunks"),
    ],
)
def test_decode_of_what_is_no_recording_names_the_reason(tmp_path, name, content, code) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert problem_of(path) == code


def test_decode_of_an_encoding_nobody_knows_says_not_audio(tmp_path, stereo) -> None:
    path = write(tmp_path / "call.wav", stereo)
    raw = bytearray(path.read_bytes())
    at = raw.find(b"fmt ") + 8
    raw[at : at + 2] = struct.pack("<H", 0x7A7A)
    path.write_bytes(raw)
    assert problem_of(path) == "not_audio"


@pytest.mark.parametrize("suffix", ["pcm", "mp3", "opus", "m4a"])
def test_decode_of_damaged_bytes_gives_sound_or_a_named_reason(tmp_path, stereo, suffix) -> None:
    path = tmp_path / f"call.{suffix}"
    how = {"pcm": {"format": "WAV"}, "mp3": {"format": "MP3"}, "opus": {"format": "OGG", "subtype": "OPUS"}}
    if suffix == "m4a":
        write_with_av(path, stereo, "ipod", "aac", RATE_HZ)
    else:
        write(path, stereo, **how[suffix])
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    rng = np.random.default_rng(7)
    outcomes = set()
    for _ in range(25):
        damaged = whole.copy()
        damaged[rng.integers(0, min(len(whole), 400), 10)] = rng.integers(0, 256, 10)
        path.write_bytes(damaged.tobytes())
        try:
            outcomes.add(decode(path).channels)
        except RecordingError as error:
            outcomes.add(error.code)
    assert outcomes <= {1, 2, "not_audio", "truncated", "no_samples", "too_short", "unsupported_channels", "silent"}


def test_decode_of_a_folder_pipe_or_dangling_link_says_not_a_file(tmp_path) -> None:
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "link.wav").symlink_to(tmp_path / "nowhere.wav")
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    for name in ("folder.wav", "pipe.wav", "link.wav", "loop.wav", "absent.wav"):
        assert problem_of(tmp_path / name) == "not_a_file"


def test_decode_of_a_file_that_may_not_be_opened_says_not_readable(tmp_path, stereo, monkeypatch) -> None:
    path = write(tmp_path / "call.wav", stereo)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the super-user who runs the tests may open anything
    assert problem_of(path) == "not_readable"


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"format": "WAV", "subtype": "PCM_16"}, id="pcm"),
        pytest.param({"format": "WAV", "subtype": "ULAW"}, id="mulaw"),
        pytest.param({"format": "MP3"}, id="mp3"),
        pytest.param({"format": "FLAC"}, id="flac"),
    ],
)
def test_decode_of_a_cut_file_says_truncated(tmp_path, voice_like, how) -> None:
    path = write(tmp_path / "call.bin", np.stack([voice_like(10.0, 1), voice_like(10.0, 2)], axis=1), **how)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) * 6 // 10])
    assert problem_of(path) == "truncated"


def test_decode_of_a_file_short_by_a_hair_is_no_truncation(tmp_path, voice_like) -> None:
    path = write(tmp_path / "call.wav", voice_like(10.0))
    path.write_bytes(path.read_bytes()[:-800])
    assert decode(path).duration_s == pytest.approx(9.95, abs=0.001)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param(np.zeros((0, 2)), "no_samples", id="header_without_data"),
        pytest.param(np.full((1, 1), 0.5), "too_short", id="one_sample"),
        pytest.param(np.zeros((8000, 2)), "silent", id="digital_silence"),
        pytest.param(np.full((8000, 1), 0.3), "silent", id="constant_offset"),
        pytest.param(np.random.default_rng(0).uniform(-0.1, 0.1, (8000, 6)), "unsupported_channels", id="six_channels"),
        pytest.param(np.where(np.arange(16000).reshape(-1, 2) == 9, np.nan, 0.1), "corrupt_samples", id="one_nan"),
        pytest.param(np.where(np.arange(16000).reshape(-1, 2) == 9, np.inf, 0.1), "corrupt_samples", id="infinity"),
        pytest.param(np.full((8000, 1), 20000.0), "corrupt_samples", id="integers_as_floats"),
    ],
)
def test_decode_of_unusable_samples_names_the_reason(tmp_path, frames, code) -> None:
    assert problem_of(write(tmp_path / "call.wav", frames.astype(np.float32), subtype="FLOAT")) == code


def test_decode_of_a_rate_too_low_for_speech_says_not_audio(tmp_path, voice_like) -> None:
    assert problem_of(write(tmp_path / "call.wav", voice_like(1.0), 1000)) == "not_audio"


@pytest.mark.parametrize(
    ("manifest_s", "short"),
    [
        pytest.param(None, False, id="manifest_silent"),
        pytest.param(60.9, False, id="under_a_second"),
        pytest.param(61.3, True, id="over_a_second_and_two_percent"),
        pytest.param(50.0, False, id="longer_than_manifest"),
    ],
)
def test_check_duration_against_the_manifest_tells_what_is_missing(manifest_s, short) -> None:
    audio = Audio(np.zeros((1, 60 * RATE_HZ), np.float32), RATE_HZ)
    metadata = CallMetadata("1", duration_s=manifest_s)
    if not short:
        check_duration(audio, metadata, Path("call.wav"))
        return
    with pytest.raises(RecordingError) as caught:
        check_duration(audio, metadata, Path("call.wav"))
    assert caught.value.code == "shorter_than_manifest"


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
