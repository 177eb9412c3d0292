"""What a lever moves and by how much, told before it is touched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.french import format_euros, format_number, format_points
from analytics.prescriptive.levers import ALL, LEVIERS, Levier, no_lever
from analytics.prescriptive.outcome import INDICATEURS
from analytics.prescriptive.postes import UNLOCKED
from analytics.prescriptive.simulator import Simulator

#: Indicator to the words after its change, and the smallest change worth telling.
WORDS: dict[str, tuple[str, str, float]] = {
    "cotisation": ("EUR", "de cotisations", 0.5),
    "prestation": ("EUR", "de prestations", 0.5),
    "resultat": ("EUR", "de résultat technique", 0.5),
    "effectif": ("nombre", "adhérents", 0.05),
    "pc": ("points", "de P/C", 5e-5),
    "reste_a_charge": ("EUR", "de reste à charge par tête", 0.005),
    "charges": ("EUR", "de coût des actions et des taxes", 0.5),
}


@dataclass(frozen=True)
class Description:
    """What one step of a lever does.

    Attributes
    ----------
    levier, poste : str
    disponible : bool
        Whether the file allows it.
    manque : tuple of str
        Columns that would unlock it, or sharpen it.
    effets : pandas.DataFrame
        indicateur, ecart (central), bas_80, haut_80 (over the futures), bouge (whether it is worth telling).
    phrase : str
        One French sentence.
    """

    levier: str
    poste: str
    disponible: bool
    manque: tuple[str, ...]
    effets: pd.DataFrame
    phrase: str


def describe_lever(simulator: Simulator, levier: str, *, segment: str = ALL, poste: str = ALL) -> Description:
    """Effect of one step of a lever on every output, against doing nothing.

    Parameters
    ----------
    simulator : Simulator
    levier : str
        Key of :data:`LEVIERS`; its step is :attr:`Levier.pas`.
    segment, poste : str
        Where it is moved; "*" for everywhere.

    Raises
    ------
    ParameterError
        Unknown lever, segment or poste.
    """
    if levier not in LEVIERS:
        raise ParameterError("Levier inconnu.", valeur=levier, remede=f"Leviers possibles : {', '.join(LEVIERS)}.")
    lever = LEVIERS[levier]
    missing = _missing(simulator, lever)
    move = pd.DataFrame({"segment": [segment], "levier": [levier], "valeur": [lever.pas]})
    if lever.par_poste:
        move["poste"] = poste
    try:
        effects = _effects(simulator, move)
    except ParameterError as error:
        if segment != ALL and segment not in set(simulator.base.segment):
            raise
        return Description(levier, poste, False, missing, _nothing(), f"{lever.label} : {error.message}")
    where = "" if poste == ALL else f" en {poste}"
    told = ", ".join(_words(row) for row in effects[effects["bouge"]].itertuples()) or "rien ne bouge"
    label = lever.label.partition(",")[0]  # the unit is told by the step
    return Description(levier, poste, True, missing, effects, f"{lever.unite}, {label}{where} : {told}.")


def _missing(simulator: Simulator, lever: Levier) -> tuple[str, ...]:
    """Columns that the portfolio does not have and that the lever would use."""
    known = set() if simulator.postes is None else set(simulator.postes.columns)
    if "actes_100" in known:
        known.add("panier")
    wanted = list(lever.colonnes)
    if "reponse_frequence" in lever.reponses:
        wanted += ["poste", "frais_reels", "remboursement_amo"]
    return tuple(dict.fromkeys(c for c in wanted if c in UNLOCKED and c not in known))


def _effects(simulator: Simulator, move: pd.DataFrame) -> pd.DataFrame:
    before, after = simulator.central(no_lever()), simulator.central(move)
    gaps = simulator.totals(move) - simulator.totals(no_lever())
    rows = []
    for key in WORDS:
        low, high = np.quantile(gaps[key], [0.1, 0.9])
        gap = after[key] - before[key]
        rows.append((key, gap, low, high, bool(abs(gap) >= WORDS[key][2])))
    return pd.DataFrame(rows, columns=["indicateur", "ecart", "bas_80", "haut_80", "bouge"])


def _nothing() -> pd.DataFrame:
    blank = [(key, np.nan, np.nan, np.nan, False) for key in WORDS if key in INDICATEURS]
    return pd.DataFrame(blank, columns=["indicateur", "ecart", "bas_80", "haut_80", "bouge"])


def _words(row: object) -> str:
    unit, words, _ = WORDS[row.indicateur]
    if unit == "EUR":
        amount = format_euros(row.ecart, signed=True)
    elif unit == "points":
        amount = format_points(row.ecart, 2)
    else:
        amount = format_number(row.ecart, 0 if abs(row.ecart) >= 10 else 1, signed=True)
    return f"{amount} {words}"
