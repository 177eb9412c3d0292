"""How many cells the sheets of a workbook would become, counted in their XML while it is inflated and not kept."""

from __future__ import annotations

import re

#: A cell that holds something: formatting alone, often spread to the far end of the sheet, is a tag closed at once.
_PLACE = re.compile(rb'<(?:\w+:)?c [^<>]*?\br="([A-Z]{1,3})(\d{1,7})"[^<>]*(?<!/)>')
_TAG = re.compile(rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^>]*)>")
_ROWS = re.compile(rb'number-rows-repeated="(\d+)"')
_COLUMNS = re.compile(rb'number-columns-repeated="(\d+)"')
#: A tag that is longer than this is not one of a table.
_LONGEST = 1 << 16


class SheetExtent:
    """Extent of a sheet of xlsx: from its corner to the last row and the last column of the cells that are filled."""

    def __init__(self) -> None:
        self._rows = self._columns = 0
        self._tail = b""

    @property
    def cells(self) -> int:
        """Cells of that rectangle."""
        return self._rows * self._columns

    def feed(self, piece: bytes) -> None:
        """Look at the next piece of XML."""
        text = self._tail + piece
        found = _PLACE.findall(text)
        if found:
            letters = {place for place, _ in found}
            self._columns = max(self._columns, *map(_column, letters))
            self._rows = max(self._rows, max(int(row) for _, row in found))
        self._tail = text[_whole(text) :]


class TablesExtent:
    """Extent of the sheets of an OpenDocument workbook: empty cells after the last filled one count for nothing."""

    def __init__(self) -> None:
        self._largest = 0
        self._tail = b""
        self._begin()

    def _begin(self) -> None:
        self._row = self._last_row = self._last_column = 0
        self._begin_row(0)

    def _begin_row(self, repeated: int) -> None:
        self._repeated, self._column, self._filled = repeated, 0, 0

    @property
    def cells(self) -> int:
        """Cells of the largest sheet met."""
        return max(self._largest, self._last_row * self._last_column)

    def feed(self, piece: bytes) -> None:
        """Look at the next piece of XML."""
        text = self._tail + piece
        whole = _whole(text)
        for closing, name, attributes in _TAG.findall(text[:whole]):
            self._read(name, closing == b"/", attributes)
        self._tail = text[whole:]

    def _read(self, name: bytes, closing: bool, attributes: bytes) -> None:
        if name == b"table":
            self._largest = self.cells
            self._begin()
        elif name == b"table-row":
            if not closing:
                self._begin_row(_count(_ROWS, attributes))
            if closing or attributes.endswith(b"/"):
                self._end_row()
        elif not closing:
            self._column += _count(_COLUMNS, attributes)
            if not attributes.endswith(b"/") or b"value" in attributes:
                self._filled = self._column

    def _end_row(self) -> None:
        self._row += self._repeated
        if self._filled:
            self._last_row = self._row
            self._last_column = max(self._last_column, self._filled)


def extent_of(member: str) -> SheetExtent | TablesExtent | None:
    """What counts the cells of a member of a zipped workbook, None when it is no sheet."""
    if member == "content.xml":
        return TablesExtent()
    return SheetExtent() if member.startswith("xl/worksheets/") and member.endswith(".xml") else None


def _whole(text: bytes) -> int:
    """Where to stop reading: a tag cut in two is read with the next piece."""
    cut = text.rfind(b"<")
    return cut if cut >= 0 and b">" not in text[cut:] and len(text) - cut < _LONGEST else len(text)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _count(pattern: re.Pattern[bytes], attributes: bytes) -> int:
    found = pattern.search(attributes)
    return int(found[1][:12]) if found else 1
