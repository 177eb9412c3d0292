"""Forecasts that add up: weighted least squares projection on the totals of the leaves.

Source: Wickramasinghe, Athanasopoulos and Hyndman (2019), MinT with a diagonal covariance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from analytics.errors import ParameterError, SchemaError

Hierarchy = Mapping[str, Sequence[str]]
#: Name of the whole of a perimeter, beside its parts.
WHOLE = "Ensemble"
#: Most parts that a whole is forecast by.
MAX_SERIES = 14


def summing_matrix(hierarchy: Hierarchy) -> tuple[list[str], list[str], np.ndarray]:
    """Nodes (aggregates then leaves), leaves, and the matrix that sums leaves into nodes.

    Raises
    ------
    ParameterError
        An aggregate without leaf, a leaf named twice, or an aggregate used as a leaf.
    """
    for name, members in hierarchy.items():
        if len(members) == 0 or len(set(members)) < len(members):
            raise ParameterError("Un agrégat doit avoir des séries, chacune une seule fois.", valeur=name)
    leaves = sorted({str(leaf) for members in hierarchy.values() for leaf in members})
    nested = sorted(set(leaves).intersection(hierarchy))
    if nested:
        raise ParameterError(
            "Un agrégat se décrit par ses séries de base, pas par d’autres agrégats.", valeur=nested[0]
        )
    column = {leaf: j for j, leaf in enumerate(leaves)}
    upper = np.zeros((len(hierarchy), len(leaves)))
    for i, members in enumerate(hierarchy.values()):
        upper[i, [column[str(leaf)] for leaf in members]] = 1.0
    return [*hierarchy, *leaves], leaves, np.vstack([upper, np.eye(len(leaves))])


def project(base: np.ndarray, summing: np.ndarray, variance: np.ndarray, *, non_negative: bool) -> np.ndarray:
    """Coherent values closest to the base forecasts, each weighted by the inverse of its error variance.

    Parameters
    ----------
    base : numpy.ndarray
        (nodes, months).
    summing : numpy.ndarray
        (nodes, leaves).
    variance : numpy.ndarray
        Error variance of each node, positive.
    non_negative : bool
        Leaves below zero are set to zero before summing again.
    """
    weighted = summing / variance[:, None]
    leaves = cho_solve(cho_factor(summing.T @ weighted), weighted.T @ base)
    return summing @ (np.maximum(leaves, 0.0) if non_negative else leaves)


def shift(quantiles: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Quantiles moved with their centre: in proportion when everything is positive, by translation otherwise."""
    positive = (old > 0) & (new >= 0) & (np.nan_to_num(quantiles, nan=0.0) >= 0).all(axis=0)
    ratio = np.divide(new, old, out=np.ones_like(new), where=positive)
    return np.where(positive, quantiles * ratio, quantiles + (new - old))


def reconcile(table: pd.DataFrame, hierarchy: Hierarchy, weights: Mapping[str, float]) -> pd.DataFrame:
    """Make forecasts add up.

    Parameters
    ----------
    table : pandas.DataFrame
        serie, mois, valeur, and any bas_L, haut_L; series outside the hierarchy are returned as they are.
    hierarchy : mapping of str to sequence of str
        Aggregate series to the leaf series it sums.
    weights : mapping of str to float
        Error variance of each series of the hierarchy.

    Returns
    -------
    pandas.DataFrame
        Same rows and columns; `valeur` is coherent to rounding, bounds follow their centre and do not add up.

    Raises
    ------
    SchemaError
        A series of the hierarchy is absent, or has not the same months as the others.
    ParameterError
        A weight is missing or not positive; the hierarchy is wrong.
    """
    nodes, _, summing = summing_matrix(hierarchy)
    absent = sorted(set(nodes).difference(table["serie"]))
    if absent:
        raise SchemaError("Une série de la hiérarchie n’est pas dans la table.", valeur=absent[0])
    variance = np.array([weights.get(node, np.nan) for node in nodes], dtype=float)
    wrong = ~(variance > 0) | ~np.isfinite(variance)
    if wrong.any():
        raise ParameterError("Chaque série doit avoir une variance d’erreur positive.", valeur=nodes[wrong.argmax()])
    inside = table["serie"].isin(nodes)
    if table[inside].duplicated(["serie", "mois"]).any():
        raise SchemaError("Le même mois figure deux fois pour une série.", colonne="mois")
    wide = table[inside].pivot_table(index="serie", columns="mois", values="valeur", dropna=False).loc[nodes]
    if wide.isna().to_numpy().any():
        raise SchemaError("Les séries de la hiérarchie n’ont pas toutes les mêmes mois prévus.", colonne="mois")
    base = wide.to_numpy()
    coherent = project(base, summing, variance, non_negative=bool((base >= 0).all()))
    return _write_back(table, inside, pd.DataFrame(coherent, index=wide.index, columns=wide.columns))


def _write_back(table: pd.DataFrame, inside: pd.Series, coherent: pd.DataFrame) -> pd.DataFrame:
    result = table.copy()
    rows = table[inside]
    new = coherent.to_numpy()[coherent.index.get_indexer(rows["serie"]), coherent.columns.get_indexer(rows["mois"])]
    columns = [c for c in table.columns if c.startswith(("bas_", "haut_"))]
    if columns:
        result.loc[inside, columns] = shift(rows[columns].to_numpy().T, rows["valeur"].to_numpy(), new).T
    result.loc[inside, "valeur"] = new
    return result
