"""A month of calls with sound in which agents shirk and callers read out numbers; what is planted is marked ``{…}``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from flows.error_clusters import clusters_of_month
from pipeline.rules.shelf import open_shelf
from pipeline.serialise import call_from_document, call_to_document
from pipeline.types import Call, Span
from store.models import Recording, Transcript
from store.stretches import StoredCluster
from store.training import clusters_of
from tests.stored_calls import store_call

MONTH = "2026-03"
RATE = 8000
GREETING, FAREWELL = "agent: 您好，很高兴为您服务", "agent: 感谢您的来电，再见"
ASKED = "customer: 我的宽带坏了，你说怎么办"

SAID: dict[str, Sequence[str]] = {
    "phone": ("customer: 我的手机号是{幺三八零零幺三八零零零}", "agent: 哎，你问我，我问谁"),
    "written": ("customer: 你记一下{13912345678}", "agent: 这个嘛，您问我，我问谁"),
    "turns": (
        "customer: 号码是{幺三七}", "agent: 嗯", "customer: {零零幺三}", "agent: 嗯", "customer: {八二四六}",
        "agent: 您问我，我问谁",
    ),
    "repeated": (
        "customer: 我报一下身份证", "agent: {四四零三零幺幺九九零零三零七二三幺x}是吧", "agent: 你问我，我问谁",
    ),
    "timeless": ("customer: 订单是{三六九二七二六一八}", "agent: 嗨，您问我，我问谁"),
    "card": ("customer: 卡号{6222020200112233445}", "agent: 嗨，你问我，我问谁"),
    "plain": (ASKED, "agent: 你问我，我问谁"),
    "amount": ("customer: 怎么扣了一百二十八块", "agent: 哎，您问我，我问谁"),
}  # fmt: skip
GOOD = (ASKED, "agent: 我理解您的心情，您别急，我马上帮您处理")


@dataclass(frozen=True)
class Planted:
    """A number in a call: its digits, and when they are heard."""

    call_id: str
    digits: str
    span: Span


def store_classroom(folder: Path) -> list[Planted]:
    """Store the month with its sound; returns every number that was planted."""
    rulebook = open_shelf("mobile_service").rulebooks[-1]
    planted: list[Planted] = []
    for number, (name, lines) in enumerate({**SAID, "good": GOOD, "good2": GOOD}.items()):
        # Platforms name recordings by the caller's number.
        call_id = f"13800138000-{name}"
        marked = [GREETING, *lines, FAREWELL]
        store_call(
            rulebook,
            call_id,
            *(re.sub("[{}]", "", line) for line in marked),
            started_at=f"{MONTH}-{2 + number:02d}T09:00:00+08:00",
            agent_id=f"agent{number % 4}",
            agent_name=("坐席甲", "坐席乙", "坐席丙", "坐席丁")[number % 4],
            team=f"team{number % 2}",
            business_type="宽带",
            customer="13800138000",
        )
        row = Transcript.objects.get(recording=f"id-{call_id}")
        call = with_times(call_from_document(row.call))
        planted += _planted(call_id, call, marked)
        if name == "timeless":
            bare = tuple(replace(one, characters=None) for one in call.transcript.utterances)
            call = replace(call, transcript=replace(call.transcript, utterances=bare))
        row.call = call_to_document(call)
        row.save()
        path = folder / f"{call_id}.wav"
        soundfile.write(path, sound(call, seed=number), RATE)
        Recording.objects.filter(id=row.recording_id).update(path=str(path))
    return planted


def with_times(call: Call) -> Call:
    """The call with its characters spread evenly over each utterance."""
    timed = []
    for one in call.transcript.utterances:
        step = (one.end_s - one.start_s) / len(one.text)
        spans = tuple(Span(one.start_s + at * step, one.start_s + (at + 1) * step) for at in range(len(one.text)))
        timed.append(replace(one, characters=spans))
    return replace(call, transcript=replace(call.transcript, utterances=tuple(timed)))


def _planted(call_id: str, call: Call, marked: Sequence[str]) -> Iterator[Planted]:
    for line, utterance in zip(marked, call.transcript.utterances, strict=True):
        text = line.split(":", 1)[1].strip()
        found = re.search("{(.*)}", text)
        if found and utterance.characters:
            first = found.start()
            times = utterance.characters[first : first + len(found[1])]
            yield Planted(call_id, found[1], Span(times[0].start_s, times[-1].end_s))


def sound(call: Call, seed: int) -> np.ndarray:
    """Noise of each party where it speaks, faintly on the other's channel too; shape (frames, 2)."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 1e-4, (round(call.recording.duration_s * RATE), 2))
    for turn in call.turns:
        first, last = round(turn.start_s * RATE), round(turn.end_s * RATE)
        voice = rng.normal(0, 0.1, last - first)
        samples[first:last, turn.channel] += voice
        samples[first:last, 1 - turn.channel] += 0.02 * voice
    return samples


def shirking() -> StoredCluster:
    """The common error of the month, found."""
    clusters_of_month(MONTH)
    (found,) = (one for one, _ in clusters_of(MONTH) if "问谁" in one.quote)
    return found
