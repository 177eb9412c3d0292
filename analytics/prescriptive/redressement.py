"""The increase that brings a P/C back to its target, and next year's figures: closed formulas."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.errors import ParameterError


@dataclass(frozen=True)
class Projection:
    """Next year of a portfolio.

    Attributes
    ----------
    cotisation : float
        Premiums, EUR.
    sp : float
        Claims over premiums.
    prestation : float
        Claims, EUR: their product, new business being taken at the same ratio.
    """

    cotisation: float
    sp: float
    prestation: float


def redressement(sp: float, derive: float, garanties: float = 0.0, *, cible: float = 1.0) -> float:
    """Increase α that brings claims over premiums to the target: S/P·(1 + d)·(1 + g) / cible − 1.

    Parameters
    ----------
    sp : float
        Current ratio (0.92 = 92 %), on the base that must be balanced.
    derive : float
        Expected growth of claims per head (0.01 = +1 %).
    garanties : float
        Effect of a change of cover on claims.
    cible : float
        Ratio aimed at; 1 balances claims and premiums.

    Raises
    ------
    ParameterError
        A ratio that is not positive, or a change that takes everything away.

    Notes
    -----
    Formula and worked example: actuarial memoir (CNP, 2019), table 4.7, for a target of 100 %.
    """
    _check(sp > 0, "Un ratio S/P est positif.", sp)
    _check(cible > 0, "Une cible de S/P est positive.", cible)
    _check(derive > -1, "Une dérive est supérieure à −100 %.", derive)
    _check(garanties > -1, "Un changement de garanties est supérieur à −100 %.", garanties)
    return sp * (1.0 + derive) * (1.0 + garanties) / cible - 1.0


def project(
    cotisation: float, sp: float, *, chute: float, revalo: float, derive: float, affaires_nouvelles: float = 0.0
) -> Projection:
    """Next year: C·(1 − chute)·(1 + revalo) + affaires nouvelles, and S/P·(1 + dérive) / (1 + revalo).

    Parameters
    ----------
    cotisation : float
        Premiums of the year, EUR.
    sp : float
        Claims over premiums of the year.
    chute : float
        Share of premiums lost, 0 to 1.
    revalo : float
        Increase of premiums (0.05 = +5 %).
    derive : float
        Growth of claims per head.
    affaires_nouvelles : float
        New premiums, EUR.

    Raises
    ------
    ParameterError
        A value out of its range.
    """
    _check(cotisation >= 0, "Une cotisation est positive.", cotisation)
    _check(sp >= 0, "Un ratio S/P est positif.", sp)
    _check(0 <= chute <= 1, "Un taux de chute va de 0 à 100 %.", chute)
    _check(revalo > -1, "Une revalorisation est supérieure à −100 %.", revalo)
    _check(derive > -1, "Une dérive est supérieure à −100 %.", derive)
    _check(affaires_nouvelles >= 0, "Des affaires nouvelles sont positives.", affaires_nouvelles)
    future = cotisation * (1.0 - chute) * (1.0 + revalo) + affaires_nouvelles
    future_sp = sp * (1.0 + derive) / (1.0 + revalo)
    return Projection(future, future_sp, future * future_sp)


def _check(right: bool, message: str, value: float) -> None:
    if not right:
        raise ParameterError(message, valeur=value)
