"""What a portfolio becomes in a year under some levers: the formulas, on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from analytics.errors import InsufficientData, ParameterError

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
    """Yearly figures by segment, shape (S,) or (draws, S); money in EUR."""

    retenus: Floats
    nouveaux: Floats
    cotisation: Floats
    cotisation_retenus: Floats
    prestation: Floats
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
    for column in REQUIRED:
        if column not in portfolio.columns:
            raise ParameterError("Une colonne manque au portefeuille.", colonne=column)
    if portfolio.empty:
        raise InsufficientData("Le portefeuille n’a aucun segment.", remede="Élargissez la sélection.")
    segment = portfolio["segment"].astype(str).reset_index(drop=True)
    if segment.duplicated().any():
        raise ParameterError("Un segment est présent deux fois.", valeur=segment[segment.duplicated()].iloc[0])
    values = {c: portfolio[c].to_numpy(dtype=float, na_value=np.nan) for c in REQUIRED[1:]}
    central = values["elasticite"]
    defaults = {"elasticite_bas": central, "elasticite_haut": central, "hausse_min": -1.0, "hausse_max": np.inf}
    for column in OPTIONAL:
        given = portfolio[column].to_numpy(dtype=float, na_value=np.nan) if column in portfolio.columns else np.nan
        fill = np.broadcast_to(defaults.get(column, 0.0), central.shape)
        values[column] = np.where(np.isnan(given), fill, given)
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


def project_year(base: Assumptions, levers: dict[str, Floats], elasticite: Floats, derive: Floats) -> Result:
    """Next year under the levers; `elasticite` and `derive` may be drawn, shape (draws, S).

    Retained = 1 / (1 + exp(−(logit(retention) − b·hausse))); new members join at the new price and cost the same.
    """
    hausse = levers["hausse"]
    kept = expit(logit(base.retention) - elasticite * hausse)
    retenus = base.beneficiaires * kept
    nouveaux = base.beneficiaires * levers["effectif"]
    price = base.cotisation * (1.0 + hausse)
    effect = (1.0 + levers["prestation"]) * (1.0 + levers["frequence"]) * (1.0 + levers["cout_moyen"])
    claims = base.prestation * effect * (1.0 + derive)
    heads = np.maximum(retenus + nouveaux, 0.0)
    cotisation, prestation = heads * price, heads * claims
    loading = base.chargement + levers["chargement"]
    return Result(
        retenus=retenus,
        nouveaux=np.broadcast_to(nouveaux, retenus.shape),
        cotisation=cotisation,
        cotisation_retenus=retenus * base.cotisation,
        prestation=prestation,
        resultat=(1.0 - loading) * cotisation - prestation,
    )


def add_up(base: Assumptions, levers: dict[str, Floats], result: Result) -> dict[str, Floats]:
    """Totals over the segments, one value per draw: see :data:`analytics.prescriptive.outcome.INDICATEURS`."""
    retenus, cotisation = result.retenus.sum(axis=-1), result.cotisation.sum(axis=-1)
    prestation, at_old_price = result.prestation.sum(axis=-1), result.cotisation_retenus.sum(axis=-1)
    heads = np.maximum(result.retenus + result.nouveaux, 0.0).sum(axis=-1)
    rise = (result.cotisation_retenus * levers["hausse"]).sum(axis=-1)
    return {
        "resultat": result.resultat.sum(axis=-1),
        "pc": ratio(prestation, cotisation),
        "effectif": heads,
        "cotisation": cotisation,
        "prestation": prestation,
        "hausse_moyenne": ratio(rise, at_old_price),
        "retention": ratio(retenus, base.beneficiaires.sum()),
    }


def ratio(above: Floats, below: Floats | float) -> Floats:
    """Quotient; NaN over zero."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
