"""The values of a column, met piece after piece: each one checked once, and given a number."""

from __future__ import annotations

import re

import numpy as np

from data.ingest.forms import FREE, Form
from data.ingest.stream import Unsuited
from data.ingest.transcode import UTF8, is_utf8, says_total, utf8_pairs

#: Values of a column coded one by one; more of them are no dimension.
_MAX_VALUES = 1 << 16


class Values:
    """The values of a column in the order met: the code of each, and the code of its group, the same but for days.

    Parameters
    ----------
    form : Form
        How they are written.
    encoding : str
        Of their bytes.

    Attributes
    ----------
    groups : dict of str to int
        First cell of each group, a date of its month for days, and its code.
    """

    def __init__(self, form: Form, encoding: str) -> None:
        self._form, self._encoding = form, encoding
        self._pattern = re.compile(form.pattern or f"{FREE}*")
        self._codes: dict[bytes | None, int | None] = {}
        self._group_of: list[int] = []
        self.groups: dict[str, int] = {}

    def codes_of(self, values: list[bytes | None], indices: np.ndarray) -> np.ndarray | None:
        """Code of each row, from the distinct values and the index of each row; None when a value does not fit.

        Parameters
        ----------
        values : list of bytes or None
            The last one, None, is an empty cell, of index -1.
        indices : numpy.ndarray of int

        Raises
        ------
        Unsuited
            Two encodings, or too many values.
        """
        local = []
        for value in values if indices.min(initial=0) < 0 else values[:-1]:
            if value not in self._codes:
                self._codes[value] = self._new(value or b"")
            local.append(self._codes[value])
        if len(self._codes) > _MAX_VALUES:
            raise Unsuited("trop de valeurs dans une colonne")
        return None if None in local else np.array(local, dtype=np.int32)[indices]

    def groups_of(self, codes: np.ndarray) -> np.ndarray:
        """Code of the group of each row."""
        return np.array(self._group_of, dtype=np.int32)[codes]

    def _new(self, value: bytes) -> int | None:
        """Code of a value never met; None for one that says a total or that is not written as the form says."""
        if self._encoding not in UTF8 and not value.isascii() and is_utf8(value):
            raise Unsuited("deux encodages")
        text = decoded(value, self._encoding)
        if says_total(value) or not self._pattern.fullmatch(text):
            return None
        self._group_of.append(self.groups.setdefault(self._form.first_day(text), len(self.groups)))
        return len(self._group_of) - 1


def fits_anything(cells: bytes, encoding: str) -> bool:
    """True when texts end to end say no total.

    Raises
    ------
    Unsuited
        Some of them may be of another encoding.
    """
    if encoding not in UTF8 and not cells.isascii():
        if len(utf8_pairs(cells)):
            raise Unsuited("deux encodages")
        decoded(cells, encoding)
    return not says_total(cells)


def decoded(text: bytes, encoding: str) -> str:
    """Text of some bytes.

    Raises
    ------
    Unsuited
        Bytes that the encoding does not have.
    """
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unsuited("octets étrangers à l’encodage") from error
