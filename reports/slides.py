"""A report as slides of 16:9: one finding by slide, editable text, native tables, charts as described images."""

from __future__ import annotations

import io
from collections.abc import Iterable

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide
from pptx.text.text import TextFrame
from pptx.util import Emu, Length, Mm, Pt

from analytics.french import cleaned
from reports.drawing import Drawing, drawing_of, to_png
from reports.model import Card, Number, Report, Section, Table, text_of, typeset
from reports.packed import without_clock

WIDTH, HEIGHT = Mm(338.7), Mm(190.5)
LEFT, RIGHT, TOP = Mm(16), Mm(322.7), Mm(42)
ROWS = 12  # of a table by slide
DRAWN = (620, 330)
_TITLE_ONLY = 5
_BLUE, _INK, _GREY, _PALE, _WHITE = map(RGBColor.from_string, ("1F669E", "1F2A37", "566270", "F3F6F9", "FFFFFF"))
_FOOT = Mm(178)
_MOST_LETTERS = 150


def report_to_pptx(report: Report) -> bytes:
    """The report as slides; the same report gives the same bytes.

    A section is a slide of its main finding with its charts, then one or more of its tables.
    """
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    deck.core_properties.author, deck.core_properties.title = "Paliers", cleaned(report.title)
    _add_cover(deck, report)
    for section in report.sections:
        tables = section.tables
        if section.sentences or section.pictures or section.notes:
            alone = (
                not section.pictures and bool(tables) and len(tables[0].rows) + 2 * len(section.sentences) <= ROWS + 2
            )
            _add_finding(deck, section, report, beside=tables[0] if alone else None)
            tables = tables[1:] if alone else tables
        for table in tables:
            _add_table(deck, table)
    if report.definitions:
        _add_definitions(deck, report)
    for rank, slide in enumerate(deck.slides, start=1):
        _add_footer(slide, report, f"{rank}/{len(deck.slides)}")
    saved = io.BytesIO()
    deck.save(saved)
    return without_clock(saved.getvalue())


def _add_slide(deck: Deck, title: str, size: float = 24) -> Slide:
    slide = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
    shape = slide.shapes.title
    shape.left, shape.top, shape.width, shape.height = LEFT, Mm(10), Length(RIGHT - LEFT), Mm(26)
    shape.text_frame.word_wrap, shape.text_frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
    _write(shape.text_frame, [title], size=_fitting(title, size), bold=True, colour=_INK)
    return slide


def _fitting(text: str, size: float) -> float:
    """A smaller letter for a long title: two lines at most."""
    return size if len(text) <= 85 else size - 4 if len(text) <= 120 else size - 7


def _add_cover(deck: Deck, report: Report) -> None:
    slide = _add_slide(deck, report.title, 36)
    _rule(slide, Mm(39))
    box = slide.shapes.add_textbox(LEFT, Mm(43), Length(RIGHT - LEFT), Mm(16))
    _write(box.text_frame, [report.subtitle], size=16, colour=_GREY)
    lead = next((s for s in report.sections if s.sentences), None)
    if lead is None:
        return
    _add_cards(slide, lead.cards, Mm(66))
    box = slide.shapes.add_textbox(LEFT, Mm(104), Length(RIGHT - LEFT), Mm(60))
    _write(box.text_frame, [f"•  {sentence.text}" for sentence in lead.sentences], size=17)


def _add_cards(slide: Slide, cards: tuple[Card, ...], top: Length) -> None:
    if not cards:
        return
    gap = Mm(6)
    width = Emu((RIGHT - LEFT - gap * (len(cards) - 1)) // len(cards))
    for rank, card in enumerate(cards):
        box = slide.shapes.add_textbox(Emu(LEFT + rank * (width + gap)), top, width, Mm(30))
        box.fill.solid()
        box.fill.fore_color.rgb = _PALE
        frame = box.text_frame
        _write(frame, [card.label], size=12, colour=_GREY)
        _add_line(frame, card.value, size=24, bold=True)
        if card.change:
            _add_line(frame, card.change, size=12)


def _add_finding(deck: Deck, section: Section, report: Report, *, beside: Table | None = None) -> None:
    """Title: the main finding; the other sentences and the notes beside one chart, under two, or above a table."""
    slide = _add_slide(deck, section.finding)
    others = [s.text for s in section.sentences[1:]]
    drawings = [drawing_of(p, DRAWN, simulated=report.is_demo) for p in section.pictures]
    if not drawings:
        room = Mm(120) if beside is None else Mm(14 * len(others) + 8 * len(section.notes))
        if others or section.notes:
            box = slide.shapes.add_textbox(LEFT, TOP, Length(RIGHT - LEFT), room)
            _write(box.text_frame, [f"•  {text}" for text in others], size=16)
            _add_notes(box.text_frame, section.notes, first=not others)
        if beside is not None:
            heads, rows = beside.on_paper()
            _draw_table(slide, beside, heads, rows, total=beside.total, top=Emu(TOP + room))
        return
    shown = drawings[:2]
    width = Emu((RIGHT - LEFT - Mm(8) * (len(shown) - 1)) // len(shown)) if len(shown) > 1 else Mm(190)
    for rank, drawing in enumerate(shown):
        _add_drawing(slide, drawing, Emu(LEFT + rank * (width + Mm(8))), width)
    beside = len(shown) == 1
    left, top = (Emu(LEFT + width + Mm(8)), TOP) if beside else (LEFT, Mm(140))
    box = slide.shapes.add_textbox(left, top, Emu(RIGHT - left), Mm(120) if beside else Mm(36))
    _write(box.text_frame, [f"•  {text}" for text in others], size=14)
    _add_notes(box.text_frame, section.notes, first=not others)
    for drawing in drawings[2:]:
        more = _add_slide(deck, drawing.alt)
        _add_drawing(more, drawing, LEFT, Mm(235))


def _add_drawing(slide: Slide, drawing: Drawing, left: Length, width: Length) -> None:
    """Name and notes of a chart, then its image with the alternative text."""
    box = slide.shapes.add_textbox(left, TOP, width, Mm(13))
    _write(box.text_frame, [drawing.title], size=13, bold=True)
    if drawing.note:
        _add_line(box.text_frame, drawing.note, size=10, colour=_GREY)
    image = slide.shapes.add_picture(io.BytesIO(to_png(drawing)), left, Emu(TOP + Mm(14)), width=width)
    described = image._element._nvXxPr.cNvPr
    described.set("descr", drawing.alt)
    described.set("name", drawing.title)


def _add_table(deck: Deck, table: Table) -> None:
    """A native table, over several slides when it is long, its heads on each."""
    heads, rows = table.on_paper()
    starts = range(0, max(len(rows), 1), ROWS)
    for page, start in enumerate(starts, start=1):
        part = rows[start : start + ROWS]
        suffix = f" ({page}/{len(starts)})" if len(starts) > 1 else ""
        slide = _add_slide(deck, f"{table.title}{suffix}")
        _draw_table(slide, table, heads, part, total=table.total and start + ROWS >= len(rows), top=TOP)


def _draw_table(slide: Slide, table: Table, heads: tuple, rows: list, *, total: bool, top: Length) -> None:
    """Some rows of a table under its heads; `total` when the last one is."""
    height = Mm(9.5 * (len(rows) + 1))
    shape = slide.shapes.add_table(len(rows) + 1, len(heads), LEFT, top, Length(RIGHT - LEFT), height)
    shape._element._nvXxPr.cNvPr.set("descr", cleaned(table.title))
    grid = shape.table
    grid.horz_banding, grid.last_row = False, total
    _set_widths(grid, heads, rows)
    for column, head in enumerate(heads):
        _fill(grid.cell(0, column), head, right=table.numeric(head), bold=True, colour=_WHITE, ground=_BLUE)
    for rank, row in enumerate(rows, start=1):
        last = total and rank == len(rows)
        for column, content in enumerate(row):
            right, ground = isinstance(content, Number), _PALE if last else _WHITE
            _fill(grid.cell(rank, column), text_of(content), right=right, bold=last, ground=ground)


def _set_widths(grid, heads: tuple[str, ...], rows: Iterable[tuple]) -> None:
    """Columns as wide as their words, within the slide."""
    rows = list(rows)
    longest = [max(len(h), *(len(text_of(row[k])) for row in rows), 4) for k, h in enumerate(heads)]
    weights = [min(n, 40) + 4 for n in longest]
    for column, weight in zip(grid.columns, weights, strict=True):
        column.width = Emu(int((RIGHT - LEFT) * weight / sum(weights)))


def _fill(cell, text: str, *, right: bool, ground: RGBColor, bold: bool = False, colour: RGBColor = _INK) -> None:
    cell.fill.solid()
    cell.fill.fore_color.rgb = ground
    cell.margin_top = cell.margin_bottom = Mm(1.2)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    _write(cell.text_frame, [text], size=12, bold=bold, colour=colour)
    cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT


def _add_definitions(deck: Deck, report: Report) -> None:
    slide = _add_slide(deck, "Définitions")
    box = slide.shapes.add_textbox(LEFT, TOP, Length(RIGHT - LEFT), Mm(130))
    _write(box.text_frame, [f"{name} : {text}" for name, text in report.definitions], size=14)


def _add_notes(frame: TextFrame, notes: tuple[str, ...], *, first: bool) -> None:
    for rank, note in enumerate(notes):
        if first and rank == 0:
            _write(frame, [note], size=11, colour=_GREY)
        else:
            _add_line(frame, note, size=11, colour=_GREY)


def _add_footer(slide: Slide, report: Report, page: str) -> None:
    words = " · ".join(part if len(part) <= _MOST_LETTERS else f"{part[:_MOST_LETTERS]}…" for part in report.footer)
    _rule(slide, Mm(177))
    box = slide.shapes.add_textbox(LEFT, _FOOT, Mm(280), Mm(10))
    box.name = "Provenance"
    _write(box.text_frame, [words], size=9, colour=_GREY)
    box = slide.shapes.add_textbox(Emu(RIGHT - Mm(24)), _FOOT, Mm(24), Mm(8))
    box.name = "Page"
    _write(box.text_frame, [page], size=9, colour=_GREY)
    box.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT


def _rule(slide: Slide, top: Length) -> None:
    line = slide.shapes.add_connector(1, LEFT, top, RIGHT, top)
    line.line.color.rgb, line.line.width = _BLUE, Pt(1)
    line._element._nvXxPr.cNvPr.set("descr", "")


def _write(frame: TextFrame, lines: list[str], **look: object) -> None:
    """The paragraphs of an empty frame."""
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    for rank, line in enumerate(lines):
        if rank:
            _add_line(frame, line, **look)
        else:
            _set(frame.paragraphs[0], line, **look)


def _add_line(frame: TextFrame, text: str, **look: object) -> None:
    paragraph = frame.add_paragraph()
    paragraph.space_before = Pt(5)
    _set(paragraph, text, **look)


def _set(paragraph, text: str, *, size: float, bold: bool = False, colour: RGBColor = _INK) -> None:
    paragraph.alignment = PP_ALIGN.LEFT
    run = paragraph.add_run()
    run.text = typeset(text)
    run.font.size, run.font.bold, run.font.name = Pt(size), bold, "Calibri"
    run.font.color.rgb = colour
    run._r.get_or_add_rPr().set("lang", "fr-FR")
