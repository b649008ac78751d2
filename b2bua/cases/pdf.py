"""The sheet as PDF (fpdf2), in DejaVu where this machine has it.

The fonts that every reader of PDF has know Western Europe alone, and no font knows everything: a character that cannot
be shown is spelled as U+0142, and never left out, for it may be somebody's name.
"""

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from fpdf import FPDF, FontFace, XPos, YPos
from fpdf.enums import Align, TableBordersLayout, VAlign, WrapMode
from fpdf.fonts import TTFFont

from b2bua.cases.plain import plain
from b2bua.cases.sheet import Lines, Row, Section, Sheet

FOLDERS: Final = tuple(
    Path("/usr/share/fonts", folder) for folder in ("truetype/dejavu", "dejavu-sans-fonts", "dejavu", "TTF")
)
"""Where Debian, Fedora, Alpine and Arch have DejaVu."""
_FILES: Final = (("text", "", "DejaVuSans"), ("text", "B", "DejaVuSans-Bold"), ("lines", "", "DejaVuSansMono"))
_MARGIN: Final = 18.0
_LABELS: Final = (34, 66)
"""Hundredths of the width for a label and for what it labels."""
_INK: Final = (27, 30, 35)
_QUIET: Final = (102, 102, 119)
_ALARM: Final = (179, 38, 30)
_RULE: Final = (217, 220, 225)


def pdf(sheet: Sheet, made: datetime.datetime, folders: Iterable[Path] = FOLDERS) -> bytes:
    """The document; A4, as many pages as it takes."""
    printer = _Printer(folders)
    printer.begin(sheet, made)
    for section in sheet.sections:
        printer.section(section)
    return bytes(printer.output())


class _Printer(FPDF):
    """One document while it is written."""

    def __init__(self, folders: Iterable[Path]) -> None:
        super().__init__(format="A4")
        # No text of a stranger may hold it: each character below space is spelled.
        self.alias_nb_pages("\x02{nb}")
        self.set_margin(_MARGIN)
        self.set_auto_page_break(True, _MARGIN)
        home = next(
            (folder for folder in folders if all((folder / f"{name}.ttf").exists() for *_, name in _FILES)), None
        )
        self._text, self._fixed = ("Helvetica", "Courier") if home is None else ("text", "lines")
        for family, style, name in _FILES if home is not None else ():
            self.add_font(family, style, home / f"{name}.ttf" if home else None)

    def footer(self) -> None:
        """The number of the page, and of how many."""
        self.set_y(-_MARGIN * 0.75)
        self._set(self._text, 8, _QUIET)
        self.cell(0, 4, f"{self.page_no()} / {self.str_alias_nb_pages}", align=Align.R)

    def begin(self, sheet: Sheet, made: datetime.datetime) -> None:
        self.set_title(sheet.title)
        self.set_lang(sheet.language)
        self.set_creation_date(made)
        self.add_page()
        self._set(self._text, 15, _INK, "B")
        self._paragraph(sheet.title, 7)
        self._set(self._text, 8.5, _QUIET)
        self._paragraph(sheet.law, 4.2)

    def section(self, section: Section) -> None:
        self.ln(5)
        if self.will_page_break(24):
            self.add_page()
        self._set(self._text, 11, _INK, "B")
        self._paragraph(section.title, 6)
        self.ln(0.5)
        if section.rows:
            self._rows(section.rows)
        for lines in section.lines:
            self._lines(lines)

    def _rows(self, rows: Sequence[Row]) -> None:
        self._set(self._text, 9, _INK)
        self.set_draw_color(*_RULE)
        quiet, ink = FontFace(color=_QUIET), FontFace(color=_INK)
        alarm = FontFace(color=_ALARM, emphasis="BOLD")
        with self.table(
            col_widths=_LABELS,
            first_row_as_headings=False,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            line_height=4.6,
            padding=(0.7, 1, 0.7, 0),
            text_align=Align.L,
            v_align=VAlign.T,
            wrapmode=WrapMode.WORD,
        ) as table:
            for one in rows:
                row = table.row()
                row.cell(self._shown(one.label), style=quiet)
                row.cell(self._shown(one.text), style=alarm if one.is_alarm else ink)

    def _lines(self, lines: Lines) -> None:
        self.ln(2.5)
        if self.will_page_break(12):
            self.add_page()
        self._set(self._text, 8, _QUIET, "B")
        self._paragraph(lines.label, 4.5)
        self._set(self._fixed, 7.5, _INK)
        for line in lines.lines:
            self._paragraph(line, 3.8, WrapMode.CHAR)

    def _paragraph(self, text: str, height: float, wrap: WrapMode = WrapMode.WORD) -> None:
        self.multi_cell(0, height, self._shown(text), align=Align.L, wrapmode=wrap, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _set(self, family: str, size: float, color: tuple[int, int, int], style: str = "") -> None:
        self.set_font(family, style, size)
        self.set_text_color(*color)

    def _shown(self, text: str) -> str:
        font = self.current_font
        if isinstance(font, TTFFont):
            return plain(text, lambda one: ord(one) in font.cmap)
        return plain(text, lambda one: ord(one) < 0x100)
