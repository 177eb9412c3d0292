"""The optimisation problem as arrays: retained share, objective, coupling rows, bounds, rules between segments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from analytics.errors import ParameterError
from analytics.prescriptive.constraints import Constraints
from analytics.prescriptive.law import evin_cap
from analytics.prescriptive.model import read_portfolio

Floats = NDArray[np.float64]
#: Coupling constraints, in the order in which they are named when several block.
ROWS = ("pc_max", "resultat_min", "effectif_min", "retention_min", "hausse_moyenne_max")


@dataclass(frozen=True)
class Programme:
    """max Σ R(x)·(A0 + B0·x) under Σ R(x)·(A + B·x) ≥ rhs, low ≤ x ≤ high, rules of order and of spread.

    Attributes
    ----------
    segment : pandas.Series
        Names.
    heads, premium, claims, loading, retention, a, b : (S,)
        Portfolio; `a` is logit(retention), `b` the elasticity; both are 0 where the retained share does not move.
    flat : (S,) of bool
        Where it does not: elasticity 0, or retention 0 or 1.
    low, high : (S,)
        Bounds of x, those of the law included, tightened by the rules between segments.
    alpha, beta : (S,)
        Objective A0, B0.
    rows : tuple of str
        Names of the coupling constraints.
    A, B : (K, S)
    rhs : (K,)
    pairs : (M, 2) of int
        x[first] ≤ x[second].
    spread : float or None
        Largest difference between two x.
    """

    segment: pd.Series
    heads: Floats
    premium: Floats
    claims: Floats
    loading: Floats
    retention: Floats
    a: Floats
    b: Floats
    flat: NDArray[np.bool_]
    low: Floats
    high: Floats
    alpha: Floats
    beta: Floats
    rows: tuple[str, ...]
    A: Floats
    B: Floats
    rhs: Floats
    pairs: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    spread: float | None = None

    def kept(self, x: Floats) -> Floats:
        """Retained share R(x)."""
        return np.where(self.flat, self.retention, expit(self.a - self.b * x))

    def value(self, x: Floats) -> float:
        """Objective."""
        return float(np.dot(self.kept(x), self.alpha + self.beta * x))

    def slack(self, x: Floats) -> Floats:
        """Left of each coupling row, (K,); a negative one is not met."""
        kept = self.kept(x)
        return self.A @ kept + self.B @ (kept * x) - self.rhs

    def scales(self) -> Floats:
        """Size of each coupling row, (K,): what a violation is told in parts of."""
        reach = np.maximum(np.abs(self.low), np.abs(self.high))
        return np.maximum(np.abs(self.A).sum(axis=1) + np.abs(self.B) @ reach, 1e-300)

    def result(self, x: Floats) -> Floats:
        """Result of each segment, EUR."""
        return self.heads * self.kept(x) * ((1 - self.loading) * self.premium * (1 + x) - self.claims)

    def ruled(self) -> bool:
        """Whether some rule ties segments two by two."""
        return bool(len(self.pairs)) or self.spread is not None

    def without(self, *names: str) -> Programme:
        """The same less some coupling rows."""
        keep = np.array([r not in names for r in self.rows], dtype=bool)
        return replace(
            self,
            rows=tuple(r for r in self.rows if r not in names),
            A=self.A[keep],
            B=self.B[keep],
            rhs=self.rhs[keep],
        )

    def aiming(self, alpha: Floats, beta: Floats) -> Programme:
        """The same with another objective."""
        return replace(self, alpha=alpha, beta=beta)

    def within(self, low: Floats, high: Floats) -> Programme:
        """The same on other bounds."""
        return replace(self, low=low, high=high)


def row(base: Programme | dict[str, Floats], name: str, level: float) -> tuple[Floats, Floats, float]:
    """(A, B, rhs) of a coupling constraint asked at a level."""
    n, q, c, loading = base["heads"], base["premium"], base["claims"], base["loading"]
    zero = np.zeros_like(n)
    if name == "pc_max":
        return n * (level * q - c), n * level * q, 0.0
    if name == "retention_min":
        return n, zero, level * float(n.sum())
    if name == "effectif_min":
        return n, zero, level
    if name == "hausse_moyenne_max":
        return n * q * level, -n * q, 0.0
    return n * ((1 - loading) * q - c), n * (1 - loading) * q, level


def figures(programme: Programme) -> dict[str, Floats]:
    """Portfolio columns that :func:`row` reads."""
    return {k: getattr(programme, k) for k in ("heads", "premium", "claims", "loading")}


def build_programme(portfolio: pd.DataFrame, constraints: Constraints, objective: str) -> Programme:
    """Arrays of the problem; bounds are those of the portfolio, of the law and of the solidarity cap.

    Raises
    ------
    ParameterError, InsufficientData
        As :func:`analytics.prescriptive.model.read_portfolio`; bounds missing or infinite; unknown segment in a rule.
    """
    for column in ("hausse_min", "hausse_max"):
        if column not in portfolio.columns:
            raise ParameterError("Une colonne manque au portefeuille.", colonne=column)
        bound = portfolio[column].to_numpy(dtype=float, na_value=np.nan)
        if not np.isfinite(bound).all():
            at = portfolio["segment"].iloc[int(np.argmin(np.isfinite(bound)))] if "segment" in portfolio else ""
            raise ParameterError(
                f"La borne de hausse du segment « {at} » manque.", colonne=column, remede="Écrivez par exemple 0,10."
            )
    read = read_portfolio(portfolio)
    if (read.hausse_min < -1).any():
        raise ParameterError("Une hausse est supérieure ou égale à −100 %.", colonne="hausse_min")
    base = {
        "heads": read.beneficiaires,
        "premium": read.cotisation,
        "claims": read.prestation * (1.0 + read.derive),
        "loading": read.chargement,
    }
    flat = (read.elasticite == 0) | (read.retention <= 0) | (read.retention >= 1)
    asked = {name: getattr(constraints, name) for name in ROWS if getattr(constraints, name) is not None}
    rows = [row(base, name, level) for name, level in asked.items()]
    n_segments = len(read.segment)
    alpha, beta, _ = row(base, "effectif_min" if objective == "effectif" else "resultat_min", 0.0)
    position = {name: i for i, name in enumerate(read.segment)}
    return Programme(
        segment=read.segment,
        **base,
        retention=read.retention,
        a=np.where(flat, 0.0, logit(np.where(flat, 0.5, read.retention))),
        b=np.where(flat, 0.0, read.elasticite),
        flat=flat,
        low=read.hausse_min,
        high=_caps(constraints, base, read.hausse_max, position),
        alpha=alpha,
        beta=beta,
        rows=tuple(asked),
        A=np.array([r[0] for r in rows]).reshape(-1, n_segments),
        B=np.array([r[1] for r in rows]).reshape(-1, n_segments),
        rhs=np.array([r[2] for r in rows]),
        pairs=_pairs(constraints, position),
        spread=constraints.widest(),
    )


def _caps(constraints: Constraints, base: dict[str, Floats], high: Floats, position: dict[str, int]) -> Floats:
    high = high.copy()
    if constraints.gel:
        high = np.minimum(high, 0.0)
    if constraints.solidarite_max is not None:
        net = (1 - base["loading"]) * base["premium"]
        high = np.minimum(high, np.maximum((1 + constraints.solidarite_max) * base["claims"] / net - 1, 0.0))
    for name, tarif, annee in constraints.evin:
        at, cap = _find(position, name, "evin"), evin_cap(annee)
        if cap is not None:
            high[at] = min(high[at], cap * tarif / base["premium"][at] - 1)
    return high


def _pairs(constraints: Constraints, position: dict[str, int]) -> NDArray[np.int64]:
    named = constraints.ordre or ()
    found = [(_find(position, low, "ordre"), _find(position, high, "ordre")) for low, high in named]
    return np.array([p for p in found if p[0] != p[1]], dtype=np.int64).reshape(-1, 2)


def _find(position: dict[str, int], name: str, colonne: str) -> int:
    if name not in position:
        raise ParameterError(
            "Segment inconnu.", colonne=colonne, valeur=name, remede="Nommez un segment du portefeuille."
        )
    return position[name]
