"""Which published poste a poste of a file is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from data.references import _read


def recognise_postes(values: Iterable[object]) -> dict[str, str]:
    """Poste of the published figures that each value of a file names; a value that names none, or two, is left out.

    Parameters
    ----------
    values : iterable
        Values of the dimension `poste`.
    """
    beginnings = _read("marche.yaml")["mots_postes"]
    found = {}
    for value in map(str, values):
        words = _plain(value)
        postes = {p for p, starts in beginnings.items() if any(f" {start}" in f" {words}" for start in starts)}
        if len(postes) == 1:
            found[value] = postes.pop()
    return found


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", kept).strip()
