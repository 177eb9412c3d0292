"""The words of a bridge: names of its effects, how they multiply, what is sure of them, the answer of the section."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analytics.constat import in_sentence
from analytics.diagnostic.bounds import Bounds
from analytics.diagnostic.bridge import Bridge
from analytics.diagnostic.gap import Gap
from analytics.french import format_gap, is_missing
from analytics.uncertainty import Z_80
from analytics.verdict import Reponse

EFFECTS = {
    "effectif": "Nombre d’assurés",
    "mix": "Composition",
    "frequence": "Fréquence des actes",
    "cout_moyen": "Coût moyen par acte",
    "frais_moyens": "Frais réels par acte",
    "part_amc": "Part remboursée des frais",
    "cotisation_moyenne": "Cotisation par assuré",
    "consommation": "Consommation par tête",
    "actes": "Nombre d’actes",
    "prestation": "Montants",
    "taux": "Niveau propre aux segments",
    "ouverture": "Segments nouveaux",
    "fermeture": "Segments disparus",
    "sans_exposition": "Sans assurés connus",
    "sans_cotisation": "Sans cotisation connue",
}
#: In « partage » mode one bar: each of these may be the amount of a few persons.
APART = ("mix", "ouverture", "fermeture", "sans_exposition", "sans_cotisation")
TOGETHER = "Composition, mouvements"
_HEADS = "assurés × composition"
_TREES = {
    ("effectif", "mix", "frequence", "cout_moyen"): f"{_HEADS} × actes par assuré × coût par acte",
    ("effectif", "mix", "frequence", "frais_moyens", "part_amc"):
        f"{_HEADS} × actes par assuré × frais réels par acte × part remboursée",
    ("effectif", "mix", "consommation"): f"{_HEADS} × montant par assuré",
    ("actes", "cout_moyen"): "nombre d’actes × coût par acte",
    ("taux", "mix"): "niveau propre à chaque segment, puis composition",
    ("frequence", "cout_moyen", "cotisation_moyenne", "mix"):
        "niveau propre à chaque segment (actes par assuré × coût par acte ÷ cotisation par assuré), puis composition",
}  # fmt: skip
#: Share of the change from which one effect is said to make it.
MOST = 0.5
#: Half-width of an interval, in parts of its effect, under which it is not drawn.
FINE = 0.005
#: Part of the level under which an effect is what rounding left.
ROUNDING = 1e-9
CHANCES = "8 fois sur 10"


def group_effects(bridge: Bridge, *, shared: bool) -> dict[str, str]:
    """Bar of each effect: its own, or in « partage » mode the one of all those that may tell of a few persons."""
    return {e: "mix" if shared and e in APART else e for e in pd.unique(bridge.table["effet"])}


def name_effect(bar: str, *, shared: bool) -> str:
    """French name of a bar."""
    return TOGETHER if shared and bar == "mix" else EFFECTS.get(bar, bar)


def list_bars(gap: Gap, *, shared: bool) -> pd.DataFrame:
    """One row by bar that moves: cle, effet (label), montant, bas, haut (missing when too narrow to matter)."""
    groups = group_effects(gap.bridge, shared=shared)
    amounts = gap.bridge.by().assign(cle=lambda t: t["effet"].map(groups)).groupby("cle", sort=False)["montant"].sum()
    amounts = amounts[amounts.abs() > ROUNDING * max(abs(gap.bridge.before), abs(gap.bridge.after))]
    spans = [interval_of(gap.bounds, amount, weigh(groups, bar)) for bar, amount in amounts.items()]
    low, high = np.array(spans).reshape(-1, 2).T
    names = [name_effect(bar, shared=shared) for bar in amounts.index]
    return pd.DataFrame(
        {"cle": amounts.index.astype("str"), "effet": names, "montant": amounts.to_numpy(), "bas": low, "haut": high}
    )


def weigh(groups: Mapping[str, str], bar: str) -> dict[str, float]:
    """Weights of the effects of a bar."""
    return {effect: 1.0 for effect, own in groups.items() if own == bar}


def interval_of(bounds: Bounds, amount: float, weights: Mapping[str, float] | None = None) -> tuple[float, float]:
    """80 % interval of an amount; missing when it is unknown or too narrow to matter."""
    low, high = bounds.interval(amount, weights)
    return (low, high) if high - amount > FINE * abs(amount) else (np.nan, np.nan)


def say_amount(amount: float, low: float, high: float, unit: str) -> str:
    """« +4,30 M€ (de +4,16 M€ à +4,43 M€, 8 fois sur 10) »."""
    if is_missing(low):
        return format_gap(amount, unit)
    return f"{format_gap(amount, unit)} (de {format_gap(low, unit)} à {format_gap(high, unit)}, {CHANCES})"


def say_tree(bridge: Bridge, label: str) -> str:
    """How the factors make the amount; "" when it is a plain difference."""
    tree = _TREES.get(bridge.factors)
    return f"{label} = {tree}." if tree else ""


def say_unsure(bars: pd.DataFrame, unit: str) -> list[str]:
    """The effects whose very sign is not known."""
    return [
        f"{bar.effet} : on ne peut pas dire si cela a fait monter ou baisser le total, "
        f"{say_amount(bar.montant, bar.bas, bar.haut, unit)}."
        for bar in bars[(bars["bas"] < 0) & (bars["haut"] > 0)].itertuples()
    ]


def judge(gap: Gap, bars: pd.DataFrame, unit: str, *, shared: bool) -> tuple[Reponse, str]:
    """Whether one effect makes most of the change, or whether the months still to be paid leave that open."""
    bridge, bounds = gap.bridge, gap.bounds
    if bridge.total == 0:
        return "non", "Il n’y a pas d’écart à expliquer."
    if bridge.factors == ("prestation",):
        return "on ne peut pas dire", "Sans assurés ni actes, l’écart ne se partage qu’entre segments."
    low, high = interval_of(bounds, bridge.total)
    if low < 0 < high:
        told = say_amount(bridge.total, low, high, unit)
        return "on ne peut pas dire", f"Trop peu est payé pour savoir s’il y a une hausse ou une baisse : {told}."
    first = bars.iloc[int((bars["montant"] / bridge.total).to_numpy().argmax())]
    size = (
        f"{in_sentence(first['effet'])}, {say_amount(first['montant'], first['bas'], first['haut'], unit)} "
        f"sur {format_gap(bridge.total, unit)}"
    )
    own = weigh(group_effects(bridge, shared=shared), first["cle"])
    beyond = (first["montant"] - MOST * bridge.total) * np.sign(bridge.total)
    room = Z_80 * bounds.error({effect: own.get(effect, 0.0) - MOST for effect in bounds.effects})
    if abs(beyond) < room:
        return (
            "on ne peut pas dire",
            f"Le premier effet fait la moitié de l’écart, un peu plus ou un peu moins : {size}.",
        )
    if beyond >= 0:
        return "oui", f"Un effet domine : {size}."
    return "non", f"Aucun effet ne fait à lui seul la moitié de l’écart ; le premier est {size}."
