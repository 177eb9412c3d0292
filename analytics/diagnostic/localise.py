"""Where exactly an amount left its expected path: the few segments that explain the gap, with their evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.diagnostic.noise import MIN_LEAVES, MIN_LEAVES_ABNORMAL, Noise, choose_level, measure_noise
from analytics.diagnostic.scan import Candidate, Cube, encode, find_best
from analytics.errors import InsufficientData, ParameterError, SchemaError

MAX_DIMS = 6
#: A cause must score above this many times ln(number of elements tested); pure noise stays near 1, but the skew of
#: sparse counts takes it higher, and so does a variance learnt from few leaves.
SCORE_FACTOR, SCORE_FACTOR_RELATIVE = 2.0, 1.6
FEW_LEAVES = 24.0
MAX_Q_VALUE = 0.05
FEWEST = 4
COLUMNS = ("rang", "conditions", "ecart", "part", "n", "score", "q_value")


@dataclass(frozen=True)
class Localisation:
    """Segments that left the common path, the most certain first.

    Attributes
    ----------
    table : pandas.DataFrame
        rang (1…), conditions (dict dimension -> value), ecart (actual minus drift × expected, in the unit of `actual`,
        leaves of a better rank left out), part (ecart over the sum of the absolute ecarts, `commun` and `reste`),
        n (leaves), score (log-likelihood ratio, z²/2, discounted for heavy tails), q_value (Benjamini-Hochberg over
        the elements tested). No row when nothing stands out.
    n_tests : int
        Elements tested at each pass.
    threshold : float
        Score that the last pass had to exceed.
    drift : float
        Common ratio actual / expected outside of the causes.
    total : float
        Actual minus expected over all leaves; equals `commun` + sum of the ecarts + `reste`.
    commun : float
        Part of the gap shared by everyone, (drift - 1) × expected.
    reste : float
        What is neither common nor in a cause.
    warnings : tuple of str
        French sentences.
    """

    table: pd.DataFrame
    n_tests: int = 0
    threshold: float = float("nan")
    drift: float = float("nan")
    total: float = float("nan")
    commun: float = float("nan")
    reste: float = float("nan")
    warnings: tuple[str, ...] = ()


def locate(
    frame: pd.DataFrame,
    *,
    dims: Sequence[str],
    actual: str,
    expected: str,
    weight: str | None = None,
    max_causes: int = 3,
    only_certain: bool = True,
) -> Localisation:
    """Find the combinations of attribute values whose gap to the expected amount is not chance.

    Every combination e of values of up to six dimensions is scored by the likelihood ratio of "one relative shift
    inside e" against "none", (Σ s·y/v)² / (2 Σ s²/v), with y = actual - drift × expected, s the size of the leaf and v
    its variance fitted on the cube (see :mod:`analytics.diagnostic.noise`). The best is kept if its score exceeds
    2·ln(number of elements), 1.6 when the noise is relative and more below a hundred leaves, and its q-value is at
    most 5 %; its leaves are taken out, drift and variance are fitted again, and so on. A wider segment dilutes the
    shift and a narrower one loses leaves, so the maximum sits on the cause (Kulldorff 1997, "A spatial scan
    statistic", applied to a cube).

    Parameters
    ----------
    frame : pandas.DataFrame
        dims…, `actual`, `expected` and `weight`; rows with the same dims are summed first. Up to about 200,000 leaves.
    dims : sequence of str
        One to six dimensions, such as region, formule, contrat, tranche_age, poste, panier.
    actual, expected : str
        Amount observed, and amount expected (forecast, or last year times the common drift; a remaining common drift is
        measured and taken out).
    weight : str, optional
        Number of independent units behind the leaf (actes, over both years if `expected` is last year): the variance is
        then proportional to amount × amount per unit. None = learnt from the amounts only, which is less sharp.
    max_causes : int
        Largest number of rows of the table.
    only_certain : bool
        False keeps the best `max_causes` segments whatever their evidence, for a gap already known to be abnormal;
        their score and q-value still say what they are worth.

    Returns
    -------
    Localisation

    Raises
    ------
    ParameterError
        No dimension, more than six, or `max_causes` below 1.
    SchemaError
        A column is missing or is not a number.
    InsufficientData
        Fewer than four leaves, or a total actual or expected that is not positive.
    """
    dims = tuple(dims)
    _check(frame, dims, [actual, expected, *([weight] if weight else [])], max_causes)
    leaves, warnings = _sum_leaves(frame, dims, actual, expected, weight)
    units = leaves["weight"].to_numpy() if weight else None
    a, e = leaves["actual"].to_numpy(), leaves["expected"].to_numpy()
    if len(leaves) < FEWEST or not (a.sum() > 0 and e.sum() > 0):
        raise InsufficientData(
            "Pas assez de cellules avec un montant pour chercher où se situe l’écart.",
            remede="Élargir la sélection ou ajouter une dimension.",
        )
    cube = encode(leaves, dims)
    found, noise = _remove_causes(cube, a, e, units, max_causes, only_certain)
    table, commun, reste = _summarise(leaves, dims, found, a, e, noise.drift)
    threshold, total = _threshold(cube, noise), float((a - e).sum())
    return Localisation(table, cube.n_tests, threshold, noise.drift, total, commun, reste, warnings)


def _check(frame: pd.DataFrame, dims: tuple[str, ...], measures: list[str], max_causes: int) -> None:
    if not 1 <= len(dims) <= MAX_DIMS:
        raise ParameterError(f"La recherche porte sur une à {MAX_DIMS} dimensions.", valeur=len(dims))
    if max_causes < 1:
        raise ParameterError("Le nombre de causes cherchées est au moins 1.", valeur=max_causes)
    for column in (*dims, *measures):
        if column not in frame.columns:
            raise SchemaError("Colonne absente de la recherche.", colonne=column)
    for column in measures:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise SchemaError("Cette colonne doit être numérique.", colonne=column)


def _sum_leaves(
    frame: pd.DataFrame, dims: tuple[str, ...], actual: str, expected: str, weight: str | None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    named = {"actual": frame[actual], "expected": frame[expected]} | ({"weight": frame[weight]} if weight else {})
    amounts = pd.DataFrame({name: column.to_numpy(dtype=float, na_value=np.nan) for name, column in named.items()})
    known = np.isfinite(amounts).all(axis=1).to_numpy()
    work = pd.concat([frame[list(dims)].reset_index(drop=True), amounts], axis=1)[known]
    leaves = work.groupby(list(dims), observed=True, dropna=False, sort=True)[list(amounts)].sum().reset_index()
    aside = int((~known).sum())
    warnings = (f"{aside} ligne(s) laissée(s) de côté : montant réel, attendu ou poids inconnu.",) if aside else ()
    return leaves, warnings


def _remove_causes(
    cube: Cube,
    actual: np.ndarray,
    expected: np.ndarray,
    units: np.ndarray | None,
    max_causes: int,
    only_certain: bool,
) -> tuple[list[Candidate], Noise]:
    alive = (actual != 0) | (expected != 0)
    found: list[Candidate] = []
    level, min_leaves = choose_level(cube, actual, expected), MIN_LEAVES if only_certain else MIN_LEAVES_ABNORMAL
    while True:
        noise = measure_noise(cube, actual, expected, units, alive, level, min_leaves)
        if len(found) == max_causes:
            return found, noise
        best = find_best(cube, noise.numerator, noise.precision, noise.tail)
        if best is None or (only_certain and not _is_certain(best, cube, noise)):
            return found, noise
        rest = alive.copy()
        rest[best.leaves] = False
        if not (actual[rest].sum() > 0 and expected[rest].sum() > 0):
            return found, noise
        found.append(best)
        alive = rest


def _is_certain(cause: Candidate, cube: Cube, noise: Noise) -> bool:
    return cause.score > _threshold(cube, noise) and cause.q_value <= MAX_Q_VALUE


def _threshold(cube: Cube, noise: Noise) -> float:
    factor = SCORE_FACTOR_RELATIVE if noise.relative else SCORE_FACTOR
    return factor * (1.0 + FEW_LEAVES / len(cube.codes)) * math.log(cube.n_tests)


def _summarise(
    leaves: pd.DataFrame, dims: tuple[str, ...], found: list[Candidate], a: np.ndarray, e: np.ndarray, drift: float
) -> tuple[pd.DataFrame, float, float]:
    gaps = [float((a - drift * e)[cause.leaves].sum()) for cause in found]
    commun = float((drift - 1.0) * e.sum())
    reste = float((a - e).sum()) - commun - sum(gaps)
    gross = sum(map(abs, gaps)) + abs(commun) + abs(reste)
    rows = []
    for rank, (cause, gap) in enumerate(zip(found, gaps, strict=True), start=1):
        # Column by column: a row taken whole would turn integer codes into floats.
        conditions = {dims[dim]: leaves[dims[dim]].iloc[cause.leaves[0]] for dim in cause.dims}
        rows.append((rank, conditions, gap, gap / gross, len(cause.leaves), cause.score, cause.q_value))
    return pd.DataFrame(rows, columns=list(COLUMNS)), commun, reste
