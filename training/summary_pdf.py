"""The summary of a pack on one sheet of A4."""

from __future__ import annotations

from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from training.contents import SCOPES, Excerpt, Pack, scope_key
from training.fonts import Font
from training.sentences import ROLES, about_bleeps, about_scope, about_sound, caption, facts

MARGIN_MM = 16.0
FOOT_MM = 14.0
INK, MUTED, ACCENT, FLAG, GOOD = (29, 35, 43), (92, 102, 114), (11, 107, 99), (179, 38, 30), (27, 110, 60)
SENTENCES = 5
LONGEST = 90
"""Characters of one line of dialogue; the page and the sheet have all of it."""


def summary_pdf(pack: Pack, font: Font) -> bytes:
    """The sheet; as many excerpts as it has room for.

    Args:
        pack: what it says.
        font: with Chinese characters; what is used of it goes into the file.
    """
    sheet = _Sheet(font)
    sheet.text(pack.name, 18)
    sheet.text(f"培训要点 · {pack.month} · 共性问题 {pack.number}", 9, MUTED)
    sheet.space(2)
    sheet.text(f"“{_short(pack.quote)}”", 13)
    sheet.space(2)
    sheet.facts(facts(pack))
    sheet.space(2)
    sheet.text(f"{SCOPES[scope_key(pack.scope)][0]}：{about_scope(pack)}", 10.5)
    sheet.heading("规则")
    for rule in pack.rules:
        sheet.text(f"{rule.title}（{rule.id}，{rule.cost}）{rule.why}", 10)
    sheet.heading("规范说法")
    sentences = list(dict.fromkeys(sentence for rule in pack.rules for sentence in rule.say))
    for sentence in sentences[:SENTENCES]:
        sheet.text(f"· {sentence}", 10.5)
    for note in dict.fromkeys(rule.note for rule in pack.rules if rule.note):
        sheet.text(note, 10, MUTED)
    if not sentences and not any(rule.note for rule in pack.rules):
        sheet.text("规范里没有写这一条的说法。", 10, MUTED)
    if pack.good is not None:
        sheet.heading("做得对的例子")
        sheet.excerpt(pack.good, good=True)
    if pack.excerpts:
        sheet.heading("片段")
        for one in pack.excerpts:
            if not sheet.has_room(one):
                break
            sheet.excerpt(one)
    sheet.foot(about_sound(pack) + about_bleeps())
    return sheet.finished(pack)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


class _Sheet:
    """One page that is written from top to bottom."""

    def __init__(self, font: Font) -> None:
        self._pdf = FPDF(format="A4")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margins(MARGIN_MM, 14.0, MARGIN_MM)
        self._pdf.add_font("chinese", "", str(font.path), collection_font_number=font.face)
        self._pdf.add_page()

    def text(self, text: str, size: float, colour: tuple[int, int, int] = INK, indent_mm: float = 0.0) -> None:
        """A paragraph."""
        self._pdf.set_font("chinese", size=size)
        self._pdf.set_text_color(*colour)
        self._pdf.set_x(MARGIN_MM + indent_mm)
        self._pdf.multi_cell(0, size * 0.52, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT, wrapmode="CHAR")

    def heading(self, text: str) -> None:
        """A heading with a line under it."""
        self.space(3)
        self.text(text, 11, ACCENT)
        self._pdf.set_draw_color(217, 222, 228)
        y = self._pdf.get_y() + 0.6
        self._pdf.line(MARGIN_MM, y, self._pdf.w - MARGIN_MM, y)
        self.space(2)

    def space(self, height_mm: float) -> None:
        """Nothing, for so many millimetres."""
        self._pdf.set_y(self._pdf.get_y() + height_mm)

    def facts(self, found: list[tuple[str, str]]) -> None:
        """Numbers side by side, what they count below each."""
        width = (self._pdf.w - 2 * MARGIN_MM) / max(1, len(found))
        top = self._pdf.get_y()
        for place, (what, value) in enumerate(found):
            for size, text, colour, down in ((13.0, value, INK, 0.0), (8.5, what, MUTED, 6.5)):
                self._pdf.set_font("chinese", size=size)
                self._pdf.set_text_color(*colour)
                self._pdf.set_xy(MARGIN_MM + place * width, top + down)
                self._pdf.cell(width, size * 0.5, text)
        self._pdf.set_xy(MARGIN_MM, top + 12)

    def has_room(self, one: Excerpt) -> bool:
        """Whether an excerpt still fits above the foot."""
        self._pdf.set_font("chinese", size=9.5)
        rows = sum(
            len(self._pdf.multi_cell(0, 5, f"{ROLES[line.role]}：{_short(line.text)}", dry_run=True, output="LINES"))
            for line in one.lines
        )
        return self._pdf.get_y() + 6 + rows * 5 + 3 < self._pdf.h - FOOT_MM - 10

    def excerpt(self, one: Excerpt, *, good: bool = False) -> None:
        """What is said, with the name of its clip."""
        self.text(caption(one), 8.5, GOOD if good else MUTED)
        for line in one.lines:
            self.text(f"{ROLES[line.role]}：{_short(line.text)}", 9.5, FLAG if line.flagged else INK, 3)
        self.space(1.5)

    def foot(self, text: str) -> None:
        """Small print at the end of the sheet."""
        self._pdf.set_y(self._pdf.h - FOOT_MM - 6)
        self.text(text, 8, MUTED)

    def finished(self, pack: Pack) -> bytes:
        """The file; the same pack gives the same bytes."""
        year, month = (int(part) for part in pack.month.split("-"))
        self._pdf.set_creation_date(datetime(year, month, 1, tzinfo=UTC))
        self._pdf.set_title(f"{pack.name} · 培训要点")
        self._pdf.set_producer("Tingjian")
        self._pdf.set_lang("zh-CN")
        return bytes(self._pdf.output())
