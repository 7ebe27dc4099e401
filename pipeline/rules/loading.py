"""Rulebook files into rulebooks; every mistake of a file is told at once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from pipeline.errors import RulebookError
from pipeline.rules.calendar_time import period
from pipeline.rules.checks import check_rule, check_rulebook
from pipeline.rules.matching import LexiconBuilder
from pipeline.rules.mistakes import expected_instead
from pipeline.rules.operators.base import Compilation, Condition, Parameters
from pipeline.rules.rulebook import Category, Rule, Rulebook
from pipeline.rules.schema import HeaderParameters, RuleParameters
from pipeline.rules.yaml_source import Mistake, Source, read_yaml
from pipeline.types import Severity

Model = TypeVar("Model", bound=Parameters)

BUNDLED = Path(__file__).parent / "rulebooks"


def load_rulebook(path_or_name: str | Path) -> Rulebook:
    """Read, check and compile a rulebook: a file, or one of the bundled ones by its name.

    Raises:
        RulebookError: one line for each mistake: file, rule, key, what was found, what was expected, what to do, line.
    """
    path = _find(path_or_name)
    return parse_rulebook(_content(path), path.name)


def load_rulebook_with_source(path_or_name: str | Path) -> tuple[Rulebook, Source]:
    """The same with the YAML behind it, which knows the lines.

    Raises:
        RulebookError: as ``load_rulebook``.
    """
    path = _find(path_or_name)
    content = _content(path)
    return parse_rulebook(content, path.name), read_yaml(content)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RulebookError(
            f"rulebook {path}: cannot be read ({error.strerror}); expected a readable YAML file; "
            f"check the path and its permissions"
        ) from error


def bundled_rulebooks() -> tuple[str, ...]:
    """Names of the rulebooks that come with the project."""
    return tuple(sorted(path.stem for path in BUNDLED.glob("*.yaml")))


def _find(path_or_name: str | Path) -> Path:
    path = Path(path_or_name)
    if path.exists():
        return path
    if path.name == str(path_or_name) and path.name in bundled_rulebooks():
        return BUNDLED / f"{path.name}.yaml"
    raise RulebookError(
        f"rulebook {path_or_name}: not found; expected the path of a YAML file or one of "
        f"{', '.join(bundled_rulebooks())}; check the spelling"
    )


def parse_rulebook(content: bytes, file: str) -> Rulebook:
    """Check and compile the bytes of a rulebook; ``file`` names it in messages.

    Raises:
        RulebookError: as ``load_rulebook``.
    """
    source = read_yaml(content)
    mistakes = list(source.mistakes)
    header: HeaderParameters | None = None
    rules: list[tuple[int, RuleParameters]] = []
    complete = False
    if not isinstance(source.data, dict):
        if not mistakes:
            text = "holds no keys; expected rulebook, version, title, categories, must_review, rules; add them"
            mistakes.append(Mistake(1, (), text))
    else:
        data = dict(source.data)
        listed = data.pop("rules", None)
        header = _validated(HeaderParameters, data, (), source, mistakes)
        if not isinstance(listed, tuple) or not listed:
            text = "missing or empty; expected a list of rules; add at least one"
            mistakes.append(Mistake(source.line_of(("rules",)), ("rules",), text))
        else:
            for place, item in enumerate(listed):
                rule = _validated(RuleParameters, item, ("rules", place), source, mistakes)
                if rule is not None:
                    rules.append((place, rule))
            complete = len(rules) == len(listed)
    for place, rule in rules:
        mistakes += check_rule(rule, ("rules", place), source, header)
    if header is not None:
        mistakes += check_rulebook(header, rules, source, complete=complete)
    if mistakes or header is None:
        mistakes.sort(key=lambda mistake: mistake.line)
        raise RulebookError("\n".join(_sentence(file, source, mistake) for mistake in mistakes))
    return _compile(header, [rule for _, rule in rules], hashlib.sha256(content).hexdigest())


def _validated(
    model: type[Model], data: Any, path: tuple[str | int, ...], source: Source, mistakes: list[Mistake]
) -> Model | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            at = (*path, *_in_the_file(item["loc"]))
            mistake = Mistake(source.line_of(at), at, expected_instead(item, model))
            if mistake not in mistakes:
                mistakes.append(mistake)
        return None


def _in_the_file(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A location without what the schema adds to it: which of several types it tried, or that a key was meant."""
    return tuple(part for part in loc if not isinstance(part, str) or ("[" not in part and part not in _TYPES))


_TYPES = frozenset(("str", "int", "float", "bool"))


def _sentence(file: str, source: Source, mistake: Mistake) -> str:
    where, path = f"rulebook {file}", mistake.path
    if len(path) >= 2 and path[0] == "rules" and isinstance(path[1], int):
        rule = source.data["rules"][path[1]] if isinstance(source.data, dict) else None
        name = rule.get("id") if isinstance(rule, dict) else None
        where += f", rule {name if isinstance(name, str) else f'number {path[1] + 1}'}"
        path = path[2:]
    if path:
        where += ", key " + ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
    return f"{where}: {mistake.text} (line {mistake.line})"


def _compile(header: HeaderParameters, rules: list[RuleParameters], sha256: str) -> Rulebook:
    lexicon = LexiconBuilder()
    places: dict[object, int] = {}
    compiled = []
    for rule in rules:
        least = rule.min_transcript_confidence
        anchors: dict[str, Condition] = {}
        to = Compilation(lexicon, header.min_transcript_confidence if least is None else least, anchors, places)
        for name, anchor in rule.anchors.items():
            anchors[name] = anchor.compile(to)
        compiled.append(
            Rule(
                id=rule.id,
                name=rule.name,
                title=rule.title,
                category=rule.category,
                severity=Severity(rule.severity),
                points=rule.points or 0.0,
                cap=rule.cap,
                every_hit=rule.per == "hit",
                message=rule.message,
                condition=rule.when.compile(to),
                unless=None if rule.unless is None else rule.unless.compile(to),
                parameters=rule,
                period=period(rule.effective_from, rule.effective_until, header.utc_offset),
            )
        )
    return Rulebook(
        name=header.rulebook,
        version=header.version,
        title=header.title,
        sha256=sha256,
        categories={
            name: Category(one.title, one.maximum, one.starts == "empty", one.weight)
            for name, one in header.categories.items()
        },
        rules=tuple(compiled),
        routing=header.must_review,
        min_transcript_confidence=header.min_transcript_confidence,
        min_assessable_share=header.min_assessable_share,
        lexicon=lexicon.build(),
        header=header,
        period=period(header.effective_from, header.effective_until, header.utc_offset),
    )
