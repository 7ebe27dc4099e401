"""What every form of a pack says in the same words."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipeline.types import Role
from training.contents import SCOPES, Excerpt, Pack, scope_key

ROLES = {Role.AGENT: "坐席", Role.CUSTOMER: "客户", Role.UNKNOWN: "不明"}
LISTED = 3


def facts(pack: Pack) -> list[tuple[str, str]]:
    """What is counted, and the count."""
    found = [
        ("本月通话", f"{pack.calls}"),
        ("占全部通话", f"{pack.share:.2%}"),
        ("涉及坐席", f"{len(pack.agents)}"),
        ("涉及班组", f"{len(pack.teams)}"),
    ]
    earlier = [one for one in pack.history if one.month < pack.month]
    if earlier:
        found.append((f"{earlier[-1].month} 占比", f"{earlier[-1].share:.2%}"))
    if pack.business_types:
        found.append(("主要业务", pack.business_types[0][0]))
    return found


def about_scope(pack: Pack) -> str:
    """Whose error it is, and what to do about that."""
    key = scope_key(pack.scope)
    units = {"individual": pack.scope.agents, "group": pack.scope.groups}.get(key, ())
    named = "、".join(f"{one.name}（{one.rate:.1%}，其他 {one.compared_with:.1%}）" for one in units[:LISTED])
    more = f"等 {len(units)} 个" if len(units) > LISTED else ""
    return SCOPES[key][1] + (f" {named}{more}。" if named else "")


def caption(one: Excerpt) -> str:
    """What stands over an excerpt."""
    length = f"{one.clip.duration_s:.0f} 秒" if one.clip else ""
    state = "" if not one.rule else "人工已确认" if one.confirmed else "机器标出，未经人工确认"
    name = PurePosixPath(one.file).name
    return " · ".join(part for part in (name, one.agent, one.team, one.business_type, one.day, length, state) if part)


def about_sound(pack: Pack) -> str:
    """How the clips were cut."""
    who = "只留坐席的声音" if pack.options.mask_customer else "保留双方声音"
    return f"片段从证据前 {pack.options.pre_roll_s:g} 秒开始，到证据结束为止，{who}。"


def about_bleeps() -> str:
    """What is bleeped, and what is not."""
    return (
        "电话、证件、卡号、订单号等号码在声音里换成提示音，在文字里换成〔号码〕；没有逐字时间的，整段换掉。"
        "姓名、住址不在其内，播放之前请听一遍。"
    )
