"""Thresholds that the user sets: an indicator over a perimeter, above or below a value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analytics.constat import Constat, describe_perimeter, in_sentence
from analytics.descriptive.finding import build_constat
from analytics.errors import ParameterError
from analytics.french import format_month, format_value, is_missing
from analytics.indicators import get_indicator
from analytics.schema import Dataset, Selection

SENS = ("au-dessus", "au-dessous")
#: Months watched, ending with the last mature one.
PERIODES: Mapping[str, int] = {"12 derniers mois connus": 12, "dernier mois connu": 1}


@dataclass(frozen=True)
class Seuil:
    """A threshold.

    Attributes
    ----------
    indicateur : str
        Key of an indicator or measure.
    sens : {"au-dessus", "au-dessous"}
        Side on which it warns, the value itself excluded.
    valeur : float
        In the unit of the indicator (0.9 for 90 %).
    filtres : dict of str to tuple of str
        Perimeter.
    periode : str
        Key of :data:`PERIODES`.

    Raises
    ------
    ParameterError
        Unknown side or period, or a value that is not a number.
    """

    indicateur: str
    sens: str
    valeur: float
    filtres: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    periode: str = "12 derniers mois connus"

    def __post_init__(self) -> None:
        if self.sens not in SENS:
            raise ParameterError("Sens inconnu.", valeur=self.sens, remede=f"Choisissez {' ou '.join(SENS)}.")
        if self.periode not in PERIODES:
            raise ParameterError("Période inconnue.", valeur=self.periode, remede=" ou ".join(PERIODES))
        if is_missing(self.valeur):
            raise ParameterError("Un seuil est un nombre.", valeur=self.valeur)

    def to_plain(self) -> dict[str, object]:
        """As plain values, to be kept with the dataset."""
        return {
            "indicateur": self.indicateur,
            "sens": self.sens,
            "valeur": float(self.valeur),
            "filtres": {d: list(v) for d, v in self.filtres.items()},
            "periode": self.periode,
        }

    @classmethod
    def from_plain(cls, content: Mapping[str, object]) -> Seuil:
        """Read back what `to_plain` wrote.

        Raises
        ------
        ParameterError
            It is not a threshold.
        """
        try:
            filters = {str(d): tuple(str(x) for x in v) for d, v in content["filtres"].items()}
            value = float(content["valeur"])
            return cls(str(content["indicateur"]), str(content["sens"]), value, filters, str(content["periode"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ParameterError("Ce seuil est illisible.", remede="Supprimez-le et posez-le de nouveau.") from error


@dataclass(frozen=True)
class Etat:
    """What a threshold says today: `franchi` is None when nothing can be said, and `raison` why."""

    seuil: Seuil
    constat: Constat | None
    franchi: bool | None
    raison: str = ""


def check_threshold(dataset: Dataset, seuil: Seuil, *, maturity_table: pd.DataFrame) -> Etat:
    """Hold a threshold against the last mature months: immature ones never cross anything.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    seuil : Seuil
        The threshold.
    maturity_table : pandas.DataFrame
        Result of `maturity` on the data before completion.

    Raises
    ------
    ParameterError
        Unknown indicator or dimension.
    """
    mature = pd.DatetimeIndex(maturity_table.loc[maturity_table["statut"] != "incomplet", "mois"])
    wanted = PERIODES[seuil.periode]
    if len(mature) < wanted:
        return Etat(seuil, None, None, f"il faut {wanted} mois connus, il y en a {len(mature)}")
    fin = mature.max()
    debut = fin - pd.DateOffset(months=wanted - 1)
    missing = pd.date_range(debut, fin, freq="MS").difference(mature)
    if len(missing):
        return Etat(seuil, None, None, f"il manque {', '.join(map(format_month, missing))}")
    period = Selection(debut, fin, dict(seuil.filtres), "N-1")
    known = maturity_table.set_index("mois")["part_connue"]
    constat = build_constat(dataset, seuil.indicateur, period, q_value=math.nan, known=known)
    if is_missing(constat.valeur):
        return Etat(seuil, constat, None, "l’indicateur n’a pas de valeur dans ce périmètre")
    beyond = constat.valeur - seuil.valeur
    return Etat(seuil, constat, beyond > 0 if seuil.sens == SENS[0] else beyond < 0)


def describe_threshold(seuil: Seuil, dataset: Dataset) -> str:
    """The threshold in French: « Dentaire : ratio P/C au-dessus de 90 % (12 derniers mois connus) »."""
    indicator = get_indicator(seuil.indicateur, dataset)
    where = describe_perimeter(Selection(filtres=seuil.filtres), dataset)
    value = format_value(seuil.valeur, indicator.unit)
    return f"{where} : {in_sentence(indicator.label)} {seuil.sens} de {value} ({seuil.periode})"
