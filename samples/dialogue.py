"""The written dialogues behind the bundled calls: types and loader of dialogues.yaml."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.types import ChannelLayout, Role
from samples.voice import Voice

DIALOGUES_FILE = Path(__file__).with_name("dialogues.yaml")

CALL_DATE = datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=8)))
"""The one day on which all bundled calls take place."""

NORMAL_RATE_CPM = 110.0
"""Characters a minute of an agent who keeps to the norm of 100 to 120."""


class DialogueError(ValueError):
    """The dialogues file says something that cannot be made into calls."""


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgentProfile(_Written):
    """One agent, who sounds the same in every call."""

    id: str
    name: str
    team: str
    voice: Voice


class Line(_Written):
    """What one party says in one go.

    Attributes:
        agent: the words, when the agent speaks.
        customer: the words, when the customer speaks.
        announcement: the words, when a recorded voice of the platform speaks, on the agent's side of the line.
        after_s: gap to the end of everything said before; negative while the other party still speaks; None leaves
            it to the maker.
        at_s: start, in seconds from the answer, in place of ``after_s``.
        gain_db: how much louder than the party's other lines.
        hold_s: after the line the customer is on hold for so long; the next line ends the hold.
        music: the style of music (``samples.music.STYLES``) that is played on hold, None for silence.
    """

    agent: str | None = None
    customer: str | None = None
    announcement: str | None = None
    after_s: float | None = None
    at_s: Annotated[float, Field(ge=0)] | None = None
    gain_db: float = 0.0
    hold_s: Annotated[float, Field(gt=0)] | None = None
    music: Literal["piano", "strings", "band", "flute"] | None = None

    @model_validator(mode="after")
    def _one_speaker(self) -> Self:
        if sum(words is not None for words in (self.agent, self.customer, self.announcement)) != 1:
            raise ValueError("a line has one speaker: give agent, customer or announcement")
        if self.music is not None and self.hold_s is None:
            raise ValueError("music plays on hold: give hold_s")
        if self.after_s is not None and self.at_s is not None:
            raise ValueError("a line starts at one time: give after_s or at_s")
        return self

    @property
    def role(self) -> Role:
        """Who speaks; nobody whose role counts in an announcement."""
        if self.announcement is not None:
            return Role.UNKNOWN
        return Role.AGENT if self.agent is not None else Role.CUSTOMER

    @property
    def text(self) -> str:
        """What is said."""
        return self.agent or self.customer or self.announcement or ""


class Expected(_Written):
    """A rule that a correct run must find broken; ``quote`` is the agent's words without marks, for phrase rules."""

    rule: str
    quote: str | None = None


class Dialogue(_Written):
    """One call as written.

    Attributes:
        id: the call id; also the name of the recording.
        title: what the call shows.
        agent: id of the agent.
        customer: the customer's voice.
        time: time of day at which the call starts.
        direction: who called.
        business_type: what it is about.
        encoding: a name of ``samples.telephone.ENCODINGS``.
        layout: what the channels hold; ``dead_channel`` silences the agent's.
        agent_channel: the agent's channel; without meaning in mono.
        rings: ringing tones at the start of the recording.
        answered_at_s: when the call is answered; None with rings leaves it out of the manifest: the end of ringing.
        hung_up_by: who hung up; None when the platform does not say.
        greeting_after_s: when the agent first speaks, in seconds from the answer.
        agent_rate_cpm: the agent's speaking rate, reached by choosing the pauses.
        agent_speed_wpm: the agent's speed in this call, when not the usual one.
        agent_level_dbfs: the agent's speech level.
        snr_db: line noise under the speech; None for none.
        cross_talk_db: level at which each party's voice stands on the other's channel, relative to its own; None for
            not at all.
        cross_talk_delay_s: how much later it is heard there.
        swapped: the manifest names the customer's channel as the agent's.
        measured_only: what rules make of the call is not written, so neither ``expect`` nor thresholds are checked.
        tail_s: from the last word to the end of the recording.
        must_review: whether a person must hear the call.
        turns: the lines in order.
        expect: every finding of a correct run.
    """

    id: str
    title: str
    agent: str
    customer: Voice
    time: time
    direction: Literal["inbound", "outbound"] = "inbound"
    business_type: str
    encoding: str
    layout: ChannelLayout = ChannelLayout.STEREO
    agent_channel: Literal[0, 1] = 0
    rings: Annotated[int, Field(ge=0)] = 0
    answered_at_s: Annotated[float, Field(ge=0)] | None = None
    hung_up_by: Literal["agent", "customer"] | None = "customer"
    greeting_after_s: float = 1.1
    agent_rate_cpm: float = NORMAL_RATE_CPM
    agent_speed_wpm: int | None = None
    agent_level_dbfs: float = -25.0
    snr_db: float | None = None
    cross_talk_db: Annotated[float, Field(lt=0)] | None = None
    cross_talk_delay_s: Annotated[float, Field(ge=0)] = 0.0
    swapped: bool = False
    measured_only: bool = False
    tail_s: float = 0.8
    must_review: bool = False
    turns: tuple[Line, ...]
    expect: tuple[Expected, ...] = ()

    @property
    def started_at(self) -> datetime:
        """Start of the call with zone."""
        return datetime.combine(CALL_DATE.date(), self.time, CALL_DATE.tzinfo)


class Dialogues(_Written):
    """All agents and calls of the file."""

    agents: tuple[AgentProfile, ...]
    calls: tuple[Dialogue, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known = {profile.id for profile in self.agents}
        seen: set[str] = set()
        for call in self.calls:
            if call.agent not in known:
                raise ValueError(f"call {call.id}: there is no agent {call.agent}; expected one of {sorted(known)}")
            if call.id in seen:
                raise ValueError(f"call {call.id} stands twice")
            seen.add(call.id)
        return self

    def profile(self, agent_id: str) -> AgentProfile:
        """The agent of this id."""
        return next(profile for profile in self.agents if profile.id == agent_id)


def load_dialogues(path: Path = DIALOGUES_FILE) -> Dialogues:
    """Read the dialogues file.

    Raises:
        DialogueError: naming the file, every key that is wrong and what was expected.
    """
    try:
        return Dialogues.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise DialogueError(f"{path.name}: {error}") from error
