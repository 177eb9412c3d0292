"""What one step of each lever does, as a table of words."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from analytics.descriptive.memory import remember
from analytics.french import MISSING, format_euros, format_number, format_points
from analytics.prescriptive import LEVIERS
from analytics.prescriptive.describe import Description
from analytics.prescriptive.levers import ALL

EFFECTS = {
    "resultat": ("Résultat technique", "EUR"),
    "pc": ("P/C", "points"),
    "effectif": ("Assurés", "nombre"),
    "cotisation": ("Cotisations", "EUR"),
    "prestation": ("Prestations", "EUR"),
    "reste_a_charge": ("Reste à charge par tête", "EUR"),
}
_SHORT = {"resultat": "résultat", "pc": "P/C", "effectif": "assurés", "reste_a_charge": "reste à charge"}


def told_levers(descriptions: Iterable[Description], label: Callable[[str], str]) -> pd.DataFrame:
    """Levier, Un pas, one column by output, Colonnes manquantes: one row by lever; `label` names a column."""
    return pd.DataFrame([_row(told, label) for told in descriptions])


def brief(told: Description) -> str:
    """« −1 % : résultat +562 k€, P/C −0,76 pt, reste à charge +2,23 € » : what a step moves, said before it is made."""
    return remember(told.effets, "brief", lambda: _brief(told))


def _brief(told: Description) -> str:
    effects = told.effets.set_index("indicateur")
    parts = [
        f"{word} {tell_gap(effects.loc[key, 'ecart'], EFFECTS[key][1])}"
        for key, word in _SHORT.items()
        if bool(effects.loc[key, "bouge"])
    ]
    return f"{LEVIERS[told.levier].unite} : {', '.join(parts) or 'rien ne bouge'}"


def _row(told: Description, name_of: Callable[[str], str]) -> dict[str, str]:
    lever = LEVIERS[told.levier]
    where = "" if told.poste == ALL else f", {told.poste}"
    label = lever.label.partition(",")[0]
    effects = told.effets.set_index("indicateur")
    cells = {name: _cell(effects.loc[key], unit) for key, (name, unit) in EFFECTS.items()}
    columns = ", ".join(name_of(c) for c in told.manque)
    refused = "" if told.disponible else told.phrase.partition(" : ")[2]
    return {
        "Levier": f"{label[:1].upper()}{label[1:]}{where}", "Un pas": lever.unite, **cells,
        "Colonnes manquantes": columns or refused,
    }  # fmt: skip


def _cell(effect: pd.Series, unit: str) -> str:
    """The central effect, then the range of 8 futures out of 10; « = » when nothing worth telling moves."""
    if pd.isna(effect["ecart"]):
        return MISSING
    if not effect["bouge"]:
        return "="
    centre, low, high = (tell_gap(effect[c], unit) for c in ("ecart", "bas_80", "haut_80"))
    return centre if low == high else f"{centre} ({low} à {high})"


def tell_gap(value: float, unit: str) -> str:
    """A gap with its sign, in euros, in points or in persons."""
    if unit == "EUR":
        return format_euros(value, signed=True)
    return format_points(value, 2) if unit == "points" else format_number(value, signed=True)
