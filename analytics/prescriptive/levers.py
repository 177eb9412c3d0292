"""Levers asked by the user, laid on the segments and the postes of a portfolio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import ParameterError

Floats = NDArray[np.float64]
ALL = "*"


@dataclass(frozen=True)
class Levier:
    """A lever: what a value of it means.

    Attributes
    ----------
    label : str
        French.
    lowest : float
        Lowest value that means something.
    is_open : bool
        Whether that lowest value is itself refused.
    highest : float
        Highest value, included.
    pas : float
        Step by which its effect is told: 0.01 = one point or one percent, 1 = one euro, or the switch turned on.
    unite : str
        That step in words.
    par_poste : bool
        Whether it may be given on one poste.
    colonnes : tuple of str
        Columns of the file that it cannot do without.
    reponses : tuple of str
        Keys of :data:`analytics.prescriptive.responses.REPONSES` that its effect rests on.
    """

    label: str
    lowest: float = -1.0
    is_open: bool = True
    highest: float = np.inf
    pas: float = 0.01
    unite: str = "+1 %"
    par_poste: bool = False
    colonnes: tuple[str, ...] = ()
    reponses: tuple[str, ...] = ()


LEVIERS: dict[str, Levier] = {
    "hausse": Levier("hausse de cotisation", unite="+1 point"),
    "prestation": Levier("évolution du coût par tête", pas=-0.01, unite="−1 %", par_poste=True),
    "frequence": Levier("évolution de la fréquence", pas=-0.01, unite="−1 %", par_poste=True),
    "cout_moyen": Levier("évolution du coût moyen", pas=-0.01, unite="−1 %", par_poste=True),
    "chargement": Levier("chargement, en points", pas=-0.01, unite="−1 point"),
    "effectif": Levier("nouveaux adhérents"),
    "taux": Levier(
        "taux de prise en charge", -1.0, False, pas=-0.01, unite="−1 %", par_poste=True, reponses=("reponse_frequence",)
    ),
    "plafond": Levier(
        "plafond de remboursement", -1.0, False, pas=-0.01, unite="−1 %", par_poste=True,
        reponses=("part_au_plafond", "reponse_frequence"),
    ),
    "sante100": Levier(
        "actes passés au 100 % Santé", 0.0, False, 1.0, unite="+1 point des actes", par_poste=True,
        colonnes=("panier", "actes", "frais_reels", "remboursement_amo"), reponses=("reponse_frequence",),
    ),
    "reseau": Levier(
        "actes passés dans le réseau de soins", 0.0, False, 1.0, unite="+1 point des actes", par_poste=True,
        reponses=("economie_reseau", "reponse_frequence"),
    ),
    "prevention": Levier(
        "prévention, en euros par tête", 0.0, False, pas=1.0, unite="+1 € par tête", reponses=("effet_prevention",)
    ),
    "acquisition": Levier(
        "adhérents recrutés", 0.0, False, unite="+1 % d’adhérents", reponses=("cout_acquisition", "pc_recrues")
    ),
    "tsa": Levier(
        "taxe de solidarité additionnelle, en points", -1.0, True, 1.0, unite="+1 point", reponses=("repercussion_tsa",)
    ),
    "contribution": Levier(
        "contribution exceptionnelle 2026", 0.0, False, 1.0, pas=1.0, unite="activée",
        reponses=("repercussion_contribution",),
    ),
}  # fmt: skip
PAR_POSTE = tuple(key for key, lever in LEVIERS.items() if lever.par_poste)


def no_lever() -> pd.DataFrame:
    """Levers of « ne rien faire »."""
    return pd.DataFrame({"segment": pd.Series(dtype="str"), "levier": pd.Series(dtype="str"), "valeur": []})


def resolve_levers(levers: pd.DataFrame, segments: pd.Series, postes: Sequence[str] = (ALL,)) -> dict[str, Floats]:
    """Value of each lever on each segment; several lines on the same place add up.

    Parameters
    ----------
    levers : pandas.DataFrame
        segment ("*" for all), levier (a key of :data:`LEVIERS`), valeur (0.05 = +5 %, or +5 points of chargement);
        optionally poste ("*" or missing for all), for the levers that know one.
    segments : pandas.Series
        Segments of the portfolio.
    postes : sequence of str
        Its postes, when it is known by poste.

    Returns
    -------
    dict of str to numpy.ndarray
        Shape (segments, postes) for a lever of :data:`PAR_POSTE`, (segments,) for another.

    Raises
    ------
    ParameterError
        Missing column, unknown segment, poste or lever, value that is not a number or that takes everything away.
    """
    if not isinstance(levers, pd.DataFrame):
        raise ParameterError("Les leviers se donnent en tableau : segment, levier, valeur.", valeur=str(levers)[:40])
    for column in ("segment", "levier", "valeur"):
        if column not in levers.columns:
            raise ParameterError("Une colonne manque aux leviers.", colonne=column)
    for column in ("segment", "levier"):
        if levers[column].isna().any():
            raise ParameterError("Une case des leviers est vide.", colonne=column)
    names = segments.astype(str)
    _check_known(levers["levier"], LEVIERS, "Levier inconnu.", f"Leviers possibles : {', '.join(LEVIERS)}.")
    _check_known(
        levers["segment"], {ALL, *names}, "Segment inconnu.", "Choisissez un segment du portefeuille ou « * »."
    )
    values = read_numbers(levers["valeur"], "La valeur d’un levier est un nombre : 0.05 pour 5 %.")
    if not np.isfinite(values).all():
        raise ParameterError("Un levier n’a pas de valeur.", remede="Écrivez par exemple 5 % ou −3 %.")
    asked_on = _postes_asked(levers, postes)
    found = {key: np.zeros((len(names), len(postes)) if key in PAR_POSTE else len(names)) for key in LEVIERS}
    row, column = ({name: i for i, name in enumerate(axis)} for axis in (names, postes))
    for segment, lever, value, poste in zip(
        levers["segment"].astype(str), levers["levier"], values, asked_on, strict=True
    ):
        rows = slice(None) if segment == ALL else row[segment]
        at = (rows, slice(None) if poste == ALL else column[poste]) if lever in PAR_POSTE else rows
        found[lever][at] += value
    _check_range(found)
    return found


def read_numbers(column: pd.Series, message: str) -> Floats:
    """A column as numbers, missing ones NaN; a French error for what is no number: words, dates."""
    kinds = pd.api.types
    is_date = kinds.is_datetime64_any_dtype(column) or kinds.is_timedelta64_dtype(column)
    refused = ParameterError(message, colonne=str(column.name))
    if is_date or kinds.is_complex_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        raise refused
    try:
        return column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise refused from None


def _postes_asked(levers: pd.DataFrame, postes: Sequence[str]) -> list[str]:
    if "poste" not in levers.columns:
        return [ALL] * len(levers)
    asked = [ALL if pd.isna(p) else str(p) for p in levers["poste"].tolist()]
    _check_known(asked, {ALL, *postes}, "Poste inconnu du portefeuille.", f"Postes : {', '.join(postes)}.")
    for lever, poste in zip(levers["levier"].tolist(), asked, strict=True):
        if poste != ALL and lever not in PAR_POSTE:
            raise ParameterError("Ce levier ne se donne pas par poste.", valeur=lever)
    return asked


def _check_range(found: dict[str, Floats]) -> None:
    for key, lever in LEVIERS.items():
        low, high = float(found[key].min(initial=0.0)), float(found[key].max(initial=0.0))
        if low < lever.lowest or (lever.is_open and low == lever.lowest):
            message = "Ce levier enlève tout" if lever.lowest == -1 else "Ce levier ne va pas au-dessous de zéro"
            raise ParameterError(f"{message} : {lever.label}.", valeur=low)
        if high > lever.highest:
            raise ParameterError(f"Ce levier dépasse 100 % : {lever.label}.", valeur=high)


def _check_known(asked: Sequence[str] | pd.Series, known: object, message: str, remede: str) -> None:
    unknown = [a for a in dict.fromkeys(str(a) for a in asked) if a not in known]
    if unknown:
        raise ParameterError(message, valeur=unknown[0], remede=remede)
