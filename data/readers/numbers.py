"""French and English numbers, parsed once per distinct value; what is ambiguous stays unread."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: What a spreadsheet writes in a cell whose formula failed, lower case: no value, and it is told.
ERRORS = (
    "#div/0!",
    "#ref!",
    "#value!",
    "#valeur!",
    "#name?",
    "#nom?",
    "#num!",
    "#nombre!",
    "#null!",
    "#nul!",
    "#spill!",
    "#calc!",
    "#n/a",
    "#n/d",
)
#: Cells that say "no value", lower case.
MISSING = (
    *ERRORS,
    "",
    "-",
    "–",
    "—",
    "nd",
    "n.d.",
    "n.d",
    "na",
    "n/a",
    "ns",
    "n.s.",
    "null",
    "none",
    "nc",
    "n.c.",
    "nr",
    "/",
    "..",
    "...",
    "…",
    ".",
)

#: A number as a spreadsheet shows it in a narrow column: its last digits may be lost.
SCIENTIFIC = r"^[+-]?\d[.,]\d+[eE][+-]\d{2}$"
_SPACE = r"[ \x{00A0}\x{202F}\x{2009}'’]"
_SIMPLE_COMMA = r"^-?\d{1,15}(?:,\d{1,2})?$"
_SIMPLE_POINT = r"^-?\d{1,15}(?:\.\d{1,2})?$"
_WHOLE = r"^-?\d{1,15}$"
_AMBIGUOUS = {",": r"^-?[1-9]\d{0,2},\d{3}$", ".": r"^-?[1-9]\d{0,2}\.\d{3}$"}
#: Spellings that settle the decimal sign by themselves.
_SURE = {
    ",": (
        r"^-?\d{1,15}$|^-?\d*,\d{1,2}$|^-?\d*,\d{4,}$|^-?0?,\d+$|^-?\d{4,},\d+$"
        rf"|^-?\d{{1,3}}(?:{_SPACE}\d{{3}})+,\d+$|^-?\d{{1,3}}(?:\.\d{{3}})+,\d+$|^-?\d{{1,3}}(?:\.\d{{3}}){{2,}}$"
    ),
    ".": (
        r"^-?\d*\.\d{1,2}$|^-?\d*\.\d{4,}$|^-?0?\.\d+$|^-?\d{4,}\.\d+$"
        rf"|^-?\d{{1,3}}(?:{_SPACE}\d{{3}})+\.\d+$|^-?\d{{1,3}}(?:,\d{{3}})+\.\d+$|^-?\d{{1,3}}(?:,\d{{3}}){{2,}}$"
    ),
}
#: Everything readable under a convention.
_GRAMMAR = {
    ",": rf"^-?(?:\d{{1,15}}|\d{{1,3}}(?:{_SPACE}\d{{3}})+|\d{{1,3}}(?:\.\d{{3}})+)?(?:,\d+)?$",
    ".": rf"^-?(?:\d{{1,15}}|\d{{1,3}}(?:{_SPACE}\d{{3}})+|\d{{1,3}}(?:,\d{{3}})+)?(?:\.\d+)?$",
}
_THOUSANDS = {",": rf"[.]|{_SPACE}", ".": rf"[,]|{_SPACE}"}


@dataclass(frozen=True)
class Numbers:
    """Distinct values of a column read as numbers.

    Attributes
    ----------
    values : numpy.ndarray
        One float per distinct text, NaN where missing or unreadable.
    missing : numpy.ndarray
        True where the cell says that there is no value.
    bad : numpy.ndarray
        True where the text is not a number under the convention of the column.
    comma, point, ambiguous, whole : int
        Cells that settle the decimal comma, the decimal point, that could be either ("1.234"), and that need no sign.
    decimal : {",", "."} or None
        Convention used; None when no cell needs one.
    percent : bool
        True when the cells are percentages, divided by 100.
    """

    values: np.ndarray
    missing: np.ndarray
    bad: np.ndarray
    comma: int
    point: int
    ambiguous: int
    whole: int
    decimal: str | None
    percent: bool

    @property
    def undecided(self) -> bool:
        """True when the file does not say what the sign means: nothing is read before an answer."""
        if self.decimal is not None:
            return False
        return self.ambiguous > 0 or (self.comma > 0 and self.point > 0)

    @property
    def readable(self) -> int:
        """Cells that are numbers under one convention or the other."""
        return self.comma + self.point + self.ambiguous + self.whole


def parse_numbers(texts: pa.Array, counts: np.ndarray, *, decimal: str | None = None) -> Numbers:
    """Read distinct texts as numbers.

    Parameters
    ----------
    texts : pyarrow.Array of string
        Distinct cells of one column.
    counts : numpy.ndarray
        Number of lines of each.
    decimal : {",", ".", "both"}, optional
        Convention to impose; None looks at the cells. "both" reads each certain cell on its own.
    """
    trimmed = pc.utf8_trim_whitespace(texts)
    missing = _true(pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(MISSING)))
    plain = _plain(trimmed, missing, counts)
    if plain is not None and decimal in (None, plain.decimal, "both"):
        return plain
    bare, percent, bad_percent = _bare(trimmed, missing, counts)
    comma, point, ambiguous, whole = _evidence(bare, counts, ~missing)
    chosen = decimal or _choose(comma, point, ambiguous)
    if chosen == "both":
        values = np.where(_certain(bare, "."), _convert(bare, "."), _convert(bare, ","))
        values[_true(_match(bare, _AMBIGUOUS["."])) | _true(_match(bare, _AMBIGUOUS[","]))] = np.nan
    else:
        values = _convert(bare, chosen or ",")
    if chosen is None and (ambiguous or (comma and point)):
        values = np.full(len(texts), np.nan)
    values = np.where(missing | bad_percent, np.nan, values / (100.0 if percent else 1.0))
    bad = np.isnan(values) & ~missing
    return Numbers(values, missing, bad, comma, point, ambiguous, whole, chosen, percent)


def _plain(trimmed: pa.Array, missing: np.ndarray, counts: np.ndarray) -> Numbers | None:
    """The common case in one pass: whole numbers, or one or two decimals everywhere."""
    for decimal, pattern in ((",", _SIMPLE_COMMA), (".", _SIMPLE_POINT)):
        fits = _true(_match(trimmed, pattern))
        if (fits | missing).all() and not missing.all():
            text = pc.if_else(pa.array(fits), pc.replace_substring(trimmed, decimal, "."), None)
            values = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
            whole = int(counts[_true(_match(trimmed, _WHOLE))].sum())
            signed = int(counts[fits].sum()) - whole
            found = {",": 0, ".": 0} | {decimal: signed}
            sign = decimal if signed else None
            nothing = np.zeros(len(trimmed), dtype=bool)
            return Numbers(values, missing, nothing, found[","], found["."], 0, whole, sign, False)
    return None


def _bare(trimmed: pa.Array, missing: np.ndarray, counts: np.ndarray) -> tuple[pa.Array, bool, np.ndarray]:
    """Texts without currency, percent sign, parentheses nor trailing minus; whether the column is in percent."""
    text = pc.replace_substring(trimmed, "−", "-")
    text = pc.replace_substring_regex(
        text, r"(?i)^(.*[\d)-])[\s\x{00A0}\x{202F}]*(?:€|euros?|eur)[\s\x{00A0}\x{202F}]*(\)?)$", r"\1\2"
    )
    text = pc.replace_substring_regex(
        text, r"(?i)^([(+-]?)[\s\x{00A0}\x{202F}]*(?:€|euros?|eur)[\s\x{00A0}\x{202F}]*([\d(+-])", r"\1\2"
    )
    signed = _true(_match(text, r"%\)?$"))
    text = pc.replace_substring_regex(text, r"[\s\x{00A0}\x{202F}]*%(\)?)$", r"\1")
    text = pc.replace_substring_regex(text, r"^\(\s*([\d.,].*?)\s*\)$", r"-\1")
    text = pc.replace_substring_regex(text, r"^([\d.,].*?)[\s\x{00A0}\x{202F}]*-$", r"-\1")
    text = pc.replace_substring_regex(text, r"^([+-])[\s\x{00A0}\x{202F}]+", r"\1")
    text = _without_exponents(pc.replace_substring_regex(text, r"^\+", ""))
    percent = bool(counts[signed & ~missing].sum() * 2 > counts[~missing].sum())
    return text, percent, (signed != percent) & ~missing


def _without_exponents(text: pa.Array) -> pa.Array:
    """Numbers such as 1,2E+03 written in full, with four decimals at least lest they look like thousands."""
    found = _true(_match(text, SCIENTIFIC))
    if not found.any():
        return text
    cells = text.to_pylist()
    for at in np.flatnonzero(found):
        sign = "," if "," in cells[at] else "."
        value = Decimal(cells[at].replace(",", "."))
        whole = value == value.to_integral_value()
        cells[at] = f"{value:.0f}" if whole else f"{value:.{max(4, -value.as_tuple().exponent)}f}".replace(".", sign)
    return pa.array(cells, pa.string())


def _evidence(bare: pa.Array, counts: np.ndarray, kept: np.ndarray) -> tuple[int, int, int, int]:
    whole = _true(_match(bare, _WHOLE))
    comma = _certain(bare, ",") & ~whole & kept
    point = _certain(bare, ".") & ~whole & kept
    either = (_true(_match(bare, _AMBIGUOUS["."])) | _true(_match(bare, _AMBIGUOUS[","]))) & kept
    return tuple(int(counts[mask].sum()) for mask in (comma, point, either, whole & kept))


def _choose(comma: int, point: int, ambiguous: int) -> str | None:
    """The convention the cells show; a stray spelling (under 5 %) is outvoted, its lines are rejected."""
    few, many = sorted((comma, point))
    if many == 0 or few * 20 > comma + point:
        return None
    return "," if comma >= point else "."


def _certain(bare: pa.Array, decimal: str) -> np.ndarray:
    return _true(_match(bare, _SURE[decimal]))


def _convert(bare: pa.Array, decimal: str) -> np.ndarray:
    """Floats under a convention, NaN where the grammar refuses the text."""
    readable = _true(pc.and_(_match(bare, _GRAMMAR[decimal]), _match(bare, r"\d")))
    text = pc.replace_substring_regex(bare, _THOUSANDS[decimal], "")
    text = pc.replace_substring(text, ",", ".") if decimal == "," else text
    text = pc.if_else(pa.array(readable), text, None)
    return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)


def _match(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(texts, pattern)


def _true(mask: pa.Array) -> np.ndarray:
    return mask.to_numpy(zero_copy_only=False).astype(bool)
