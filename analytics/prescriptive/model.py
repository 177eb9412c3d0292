"""What a portfolio becomes in a year under some levers: the formulas, on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from analytics.errors import InsufficientData, ParameterError
from analytics.prescriptive.levers import read_numbers
from analytics.prescriptive.year import Year

Floats = NDArray[np.float64]
REQUIRED = ("segment", "beneficiaires", "cotisation", "prestation", "chargement", "retention", "elasticite")
OPTIONAL = ("elasticite_bas", "elasticite_haut", "derive", "derive_sd", "hausse_min", "hausse_max")


@dataclass(frozen=True)
class Assumptions:
    """Checked portfolio, one value per segment (shape (S,)); see :func:`analytics.prescriptive.simulate`."""

    segment: pd.Series
    beneficiaires: Floats
    cotisation: Floats
    prestation: Floats
    chargement: Floats
    retention: Floats
    elasticite: Floats
    elasticite_bas: Floats
    elasticite_haut: Floats
    derive: Floats
    derive_sd: Floats
    hausse_min: Floats
    hausse_max: Floats


@dataclass(frozen=True)
class Result:
    """Yearly figures by segment, shape (S,); money in EUR. `reste` is NaN where the file does not tell it."""

    retenus: Floats
    nouveaux: Floats
    effectif: Floats
    cotisation: Floats
    cotisation_retenus: Floats
    prestation: Floats
    reste: Floats
    charges: Floats
    resultat: Floats


def read_portfolio(portfolio: pd.DataFrame) -> Assumptions:
    """Check a portfolio frame and fill its optional columns.

    Raises
    ------
    InsufficientData
        No segment.
    ParameterError
        A column is missing or a value is impossible; the message names the column and the segment.
    """
    if not isinstance(portfolio, pd.DataFrame):
        raise ParameterError("Le portefeuille se donne en tableau.", valeur=str(portfolio)[:40])
    for column in REQUIRED:
        if column not in portfolio.columns:
            raise ParameterError("Une colonne manque au portefeuille.", colonne=column)
    if portfolio.empty:
        raise InsufficientData("Le portefeuille n’a aucun segment.", remede="Élargissez la sélection.")
    if portfolio["segment"].isna().any():
        raise ParameterError("Un segment n’a pas de nom.", colonne="segment")
    segment = portfolio["segment"].astype(str).reset_index(drop=True)
    if segment.duplicated().any():
        raise ParameterError("Un segment est présent deux fois.", valeur=segment[segment.duplicated()].iloc[0])
    given = (*REQUIRED[1:], *(c for c in OPTIONAL if c in portfolio.columns))
    numbers = {c: read_numbers(portfolio[c], "Cette colonne du portefeuille est faite de nombres.") for c in given}
    values = {c: numbers[c] for c in REQUIRED[1:]}
    central = values["elasticite"]
    defaults = {"elasticite_bas": central, "elasticite_haut": central, "hausse_min": -1.0, "hausse_max": np.inf}
    for column in OPTIONAL:
        fill = np.broadcast_to(defaults.get(column, 0.0), central.shape)
        known = numbers.get(column, np.full(central.shape, np.nan))
        values[column] = np.where(np.isnan(known), fill, known)
    _check_values(segment, values)
    return Assumptions(segment=segment, **values)


def _check_values(segment: pd.Series, values: dict[str, Floats]) -> None:
    rules = {
        "beneficiaires": (values["beneficiaires"] >= 0, "Un effectif est positif."),
        "cotisation": (values["cotisation"] > 0, "Une cotisation par tête est positive."),
        "prestation": (values["prestation"] >= 0, "Une prestation par tête est positive."),
        "chargement": ((values["chargement"] >= 0) & (values["chargement"] < 1), "Un chargement va de 0 à 100 %."),
        "retention": ((values["retention"] >= 0) & (values["retention"] <= 1), "Un taux de maintien va de 0 à 100 %."),
        "elasticite": (
            values["elasticite"] >= 0,
            "Une élasticité négative dirait qu’une hausse retient les adhérents.",
        ),
        "elasticite_bas": (
            (values["elasticite_bas"] >= 0) & (values["elasticite_bas"] <= values["elasticite"]),
            "La borne basse de l’élasticité est positive et sous la valeur centrale.",
        ),
        "elasticite_haut": (values["elasticite_haut"] >= values["elasticite"], "La borne haute est sous l’élasticité."),
        "derive": (values["derive"] > -1, "Une dérive est supérieure à −100 %."),
        "derive_sd": (values["derive_sd"] >= 0, "Un écart-type est positif."),
        "hausse_max": (values["hausse_max"] >= values["hausse_min"], "La hausse maximale est sous la minimale."),
    }
    for column, (right, message) in rules.items():
        if not right.all():
            at = int(np.argmin(right))
            raise ParameterError(f"{message} Segment « {segment[at]} ».", colonne=column, valeur=values[column][at])
    for column in REQUIRED[1:]:
        infinite = ~np.isfinite(values[column])
        if infinite.any():
            raise ParameterError("Valeur infinie.", colonne=column, valeur=segment[int(np.argmax(infinite))])


def project_year(
    base: Assumptions, year: Year, elasticite: Floats, derive: Floats, growth: Floats | None = None
) -> Result:
    """Next year of each segment, without draws; the totals of many draws are in :mod:`analytics.prescriptive.kernel`.

    Parameters
    ----------
    base : Assumptions
    year : Year
        What a head pays and costs under the levers.
    elasticite, derive : numpy.ndarray
        Shape (S,).
    growth : numpy.ndarray, optional
        Growth of the claims per head by poste, as a factor; it replaces `derive`.

    Notes
    -----
    Retained = 1 / (1 + exp(−(logit(retention) − b·hausse payée))). Those of « nouveaux adhérents » cost what a member
    costs; those recruited at a price cost what the response `pc_recrues` says.
    """
    kept = expit(logit(base.retention) - elasticite * year.hausse_payee)
    stay = np.maximum(kept + year.nouveaux, 0.0)
    heads = base.beneficiaires * (stay + year.recrues)
    weight = base.beneficiaires * (stay + year.pc_recrues * year.recrues)
    factor = np.ones(year.prestation.shape[1]) if growth is None else growth
    drift = 1.0 + derive if growth is None else 1.0
    cotisation = heads * year.prix
    prestation, reste = (weight * drift * (care @ factor) for care in (year.prestation, year.reste))
    charges = heads * year.charge + base.beneficiaires * year.recrues * year.cout_recrue
    return Result(
        retenus=base.beneficiaires * kept,
        nouveaux=base.beneficiaires * (year.nouveaux + year.recrues),
        effectif=heads,
        cotisation=cotisation,
        cotisation_retenus=base.beneficiaires * kept * base.cotisation,
        prestation=prestation,
        reste=reste,
        charges=charges,
        resultat=(1.0 - year.chargement) * cotisation - prestation - charges,
    )


def add_up(base: Assumptions, year: Year, result: Result) -> dict[str, Floats]:
    """Sums over the segments; see :func:`to_indicators`."""
    named = ("retenus", "effectif", "cotisation", "cotisation_retenus", "prestation", "reste", "charges", "resultat")
    sums = {name: getattr(result, name).sum() for name in named}
    return sums | {"hausse": (result.cotisation_retenus * year.hausse).sum()}


def to_indicators(base: Assumptions, sums: dict[str, Floats]) -> dict[str, Floats]:
    """Indicators of :data:`analytics.prescriptive.outcome.INDICATEURS` from sums, one value per draw."""
    return {
        "resultat": sums["resultat"],
        "pc": ratio(sums["prestation"], sums["cotisation"]),
        "effectif": sums["effectif"],
        "cotisation": sums["cotisation"],
        "prestation": sums["prestation"],
        "hausse_moyenne": ratio(sums["hausse"], sums["cotisation_retenus"]),
        "retention": ratio(sums["retenus"], base.beneficiaires.sum()),
        "reste_a_charge": ratio(sums["reste"], sums["effectif"]),
        "charges": sums["charges"],
    }


def ratio(above: Floats, below: Floats | float) -> Floats:
    """Quotient; NaN over zero."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
