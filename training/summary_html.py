"""The summary of a pack as a page: it lies beside the clips and plays them, and needs nothing else."""

from __future__ import annotations

from html import escape
from pathlib import Path

from training.contents import SCOPES, Excerpt, Pack, scope_key
from training.sentences import ROLES, about_bleeps, about_scope, about_sound, caption, facts

STYLE = Path(__file__).with_name("summary.css")


def summary_html(pack: Pack) -> str:
    """The page."""
    shown = "".join(_excerpt(one) for one in pack.excerpts)
    good = _excerpt(pack.good, "good") if pack.good else "<p class=muted>本月没有找到同样情形、做得对的通话。</p>"
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(pack.name)} · 培训要点</title>
<style>{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<h1>{escape(pack.name)}</h1>
<p class="muted">培训要点 · {pack.month} · 共性问题 {pack.number}</p>
<blockquote>“{escape(pack.quote)}”</blockquote>
<div class="facts">{_facts(pack)}</div>
<div class="scope"><strong>{SCOPES[scope_key(pack.scope)][0]}</strong>　{escape(about_scope(pack))}</div>
<h2>规则</h2>
{_rules(pack)}
<h2>规范说法</h2>
{_wording(pack)}
<h2>做得对的例子</h2>
{good}
<h2>片段</h2>
{shown}
<p class="muted">{escape(about_sound(pack))}{escape(about_bleeps())}</p>
</main>
</body>
</html>
"""


def _facts(pack: Pack) -> str:
    return "".join(f"<div><b>{escape(value)}</b><span>{escape(what)}</span></div>" for what, value in facts(pack))


def _rules(pack: Pack) -> str:
    return "".join(
        f"<p><strong>{escape(rule.title)}</strong>（{escape(rule.id)}，{escape(rule.cost)}）{escape(rule.why)}</p>"
        for rule in pack.rules
    )


def _wording(pack: Pack) -> str:
    sentences = list(dict.fromkeys(sentence for rule in pack.rules for sentence in rule.say))
    notes = list(dict.fromkeys(rule.note for rule in pack.rules if rule.note))
    if not sentences and not notes:
        return "<p class=muted>规范里没有写这一条的说法。</p>"
    said = "".join(f"<li>{escape(one)}</li>" for one in sentences)
    return (f"<ul class=say>{said}</ul>" if said else "") + "".join(f"<p>{escape(note)}</p>" for note in notes)


def _excerpt(one: Excerpt, kind: str = "") -> str:
    player = f'<audio controls preload="none" src="{escape(one.file)}"></audio>' if one.file else ""
    problem = f"<p class=muted><b></b><span>{escape(one.problem)}</span></p>" if one.problem else ""
    return (
        f'<figure class="{kind}"><figcaption>{escape(caption(one))}</figcaption>{_lines(one)}{problem}{player}</figure>'
    )


def _lines(one: Excerpt) -> str:
    return "".join(
        f"<p{' class=flagged' if line.flagged else ''}><b>{ROLES[line.role]}</b><span>{escape(line.text)}</span></p>"
        for line in one.lines
    )
