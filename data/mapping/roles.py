"""The likely role of one column, from its title then from its cells."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analytics.french import format_number
from analytics.schema import CARE_DIMENSIONS, CONTRACT_DIMENSIONS, COTISATION_MEASURES, MONTHS, PRESTATION_MEASURES
from data.mapping.calendar import PARTS, parts_of
from data.mapping.content import are_region_codes, role_of_values
from data.mapping.labels import slug
from data.personal import personal_content
from data.readers import Table
from data.vocabulary import NameGuess, guesses, normalise

#: Code of the finding about a column that identifies people.
PERSONAL = "conformite.donnees_personnelles"
MEASURES = (*COTISATION_MEASURES, *PRESTATION_MEASURES)
DIMENSIONS = (*CARE_DIMENSIONS, *CONTRACT_DIMENSIONS)
#: More distinct values than this and a column is an identifier, not a dimension.
MAX_VALUES = 1000
MAX_IDENTIFIER_VALUES = 100
_ENOUGH_ROWS = 200
#: Dimensions whose titles also name others: « garantie » may be the poste.
_LOOSE = ("formule", "contrat")
#: A number under a title of dimension is a code when it has no more distinct values than this.
_MAX_CODES = 150


@dataclass(frozen=True)
class Role:
    """What one column is taken for.

    Attributes
    ----------
    header : str
        Title in the file.
    kind : {"mois", "dimension", "mesure", "ignorer"}
    canonical : str
        Canonical name; "" when ignored.
    confidence : float
        From 0 to 1.
    reason : str
        Why a column is ignored, in French.
    code : str
        Code of the finding that says so.
    """

    header: str
    kind: str
    canonical: str = ""
    confidence: float = 0.0
    reason: str = ""
    code: str = ""


def ignored(header: str, code: str, reason: str, confidence: float = 1.0) -> Role:
    """A column that is not used, and why."""
    return Role(header, "ignorer", "", confidence, reason, code)


def texts_of(table: Table) -> pd.DataFrame:
    """Text cells aligned with the rows and columns of `tidy`, whatever the shape of the file."""
    return table.texts


def guess_role(table: Table, header: str) -> Role:
    """Role of a column: personal data first, then its title when its cells agree, then its cells alone."""
    personal = personal_content(header, texts_of(table)[header])
    if personal:
        reason = f"elle contient des {personal} et n’est pas enregistrée"
        return ignored(header, PERSONAL, reason)
    column = table.tidy[header]
    named = guesses(header)
    if table.wide is not None and header == table.wide.variable and table.wide.periode in ("mois", "trimestre"):
        return Role(header, "mois", "mois", 1.0)
    if pd.api.types.is_datetime64_any_dtype(column):
        return _date_role(header, named)
    if pd.api.types.is_numeric_dtype(column):
        return _number_role(header, named, column)
    return _text_role(header, named, column)


def _date_role(header: str, named: tuple[NameGuess, ...]) -> Role:
    best = named[0] if named else None
    if best is None:
        return Role(header, "mois", "mois", 0.5)
    if best.kind == "month":
        return Role(header, "mois", best.role, best.confidence)
    if normalise(header).startswith("trimestre"):
        return Role(header, "mois", "mois", 0.85)
    # A date of contract or of export is not the month of the figures, unless the file has no other.
    return Role(header, "mois", "autre_date", 0.2)


def _number_role(header: str, named: tuple[NameGuess, ...], column: pd.Series) -> Role:
    kinds = ("measure", "average", "running", "calendar", "month", "identifier", "dimension")
    best = next((g for g in named if g.kind in kinds), None)
    if best is not None and best.kind == "dimension" and _are_codes(column):
        return Role(header, "dimension", best.role or slug(header), best.confidence)
    if best is None or best.kind == "dimension":
        return _unnamed_number(header, column)
    if best.kind == "measure":
        return Role(header, "mesure", best.role or slug(header), best.confidence)
    if best.kind == "average":
        return ignored(header, "exactitude.moyenne", "c’est une moyenne ou un taux, qui ne s’additionne pas")
    if best.kind == "running":
        return ignored(header, "exactitude.cumul", "c’est un cumul, où chaque mois compte aussi les précédents")
    if best.kind == "identifier":
        return ignored(header, "conformite.identifiant", "c’est un identifiant")
    if part := _part_of_year(header, best, column):
        return part
    if best.role == "annee" and column.dropna().between(1900, 2100).all():
        return Role(header, "mois", "annee", best.confidence)
    return ignored(header, "conformite.calendrier", "elle se déduit du mois")


def _part_of_year(header: str, best: NameGuess | None, column: pd.Series) -> Role | None:
    """A column of bare months (1 to 12, janvier) or of bare quarters (1 to 4, T1), to be read with a year."""
    if best is None or best.kind not in ("month", "calendar"):
        return None
    part = "trimestre_numero" if normalise(header).startswith("trimestre") else "mois_numero"
    numbers = parts_of(column, part)
    whole = len(numbers.dropna()) > 0 and bool(numbers.notna().eq(column.notna()).all())
    return Role(header, "mois", part, 0.8) if whole and numbers.dropna().between(1, PARTS[part]).all() else None


def _unnamed_number(header: str, column: pd.Series) -> Role:
    filled = column.dropna()
    whole = bool((filled == filled.round()).all())
    if whole and len(filled) >= 20 and filled.nunique() <= 2:
        return Role(header, "dimension", slug(header), 0.5)
    if whole and len(filled) >= 20 and are_region_codes({f"{v:.0f}" for v in filled.unique()[:100]}):
        return Role(header, "dimension", "region", 0.6)
    return Role(header, "mesure", slug(header), 0.4)


def _are_codes(column: pd.Series) -> bool:
    filled = column.dropna()
    return bool((filled == filled.round()).all()) and filled.nunique() <= _MAX_CODES


def _text_role(header: str, named: tuple[NameGuess, ...], column: pd.Series) -> Role:
    if _is_broken_measure(named, column):
        example = str(column.cat.categories[0])
        return ignored(header, "exactitude.illisible", f"ses cellules ne sont pas des nombres (« {example} »)")
    if part := _part_of_year(header, named[0] if named else None, column):
        return part
    best = next((g for g in named if g.kind in ("dimension", "identifier")), None)
    canonical, confidence = _dimension_of(named, best, column) or (slug(header), 0.5)
    values, rows = column.nunique(), int(column.notna().sum())
    if rows == 0:
        return ignored(header, "exhaustivite.colonne_vide", "elle est vide")
    limit = MAX_IDENTIFIER_VALUES if best is not None and best.kind == "identifier" else MAX_VALUES
    if values > limit or (rows >= _ENOUGH_ROWS and values > 0.5 * rows):
        reason = f"elle a {format_number(values)} valeurs différentes : c’est un identifiant, pas un axe d’analyse"
        return ignored(header, "conformite.identifiant", reason)
    return Role(header, "dimension", canonical, confidence)


def _is_broken_measure(named: tuple[NameGuess, ...], column: pd.Series) -> bool:
    """An amount by its title whose cells have digits but are not numbers: neither a measure nor a dimension."""
    if not named or named[0].kind not in ("measure", "average", "running") or not len(column.cat.categories):
        return False
    return bool(pd.Series(column.cat.categories, dtype="str").str.contains(r"\d").mean() > 0.5)


def _named_dimension(named: tuple[NameGuess, ...], best: NameGuess | None) -> tuple[str, float] | None:
    if best is not None and best.role:
        return best.role, best.confidence
    first = named[0] if named else None
    # "Prestation" or "Acte" over words is the name of a poste, not an amount.
    if first is not None and first.role in ("prestation", "actes"):
        return "poste", 0.7
    return None


def _dimension_of(named: tuple[NameGuess, ...], best: NameGuess | None, column: pd.Series) -> tuple[str, float] | None:
    """Dimension by its title, unless the title is loose (« garantie ») and the values say something else."""
    by_name = _named_dimension(named, best)
    if by_name is not None and by_name[1] >= 1.0:
        return by_name
    by_values = role_of_values(str(v) for v in column.cat.categories)
    if by_name is None or (by_values is not None and by_name[0] in _LOOSE):
        return by_values or by_name
    return by_name


def forced_role(table: Table, header: str, answer: str) -> Role | None:
    """Role imposed by the user; None when the cells cannot play it."""
    column = table.tidy[header]
    if answer == "ignorer":
        return ignored(header, "conformite.colonne_ignoree", "vous avez demandé de ne pas l’utiliser")
    if answer in MONTHS and pd.api.types.is_datetime64_any_dtype(column):
        return Role(header, "mois", answer, 1.0)
    extra = slug(header)
    if answer in (*MEASURES, "mesure", extra) and pd.api.types.is_numeric_dtype(column):
        return Role(header, "mesure", extra if answer == "mesure" else answer, 1.0)
    if answer in (*DIMENSIONS, "dimension", extra):
        return Role(header, "dimension", extra if answer == "dimension" else answer, 1.0)
    return None
