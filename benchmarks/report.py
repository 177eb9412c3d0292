"""How every measure ends: a table, ratios, one line of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their cells, the first to the left and the others to the right.

    Parameters
    ----------
    titles : sequence of str
        One per column.
    rows : sequence of sequences of str
        Cells already written; a row may be shorter.
    """
    lines = [titles, *rows]
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(len(titles))]
    for line in lines:
        first, *others = line
        cells = [first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:], strict=False))]
        print("  ".join(cells).rstrip(), flush=True)


def ratio(value: float | None, base: float | None) -> float | None:
    """`value` over `base`; None when either is unknown or `base` is null."""
    if value is None or not base or math.isnan(value) or math.isnan(base):
        return None
    return value / base


def times(value: float | None, base: float | None) -> str:
    """The ratio as it is printed, « – » when there is none."""
    found = ratio(value, base)
    return "–" if found is None else f"×{found:.3g}"


def print_json(benchmark: str, figures: dict[str, object]) -> None:
    """The last line of a measure: its name and its figures; what is not a finite number is null.

    Parameters
    ----------
    benchmark : str
        Name of the module.
    figures : dict
        Numbers, texts, lists and dictionaries, numpy’s numbers included.
    """
    print(json.dumps({"benchmark": benchmark, **plain(figures)}, ensure_ascii=False, allow_nan=False), flush=True)


def plain(value: object) -> object:
    """The same in types of JSON, numbers to six significant digits."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
