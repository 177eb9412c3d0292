"""What a change of structure would cost: each group keeps its consumption, only who is covered changes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.french import format_number, format_percent, format_points
from analytics.indicators import MONTHS_PER_YEAR
from analytics.predictive.consumption import Consumption
from analytics.predictive.consumption_cells import WHOLE, Cells, Factors
from analytics.predictive.consumption_relative import NORMAL_95, combine, error_of, mean_design

AGE = "tranche_age"
#: Persons under which a group says little of what newcomers like it would consume.
FEW = 100
COLUMNS = ["poste", "actuel", "projete", "effet", "bas", "haut",
           "tete_actuel", "tete_projete", "effet_tete", "bas_tete", "haut_tete"]  # fmt: skip
_NUMBER, _BELOW = re.compile(r"\d+"), re.compile(r"moins|<|inf", re.IGNORECASE)


@dataclass(frozen=True)
class Change:
    """What changes in the population.

    Attributes
    ----------
    dimension : str or None
        Dimension whose shares change; None for none.
    valeurs : tuple of str
        Values whose share, all together, gains `points`.
    points : float
        Share of the whole gained (0.05 = 5 points), lost when negative.
    depuis : tuple of str
        Empty: who comes looks like those already there, everybody else makes room in proportion. Otherwise persons of
        these values move to the one of `valeurs`, and keep their other dimensions.
    annees : float
        Years by which everybody grows older, nobody coming nor leaving.
    effectif : float
        Growth of the number of persons (0.02 = +2 %), last.
    """

    dimension: str | None = None
    valeurs: tuple[str, ...] = ()
    points: float = 0.0
    depuis: tuple[str, ...] = ()
    annees: float = 0.0
    effectif: float = 0.0


def project_structure(consumption: Consumption, change: Change) -> pd.DataFrame:
    """Spending of the last twelve complete months had the population been another one.

    Parameters
    ----------
    consumption : Consumption
    change : Change

    Returns
    -------
    pandas.DataFrame
        poste, then "ensemble", the sum of the others; actuel, projete, effet = projete − actuel, bas, haut (EUR over
        twelve months; 95 % on what groups consume beside each other, not on next year's claims; NaN for a poste whose
        groups could not be told apart, which the interval of the whole leaves out); the same per person covered and
        year: tete_actuel, tete_projete, effet_tete, bas_tete, haut_tete.

    Raises
    ------
    InsufficientData
        No model.
    ParameterError
        A dimension or a value that is not in the model, or a share that cannot be reached.
    """
    consumption.require()
    cells, models = consumption.cells, consumption.models
    codes, people = restructure(cells, change)
    designs = cells.factors.design(cells.codes), cells.factors.design(codes)
    before = cells.spent + cells.apart[:, -1]
    after, errors = before.copy(), np.zeros(len(models))
    places = cells.places(codes)
    for p, model in enumerate(models):
        now = cells.people * model.weights(cells.codes) * model.kept.ratio
        then = people * model.weights(codes) * np.where(places < 0, 1.0, model.kept.ratio[places])
        factor = then.sum() / now.sum() if now.sum() > 0 else people.sum() / cells.people.sum()
        step = mean_design(designs[1], then) - mean_design(designs[0], now)
        after[p] = cells.spent[p] * factor + cells.apart[p, -1]
        own = _own_variance(places, now, then, model.kept.variance)
        errors[p] = abs(cells.spent[p]) * factor * float(np.hypot(error_of(step, model), np.sqrt(own)))
    told = np.array([m.told for m in models])
    whole = combine(errors, consumption.correlation) if told.any() else np.nan
    heads = cells.heads, float(people.sum() / MONTHS_PER_YEAR)
    rows = [_row(*r, heads) for r in zip(cells.postes, before, after, np.where(told, errors, np.nan), strict=True)]
    if cells.postes != (WHOLE,):
        rows.append(_row(WHOLE, before.sum(), after.sum(), whole, heads))
    return pd.DataFrame(rows, columns=COLUMNS)


def restructure(cells: Cells, change: Change) -> tuple[np.ndarray, np.ndarray]:
    """The population once changed: places of the values (cells × dimensions) and person-months.

    Raises
    ------
    ParameterError
        As :func:`project_structure`.
    """
    codes, people, factors = cells.codes, cells.people, cells.factors
    if not (np.isfinite(change.effectif) and change.effectif > -1):
        raise ParameterError("L’effectif ne peut pas baisser de 100\u202f% ou plus.", valeur=change.effectif)
    if change.dimension is not None and change.points:
        d = _place_of(factors, change.dimension)
        gaining = _codes_of(factors, d, change.valeurs)
        if change.depuis:
            codes, people = _moved(codes, people, d, gaining, _codes_of(factors, d, change.depuis), change.points)
        else:
            people = _reweighted(people, np.isin(codes[:, d], gaining), change.points)
    if change.annees:
        codes, people = _aged(factors, codes, people, change.annees)
    return codes, people * (1 + change.effectif)


def age_bands(labels: tuple[str, ...]) -> list[tuple[int, float]]:
    """Place and first age of each band, youngest first; what tells no age is left out.

    « 0-19 », « 20 à 39 ans », « moins de 20 », « 75 et + »: the first number is where a band starts.
    """
    found = [
        (i, 0.0 if _BELOW.search(t) else float(n.group())) for i, t in enumerate(labels) if (n := _NUMBER.search(t))
    ]
    bands = sorted(found, key=lambda band: band[1])
    starts = [start for _, start in bands]
    return bands if len(bands) > 1 and len(set(starts)) == len(starts) else []


def describe_change(consumption: Consumption, change: Change) -> str:
    """What is supposed, in the words of a sentence."""
    parts, factors = [], consumption.cells.factors
    if change.dimension is not None and change.points:
        names = dict(zip(*(side[_place_of(factors, change.dimension)] for side in (factors.values, factors.labels)),
                         strict=True))  # fmt: skip
        gaining, losing = (
            ", ".join(f"« {names.get(v, v)} »" for v in side) for side in (change.valeurs, change.depuis)
        )
        moved = format_points(change.points)
        moved = f"{moved.removesuffix('pt')}point{'s' if abs(change.points) >= 0.02 else ''}"
        parts.append(f"{moved} de {gaining}" + (f" venus de {losing}" if losing else ""))
    if change.annees:
        parts.append(f"{format_number(change.annees)} an{'s' if change.annees >= 2 else ''} de plus pour tous")
    if change.effectif:
        parts.append(f"effectif {format_percent(change.effectif, signed=True)}")
    return ", ".join(parts) or "population inchangée"


def doubts(consumption: Consumption, change: Change) -> tuple[str, ...]:
    """What makes a projection less sure, in French."""
    if change.dimension is None or not change.points:
        return ()
    cells, d = consumption.cells, _place_of(consumption.cells.factors, change.dimension)
    found = []
    for v in _codes_of(cells.factors, d, change.valeurs):
        name, heads = cells.factors.labels[d][v], cells.people[cells.codes[:, d] == v].sum() / MONTHS_PER_YEAR
        if heads < FEW:
            found.append(f"« {name} » : moins de {FEW} personnes aujourd’hui, sa consommation est mal connue.")
        never = ", ".join(m.poste for m in consumption.models if np.isneginf(m.effects[d][v]))
        if never:
            found.append(f"« {name} » : jamais de dépense en {never}, comptée à zéro pour qui arrive.")
    return tuple(found)


def _row(name: str, before: float, after: float, error: float, heads: tuple[float, float]) -> tuple:
    bounds = tuple(after - before + side * NORMAL_95 * error for side in (-1, 1))
    now, then = before / heads[0], after / heads[1]
    around = tuple(then - now + side * NORMAL_95 * error / heads[1] for side in (-1, 1))
    return name, before, after, after - before, *bounds, now, then, then - now, *around


def _own_variance(places: np.ndarray, now: np.ndarray, then: np.ndarray, variance: np.ndarray) -> float:
    """Variance of the logarithm of Σ then ÷ Σ now that comes from what each cell keeps of its own."""
    if not (now.sum() > 0 and then.sum() > 0):
        return 0.0
    known = places >= 0
    shares = np.bincount(places[known], weights=then[known], minlength=len(now)) / then.sum() - now / now.sum()
    return float((shares**2 * variance).sum())


def _place_of(factors: Factors, dimension: str) -> int:
    if dimension not in factors.by:
        raise ParameterError("Cette dimension n’est pas dans le modèle.", colonne=dimension)
    return factors.by.index(dimension)


def _codes_of(factors: Factors, d: int, values: tuple[str, ...]) -> list[int]:
    unknown = [v for v in values if v not in factors.values[d]]
    if unknown or not values:
        raise ParameterError("Choisissez une valeur présente.", colonne=factors.by[d], valeur=(*unknown, "")[0])
    return [factors.values[d].index(v) for v in values]


def _reweighted(people: np.ndarray, inside: np.ndarray, points: float) -> np.ndarray:
    """Newcomers look like those already inside; everybody else makes room in proportion."""
    part = float(people[inside].sum() / people.sum())
    if not 0 < part < 1:
        raise ParameterError(
            "Ce groupe compte tout le monde ou personne : sa part ne peut pas changer.",
            remede="Choisissez d’autres valeurs.",
        )
    _check_share(part + points, part)
    return np.where(inside, people * ((part + points) / part), people * ((1 - part - points) / (1 - part)))


def _moved(
    codes: np.ndarray, people: np.ndarray, d: int, gaining: list[int], losing: list[int], points: float
) -> tuple[np.ndarray, np.ndarray]:
    """The same persons under another value; what they leave and where they come keep the rest of their dimensions."""
    if len(gaining) != 1 or gaining[0] in losing or points < 0:
        raise ParameterError("Un passage va d’une ou plusieurs valeurs vers une autre, d’un nombre positif de points.")
    source = np.isin(codes[:, d], losing)
    part = float(people[source].sum() / people.sum())
    if not 0 < points <= part:
        raise ParameterError(
            f"Seuls {format_percent(part)} des personnes peuvent faire ce passage.", valeur=format_points(points)
        )
    arrived = codes[source].copy()
    arrived[:, d] = gaining[0]
    left = np.where(source, people * (1 - points / part), people)
    return np.vstack([codes, arrived]), np.concatenate([left, people[source] * (points / part)])


def _aged(factors: Factors, codes: np.ndarray, people: np.ndarray, years: float) -> tuple[np.ndarray, np.ndarray]:
    """Everybody older by some years: ages are spread evenly within a band, and the last one keeps its people."""
    d = _place_of(factors, AGE)
    bands = age_bands(factors.labels[d])
    widths = np.diff([start for _, start in bands])
    if not bands or not 0 < years <= widths.min():
        raise ParameterError(
            "Ces tranches d’âge ne permettent pas de vieillir la population d’autant.", valeur=years, colonne=AGE
        )
    kept, extra = people.copy(), []
    for (band, _), (older, _), width in zip(bands, bands[1:], widths, strict=False):
        source = codes[:, d] == band
        arrived = codes[source].copy()
        arrived[:, d] = older
        extra.append((arrived, people[source] * (years / width)))
        kept[source] = people[source] * (1 - years / width)
    return np.vstack([codes, *(c for c, _ in extra)]), np.concatenate([kept, *(p for _, p in extra)])


def _check_share(wanted: float, part: float) -> None:
    if not 0 <= wanted <= 1:
        raise ParameterError(
            f"La part d’aujourd’hui est {format_percent(part)} : elle ne peut pas devenir {format_percent(wanted)}.",
            remede="Changez le nombre de points.",
        )
