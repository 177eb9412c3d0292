"""The words of a bridge: names of its effects, how they multiply, what is sure of them, the answer of the section."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analytics.constat import Constat, in_sentence
from analytics.diagnostic.bounds import Bounds
from analytics.diagnostic.bridge import Bridge
from analytics.diagnostic.gap import LABELS, UNKNOWN, Gap
from analytics.french import format_gap, is_missing
from analytics.uncertainty import Z_80
from analytics.verdict import Reponse
from pages.components.bridge_secret import OTHERS, ROUNDING, rest_of

EFFECTS = LABELS | {OTHERS: "Autres effets"}
#: In « partage » mode: what moves the portfolio, then all that may only be shown as one.
TOGETHER, EVERYTHING = "Composition, mouvements", "Tous les effets"
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
CHANCES = "8 fois sur 10"


def name_effect(bar: str, *, shared: bool, alone: bool = False) -> str:
    """French name of a bar; `alone` when it is the only one."""
    if bar == OTHERS:
        return EVERYTHING if alone else EFFECTS[OTHERS]
    return TOGETHER if shared and bar == "mix" else EFFECTS.get(bar, bar)


def list_bars(constat: Constat, gap: Gap, groups: Mapping[str, str], *, shared: bool) -> pd.DataFrame:
    """One row by bar that moves: cle, effet (label), montant, bas, haut (missing when too narrow to matter).

    They sum to the change that the finding tells: what is unknown in one of the periods has its bar.
    """
    sums = gap.table.groupby("effet", observed=True, sort=False)["montant"].sum()
    if rest := rest_of(constat, gap):
        sums[UNKNOWN] = sums.get(UNKNOWN, 0.0) + rest
    amounts = sums.groupby(sums.index.map(groups), sort=False).sum()
    amounts = amounts[amounts.abs() > ROUNDING * level_of(constat)]
    spans = [interval_of(gap.bounds, amount, weigh(groups, bar)) for bar, amount in amounts.items()]
    low, high = np.array(spans).reshape(-1, 2).T
    names = [name_effect(bar, shared=shared, alone=len(amounts) == 1) for bar in amounts.index]
    return pd.DataFrame(
        {"cle": amounts.index.astype("str"), "effet": names, "montant": amounts.to_numpy(), "bas": low, "haut": high}
    )


def level_of(constat: Constat) -> float:
    """The larger of the two levels, beside which rounding is judged."""
    return max(abs(constat.valeur), abs(constat.reference))


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


def judge(constat: Constat, gap: Gap, bars: pd.DataFrame, groups: Mapping[str, str], unit: str) -> tuple[Reponse, str]:
    """Whether one effect makes most of the change, or whether the months still to be paid leave that open."""
    bounds, total = gap.bounds, constat.ecart
    if bars.empty or abs(total) <= ROUNDING * level_of(constat):
        return "non", "Il n’y a pas d’écart à expliquer."
    if gap.bridge.factors == ("prestation",):
        return "on ne peut pas dire", "Sans assurés ni actes, l’écart ne se partage qu’entre segments."
    low, high = interval_of(bounds, total)
    if low < 0 < high:
        told = say_amount(total, low, high, unit)
        return "on ne peut pas dire", f"Trop peu est payé pour savoir s’il y a une hausse ou une baisse : {told}."
    first = bars.iloc[int((bars["montant"] / total).to_numpy().argmax())]
    size = (
        f"{in_sentence(first['effet'])}, {say_amount(first['montant'], first['bas'], first['haut'], unit)} "
        f"sur {format_gap(total, unit)}"
    )
    beyond = (first["montant"] - MOST * total) * np.sign(total)
    if beyond >= 0 and first["cle"] == UNKNOWN:
        return "on ne peut pas dire", f"L’écart tient d’abord à ce que le fichier ne dit pas : {size}."
    if len(bars) == 1 and first["cle"] == OTHERS:
        return "on ne peut pas dire", "Mode partage : les effets ne se montrent que réunis."
    if beyond >= 0 and first["cle"] == OTHERS:
        return "on ne peut pas dire", f"Mode partage : des effets ne se montrent que réunis, {size}."
    if bounds.unmeasured:
        return (
            "on ne peut pas dire",
            f"Des mois pas encore tous payés ont une incertitude qui ne se mesure pas : {size}.",
        )
    own = weigh(groups, first["cle"])
    room = Z_80 * bounds.error({effect: own.get(effect, 0.0) - MOST for effect in bounds.effects})
    if abs(beyond) < room:
        return (
            "on ne peut pas dire",
            f"Le premier effet fait la moitié de l’écart, un peu plus ou un peu moins : {size}.",
        )
    if beyond >= 0:
        return "oui", f"Un effet domine : {size}."
    return "non", f"Aucun effet ne fait à lui seul la moitié de l’écart ; le premier est {size}."
