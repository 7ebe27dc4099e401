"""How values look on the pages."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from review import words

register = template.Library()
NUMBER = re.compile(r"\d+(?:\.\d+)?")

TABLES = {
    "lane": words.LANES,
    "lane_meaning": words.LANE_MEANINGS,
    "severity": words.SEVERITIES,
    "role": words.ROLES,
    "verdict": words.VERDICTS,
    "reason": words.REASONS,
    "match": words.MATCHES,
    "account_role": words.ACCOUNT_ROLES,
    "direction": words.DIRECTIONS,
    "layout": words.LAYOUTS,
    "appeal": words.APPEALS,
    "method": words.METHODS,
    "use": words.USES,
    "backtest": words.BACKTESTS,
    "scope": words.SCOPES,
    "dimension": words.DIMENSIONS,
    "change": words.CHANGES,
    "problem": words.PROBLEMS,
    "rate_change": words.RATE_CHANGES,
    "scope_meaning": words.SCOPE_MEANINGS,
}


@register.filter
def word(value: Any, table: str) -> str:
    """The word for a value of the code; what no table has is shown as it is."""
    return str(TABLES[table].get(str(value or ""), value or ""))


@register.filter
def said(text: Any) -> str:
    """A sentence that a command has kept, in the reader's language; a number in it stays what it is."""
    kept = str(text or "")
    number = NUMBER.search(kept)
    if not kept or number is None:
        return kept and _(kept)
    return _(NUMBER.sub("%(n)s", kept, count=1)).replace("%(n)s", number[0])


@register.filter
def clock(seconds: float | None) -> str:
    """Seconds as m:ss, or h:mm:ss."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60
    return f"{hours}:{minutes % 60:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


@register.filter
def points(value: Any) -> str:
    """A number of points: whole where it is whole, a dash where there is none."""
    if not isinstance(value, int | float):
        return "–"
    return f"{value:.1f}".rstrip("0").rstrip(".")


@register.filter
def plain_points(value: Any) -> str:
    """A number of points for a field: with a dot, or nothing."""
    return f"{value:.1f}" if isinstance(value, int | float) else ""


@register.filter
def moment(value: datetime | None) -> str:
    """A time as month, day, hour and minute of the centre; with the year when it is another."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    year = "" if local.year == timezone.localtime().year else f"{local.year}-"
    return f"{year}{local:%m-%d %H:%M}"


@register.filter
def waiting(since: datetime | None) -> str:
    """How long ago something was, in the largest unit."""
    if since is None:
        return "–"
    minutes = max(0, int((timezone.now() - since).total_seconds() // 60))
    if minutes < 60:
        return _("%(n)s 分钟") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(n)s 小时") % {"n": minutes // 60}
    return _("%(n)s 天") % {"n": minutes // 1440}


@register.filter
def percent_of(value: Any) -> str:
    """A rate in percent as the estimates give it: one decimal below 10."""
    if not isinstance(value, int | float):
        return "–"
    return f"{100 * value:.1f}%" if abs(value) < 0.1 else f"{100 * value:.0f}%"


@register.filter
def plain(value: Any) -> str:
    """A number for a drawing, whatever the language."""
    return f"{value:.2f}" if isinstance(value, int | float) else "0"


@register.filter
def width_to(low: Any, high: Any) -> str:
    """The width of a band for a drawing, never too thin to see."""
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return "0"
    return f"{max(0.8, high - low):.2f}"


@register.filter
def at(table: dict[Any, Any], key: Any) -> Any:
    """The entry of a table by a key that is itself a value."""
    return table.get(key, "")


@register.filter
def percent(value: float | None) -> str:
    """A share as a percentage."""
    return "–" if value is None else f"{100 * value:.0f}%"


@register.filter
def admin_list(options: Any) -> str:
    """The address name of an administration page's list."""
    return f"admin:{options.app_label}_{options.model_name}_changelist"
