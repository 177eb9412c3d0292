"""A report as a PDF of A4 pages: selectable text, vector charts, embedded fonts, a footer on every page."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analytics.constat import Sentence
from analytics.french import cleaned
from charts.theme import SIMULATED
from reports.drawing import HALF, WHOLE, Drawing, drawing_of, to_svg
from reports.model import Report, Section, Table, text_of, typeset

#: A font that typst carries with it: the same page on any machine.
FONT = "Libertinus Serif"
#: Accessible PDF, checked by typst: structure, language, alternative texts.
STANDARD = "ua-1"
_NO_LETTER = "could not be displayed"
_PAGE = Path(__file__).with_name("page.typ")
_LONG = re.compile(r"\S{25,}")
_PIECE, _MOST_LETTERS = 12, 150
_BREAK = "\u200b"


def report_to_pdf(report: Report) -> bytes:
    """The report as a PDF; the same report gives the same bytes.

    Findings and charts come first, then every table and the definitions.
    """
    return _compiled(report, format="pdf")


def report_to_pages(report: Report, *, ppi: float = 80) -> list[bytes]:
    """The same pages as PNG, to be looked at."""
    made = _compiled(report, format="png", ppi=ppi)
    return made if isinstance(made, list) else [made]


def _compiled(report: Report, **options: Any) -> Any:
    import typst  # 60 MB that only an export needs

    def make(**more: Any) -> Any:
        return typst.compile(
            _PAGE.read_bytes(), root=folder, sys_inputs={"report": said}, ignore_system_fonts=True,
            package_path=folder, package_cache_path=folder, **options, **more,
        )  # fmt: skip

    with tempfile.TemporaryDirectory(prefix="paliers-") as folder:
        root = Path(folder)
        said = json.dumps(_said(report, root), ensure_ascii=False)
        if options["format"] != "pdf":
            return make()
        try:
            return make(pdf_standards=[STANDARD])
        except typst.TypstError as error:
            if _NO_LETTER not in str(error):
                raise
            return make()  # a sign of another script, drawn as an empty box: the standard refuses it, a reader does not


def _said(report: Report, root: Path) -> dict[str, Any]:
    """Everything that the pages say, as plain values; the drawings are written in the folder."""
    drawings = _numbered(report, root)
    return {
        "title": _soft(report.title),
        "subtitle": _soft(report.subtitle),
        "simulated": SIMULATED if report.is_demo else "",
        "footer": [_short(part) for part in report.footer],
        "sections": [_section(s, drawings) for s in report.sections if s.sentences or s.pictures or s.cards or s.notes],
        "tables": [_table(t) for t in report.tables],
        "definitions": [[_soft(name), _soft(text)] for name, text in report.definitions],
    }


def _numbered(report: Report, root: Path) -> Iterator[dict[str, str]]:
    """Each picture of each section, in order, drawn when it is asked for."""
    for section in report.sections:
        size = HALF if len(section.pictures) > 1 else WHOLE
        for picture in section.pictures:
            drawing = drawing_of(picture, size, simulated=report.is_demo)
            name = f"{len(list(root.iterdir()))}.svg"
            (root / name).write_text(to_svg(drawing, FONT), encoding="utf-8")
            yield _placed(drawing, name)


def _placed(drawing: Drawing, name: str) -> dict[str, str]:
    return {"file": name, "alt": drawing.alt, "title": _soft(drawing.title), "note": _soft(drawing.note)}


def _section(section: Section, drawings: Iterator[dict[str, str]]) -> dict[str, Any]:
    return {
        "title": _soft(section.title),
        "cards": [{k: _soft(getattr(c, k)) for k in ("label", "value", "change")} for c in section.cards],
        "sentences": [_runs(sentence) for sentence in section.sentences],
        "pictures": [next(drawings) for _ in section.pictures],
        "notes": [_soft(note) for note in section.notes],
    }


def _runs(sentence: Sentence) -> list[dict[str, Any]]:
    """A sentence cut at its numbers, which are set in bold."""
    numbers = sorted(set(sentence.numbers), key=len, reverse=True)
    if not numbers:
        return [{"text": _soft(sentence.text), "strong": False}]
    pieces = re.split(f"({'|'.join(map(re.escape, numbers))})", sentence.text)
    return [{"text": _soft(piece), "strong": rank % 2 == 1} for rank, piece in enumerate(pieces) if piece]


def _table(table: Table) -> dict[str, Any]:
    heads, rows = table.on_paper()
    return {
        "title": _soft(table.title),
        "heads": [_soft(head) for head in heads],
        "rows": [[_soft(text_of(cell)) for cell in row] for row in rows],
        "numeric": [table.numeric(head) or _months(rows, rank) for rank, head in enumerate(heads)],
        "total": table.total,
    }


def _months(rows: list, rank: int) -> bool:
    """Whether a column is of months, as narrow as a number."""
    return bool(rank and rows) and isinstance(rows[0][rank], pd.Timestamp)


def _soft(text: str) -> str:
    """A text whose endless words may be cut."""
    return _LONG.sub(_cut, typeset(text))


def _cut(found: re.Match[str]) -> str:
    word = found.group()
    return _BREAK.join(word[i : i + _PIECE] for i in range(0, len(word), _PIECE))


def _short(text: str) -> str:
    whole = cleaned(text)
    return _soft(whole if len(whole) <= _MOST_LETTERS else f"{whole[:_MOST_LETTERS]}…")
