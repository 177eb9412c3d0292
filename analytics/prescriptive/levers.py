"""Levers asked by the user, laid on the segments of a portfolio."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import ParameterError

Floats = NDArray[np.float64]
#: Lever to its French label and the lowest value that means something (not included).
LEVIERS: dict[str, tuple[str, float]] = {
    "hausse": ("hausse de cotisation", -1.0),
    "prestation": ("évolution du coût par tête", -1.0),
    "frequence": ("évolution de la fréquence", -1.0),
    "cout_moyen": ("évolution du coût moyen", -1.0),
    "chargement": ("chargement, en points", -1.0),
    "effectif": ("nouveaux adhérents", -1.0),
}
ALL = "*"


def no_lever() -> pd.DataFrame:
    """Levers of « ne rien faire »."""
    return pd.DataFrame({"segment": pd.Series(dtype="str"), "levier": pd.Series(dtype="str"), "valeur": []})


def resolve_levers(levers: pd.DataFrame, segments: pd.Series) -> dict[str, Floats]:
    """Value of each lever on each segment; several lines on the same segment and lever add up.

    Parameters
    ----------
    levers : pandas.DataFrame
        segment ("*" for all), levier (a key of :data:`LEVIERS`), valeur (0.05 = +5 %, or +5 points of chargement).
    segments : pandas.Series
        Segments of the portfolio.

    Raises
    ------
    ParameterError
        Missing column, unknown segment or lever, value that is not a number or that takes everything away.
    """
    for column in ("segment", "levier", "valeur"):
        if column not in levers.columns:
            raise ParameterError("Une colonne manque aux leviers.", colonne=column)
    names = segments.astype(str)
    _check_known(levers["levier"], LEVIERS, "Levier inconnu.", f"Leviers possibles : {', '.join(LEVIERS)}.")
    _check_known(
        levers["segment"], {ALL, *names}, "Segment inconnu.", "Choisissez un segment du portefeuille ou « * »."
    )
    values = levers["valeur"].to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(values).all():
        raise ParameterError("Un levier n’a pas de valeur.", remede="Écrivez par exemple 5 % ou −3 %.")
    found = {name: np.zeros(len(names)) for name in LEVIERS}
    position = pd.Series(np.arange(len(names)), index=names)
    for segment, lever, value in zip(levers["segment"].astype(str), levers["levier"], values, strict=True):
        rows = slice(None) if segment == ALL else position[segment]
        found[lever][rows] += value
    for lever, (label, lowest) in LEVIERS.items():
        if (found[lever] <= lowest).any():
            raise ParameterError(f"Ce levier enlève tout : {label}.", valeur=float(found[lever].min()))
    return found


def _check_known(asked: pd.Series, known: object, message: str, remede: str) -> None:
    unknown = [a for a in asked.astype(str).unique() if a not in known]
    if unknown:
        raise ParameterError(message, valeur=unknown[0], remede=remede)
