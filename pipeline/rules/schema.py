"""What may stand in a rulebook file: every key with its meaning, as frozen models; ``json_schema`` for editors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pipeline.rules.operators.backchannel import Backchannel
from pipeline.rules.operators.base import Compilation, Condition, Operator, Parameters, written_as
from pipeline.rules.operators.duration import Duration
from pipeline.rules.operators.entity import EntityNamed
from pipeline.rules.operators.hang_up import HangUp
from pipeline.rules.operators.hold import Hold
from pipeline.rules.operators.interruption import Interruption
from pipeline.rules.operators.level import Level
from pipeline.rules.operators.logic import AllOf, AnyOf, Not
from pipeline.rules.operators.measure import MeasureIs
from pipeline.rules.operators.metadata import MetadataIs
from pipeline.rules.operators.other_rule import OtherRule
from pipeline.rules.operators.question import Question
from pipeline.rules.operators.rate import Rate
from pipeline.rules.operators.regular_expression import RegularExpression
from pipeline.rules.operators.repetition import Repeat
from pipeline.rules.operators.response import Response
from pipeline.rules.operators.say import Say
from pipeline.rules.operators.silence import Silence
from pipeline.rules.operators.similar import Similar
from pipeline.rules.operators.turn_count import TurnCount


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a text that is not empty")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]
Identifier = Annotated[
    str, AfterValidator(written_as(r"[A-Z]{2,12}\.?[0-9]{2,3}", "capitals and a number, such as SIL.01"))
]
Name = Annotated[
    str,
    AfterValidator(written_as(r"[a-z][a-z0-9_]*", "the thing flagged in lower case, such as agent_interrupts")),
]
AnchorName = Annotated[str, AfterValidator(written_as(r"[a-z][a-z0-9_]{0,39}", "a name in lower case, such as hold"))]


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("expected a date such as 2026-03-01, or a moment such as 2026-03-01T08:00:00+08:00") from error
    return text


DateText = Annotated[str, AfterValidator(_moment)]
UtcOffset = Annotated[str, AfterValidator(written_as(r"[+-](0\d|1[0-4]):[0-5]\d", "an offset such as +08:00"))]
Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[float, Field(gt=0, le=100)]


class ConditionParameters(Parameters):
    """One condition: exactly one operator, or ``all``, ``any``, ``not`` over further conditions."""

    say: Say | None = Field(default=None, description="某一方说了某些话。")
    regex: RegularExpression | None = Field(default=None, description="说的话符合正则表达式。")
    similar: Similar | None = Field(default=None, description="说的话与样句相似。")
    repeat: Repeat | None = Field(default=None, description="重复说过的话。")
    question: Question | None = Field(default=None, description="问了，并且按要求回答了。")
    entity: EntityNamed | None = Field(default=None, description="说出了电话、身份证、金额、日期或一串数字。")
    silence: Silence | None = Field(default=None, description="一段时间谁也不说话。")
    response: Response | None = Field(default=None, description="坐席应答客户的快慢。")
    rate: Rate | None = Field(default=None, description="语速。")
    interruption: Interruption | None = Field(default=None, description="打断对方。")
    backchannel: Backchannel | None = Field(default=None, description="附和（嗯、好的）。")
    hold: Hold | None = Field(default=None, description="让客户等待。")
    level: Level | None = Field(default=None, description="音量及其升降。")
    duration: Duration | None = Field(default=None, description="通话、一段话或连续说话的时长。")
    turn_count: TurnCount | None = Field(default=None, description="说话的段数。")
    hang_up: HangUp | None = Field(default=None, description="谁先挂机，离最后一句话多久。")
    measure: MeasureIs | None = Field(default=None, description="某项测量值越界。")
    metadata: MetadataIs | None = Field(default=None, description="清单里某个字段的值。")
    rule: OtherRule | None = Field(default=None, description="另一条规则命中。")
    all: tuple[ConditionParameters, ...] | None = Field(
        default=None, min_length=1, description="所有条件都成立；证据取第一个条件的。"
    )
    any: tuple[ConditionParameters, ...] | None = Field(default=None, min_length=1, description="至少一个条件成立。")
    negated: ConditionParameters | None = Field(
        default=None, alias="not", description="条件不成立；证据是查看过的范围。"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> ConditionParameters:
        given = [key for key, value in self if value is not None]
        if len(given) != 1:
            listed = ", ".join("not" if key == "negated" else key for key in given) or "none"
            keys = ", ".join(field.alias or name for name, field in type(self).model_fields.items())
            raise ValueError(f"got {listed}; expected exactly one of {keys}; put several conditions under all or any")
        return self

    @property
    def operator(self) -> Operator | None:
        """The operator, None where further conditions stand."""
        return next((value for _, value in self if isinstance(value, Operator)), None)

    def compile(self, to: Compilation) -> Condition:
        """The condition ready to look at calls."""
        if self.all is not None:
            return AllOf.of(tuple(part.compile(to) for part in self.all))
        if self.any is not None:
            return AnyOf(tuple(part.compile(to) for part in self.any))
        if self.negated is not None:
            return Not(self.negated.compile(to))
        operator = self.operator
        if operator is None:
            raise ValueError("an empty condition")
        return operator.compile(to)

    def parts(self) -> tuple[ConditionParameters, ...]:
        """The conditions directly inside."""
        return self.all or self.any or ((self.negated,) if self.negated is not None else ())


class ExampleParameters(Parameters):
    """One example: lines of dialogue, with measures and metadata where the rule looks at those."""

    lines: tuple[str, ...] = Field(default=(), description="对话，每行一段话：`agent: 您好`。")
    measures: dict[str, float | bool | str] = Field(default={}, description="给定的测量值。")
    metadata: dict[str, str] = Field(default={}, description="给定的清单字段。")
    music: tuple[tuple[float, float], ...] = Field(default=(), description="等待音乐从第几秒到第几秒：`[[7, 19]]`。")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"lines": (value,)}
        return {"lines": value} if isinstance(value, tuple) else value

    @model_validator(mode="after")
    def _says_something(self) -> ExampleParameters:
        if not (self.lines or self.measures or self.metadata):
            raise ValueError("expected lines of dialogue, measures or metadata")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Allow the short forms too."""
        schema = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, schema]}


class ExamplesParameters(Parameters):
    """What a rule must find, and what it must leave alone."""

    hit: tuple[ExampleParameters, ...] = Field(min_length=1, description="必须命中的例子，至少一个。")
    miss: tuple[ExampleParameters, ...] = Field(min_length=1, description="不得命中的例子，至少一个。")


class LadderStep(Parameters):
    """What so many hits of one rule take."""

    hits: int = Field(ge=1, le=1000, description="从第几处命中起。")
    each: float | None = Field(default=None, ge=0, le=100, description="每处扣多少分。")
    total: float | None = Field(default=None, ge=0, le=100, description="一共扣多少分。")

    @model_validator(mode="after")
    def _one_of_both(self) -> LadderStep:
        if (self.each is None) == (self.total is None):
            raise ValueError("expected exactly one of each and total")
        return self

    def points(self, hits: int) -> float:
        """Points for so many hits on this step."""
        return self.total if self.total is not None else (self.each or 0.0) * hits


class RuleParameters(Parameters):
    """One rule."""

    id: Identifier = Field(description="编号，例如 `SIL.01`；一经使用不再改作他用。")
    name: Name = Field(description="英文名，说的是被指出的事：`agent_interrupts`。")
    title: Text = Field(description="标题，给人看的。")
    why: Text = Field(description="一句话：为什么有这条规则。")
    category: str = Field(description="类别，`categories` 里的一个。")
    severity: Literal["fatal", "deduct", "add", "warn"] = Field(
        description="`fatal` 一票否决；`deduct` 扣分；`add` 加分；`warn` 只提示。"
    )
    fatal_to: Literal["total", "category"] = Field(
        default="total", description="一票否决的是总分（归零），还是只是本类别的分。"
    )
    points: Points | None = Field(default=None, description="扣或加多少分；只用于 `deduct` 和 `add`。")
    per: Literal["call", "hit"] = Field(default="call", description="`call` 每通最多一次（取第一处）；`hit` 每处一次。")
    cap: Points | None = Field(default=None, description="`per: hit` 时最多扣（加）多少分。")
    ladder: tuple[LadderStep, ...] = Field(
        default=(),
        description="阶梯，代替 `points`，只用于 `per: hit`：`[{hits: 1, each: 1}, {hits: 4, total: 5}]` "
        "是前三处各扣 1 分，超过三处共扣 5 分。",
    )
    min_transcript_confidence: Share | None = Field(
        default=None, description="整通转写置信度低于它时，本规则不按文字判断；不写则用全册的。"
    )
    min_hit_confidence: Share | None = Field(
        default=None, description="命中处的转写置信度低于它时，那一处不算；若别无命中则为无法判断。"
    )
    by_sound: Literal["review", "count"] = Field(
        default="review",
        description="只是读音相近的命中：`review` 只提示、转人工核对、不扣分；`count` 与字面命中一样算。",
    )
    review: Literal["must", "auto", "never"] = Field(
        default="auto",
        description="`must` 命中即必须由人来听；`never` 命中不使通话转人工；`auto` 看全册的设定。",
    )
    risk: float = Field(default=0.0, ge=0, le=100, description="命中时给通话加多少风险权重（排人工队列用，不是分数）。")
    effective_from: DateText | None = Field(
        default=None, description="本规则从哪天（或哪一刻）起计分；之前的通话命中只提示（预告期）。"
    )
    effective_until: DateText | None = Field(default=None, description="本规则到哪天为止（含当天）；之后的通话不再判。")
    anchors: dict[AnchorName, ConditionParameters] = Field(
        default={}, description="锚点：起了名字的条件，供 `near` 使用；后面的锚点可以用前面的。"
    )
    when: ConditionParameters = Field(description="什么情况下命中。")
    unless: ConditionParameters | None = Field(
        default=None, description="例外：成立时那一处不算；`within` 可限定在命中处附近。"
    )
    message: Text = Field(
        description="一句话说明，可用 `{start}` `{end}` `{quote}` `{measured}` `{threshold}` `{title}`。"
    )
    examples: ExamplesParameters = Field(description="规则自带的正反例。")


class CategoryParameters(Parameters):
    """One part of the score."""

    title: Text = Field(description="类别名称。")
    maximum: Points = Field(description="满分；各类别合计 100。")
    starts: Literal["full", "empty"] = Field(
        default="full", description="`full` 从满分开始，扣分；`empty` 从零分开始，由 `add` 规则加分，加到满分为止。"
    )
    weight: float = Field(default=1.0, gt=0, le=100, description="总分里的权重：总分 = 100 × Σ权重×得分 ÷ Σ权重×满分。")


class RoutingParameters(Parameters):
    """When a person must hear a call."""

    fatal: bool = Field(default=True, description="有一票否决的发现。")
    total_below: float | None = Field(default=None, ge=0, le=100, description="总分低于它。")
    findings_at_least: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        default={}, description="某类别里扣分的发现达到几处。"
    )
    rules: tuple[str, ...] = Field(default=(), description="命中其中任何一条规则。")
    transcript_confidence_below: Share | None = Field(
        default=None, description="转写置信度低于它，或坐席说了话却没有识别出文字。"
    )
    agent_unknown: bool = Field(default=True, description="分不清谁是坐席，或听不到坐席。")


class ChangeParameters(Parameters):
    """One entry of the changelog."""

    version: Text = Field(description="版本。")
    date: DateText = Field(description="哪天改的。")
    author: Text | None = Field(default=None, description="谁改的。")
    changes: tuple[Text, ...] = Field(min_length=1, description="改了什么，每项一句。")


class HeaderParameters(Parameters):
    """Everything of a rulebook but its rules."""

    rulebook: Name = Field(description="规则册的名字。")
    version: Text = Field(description='版本，写在引号里，例如 `"1.0"`；每次改动都要换。')
    title: Text = Field(description="标题。")
    min_transcript_confidence: Share | None = Field(
        default=None, description="转写置信度低于它时，凡按文字判断的规则都不判。"
    )
    min_assessable_share: Share | None = Field(
        default=None, description="计入的满分不到 100 的这个比例时，不给总分；不写则只要有一分可判就给。"
    )
    author: Text | None = Field(default=None, description="谁写的。")
    published_on: DateText | None = Field(default=None, description="哪天公布，例如 `2026-03-01`。")
    effective_from: DateText | None = Field(
        default=None, description="从哪天（或哪一刻）起用于通话；通话按其开始时有效的规则册判。"
    )
    effective_until: DateText | None = Field(default=None, description="到哪天为止（含当天）。")
    utc_offset: Annotated[str, AfterValidator(written_as(r"[+-](0\d|1[0-4]):[0-5]\d", "an offset such as +08:00"))] = (
        Field(default="+08:00", description="日期按哪个时区算。")
    )
    changelog: tuple[ChangeParameters, ...] = Field(default=(), description="改动记录，新的在前。")
    categories: dict[str, CategoryParameters] = Field(min_length=1, description="计分的类别。")
    must_review: RoutingParameters = Field(description="哪些通话必须由人来听。")


class RulebookParameters(HeaderParameters):
    """A whole rulebook file."""

    rules: tuple[RuleParameters, ...] = Field(min_length=1, description="规则。")


def json_schema() -> dict[str, Any]:
    """JSON Schema of a rulebook file, for editors that check while typing."""
    return RulebookParameters.model_json_schema(by_alias=True)
