"""Where exactly an amount left its expected path: the few segments that explain the gap, with their evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analytics.diagnostic.noise import choose_level, measure_noise
from analytics.diagnostic.rivals import CRISIS_GAP, MIN_SCORE, PLAIN_GAP, find_rivals
from analytics.diagnostic.scan import Candidate, Cube, encode, find_best
from analytics.diagnostic.segments import judge_segments
from analytics.errors import InsufficientData, ParameterError, SchemaError

MAX_DIMS = 6
#: A cause must score above this many times ln(number of elements tested); pure noise stays near 1, but the skew of
#: sparse counts takes it higher, and so does a variance learnt from few leaves.
SCORE_FACTOR, SCORE_FACTOR_RELATIVE = 2.0, 1.6
FEW_LEAVES = 48.0
#: An element so well filled that its sum is normal (shift known to 16 %) needs ln(number of elements) and this only,
#: when the shift is more than what an uneven drift may do.
MARGIN, WELL_FILLED, MIN_SHIFT = 5.0, 40.0, 0.05
#: Beyond this relative shift a sum of counts is skewed: one more point of shift asks for a third more score.
MAX_PLAIN_SHIFT, SKEW = 0.5, 1.0 / 3.0
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
    rivals : bool
        True when the rows compete for one gap instead of adding up: counts that left their expected path by a fifth
        and more. `part` and `reste` then concern the first row only.
    """

    table: pd.DataFrame
    n_tests: int = 0
    threshold: float = float("nan")
    drift: float = float("nan")
    total: float = float("nan")
    commun: float = float("nan")
    reste: float = float("nan")
    warnings: tuple[str, ...] = ()
    rivals: bool = False


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
    its variance fitted on the cube (see :mod:`analytics.diagnostic.noise`). The best is kept if its score exceeds what
    chance reaches (2·ln(number of elements) for sparse ones, ln + 5 for well-filled ones, 1.6·ln when the noise is
    relative, more below a few hundred leaves) and its q-value is at most 5 %; its leaves are taken out, drift and
    variance are fitted again, and so on. A wider segment dilutes the shift and a narrower one loses leaves, so the
    maximum sits on the cause (Kulldorff 1997, "A spatial scan statistic", applied to a cube).

    Two cases have a search of their own. With one dimension no segment is inside another: each has its p-value and the
    q-value alone decides (:mod:`analytics.diagnostic.segments`). Counts whose whole moved by a fifth, or by less when
    nothing else is found, cannot tell their own noise: the rows are then rival explanations
    (:mod:`analytics.diagnostic.rivals`).

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
        False keeps the best `max_causes` segments whatever their evidence, for a gap already known to be abnormal
        (rivals, when the amounts are whole numbers); their score and q-value still say what they are worth.

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
    answer = _search(cube, a, e, units, max_causes, only_certain)
    table, commun, reste = _summarise(leaves, dims, answer, a, e)
    total = float((a - e).sum())
    return Localisation(
        table, cube.n_tests, answer.threshold, answer.drift, total, commun, reste, warnings, answer.rivals
    )


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


@dataclass(frozen=True)
class _Answer:
    """Elements found, common ratio, score that the last one had to exceed, and whether they compete or add up."""

    found: list[Candidate]
    drift: float
    threshold: float
    rivals: bool = False


NOTHING = _Answer([], math.nan, math.nan)


def _search(
    cube: Cube, a: np.ndarray, e: np.ndarray, units: np.ndarray | None, max_causes: int, only_certain: bool
) -> _Answer:
    answer = _find_rivals(cube, a, e, max_causes, CRISIS_GAP if only_certain else None)
    if answer.found:
        return answer
    if len(cube.sizes) == 1:
        return _list_segments(a, e, units, max_causes, only_certain)
    causes = _remove_causes(cube, a, e, units, max_causes, only_certain)
    return causes if causes.found else _find_rivals(cube, a, e, max_causes, PLAIN_GAP, causes)


def _find_rivals(
    cube: Cube, a: np.ndarray, e: np.ndarray, limit: int, min_gap: float | None, otherwise: _Answer = NOTHING
) -> _Answer:
    """Rival explanations, where more than one dimension leaves a choice."""
    rivals, drift = find_rivals(cube, a, e, limit, min_gap) if len(cube.sizes) > 1 else ([], 1.0)
    return _Answer(rivals, drift, MIN_SCORE * math.log(cube.n_tests), True) if rivals else otherwise


def _list_segments(
    a: np.ndarray, e: np.ndarray, units: np.ndarray | None, max_causes: int, only_certain: bool
) -> _Answer:
    """One dimension has no segment inside another: each is judged on its own, none is taken out."""
    strays = judge_segments(a, e, units, MAX_Q_VALUE)
    scores = strays.z**2 / 2.0
    certain = np.flatnonzero(strays.q_value <= (MAX_Q_VALUE if only_certain else 1.0))
    order = certain[np.argsort(-scores[certain], kind="stable")][:max_causes]
    found = [Candidate(np.array([leaf]), (0,), float(scores[leaf]), float(strays.q_value[leaf])) for leaf in order]
    threshold = float(scores[certain].min()) if len(certain) else math.log(len(a))
    return _Answer(found, strays.drift, threshold)


def _remove_causes(
    cube: Cube,
    actual: np.ndarray,
    expected: np.ndarray,
    units: np.ndarray | None,
    max_causes: int,
    only_certain: bool,
) -> _Answer:
    alive = (actual != 0) | (expected != 0)
    found: list[Candidate] = []
    level, threshold = choose_level(cube, actual, expected), math.nan
    while True:
        noise = measure_noise(cube, actual, expected, units, alive, level)
        if len(found) == max_causes:
            return _Answer(found, noise.drift, threshold)
        needed = partial(_needed, cube, noise.relative)
        threshold = float(needed(np.zeros(1), np.zeros(1))[0])
        best = find_best(cube, noise.numerator, noise.precision, noise.tail, needed if only_certain else None)
        if best is None or (only_certain and best.q_value > MAX_Q_VALUE):
            return _Answer(found, noise.drift, threshold)
        rest = alive.copy()
        rest[best.leaves] = False
        if not (actual[rest].sum() > 0 and expected[rest].sum() > 0):
            return _Answer(found, noise.drift, threshold)
        found.append(best)
        alive = rest


def _needed(cube: Cube, relative: bool, shift: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Score that each element must exceed, from its relative shift and precision."""
    tests, far = math.log(cube.n_tests), np.abs(shift)
    few = 1.0 + FEW_LEAVES / len(cube.codes)
    if relative:
        return np.full(len(shift), SCORE_FACTOR_RELATIVE * tests * few)
    filled = (precision >= WELL_FILLED) & (far >= MIN_SHIFT)
    plain = np.where(filled, np.minimum(tests + MARGIN, SCORE_FACTOR * tests), SCORE_FACTOR * tests)
    return plain * few * (1.0 + SKEW * np.maximum(far - MAX_PLAIN_SHIFT, 0.0))


def _summarise(
    leaves: pd.DataFrame, dims: tuple[str, ...], answer: _Answer, a: np.ndarray, e: np.ndarray
) -> tuple[pd.DataFrame, float, float]:
    gaps = [float((a - answer.drift * e)[cause.leaves].sum()) for cause in answer.found]
    told = gaps[:1] if answer.rivals else gaps
    commun = float((answer.drift - 1.0) * e.sum())
    reste = float((a - e).sum()) - commun - sum(told)
    gross = sum(map(abs, told)) + abs(commun) + abs(reste)
    rows = []
    for rank, (cause, gap) in enumerate(zip(answer.found, gaps, strict=True), start=1):
        # Column by column: a row taken whole would turn integer codes into floats.
        conditions = {dims[dim]: leaves[dims[dim]].iloc[cause.leaves[0]] for dim in cause.dims}
        rows.append((rank, conditions, gap, gap / gross, len(cause.leaves), cause.score, cause.q_value))
    return pd.DataFrame(rows, columns=list(COLUMNS)), commun, reste
