"""What holds for every rulebook that loads and every transcript: no crash, one answer, quotes that stand there."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import RulebookError
from pipeline.features.measure import measure_call
from pipeline.rules import Rulebook, judge, parse_rulebook
from pipeline.types import Call, ChannelLayout, MatchKind, Role
from tests.builders import call
from tests.rules.every_rule import looked_at_whole

WORDS = (
    "您好", "喂", "不行", "没办法", "抱歉", "你问我", "我问谁", "用不起就别用", "用不其就别永", "再见", "嗯", "好的",
    "请稍等", "别挂机", "幺三八零零一三八零零零", "一百五十块五", "三月十五号", "10086", "App", "，", "。", "？", " ",
    "{quote}", "*",
)  # fmt: skip
TEXT = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=8).map("".join)
PHRASE = st.sampled_from(["您好", "没办法", "你问我*我问谁", "用不起就别用", "抱歉", "再见", "10086", "别挂机", "app"])
LISTED = st.lists(PHRASE, min_size=1, max_size=3, unique=True)
WITHIN = st.sampled_from(["same turn", "2 turns before", "1 turn after", "3 seconds around", "10 seconds after"])
ROLE = st.sampled_from(["agent", "customer", "anyone"])
PARTY = st.sampled_from(["agent", "customer"])
SECONDS = st.sampled_from([0.5, 1.0, 2.5, 8.0])


def keys(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional)


SCOPE = {
    "turns": st.sampled_from([[1, 1], [-2, -1], [1, -1], [2, 3]]),
    "first_s": SECONDS,
    "last_s": SECONDS,
    "between_s": st.sampled_from([[0, 5], [-10, -1], [2, -1]]),
    "between_percent": st.sampled_from([[0, 20], [50, 100]]),
    "near": keys(
        {"anchor": st.just("spot"), "within": WITHIN}, hit=st.sampled_from(["first", "last", "each", "any", 2])
    ),
    "times": st.sampled_from([1, 1, 2]),
}
RICH_PHRASE = keys(
    {"text": PHRASE},
    not_in=st.just(["我没办法"]),
    not_with=st.just(["抱歉"]),
    clause_at_most=st.sampled_from([3, 20]),
)
OPERATORS = {
    "say": st.one_of(
        keys({"role": ROLE, "any": LISTED}, homophones=st.booleans(), every_turn=st.booleans(), **SCOPE),
        keys({"role": ROLE, "any": st.lists(RICH_PHRASE, min_size=1, max_size=1)}, **SCOPE),
        keys({"role": ROLE, "all": LISTED}, same_turn=st.booleans(), homophones=st.booleans(), **SCOPE),
        keys({"role": ROLE, "none": LISTED}, homophones=st.booleans(), turns=SCOPE["turns"], first_s=SECONDS),
    ),
    "regex": keys(
        {"role": ROLE, "pattern": st.sampled_from(["(不行|没办法)", "好.{0,3}", "[0-9]+"])},
        **{"except": st.just("抱歉")},
        **SCOPE,
    ),
    "similar": keys(
        {"role": ROLE, "sentences": st.just(["用不起就别用", "请您稍等一下"])}, score=st.sampled_from([40, 90]), **SCOPE
    ),
    "repeat": keys(
        {"role": ROLE},
        of=st.sampled_from(["own", "other", "anyone"]),
        within_turns=st.sampled_from([0, 2]),
        min_characters=st.sampled_from([2, 5]),
        **SCOPE,
    ),
    "question": keys(
        {"role": PARTY, "asked": LISTED, "expected": LISTED},
        within_turns=st.sampled_from([1, 5]),
        homophones=st.booleans(),
        **SCOPE,
    ),
    "entity": st.one_of(
        keys({"role": ROLE, "kind": st.sampled_from(["phone", "id_card", "amount", "date", "digits"])}, **SCOPE),
        keys({"role": ROLE, "kind": st.sampled_from(["amount", "date", "digits"]), "above": st.just(3)}, **SCOPE),
        keys({"role": ROLE, "kind": st.just("phone")}, same_as=st.sampled_from(["customer", "nothing"])),
    ),
    "silence": keys(
        {"above_s": SECONDS},
        after=ROLE,
        before=ROLE,
        between=st.sampled_from(["any", "same_role", "different_roles"]),
        hold=st.sampled_from(["excluded", "included"]),
        **SCOPE,
    ),
    "response": keys({"above_s": SECONDS}, average=st.booleans(), **SCOPE),
    "rate": st.one_of(
        keys({"role": PARTY, "above_cpm": st.just(100)}, per=st.sampled_from(["call", "turn", "minute"]), **SCOPE),
        keys({"role": PARTY, "below_cpm": st.just(100)}, definition=st.just("articulation"), **SCOPE),
    ),
    "interruption": keys({"role": ROLE}, min_overlap_s=SECONDS, only_if_other_yields=st.booleans(), **SCOPE),
    "backchannel": keys({"role": ROLE}, only_while_other_speaks=st.booleans(), **SCOPE),
    "hold": keys({}, announced=st.booleans(), consented=st.booleans(), resumed=st.booleans(), above_s=SECONDS, **SCOPE),
    "level": st.one_of(
        keys({"role": PARTY, "rise_db": st.just(0.5)}, compared_with=st.sampled_from(["usual", "previous"]), **SCOPE),
        keys({"role": PARTY, "below_dbfs": st.just(-10)}, min_speech_s=st.just(0), **SCOPE),
    ),
    "duration": keys({"of": st.sampled_from(["call", "turn", "monologue"]), "above_s": SECONDS}, role=ROLE, **SCOPE),
    "turn_count": keys({"role": ROLE, "at_most": st.sampled_from([0, 2])}, min_characters=st.just(3), **SCOPE),
    "hang_up": keys({"by": ROLE, "above_s": st.just(0.1)}, last_speaker=ROLE),
    "measure": keys(
        {"name": st.sampled_from(["longest_silence_s", "overlap_s"]), "above": SECONDS}, each=st.booleans(), **SCOPE
    ),
    "metadata": st.one_of(
        keys({"field": st.sampled_from(["team", "nothing"]), "contains": st.just(["甲"])}),
        keys({"field": st.sampled_from(["ring_count", "team"]), "above": st.just(2)}),
    ),
}
OPERATOR = st.sampled_from(sorted(OPERATORS)).flatmap(lambda name: OPERATORS[name].map(lambda value: {name: value}))
CONDITION = st.recursive(
    OPERATOR,
    lambda inner: st.one_of(
        inner.map(lambda one: {"not": one}),
        st.lists(inner, min_size=1, max_size=2).map(lambda some: {"all": some}),
        st.lists(inner, min_size=1, max_size=2).map(lambda some: {"any": some}),
    ),
    max_leaves=3,
)
RULE = st.fixed_dictionaries(
    {"when": CONDITION, "anchor": OPERATOR, "severity": st.sampled_from(["fatal", "deduct", "add", "warn"])},
    optional={
        "unless": CONDITION,
        "per": st.sampled_from(["call", "hit"]),
        "min_hit_confidence": st.just(0.5),
        "by_sound": st.sampled_from(["review", "count"]),
        "effective_from": st.just("2026-03-01"),
    },
)


def without_near(value: Any) -> Any:
    """Anchors look near nothing."""
    if isinstance(value, dict):
        return {key: without_near(inner) for key, inner in value.items() if key != "near"}
    return value


def looks_near(value: Any) -> bool:
    if isinstance(value, dict):
        return "near" in value or any(map(looks_near, value.values()))
    return isinstance(value, list) and any(map(looks_near, value))


def rulebook_of(drawn: list[dict[str, Any]]) -> Rulebook | None:
    """A rulebook of the drawn conditions; None where it is refused."""
    rules = []
    for number, one in enumerate(drawn, start=1):
        rule = {
            "id": f"ANY.{number:02d}",
            "name": f"any{number}",
            "title": "任意",
            "why": "试验。",
            "category": "all",
            "message": "在 {start} 到 {end}：“{quote}”",
            "examples": {"hit": ["agent: 您好"], "miss": ["agent: 您好"]},
            **{key: value for key, value in one.items() if key != "anchor"},
        }
        if one["severity"] in ("deduct", "add"):
            rule["points"] = 3
        if looks_near([one["when"], one.get("unless")]):
            rule["anchors"] = {"spot": without_near(one["anchor"])}
        rules.append(rule)
    if all(one["severity"] == "warn" for one in drawn):
        rules[0] |= {"severity": "deduct", "points": 3}
    book = {
        "rulebook": "any",
        "version": "1",
        "title": "任意",
        "categories": {"all": {"title": "全部", "maximum": 100}},
        "must_review": {"total_below": 60, "findings_at_least": {"all": 2}},
        "rules": rules,
    }
    try:
        # JSON is YAML, and never writes a value once to refer to it later.
        return parse_rulebook(json.dumps(book, ensure_ascii=False).encode(), "any.yaml")
    except RulebookError:
        # Limits that cross, near without a place and the like: test_loading looks at what such mistakes are told.
        return None


LINE = st.tuples(st.sampled_from(["agent", "customer"]), st.sampled_from(["", "@{}", "@{}-{}"]), TEXT)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    at, lines = 0.0, []
    for role, times, text in draw(st.lists(LINE, min_size=draw(st.sampled_from([0, 4])), max_size=8)):
        at += draw(st.sampled_from([0.2, 1.0, 9.0]))
        end = at + draw(st.sampled_from([0.4, 2.0, 5.0]))
        lines.append(f"{role}{times.format(at, end)}: {text.replace(chr(10), ' ')}")
        # The next line may start before this one ends.
        at = draw(st.sampled_from([at, end]))
    return call(
        *lines,
        layout=draw(st.sampled_from([ChannelLayout.STEREO] * 5 + list(ChannelLayout))),
        confidence=draw(st.sampled_from([None, 0.3, 0.9])),
        hung_up_by=draw(st.sampled_from([None, Role.AGENT, Role.CUSTOMER])),
        started_at=draw(st.sampled_from([None, datetime.fromisoformat("2026-02-20T09:00:00+08:00")])),
        answered_at_s=draw(st.sampled_from([None, 0.0, 3.0])),
        customer=draw(st.sampled_from([None, "13800138000"])),
        team=draw(st.sampled_from([None, "甲，乙"])),
        ring_count=draw(st.sampled_from([None, 4])),
    )


def said_in(spoken: Call, quote: str, start_s: float, end_s: float) -> bool:
    """Whether the quoted words stand in the transcript, at their time."""
    texts: dict[int, list[Any]] = {}
    for utterance in spoken.transcript.utterances:
        texts.setdefault(utterance.channel, []).append(utterance)
    for utterances in texts.values():
        joined = "".join(one.text for one in utterances)
        if quote in joined:
            return min(one.start_s for one in utterances) - 1e-6 <= start_s <= end_s
    return False


@settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(drawn=st.lists(RULE, min_size=1, max_size=3), spoken=calls(), order=st.randoms(use_true_random=False))
def test_any_rulebook_on_any_transcript(drawn: list[dict[str, Any]], spoken: Call, order: random.Random) -> None:
    rulebook = rulebook_of(drawn)
    if rulebook is None:
        return
    measures = measure_call(spoken)
    for taken in (measures, {}):
        verdict = judge(spoken, taken, rulebook, raise_failures=True)
        assert verdict == judge(spoken, taken, rulebook)
        shuffled = list(rulebook.rules)
        order.shuffle(shuffled)
        assert judge(spoken, taken, replace(rulebook, rules=tuple(shuffled))) == verdict
        assert judge(spoken, taken, looked_at_whole(rulebook)) == verdict
        for finding in verdict.findings:
            assert 0 <= finding.start_s <= finding.end_s, finding
            if finding.match is not MatchKind.MEASURE and finding.quote and "→" not in finding.quote:
                quote = finding.quote.removesuffix("…")
                assert said_in(spoken, quote, finding.start_s, finding.end_s) or absent(rulebook, finding.rule), finding
        total = verdict.score.total
        assert total is None or 0 <= total <= 100


def absent(rulebook: Rulebook, rule: str) -> bool:
    """Whether the rule can report a window: its quote runs over several turns, of both parties perhaps."""
    text = str(rulebook.by_id[rule].parameters.when.model_dump(by_alias=True, exclude_defaults=True))
    return "'not'" in text or "'none'" in text
