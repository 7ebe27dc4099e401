"""``level``: how loud a party speaks, and whether the voice is raised."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.features.dialogue import SpokenTurn
from pipeline.rules.operators.base import Compilation, Condition
from pipeline.rules.operators.event import LookingAtEvents
from pipeline.rules.operators.looking import nobody_heard
from pipeline.rules.operators.scope import Scope, ScopedOperator, Window
from pipeline.rules.outcome import Match
from pipeline.rules.view import CallView
from pipeline.types import Role

NO_LEVEL = "没有测得音量"
TOO_FEW = "较长的话不到 {least} 段，无法比较音量"
LEAST_TURNS = 3


class Level(ScopedOperator):
    """A turn is louder or softer than a limit, or than the party's own usual level.

    音量：某一段话的音量高于或低于界限（dBFS），或比这一方平时（各段的中位数）或上一段高出（rise_db）、低了（drop_db）多少。

    用途：嗓门高起来，常常是吵起来了；声音低下去，客户就听不清。

    误判：线路本来就响，不等于提高嗓门：``rise_db`` 比 ``above_dbfs`` 可靠。说话不足 ``min_speech_s`` 的一段，音量测
    不准，不看。

    命中：``level: {role: agent, rise_db: 8}``，某一段比坐席平时高 10 dB。

    不命中：坐席从头到尾都这么响。

    Why: a raised voice is often a quarrel; a voice that fades is not understood.

    False alarms: a loud line alone is no raised voice: prefer ``rise_db`` to ``above_dbfs``. Turns with less speech
    than ``min_speech_s`` have no reliable level and are left out.

    Matches: ``level: {role: agent, rise_db: 8}`` on a turn 10 dB over the agent's median.

    Does not match: an agent who is loud from beginning to end.
    """

    TITLE: ClassVar[str] = "音量"

    role: Literal["agent", "customer"] = Field(default="agent", description="谁的音量。")
    above_dbfs: float | None = Field(default=None, ge=-100, le=0, description="高于多少 dBFS。")
    below_dbfs: float | None = Field(default=None, ge=-100, le=0, description="低于多少 dBFS。")
    rise_db: float | None = Field(default=None, gt=0, le=60, description="至少高出多少 dB。")
    drop_db: float | None = Field(default=None, gt=0, le=60, description="至少低了多少 dB。")
    compared_with: Literal["usual", "previous"] = Field(
        default="usual", description="与平时（中位数）比，还是与自己的上一段比。"
    )
    min_speech_s: float = Field(default=1.0, ge=0, le=60, description="说话不到多少秒的段落不看。")

    @model_validator(mode="after")
    def _consistent(self) -> Level:
        given = [one for one in (self.above_dbfs, self.below_dbfs, self.rise_db, self.drop_db) if one is not None]
        if len(given) != 1:
            raise ValueError("expected exactly one of above_dbfs, below_dbfs, rise_db and drop_db")
        return self

    def compile(self, to: Compilation) -> Condition:
        """Prepare the words of the threshold."""
        return CompiledLevel(self.scope(self.role, to), self)


class CompiledLevel(LookingAtEvents):
    """``level`` ready to look at calls."""

    __slots__ = ("compares", "parameters", "role")

    def __init__(self, scope: Scope, parameters: Level) -> None:
        """Keep the limits."""
        words = (
            (parameters.above_dbfs, "不高于 {:g} dBFS"),
            (parameters.below_dbfs, "不低于 {:g} dBFS"),
            (parameters.rise_db, "高出不到 {:g} dB"),
            (parameters.drop_db, "低了不到 {:g} dB"),
        )
        super().__init__(scope, next(text.format(limit) for limit, text in words if limit is not None))
        self.parameters = parameters
        self.role = Role(parameters.role)
        self.compares = parameters.rise_db is not None or parameters.drop_db is not None

    def unknown(self, view: CallView) -> str | None:
        """The party is not heard, or its levels cannot be compared."""
        reason = nobody_heard(view, self.role)
        if reason is not None:
            return reason
        turns = self._turns(view)
        if not turns:
            return NO_LEVEL
        return TOO_FEW.format(least=LEAST_TURNS) if self.compares and len(turns) < LEAST_TURNS else None

    def find(self, view: CallView, window: Window) -> Iterator[Match]:
        """Every turn outside the limit, in order of time."""
        turns = self._turns(view)
        usual = median(level for _, _, level in turns)
        for place, (number, spoken, level) in enumerate(turns):
            turn = spoken.turn
            if number not in window.members or not self.inside(window, turn.start_s, turn.end_s, number):
                continue
            if not self.compares:
                if self._outside(level):
                    yield self.match(self.role, turn.start_s, turn.end_s, f"{level:.1f} dBFS", spoken.text, number)
                continue
            if self.parameters.compared_with == "previous":
                if place == 0:
                    continue
                usual = turns[place - 1][2]
            change = level - usual
            if self._changed(change):
                word = "高出" if change > 0 else "低了"
                measured = f"{word} {abs(change):.1f} dB"
                yield self.match(self.role, turn.start_s, turn.end_s, measured, spoken.text, number)

    def _turns(self, view: CallView) -> list[tuple[int, SpokenTurn, float]]:
        return [
            (number, spoken, spoken.turn.level_dbfs)
            for number in view.turns_of(self.role)
            if (spoken := view.dialogue.turns[number]).turn.level_dbfs is not None
            and spoken.turn.speech_s >= self.parameters.min_speech_s
        ]

    def _outside(self, level: float) -> bool:
        wanted = self.parameters
        if wanted.above_dbfs is not None:
            return level > wanted.above_dbfs
        return wanted.below_dbfs is not None and level < wanted.below_dbfs

    def _changed(self, change_db: float) -> bool:
        wanted = self.parameters
        if wanted.rise_db is not None:
            return change_db >= wanted.rise_db
        return wanted.drop_db is not None and -change_db >= wanted.drop_db
