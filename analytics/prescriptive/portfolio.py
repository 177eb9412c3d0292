"""Make the portfolio of the simulations from a dataset, and say what was measured and what is assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.completion import complete, maturity
from analytics.errors import InsufficientData, ParameterError
from analytics.french import format_euros, format_period
from analytics.prescriptive.assumptions import (
    YEAR,
    count_segments,
    describe_assumptions,
    measure_loading,
    measure_retention,
)
from analytics.prescriptive.postes import measure_postes
from analytics.schema import Dataset

UNNAMED = "non renseigné"
WHOLE = "Ensemble"


@dataclass(frozen=True)
class Portfolio:
    """Segments ready for :func:`analytics.prescriptive.simulate`.

    Attributes
    ----------
    table : pandas.DataFrame
        segment, the dimensions themselves, beneficiaires (heads), cotisation and prestation (EUR per head and year),
        chargement, retention, elasticite, elasticite_bas, elasticite_haut, derive, derive_sd, hausse_min, hausse_max.
    notes : tuple of str
        French: each assumption, "Mesuré" or "Hypothèse", and what was left out.
    debut, fin : pandas.Timestamp
        First and last month measured.
    postes : pandas.DataFrame or None
        Care of one head by segment and poste, as :func:`analytics.prescriptive.postes.measure_postes` makes it.
    laisse : str
        The note on the euros left out; empty when there are none.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    debut: pd.Timestamp
    fin: pd.Timestamp
    postes: pd.DataFrame | None = None
    laisse: str = ""


def build_portfolio(
    dataset: Dataset,
    *,
    elasticite: tuple[float, float, float],
    by: Sequence[str] = ("contrat", "formule"),
    months: int = YEAR,
    chargement: float | None = None,
    retention: float | None = None,
    derive: float = 0.0,
    derive_sd: float = 0.0,
    hausse_min: float = -0.05,
    hausse_max: float = 0.15,
    maturity_table: pd.DataFrame | None = None,
) -> Portfolio:
    """Portfolio of the last complete months.

    Parameters
    ----------
    dataset : Dataset
        As loaded; with both months known it is completed first.
    elasticite : (low, centre, high)
        80 % interval of the slope of the logit: an assumption of the user, never estimated here.
    by : sequence of str
        Dimensions of a segment; one that a table lacks is left out and said.
    months : int
        Length of the period, ending at the last complete month; 12 needs no seasonal correction.
    chargement, retention : float, optional
        Used where the file has no frais_gestion, no resiliations.
    derive, derive_sd : float
        Expected growth of claims per head, and its standard deviation.
    hausse_min, hausse_max : float
        Bounds of the increase of every segment.
    maturity_table : pandas.DataFrame, optional
        Result of :func:`analytics.completion.maturity`; given, `dataset` is taken as already completed.

    Raises
    ------
    InsufficientData
        Premiums, exposure, claims, complete months, loading or retention are missing: the message names the column.
    ParameterError
        An option out of range.
    """
    low, centre, high = elasticite
    if not 0 <= low <= centre <= high:
        raise ParameterError("L’élasticité se donne en trois valeurs croissantes et positives.", valeur=str(elasticite))
    if months < 1:
        raise ParameterError("Il faut au moins un mois.", valeur=months)
    _check_columns(dataset)
    table_of_months = maturity(dataset) if maturity_table is None else maturity_table
    whole = complete(dataset) if maturity_table is None else dataset
    usable = pd.DatetimeIndex(table_of_months.loc[table_of_months["statut"] == "complet", "mois"])
    debut, fin = measured_period(whole, usable, months)
    keys, key_notes = _keys(whole, by)
    whole = _named(whole, keys)
    sums, left_out, told = _sums(whole, keys, debut, fin)
    loading, loading_note = measure_loading(sums, chargement)
    kept, kept_note = measure_retention(sums, months, retention)
    table = _per_head(sums, keys, months).assign(
        chargement=loading, retention=kept, elasticite=centre, elasticite_bas=low, elasticite_haut=high,
        derive=derive, derive_sd=derive_sd, hausse_min=hausse_min, hausse_max=hausse_max,
    )  # fmt: skip
    assumed = describe_assumptions(elasticite, (derive, derive_sd), (hausse_min, hausse_max))
    measured = _measured(dataset.base, months, debut, fin)
    care, care_notes = measure_postes(whole, table, sums, keys, (debut, fin), months)
    notes = (*measured, *key_notes, *left_out, *care_notes, loading_note, kept_note, *assumed)
    return Portfolio(table, notes, debut, fin, care, told)


def _per_head(sums: pd.DataFrame, keys: list[str], months: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": _names(sums, keys),
            **{key: sums[key] for key in keys},
            "beneficiaires": sums["beneficiaires"] / months,
            "cotisation": sums["cotisation"] / sums["beneficiaires"] * YEAR,
            "prestation": sums["prestation"] / sums["beneficiaires"] * YEAR,
        }
    )


def _measured(base: str | None, months: int, debut: pd.Timestamp, fin: pd.Timestamp) -> tuple[str, ...]:
    note = (
        f"Mesuré : effectifs, cotisations (base {base or 'non précisée'}) et prestations par tête, "
        f"{format_period(debut, fin)}."
    )
    return (note,) if months % YEAR == 0 else (note, f"Période de {months} mois : la saison n’est pas corrigée.")


def _check_columns(dataset: Dataset) -> None:
    needed = (
        (dataset.cotisation, "cotisation", "sans cotisations, ni résultat ni P/C"),
        (dataset.cotisation, "beneficiaires", "sans effectifs, ni hausse par tête ni départs"),
        (dataset.prestation, "prestation", "sans prestations, pas de résultat"),
    )
    for frame, column, why in needed:
        if column not in frame.columns or not frame[column].notna().any():
            raise InsufficientData(
                f"Le portefeuille ne peut pas être construit : {why}.",
                colonne=column,
                remede=f"Ajoutez la colonne « {column} » au fichier.",
            )


def measured_period(
    dataset: Dataset, complete_months: pd.DatetimeIndex, months: int = YEAR
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Last run of consecutive months that are complete and present in both tables.

    Parameters
    ----------
    dataset : Dataset
        Of the perimeter.
    complete_months : pandas.DatetimeIndex
    months : int
        Length of the run.

    Raises
    ------
    InsufficientData
        No run is that long.
    """
    here = complete_months.isin(dataset.cotisation["mois"]) & complete_months.isin(dataset.prestation["mois"])
    usable = complete_months[here].sort_values()
    numbers = usable.year * YEAR + usable.month
    if len(usable) >= months:
        runs = np.flatnonzero((numbers[months - 1 :] - numbers[: len(numbers) - months + 1]) == months - 1)
        if len(runs):
            return usable[runs[-1]], usable[runs[-1] + months - 1]
    raise InsufficientData(
        f"Il faut {months} mois complets à la suite, avec cotisations et prestations ; il y en a {len(usable)}.",
        colonne="mois",
        remede="Fournissez un historique plus long ou réduisez la période.",
    )


def _keys(dataset: Dataset, by: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    known = [b for b in by if b in dataset.cotisation.columns and b in dataset.prestation.columns]
    absent = [dataset.label(b) for b in by if b not in known]
    note = (f"Sans {', '.join(absent)} dans les deux tables, segments plus larges.",) if absent else ()
    return known, note


def measured_heads(
    dataset: Dataset, by: Sequence[str], period: tuple[pd.Timestamp, pd.Timestamp], months: int = YEAR
) -> pd.Series:
    """Heads of each segment that a portfolio of that period counts: the mean of its months."""
    keys = list(by)
    premiums = _once(dataset.cotisation[dataset.cotisation["mois"].between(*period)], keys)
    return _grouped(premiums, keys, ["beneficiaires"])["beneficiaires"] / months


def _named(dataset: Dataset, keys: list[str]) -> Dataset:
    """The same, dimensions of the segments that are not told being a value like another."""
    tables = {"cotisation": dataset.cotisation, "prestation": dataset.prestation}
    filled = {}
    for name, table in tables.items():
        holes = [k for k in keys if table[k].isna().any()]
        if holes:
            columns = {k: table[k].astype(object).where(table[k].notna(), UNNAMED).astype("str") for k in holes}
            filled[name] = table.assign(**columns)
    return replace(dataset, **filled) if filled else dataset


def _sums(
    dataset: Dataset, keys: list[str], debut: pd.Timestamp, fin: pd.Timestamp
) -> tuple[pd.DataFrame, tuple[str, ...], str]:
    """Sums of the period by segment, segments without premium or exposure apart; the note on them, and on euros."""
    premiums = _once(dataset.cotisation[dataset.cotisation["mois"].between(debut, fin)], keys)
    claims = dataset.prestation[dataset.prestation["mois"].between(debut, fin)]
    measures = [c for c in ("beneficiaires", "cotisation", "frais_gestion", "resiliations") if c in premiums.columns]
    left, right = _grouped(premiums, keys, measures), _grouped(claims, keys, ["prestation"])
    sums = left.merge(right, on=keys, how="outer", indicator="cote") if keys else left.join(right).assign(cote="both")
    # The months are complete: a segment that no claim line names has had none. Lines without an amount stay unknown.
    sums["prestation"] = sums["prestation"].mask(sums["cote"] == "left_only", 0.0)
    sums = sums.drop(columns="cote")
    right_side = (sums["beneficiaires"] > 0) & (sums["cotisation"] > 0) & (sums["prestation"] >= 0)
    out = sums[~right_side]
    if len(out) == len(sums):
        raise InsufficientData(
            "Aucun segment n’a à la fois des cotisations, des effectifs et des prestations.",
            remede="Choisissez d’autres dimensions.",
        )
    if out.empty:
        return sums, (), ""
    premium, claim = (format_euros(float(out[measure].sum())) for measure in ("cotisation", "prestation"))
    note = (
        f"Laissé de côté, sans cotisation, effectif ou prestation : {count_segments(len(out))} "
        f"({premium} de cotisations, {claim} de prestations)."
    )
    told = note if (out[["cotisation", "prestation"]].fillna(0) != 0).any(axis=None) else ""
    return sums[right_side].reset_index(drop=True), (note,), told


def _once(premiums: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Premiums allocated by poste repeat their exposure on each poste: count it once."""
    if "poste" not in premiums.columns or "poste" in keys:
        return premiums
    measures = ["beneficiaires", "adhesions", "resiliations"]
    cell = [c for c in premiums.columns if c != "poste" and not pd.api.types.is_numeric_dtype(premiums[c])]
    groups = premiums.groupby(cell, observed=True, dropna=False)
    result = premiums.copy()
    for measure in (m for m in measures if m in premiums.columns):
        spread = groups[measure].transform("max") - groups[measure].transform("min")
        if not (spread > 0).any():
            result[measure] = premiums[measure] / groups[measure].transform("count")
    return result


def _grouped(frame: pd.DataFrame, keys: list[str], measures: list[str]) -> pd.DataFrame:
    if not keys:
        return frame[measures].sum(min_count=1).to_frame().T
    return frame.groupby(keys, observed=True, dropna=False)[measures].sum(min_count=1).reset_index()


def _names(sums: pd.DataFrame, keys: list[str]) -> pd.Series:
    if not keys:
        return pd.Series([WHOLE] * len(sums), index=sums.index)
    return sums[keys].astype(str).agg(" · ".join, axis=1)
