"""Columns that name nobody alone but tell one person together: place, birth, sex."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from analytics.french import format_number, format_percent
from data.vocabulary import normalise

#: Least number of lines that must share the same place, birth and sex.
K = 11
_PARTS = {
    "lieu": re.compile(
        r"^(cp|code postal|codpost|codepostal|commune|ville|code (insee|commune)|departement|dep|dept|lib commune)\b"
    ),
    "naissance": re.compile(r"\b(naissance|naiss|ddn|annee naissance)\b|^nee? (e )?le\b|^(tranche d )?age( |$)"),
    "sexe": re.compile(r"^(sexe|genre|civilite)\b"),
}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)|(?:19|20)\d{2}(?=\d{4}$)|(?<=^\d{4})(?:19|20)\d{2}$")


@dataclass(frozen=True)
class QuasiIdentifiers:
    """How many lines are alone, or nearly, in their class of place × birth × sex.

    Attributes
    ----------
    columns : tuple of str
        Columns of the class; a date of birth counts by its year.
    lines, rare : int
        Lines whose class is known; those of classes of fewer than `k` lines.
    k, smallest : int
        Threshold asked; lines of the smallest class.
    """

    columns: tuple[str, ...]
    lines: int
    rare: int
    k: int
    smallest: int

    @property
    def share(self) -> float:
        """Share of lines in classes of fewer than `k`."""
        return self.rare / self.lines if self.lines else 0.0

    @property
    def sentence(self) -> str:
        """The finding, in French."""
        names = " × ".join(f"« {c} »" for c in self.columns)
        return (
            f"{format_percent(self.share)} des lignes ({format_number(self.rare)}) ont une combinaison {names} partagée"
            f" par moins de {self.k} lignes : elles peuvent désigner une personne."
        )


def quasi_identifiers(frame: pd.DataFrame, k: int = K) -> QuasiIdentifiers | None:
    """Classes of place × birth × sex of a file, told by their titles; None when fewer than two of the three are there.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells of the file, one column per title.
    k : int
        Lines that a class must have. Lines stand for persons here: who has many lines looks less rare.

    References
    ----------
    L. Sweeney, "k-anonymity: a model for protecting privacy", 2002; five-digit place, date of birth and sex single out
    most of a population.
    """
    found = {part: _column(frame, pattern) for part, pattern in _PARTS.items()}
    columns = tuple(c for c in found.values() if c is not None)
    if len(columns) < 2:
        return None
    classes = pd.DataFrame({c: frame[c].astype("str").str.strip() for c in columns})
    birth = found["naissance"]
    if birth is not None:
        years = classes[birth].str.extract(f"({_YEAR.pattern})", expand=False)
        classes[birth] = years.where(years.notna(), classes[birth])
    known = classes[(classes != "").all(axis=1) & classes.notna().all(axis=1)]
    if known.empty:
        return None
    sizes = known.groupby(list(columns), observed=True).size()
    return QuasiIdentifiers(columns, len(known), int(sizes[sizes < k].sum()), k, int(sizes.min()))


def _column(frame: pd.DataFrame, pattern: re.Pattern[str]) -> str | None:
    return next((c for c in frame.columns if pattern.search(normalise(str(c)))), None)
