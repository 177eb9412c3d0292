"""A decision as it was taken: the portfolio, what was chosen, what was expected of it and how sure that was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analytics.descriptive import compute_indicator
from analytics.errors import InsufficientData, ParameterError
from analytics.french import format_month, format_value, is_missing
from analytics.prescriptive.levers import ALL
from analytics.prescriptive.outcome import Outcome
from analytics.prescriptive.portfolio import UNNAMED, Portfolio
from analytics.schema import MONTHS, Dataset, Selection

YEAR = 12
#: Sums of a year by segment; `nette` is the premium without its loading, the rest is as in an outcome.
SUMS = (
    "effectif_base", "cotisation_base", "prestation_base", "effectif", "cotisation", "prestation", "nette", "charges",
)  # fmt: skip
#: Numbers of a segment: its sums, and the increase decided (0.03 = +3 %).
NUMBERS = (*SUMS, "hausse")
MEASURES = ("beneficiaires", "cotisation", "prestation")
#: What is followed: label, unit, whether more is better.
SUIVIS: dict[str, tuple[str, str, bool]] = {
    "resultat": ("Résultat technique", "EUR", True),
    "pc": ("Ratio P/C", "taux", False),
    "effectif": ("Assurés", "nombre", True),
    "cotisation": ("Cotisations", "EUR", True),
    "prestation": ("Prestations", "EUR", False),
}
LEVELS = ("valeur", "bas", "haut", "rien", "rien_bas", "rien_haut")
#: Segments kept at most: beyond, the last dimensions are summed away. Digits kept of a number.
MOST, DIGITS = 800, 12
#: Sentences kept at most, and characters of each.
MOST_NOTES, LONGEST_TEXT = 60, 1000
#: Months measured, at most.
LONGEST = 120


@dataclass(frozen=True)
class Engagement:
    """What a decision commits to; money in EUR per year.

    Attributes
    ----------
    nom : str
        Name of the scenario or plan.
    decide_le, a_revoir_le : datetime.date
        When it was taken, when it is to be looked at again.
    effet : pandas.Timestamp
        First month of the year that was simulated.
    debut, fin : pandas.Timestamp
        Months that the portfolio was measured on.
    dimensions : tuple of str
        Of a segment.
    filtres : mapping of str to tuple of str
        Perimeter.
    segments : pandas.DataFrame
        dimensions…, then :data:`NUMBERS`.
    saison : pandas.DataFrame
        mois (1 to 12), then the share of the year that falls in that month, for each of :data:`MEASURES`.
    attendu : pandas.DataFrame
        indicateur, then :data:`LEVELS`: expected with its 80 % interval, and the same of doing nothing (NaN when
        unknown).
    leviers : tuple of (str, str, str, float)
        segment, levier, poste, valeur: all that is not an increase of one segment, which `segments` tells.
    hypotheses : tuple of str
        French.
    base : str or None
        Base of the premiums.
    """

    nom: str
    decide_le: date
    effet: pd.Timestamp
    a_revoir_le: date
    debut: pd.Timestamp
    fin: pd.Timestamp
    dimensions: tuple[str, ...]
    filtres: Mapping[str, tuple[str, ...]]
    segments: pd.DataFrame
    saison: pd.DataFrame
    attendu: pd.DataFrame
    leviers: tuple[tuple[str, str, str, float], ...] = ()
    hypotheses: tuple[str, ...] = ()
    base: str | None = None

    def level(self, indicator: str) -> dict[str, float]:
        """Expected level of an indicator over the year: :data:`LEVELS`."""
        row = self.attendu.set_index("indicateur").loc[indicator, list(LEVELS)]
        return {name: float(value) for name, value in row.items()}

    def phrase(self) -> str:
        """What was expected, in one French sentence."""
        told = []
        for key, (label, unit, _) in SUIVIS.items():
            level = self.level(key)
            if is_missing(level["valeur"]) or key in ("cotisation", "prestation"):
                continue
            low, high = (format_value(level[c], unit) for c in ("bas", "haut"))
            name = label[:1].lower() + label[1:]
            told.append(f"{name} {format_value(level['valeur'], unit)} (de {low} à {high}, 8 fois sur 10)")
        return f"Attendu sur un an à partir de {format_month(self.effet, short=False)} : {' ; '.join(told)}."


def commit(
    dataset: Dataset,
    portfolio: Portfolio,
    outcome: Outcome,
    *,
    nom: str,
    effet: pd.Timestamp,
    decide_le: date,
    a_revoir_le: date,
    dimensions: Sequence[str],
    filtres: Mapping[str, tuple[str, ...]] | None = None,
    idle: Outcome | None = None,
    levers: pd.DataFrame | None = None,
    hypotheses: Sequence[str] = (),
) -> Engagement:
    """Write a decision down from the scenario that was chosen.

    Parameters
    ----------
    dataset : Dataset
        Completed data that the portfolio was measured on, whole.
    portfolio : Portfolio
    outcome : Outcome
        The scenario chosen, played on that portfolio.
    nom : str
    effet : pandas.Timestamp
        First month of the year simulated; it follows the months measured.
    decide_le, a_revoir_le : datetime.date
    dimensions : sequence of str
        Dimensions of the segments, columns of the portfolio.
    filtres : mapping, optional
        Perimeter of the portfolio.
    idle : Outcome, optional
        Doing nothing, on the same draws.
    levers : pandas.DataFrame, optional
        What was chosen: segment, levier, valeur, and poste when there is one.
    hypotheses : sequence of str
        French.

    Raises
    ------
    ParameterError
        The year simulated begins within the months measured, or the follow-up comes before the decision.
    InsufficientData
        The months measured are not in the data.
    """
    start = pd.Timestamp(effet).to_period("M").to_timestamp()
    check_dates(portfolio.debut, portfolio.fin, start, decide_le, a_revoir_le)
    keys, scope = tuple(dimensions), dict(filtres or {})
    notes = tuple(str(note)[:LONGEST_TEXT] for note in hypotheses)[:MOST_NOTES]
    segments, kept = sum_segments(_segments(portfolio.table, outcome, keys), keys)
    return Engagement(
        nom=nom, decide_le=decide_le, effet=start, a_revoir_le=a_revoir_le, debut=portfolio.debut, fin=portfolio.fin,
        dimensions=kept, filtres=scope, segments=segments,
        saison=measure_season(dataset, portfolio.debut, portfolio.fin, scope),
        attendu=_expected(outcome, idle), leviers=_list_levers(levers), hypotheses=notes,
        base=dataset.base,
    )  # fmt: skip


def check_dates(debut: pd.Timestamp, fin: pd.Timestamp, effet: pd.Timestamp, decided: date, review: date) -> None:
    """Refuse months and days that cannot follow each other.

    Raises
    ------
    ParameterError
    """
    if debut > fin or (fin.year - debut.year) * YEAR + fin.month - debut.month >= LONGEST:
        raise ParameterError("La période mesurée de la décision n’est pas une période.")
    if effet <= fin:
        raise ParameterError(
            "La décision doit s’appliquer après les mois sur lesquels elle a été simulée.",
            valeur=format_month(effet),
            remede=f"Choisissez un mois après {format_month(fin, short=False)}.",
        )
    if review < decided:
        raise ParameterError(
            "La date de suivi précède la décision.", valeur=f"{review:%d/%m/%Y}", remede="Choisissez une date après."
        )


def measure_season(
    dataset: Dataset, debut: pd.Timestamp, fin: pd.Timestamp, filtres: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Share of a year that falls in each calendar month, from the months measured.

    Parameters
    ----------
    dataset : Dataset
        Completed.
    debut, fin : pandas.Timestamp
        Months measured; a calendar month met twice counts by its mean, one that is not met as an average month.
    filtres : mapping
        Perimeter.

    Returns
    -------
    pandas.DataFrame
        mois (1 to 12), beneficiaires, cotisation, prestation: each sums to 1.

    Raises
    ------
    InsufficientData
        A measure has no amount over these months.
    """
    table = pd.DataFrame({"mois": np.arange(1, YEAR + 1)})
    selection = Selection(debut, fin, dict(filtres))
    for measure in MEASURES:
        monthly = compute_indicator(dataset, measure, selection=selection)
        means = monthly.groupby(monthly["mois"].dt.month)["valeur"].mean().reindex(table["mois"])
        means = means.fillna(means.mean())
        if not means.sum() > 0:
            raise InsufficientData(
                "Les mois mesurés ne sont pas dans le fichier : la saison n’est pas connue.", colonne=measure
            )
        table[measure] = [shorten(share) for share in means / means.sum()]
    return table


def sum_segments(table: pd.DataFrame, keys: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Segments with few enough rows to be kept, and the dimensions that they still have."""
    kept = keys
    while len(table) > MOST and kept:
        kept = kept[:-1]
        table = regroup(table, kept)
    numbers = {c: [shorten(v) for v in table[c]] for c in NUMBERS}
    return table[list(kept)].assign(**numbers).reset_index(drop=True), kept


def regroup(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The same segments on fewer dimensions: sums, and the increase weighted by the premiums of the base."""
    weighted = table.assign(hausse=table["hausse"] * table["cotisation_base"])
    if keys:
        sums = weighted.groupby(list(keys), sort=False)[list(NUMBERS)].sum().reset_index()
    else:
        sums = weighted[list(NUMBERS)].sum().to_frame().T
    paid = sums["cotisation_base"]
    return sums.assign(hausse=sums["hausse"] / paid.where(paid > 0))


def shorten(value: float) -> float:
    """The number with :data:`DIGITS` significant digits."""
    return float(f"{float(value):.{DIGITS}g}")


def as_names(column: pd.Series) -> pd.Series:
    """Values of a dimension as text, those that are missing named as in a portfolio."""
    return column.astype(object).where(column.notna(), UNNAMED).astype(str).astype("str")


def _segments(portfolio: pd.DataFrame, outcome: Outcome, keys: tuple[str, ...]) -> pd.DataFrame:
    """Row by row: an outcome keeps the order of its portfolio."""
    forbidden = [k for k in keys if k in (*NUMBERS, *MONTHS, "indicateur")]
    if forbidden:
        raise ParameterError("Cette dimension porte le nom d’une mesure.", colonne=forbidden[0])
    if (
        not outcome.table["segment"]
        .astype(str)
        .reset_index(drop=True)
        .equals(portfolio["segment"].astype(str).reset_index(drop=True))
    ):
        raise ParameterError("Le scénario n’a pas été simulé sur ce portefeuille.")
    played = outcome.table.reset_index(drop=True)
    figures = {
        "effectif_base": played["beneficiaires"], "cotisation_base": played["cotisation_avant"],
        "prestation_base": played["prestation_avant"], "effectif": played["effectif"],
        "cotisation": played["cotisation"], "prestation": played["prestation"],
        "nette": played["resultat"] + played["prestation"] + played["charges"], "charges": played["charges"],
        "hausse": played["hausse"],
    }  # fmt: skip
    return pd.DataFrame({**{k: as_names(portfolio[k].reset_index(drop=True)) for k in keys}, **figures})


def _expected(outcome: Outcome, idle: Outcome | None) -> pd.DataFrame:
    rows = []
    for key in SUIVIS:
        levels = [*_level(outcome, key), *(_level(idle, key) if idle is not None else (np.nan,) * 3)]
        rows.append((key, *map(shorten, levels)))
    return pd.DataFrame(rows, columns=["indicateur", *LEVELS])


def _level(outcome: Outcome, key: str) -> tuple[float, float, float]:
    drawn = outcome.quantiles.set_index("indicateur").loc[key]
    return outcome.value(key), float(drawn["p10"]), float(drawn["p90"])


def _list_levers(levers: pd.DataFrame | None) -> tuple[tuple[str, str, str, float], ...]:
    if levers is None or levers.empty:
        return ()
    rows = levers if "poste" in levers.columns else levers.assign(poste=ALL)
    told = rows[(rows["levier"] != "hausse") | (rows["segment"] == ALL)]
    told = told[told["valeur"] != 0].head(MOST)
    return tuple(
        (str(r.segment), str(r.levier), ALL if pd.isna(r.poste) else str(r.poste), shorten(r.valeur))
        for r in told.itertuples()
    )
