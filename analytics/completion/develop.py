"""Ultimate cost of each care month: chain ladder where enough is paid, expected level where too little is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.completion.estimate import Estimate, estimate_ultimates
from analytics.completion.exposure import spread_exposure
from analytics.completion.hindsight import widen
from analytics.completion.pattern import Pattern, measure_pattern
from analytics.completion.remarks import pattern_remarks, table_remarks
from analytics.completion.triangle import Triangles, build_triangles
from analytics.errors import ParameterError
from analytics.uncertainty import pooled_error

Floats = NDArray[np.float64]
METHODS = ("auto", "chain_ladder", "bornhuetter_ferguson")
#: Payment months behind each factor: one year, so that every calendar month weighs once.
WINDOW = 12


@dataclass(frozen=True)
class Development:
    """Paid and ultimate amount of each cell and care month.

    Attributes
    ----------
    table : pandas.DataFrame
        `by` columns, `mois` (care), `paye`, `ultime` (EUR, or the unit of `measure`), `part_connue` (paye / ultime;
        above 1 when refunds are still expected), `se` (standard error of the ultimate). A fully developed month has
        part_connue 1 and se 0; what cannot be said is NaN and told in `warnings`.
    factors : pandas.DataFrame
        `by` columns, `developpement` (months since care), `facteur` (to the next month), `part_connue`,
        `n` (care months behind the factor), `emprunte` (the factor is that of all cells together).
    warnings : tuple of str
        French sentences: what was missing, borrowed or not computable.
    as_of : pandas.Timestamp
        Last payment month used.
    measure : str
        Column developed.
    by : tuple of str
        Dimensions developed apart.
    """

    table: pd.DataFrame
    factors: pd.DataFrame
    warnings: tuple[str, ...]
    as_of: pd.Timestamp
    measure: str
    by: tuple[str, ...]

    def by_month(self) -> pd.DataFrame:
        """All cells together: mois, paye, ultime, part_connue, se.

        A month with one cell that cannot be completed has no ultimate. Errors of cells of a month are taken as
        correlated at 50 %: a delay in the office hits every poste at once.
        """
        table = self.table
        months, at = np.unique(table["mois"].to_numpy(), return_inverse=True)
        columns = {name: table[name].to_numpy(dtype=float) for name in ("paye", "ultime", "se")}

        def total(values: Floats) -> Floats:
            return np.bincount(at, weights=np.nan_to_num(values), minlength=len(months))

        unknown, no_error = (total(np.isnan(columns[name])) > 0 for name in ("ultime", "se"))
        paid, ultimate = total(columns["paye"]), np.where(unknown, np.nan, total(columns["ultime"]))
        spread = pooled_error(total(columns["se"]), total(columns["se"] ** 2))
        share = share_known(paid, ultimate)
        frame = {"mois": months, "paye": paid, "ultime": ultimate, "part_connue": share}
        return pd.DataFrame(frame | {"se": np.where(no_error, np.nan, spread)})


def develop(
    prestation: pd.DataFrame,
    *,
    exposure: pd.DataFrame | None = None,
    by: Sequence[str] = (),
    method: str = "auto",
    measure: str = "prestation",
    as_of: pd.Timestamp | None = None,
    window: int | None = WINDOW,
    widened: bool = True,
) -> Development:
    """Develop the recent care months of a prestation table to their ultimate.

    Parameters
    ----------
    prestation : pandas.DataFrame
        Fact table: mois (care), mois_paiement, `measure`, `by` columns; other columns are added up.
    exposure : pandas.DataFrame, optional
        mois, beneficiaires and any of the `by` columns (others are added up). Without it the expected level is a
        level in euros.
    by : sequence of str
        Dimensions developed apart. An absent care month of a cell has no row, unless later payments are expected.
    method : {"auto", "chain_ladder", "bornhuetter_ferguson"}
        "auto" weighs the two by their measured errors, all months together (:mod:`analytics.completion.credibility`),
        and widens its errors by what the last closings had wrong (:mod:`analytics.completion.hindsight`).
    measure : str
        Additive column to develop; "actes" too.
    as_of : pandas.Timestamp, optional
        Payments after this month are left out (to replay a past closing).
    window : int or None
        Payment months behind each factor; None takes all of them.
    widened : bool
        False where the errors are not looked at: the last closings are then not replayed, which takes most of the time.

    Raises
    ------
    SchemaError
        A column is missing.
    InsufficientData
        No amount, or no payment month at all.
    ParameterError
        Unknown method or window under 1.

    Notes
    -----
    Chain ladder and its error: Mack (1993). Expected level: Bornhuetter and Ferguson (1972), U = paid + (1 − p)·E.
    Error of the second: E²·(1 − p)²·v² + p²·Mack(E), v being the error of E measured on past months. With under five
    mature months "auto" is Benktander (1976): the ladder weighs the share known, and the two errors add up.
    """
    if method not in METHODS:
        raise ParameterError("Méthode inconnue.", valeur=method, remede=f"Choisissez {', '.join(METHODS)}.")
    if window is not None and window < 1:
        raise ParameterError("Il faut au moins un mois de paiement par facteur.", valeur=window)
    by = (by,) if isinstance(by, str) else tuple(by)
    triangles = build_triangles(prestation, by=by, measure=measure, as_of=as_of)
    pattern = measure_pattern(triangles, window=window)
    heads, notes = spread_exposure(exposure, by, triangles)
    estimate = estimate_ultimates(triangles, pattern, heads, method)
    if method == "auto" and widened:
        factor = widen(triangles, estimate, heads, window=window)
        estimate = replace(estimate, se=estimate.se * factor[:, None])
    kind = prestation["mois"].dtype
    table = _table(triangles, estimate, by, kind)
    remarks = (*triangles.warnings, *notes, *pattern_remarks(triangles, pattern), *table_remarks(table, estimate))
    closing = pd.Timestamp(np.datetime64(triangles.as_of, "M"))
    return Development(table, _factor_table(triangles, pattern, by), remarks, closing, measure, by)


def share_known(paid: Floats, ultimate: Floats) -> Floats:
    """Paid / ultimate; NaN without a positive ultimate."""
    return np.divide(paid, ultimate, out=np.full(len(paid), np.nan), where=ultimate > 0)


def _table(triangles: Triangles, estimate: Estimate, by: tuple[str, ...], kind: object) -> pd.DataFrame:
    cell, month = np.nonzero(estimate.present)
    paid, ultimate = estimate.paid[cell, month], estimate.ultimate[cell, month]
    share = np.where(estimate.mature[cell, month], 1.0, share_known(paid, ultimate))
    months = pd.Series(triangles.months[month].astype("datetime64[M]").astype("datetime64[s]")).astype(kind)
    columns = {"mois": months, "paye": paid, "ultime": ultimate, "part_connue": share, "se": estimate.se[cell, month]}
    return pd.DataFrame(_taken(triangles, by, cell) | columns)


def _factor_table(triangles: Triangles, pattern: Pattern, by: tuple[str, ...]) -> pd.DataFrame:
    n_cells, n_steps = pattern.factors.shape
    columns = {
        "developpement": np.tile(np.arange(n_steps), n_cells),
        "facteur": pattern.factors.ravel(),
        "part_connue": pattern.known[:, :-1].ravel(),
        "n": pattern.pairs.ravel(),
        "emprunte": pattern.borrowed.ravel(),
    }
    return pd.DataFrame(_taken(triangles, by, np.repeat(np.arange(n_cells), n_steps)) | columns)


def _taken(triangles: Triangles, by: tuple[str, ...], cell: NDArray[np.int64]) -> dict[str, object]:
    return {name: triangles.cells[name].array.take(cell) for name in by}
