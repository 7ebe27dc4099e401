from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline.rules.shelf import open_shelf
from quality.verdicts import Verdict
from store.models import Finding, Recording, Transcript
from store.verdicts import record_verdict
from tests.review.people import put_into_queue
from tests.training.classroom import RATE, SAID, Planted, shirking, store_classroom
from tingjian.cli import run
from training.contents import Excerpt, Options, Pack
from training.gather import gather_pack
from training.wording import load_wording

pytestmark = pytest.mark.django_db

NAMES = ("坐席甲", "坐席乙", "坐席丙", "坐席丁")


@pytest.fixture
def planted(tmp_path: Path) -> list[Planted]:
    return store_classroom(tmp_path)


def pack_with(**options: Any) -> Pack:
    rulebook = open_shelf("mobile_service").rulebooks[-1]
    return gather_pack(shirking(), rulebook, load_wording(), Options(clips=20, **options))


def call_of(excerpt: Excerpt) -> str:
    return excerpt.recording_id.removeprefix("id-")


def finding_of(excerpt: Excerpt) -> Finding:
    return Finding.objects.get(assessment__recording=excerpt.recording_id, rule=excerpt.rule)


def texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts_in(getattr(value, field.name))]
    return [text for one in value for text in texts_in(one)] if isinstance(value, tuple | list) else []


def power_beside_the_tone(samples: np.ndarray) -> float:
    """Largest share of the power of a channel that is not near 1000 Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.shape[-1]), axis=-1)) ** 2
    near = np.abs(np.fft.rfftfreq(samples.shape[-1], 1 / RATE) - 1000) < 60
    return float((spectrum[:, ~near].sum(axis=1) / spectrum.sum(axis=1)).max())


def test_every_clip_starts_before_its_evidence_and_ends_with_it(planted: list[Planted]) -> None:
    pack = pack_with(names=True)
    assert len(pack.excerpts) == len(SAID)
    for excerpt in pack.excerpts:
        finding = finding_of(excerpt)
        assert excerpt.clip is not None
        assert abs(excerpt.clip.start_s - max(0.0, finding.start_s - 3.0)) <= 0.1
        assert abs(excerpt.clip.end_s - finding.end_s) <= 0.1
        assert abs(excerpt.clip.duration_s - (excerpt.clip.end_s - excerpt.clip.start_s)) < 1e-3


def test_planted_numbers_are_a_tone_and_nothing_else_on_every_channel(planted: list[Planted]) -> None:
    pack = pack_with(names=True, pre_roll_s=60.0)
    clips = {call_of(one): one.clip for one in pack.excerpts}
    assert {one.call_id for one in planted} <= set(clips)
    for number in planted:
        clip = clips[number.call_id]
        assert clip is not None
        first, last = (round((at - clip.start_s) * RATE) for at in (number.span.start_s, number.span.end_s))
        part = clip.samples[:, first:last]
        assert part.shape[1] > 0.9 * number.span.duration_s * RATE, number
        assert power_beside_the_tone(part) < 1e-6, number


def test_what_is_no_number_is_left_as_it_was(planted: list[Planted]) -> None:
    (excerpt,) = (one for one in pack_with(names=True).excerpts if call_of(one).endswith("-plain"))
    assert excerpt.clip is not None
    assert excerpt.clip.bleeps == 0
    recorded, _ = soundfile.read(Recording.objects.get(id=excerpt.recording_id).path, dtype="float32")
    first = round(excerpt.clip.start_s * RATE)
    assert np.array_equal(excerpt.clip.samples.T, recorded[first : first + excerpt.clip.samples.shape[1]])


def test_number_without_character_times_bleeps_its_whole_turn(planted: list[Planted]) -> None:
    (excerpt,) = (one for one in pack_with(names=True, pre_roll_s=60.0).excerpts if "timeless" in call_of(one))
    assert excerpt.clip is not None
    (number,) = (one for one in planted if "timeless" in one.call_id)
    begin = number.span.start_s - 3 * 0.53  # 订单是 stands before it
    first, last = (round(at * RATE) for at in (begin, number.span.end_s))
    assert power_beside_the_tone(excerpt.clip.samples[:, first:last]) < 1e-6


def test_no_text_of_the_pack_holds_a_number_or_a_name(planted: list[Planted]) -> None:
    texts = texts_in(pack_with())
    assert any("〔" in text for text in texts)
    secrets = [*(one.digits for one in planted), *NAMES, "agent0", "team0", "13800138000", "id-"]
    assert [(secret, text) for secret in secrets for text in texts if secret in text] == []


def test_zip_holds_its_files_and_no_secret_in_any_of_them(planted: list[Planted], tmp_path: Path, capsys: Any) -> None:
    number, out = shirking().number, tmp_path / "pack.zip"
    capsys.readouterr()
    assert run(["training", "pack", "--cluster", str(number), "--out", str(out), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    with zipfile.ZipFile(out) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert list(files) == told["files"]
    assert {"summary.html", "summary.pdf", "stretches.xlsx", "clips/01.wav", "clips/good.wav"} <= set(files)
    assert files["summary.pdf"].startswith(b"%PDF")
    assert files["summary.pdf"].count(b"/Type /Page\n") == 1
    with zipfile.ZipFile(io.BytesIO(files["stretches.xlsx"])) as book:
        files |= {f"xlsx/{name}": book.read(name) for name in book.namelist()}
    secrets = [*(one.digits for one in planted), *NAMES, "13800138000"]
    for name, content in files.items():
        assert [secret for secret in secrets if secret.encode() in content] == [], name
    page = files["summary.html"].decode()
    assert "我理解您的心情" in page
    assert "服务忌语：态度傲慢" in page
    assert all(f'src="{name}"' in page for name in files if name.startswith("clips/"))
    samples, rate = soundfile.read(io.BytesIO(files["clips/01.wav"]))
    assert rate == RATE
    assert samples.shape[1] == 2


def test_same_pack_is_written_twice_alike(planted: list[Planted], tmp_path: Path) -> None:
    number = str(shirking().number)
    for name in ("one.zip", "two.zip"):
        assert run(["training", "pack", "--cluster", number, "--out", str(tmp_path / name), "--clips", "2"]) == 0
    with zipfile.ZipFile(tmp_path / "one.zip") as one, zipfile.ZipFile(tmp_path / "two.zip") as two:
        assert {name: one.read(name) for name in one.namelist()} == {name: two.read(name) for name in two.namelist()}


def test_masked_customer_is_not_heard_nor_read(planted: list[Planted]) -> None:
    pack = pack_with(mask_customer=True, names=True, pre_roll_s=60.0)
    assert not any("宽带坏了" in text for text in texts_in(pack))
    (excerpt,) = (one for one in pack.excerpts if call_of(one).endswith("-plain"))
    assert excerpt.clip is not None
    assert excerpt.clip.samples.shape[0] == 1
    finding = finding_of(excerpt)
    (line,) = (one for one in Transcript.objects.get(recording=excerpt.recording_id).call["transcript"]["utterances"]
               if "宽带坏了" in one["text"])  # fmt: skip
    asked = excerpt.clip.samples[:, round(line["start_s"] * RATE) : round(line["end_s"] * RATE)]
    said = excerpt.clip.samples[:, round(finding.start_s * RATE) : round(finding.end_s * RATE)]
    assert not asked.any()
    assert np.abs(said).max() > 0.05


def test_good_example_is_the_same_situation_handled_as_the_norms_say(planted: list[Planted]) -> None:
    good = pack_with().good
    assert good is not None
    assert good.clip is not None
    assert [line.text for line in good.lines][:2] == [
        "我的宽带坏了，你说怎么办",
        "我理解您的心情，您别急，我马上帮您处理",
    ]


def test_rejected_flags_and_calls_still_to_be_heard_blind_are_left_out(planted: list[Planted]) -> None:
    pack = pack_with(names=True)
    wrong, blind = pack.excerpts[0], pack.excerpts[1]
    record_verdict(finding_of(wrong).pk, Verdict.REJECT, "质检一")
    put_into_queue(blind.recording_id, "probability")
    left = {one.recording_id for one in pack_with(names=True).excerpts}
    assert len(left) == len(SAID) - 2
    assert not left & {wrong.recording_id, blind.recording_id}


def test_confirmed_stretch_comes_first(planted: list[Planted]) -> None:
    last = pack_with(names=True).excerpts[-1]
    record_verdict(finding_of(last).pk, Verdict.CONFIRM, "质检一")
    first = pack_with(names=True).excerpts[0]
    assert first.recording_id == last.recording_id
    assert first.confirmed


def test_recording_that_is_gone_is_told_and_the_others_are_cut(planted: list[Planted]) -> None:
    gone = pack_with(names=True).excerpts[0]
    Path(Recording.objects.get(id=gone.recording_id).path).unlink()
    pack = pack_with(names=True)
    (without,) = (one for one in pack.excerpts if one.clip is None)
    assert without.recording_id == gone.recording_id
    assert "读不到" in without.problem
    assert len([one for one in pack.excerpts if one.clip]) == len(SAID) - 1


def test_unknown_number_says_what_to_do(capsys: Any, tmp_path: Path) -> None:
    assert run(["training", "pack", "--cluster", "77", "--out", str(tmp_path / "p.zip")]) == 2
    assert "tingjian training clusters" in capsys.readouterr().err
    assert not (tmp_path / "p.zip").exists()
