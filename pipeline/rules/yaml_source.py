"""YAML read safely, with the line of every key: plain values only, and nothing that can grow or run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_DEPTH = 30
MAX_BYTES = 8 * 1024 * 1024

Path = tuple[str | int, ...]

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null"))


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at one line of a file; ``path`` is the way to it through keys and list places."""

    line: int
    path: Path
    text: str


@dataclass(slots=True)
class Source:
    """A YAML document as dicts, tuples and plain values, with the line of each, and the mistakes met while reading."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line_of(self, path: Path) -> int:
        """Line of a path, or of the nearest one above it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class _Level:
    path: Path
    mapping: dict[str, Any] | None
    items: list[Any]
    key: str | None = None
    skip: bool = False


def read_yaml(content: bytes) -> Source:
    """Read one document.

    Everything is taken event by event, so that nesting too deep, aliases (which can expand without end), tags (which
    can build objects) and repeated keys are mistakes of their own line. Syntax that YAML itself refuses ends reading.
    """
    source = Source()
    if len(content) > MAX_BYTES:
        _complain(source, 1, (), f"the file has {len(content)} bytes; expected at most {MAX_BYTES}; split it")
        return source
    try:
        loader = _Loader(content.decode("utf-8-sig"))
        try:
            _read_events(loader, source)
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _complain(source, line, (), "not UTF-8 text; expected UTF-8; save the file in that encoding")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
        line = mark.line + 1 if mark is not None else 1
        _complain(source, line, (), f"not YAML: {problem}; expected keys and values as in the bundled rulebook; "
                  "check indentation, colons and quotes")  # fmt: skip
    return source


def _complain(source: Source, line: int, path: Path, text: str) -> None:
    source.mistakes.append(Mistake(line, path, text))


def _read_events(loader: Any, source: Source) -> None:
    levels: list[_Level] = []
    documents = 0
    while loader.check_event():
        event = loader.get_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                _complain(source, line, (), "a second document starts; expected one; put each in its own file")
                return
        elif isinstance(event, yaml.AliasEvent):
            path = _place(levels)
            _complain(source, line, path, "an alias (*name) stands here; expected the value itself; write it out")
            _put(levels, source, None, line)
        elif isinstance(event, yaml.ScalarEvent):
            _put(levels, source, _scalar(loader, event, source, levels), line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(levels) >= MAX_DEPTH:
                _complain(source, line, (), f"nested more than {MAX_DEPTH} deep; expected less; make it flatter")
                return
            path = _place(levels)
            if event.tag is not None:
                _complain(source, line, path, f"got tag {event.tag}; expected a plain value; remove the tag")
            source.lines.setdefault(path, line)
            mapping: dict[str, Any] | None = {} if isinstance(event, yaml.MappingStartEvent) else None
            levels.append(_Level(path, mapping, []))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            level = levels.pop()
            _put(levels, source, tuple(level.items) if level.mapping is None else level.mapping, None)


def _place(levels: list[_Level]) -> Path:
    """Path of the value that comes next."""
    if not levels:
        return ()
    level = levels[-1]
    if level.mapping is None:
        return (*level.path, len(level.items))
    return level.path if level.key is None else (*level.path, level.key)


def _put(levels: list[_Level], source: Source, value: Any, line: int | None) -> None:
    path = _place(levels)
    if not levels:
        source.data = value
        if line is not None:
            source.lines[path] = line
        return
    level = levels[-1]
    if level.mapping is None:
        if line is not None:
            source.lines[path] = line
        level.items.append(value)
    elif level.key is None and not level.skip:
        # A key. One that is not text, or that stands twice, is reported and its value is read and dropped.
        at = line if line is not None else source.line_of(level.path)
        if not isinstance(value, str):
            _complain(source, at, level.path, f"got key {value!r}; expected text; put it in quotes")
            level.skip = True
        elif value in level.mapping:
            _complain(source, at, (*level.path, value), "stands twice; expected it once; remove or rename one")
            level.skip = True
        else:
            level.key = value
            source.lines[(*level.path, value)] = at
    else:
        if level.key is not None:
            level.mapping[level.key] = value
        level.key, level.skip = None, False


def _scalar(loader: Any, event: Any, source: Source, levels: list[_Level]) -> Any:
    tag = event.tag or loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag == "!" or tag not in _PLAIN_TAGS:
        # Dates and the like are plain text to a rulebook; a tag that was written is refused.
        if event.tag is not None and event.tag != "!":
            line = event.start_mark.line + 1
            _complain(source, line, _place(levels), f"got tag {event.tag}; expected a plain value; remove the tag")
        return event.value
    node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
    try:
        return loader.construct_object(node)
    except ValueError:
        return event.value
