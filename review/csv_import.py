"""Lists that an administrator brings as CSV: all rows are entered, or none with everything that is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.errors import UsageError
from store import centre, plans

LARGEST = 5_000_000
SHOWN_PROBLEMS = 20
YES, NO = ("", "1", "yes", "true", "是", "在职"), ("0", "no", "false", "否", "离职")
SEPARATORS = str.maketrans({mark: " " for mark in ",，、;；|"})

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of list: its columns (the first ones must be there), an example, and what enters its rows."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    example: str
    enter: Callable[[Sequence[tuple[int, Values]]], str]


def read_csv(content: bytes, kind: Kind) -> list[tuple[int, Values]]:
    """The rows with their line numbers, without empty ones.

    Raises:
        UsageError: it is too large, no text, or its columns are not those of this kind.
    """
    if len(content) > LARGEST:
        raise UsageError(_("文件太大；最多 5 MB。"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel writes in Chinese where nobody chose UTF-8.
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise UsageError(_("文件不是文本；请另存为 CSV UTF-8。")) from None
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise UsageError(_("文件不是 CSV：%(why)s") % {"why": error}) from None
    head = [name.strip().lower() for name in table[0]] if table else []
    missing = [name for name in kind.needed if name not in head]
    unknown = [name for name in head if name not in kind.needed + kind.optional]
    if missing or unknown or len(set(head)) < len(head):
        raise UsageError(
            _("第一行应是列名 %(columns)s；实际是 %(head)s。")
            % {"columns": ",".join(kind.needed + kind.optional), "head": ",".join(head) or "–"}
        )
    rows = []
    for number, cells in enumerate(table[1:], start=2):
        if len(cells) > len(head):
            raise UsageError(_("第 %(n)s 行的格数比列名多。") % {"n": number})
        values = {name: cell.strip() for name, cell in zip(head, cells, strict=False)}
        if any(values.values()):
            rows.append((number, values))
    if not rows:
        raise UsageError(_("文件里没有数据行。"))
    return rows


def _each(rows: Sequence[tuple[int, Values]], needed: Sequence[str], read: Callable[[Values], object]) -> list[object]:
    """Every row understood.

    Raises:
        UsageError: a line for each that is not.
    """
    found, problems = [], []
    for number, values in rows:
        empty = [name for name in needed if not values.get(name)]
        if empty:
            problems.append(_("第 %(n)s 行：%(column)s 是空的。") % {"n": number, "column": empty[0]})
            continue
        try:
            found.append(read(values))
        except ValueError as error:
            problems.append(_("第 %(n)s 行：%(why)s") % {"n": number, "why": error})
    if problems:
        more = [_("…… 另有 %(n)s 行") % {"n": len(problems) - SHOWN_PROBLEMS}] if len(problems) > SHOWN_PROBLEMS else []
        raise UsageError("\n".join(problems[:SHOWN_PROBLEMS] + more))
    return found


def _yes(text: str) -> bool:
    if text.lower() not in YES + NO:
        raise ValueError(_("%(text)s 不是 1 或 0") % {"text": text})
    return text.lower() in YES


def _plan(values: Values) -> plans.Plan:
    try:
        day = date.fromisoformat(values["day"])
    except ValueError:
        raise ValueError(_("%(text)s 不是日期，例如 2026-03-02") % {"text": values["day"]}) from None
    if not (values["calls"].isascii() and values["calls"].isdigit() and int(values["calls"]) <= 10_000):
        raise ValueError(_("%(text)s 不是 0 至 10000 的整数") % {"text": values["calls"]})
    return plans.Plan(values["reviewer"], day, int(values["calls"]))


def _agent(values: Values) -> centre.AgentRow:
    return centre.AgentRow(
        values["agent_id"], values.get("name", ""), values.get("team", ""), _yes(values.get("active", ""))
    )


def _person(values: Values) -> centre.PersonRow:
    roles = tuple(values["roles"].translate(SEPARATORS).split())
    return centre.PersonRow(
        values["username"], values.get("name", ""), roles, values.get("team", ""), values.get("agent_id", "")
    )


def _enter_agents(rows: Sequence[tuple[int, Values]]) -> str:
    return _("%(n)s 名坐席已导入。") % {"n": centre.set_agents(_each(rows, AGENTS.needed, _agent))}


def _enter_teams(rows: Sequence[tuple[int, Values]]) -> str:
    given = _each(rows, TEAMS.needed, lambda values: (values["name"], values.get("note", "")))
    return _("%(n)s 个班组已导入。") % {"n": centre.set_teams(given)}


def _enter_plans(rows: Sequence[tuple[int, Values]]) -> str:
    return _("%(n)s 条计划已导入。") % {"n": plans.set_plans(_each(rows, PLANS.needed, _plan))}


def _enter_people(rows: Sequence[tuple[int, Values]]) -> str:
    created, changed = centre.set_people(_each(rows, PEOPLE.needed, _person))
    return _("新建 %(created)s 个账号，更新 %(changed)s 个；新账号要先设密码或用单点登录。") % {
        "created": created,
        "changed": changed,
    }


AGENTS = Kind(("agent_id",), ("name", "team", "active"), "agent_id,name,team,active\nA01,王工,一组,1", _enter_agents)
TEAMS = Kind(("name",), ("note",), "name,note\n一组,投诉", _enter_teams)
PLANS = Kind(("reviewer", "day", "calls"), (), "reviewer,day,calls\nxiaozhou,2026-03-02,30", _enter_plans)
PEOPLE = Kind(
    ("username", "roles"),
    ("name", "team", "agent_id"),
    "username,name,roles,team,agent_id\nxiaozhou,小周,reviewer,质检,\nwang,王工,agent,一组,A01",
    _enter_people,
)
TITLES = {
    "agents": gettext_lazy("导入坐席"),
    "teams": gettext_lazy("导入班组"),
    "plans": gettext_lazy("导入计划"),
    "people": gettext_lazy("导入账号"),
}
KINDS = {"agents": AGENTS, "teams": TEAMS, "plans": PLANS, "people": PEOPLE}
