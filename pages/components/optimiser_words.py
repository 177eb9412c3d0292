"""A plan in words and in rows: what to do, what it gives, its proof, what each rule costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.disclosure import K
from analytics.french import MINUS, format_euros, format_number, format_percent, format_points
from analytics.prescriptive.law import SOURCE_EVIN, SOURCE_GEL
from analytics.prescriptive.plan import LABELS
from pages.components.optimiser_solve import Found

OTHERS = "Autres segments"
NAMES = {
    **LABELS,
    "solidarite_max": "le plafond de solidarité",
    "gel": f"le gel des cotisations ({SOURCE_GEL})",
    "evin": f"les plafonds de la {SOURCE_EVIN}",
}
#: Constraints that the price of a limit says nothing of.
_RULES = ("ordre", "ecart_max")


def say_plan(found: Found) -> str:
    """What to do and what it gives, against doing nothing and against the uniform rise."""
    totals, rises = found.plan.totals(), found.plan.table["hausse"]
    low, high = float(rises.min()), float(rises.max())
    mean = format_percent(totals["hausse_moyenne"], signed=True)
    what = (
        "Ne rien augmenter"
        if max(abs(low), abs(high)) < 5e-5
        else f"La même hausse pour tous, {mean},"
        if high - low < 5e-5
        else f"Des hausses de {format_percent(low, 2, signed=True)} à {format_percent(high, 2, signed=True)} selon les "
        f"segments, {format_percent(totals['hausse_moyenne'], 2, signed=True)} en moyenne,"
        if high - low < 1e-3
        else f"Une hausse de {mean} en moyenne, de {format_percent(low, signed=True)} à "
        f"{format_percent(high, signed=True)} selon les segments,"
    )
    return (
        f"{what} donne un résultat de {format_euros(totals['resultat'])} et garde "
        f"{format_number(totals['effectif'])} assurés : {_against(totals, found.idle, 'ne rien faire')} ; "
        f"{_uniform(found, totals)}."
    )


def _against(totals: dict[str, float], other: dict[str, float], name: str) -> str:
    money = format_euros(totals["resultat"] - other["resultat"], signed=True)
    heads = format_number(totals["effectif"] - other["effectif"], signed=True)
    return f"{money} et {heads} assurés face à « {name} »"


def _uniform(found: Found, totals: dict[str, float]) -> str:
    if not found.uniform:
        return "aucune hausse uniforme ne tient ces contraintes"
    if (
        abs(totals["resultat"] - found.uniform["resultat"]) < 1
        and abs(totals["effectif"] - found.uniform["effectif"]) < 1
    ):
        rises = found.plan.table["hausse"]
        if found.plan.goal == "pire_hausse" or float(np.ptp(rises)) >= 5e-5:
            return "autant que la meilleure hausse uniforme"
        return "aucune répartition ne fait mieux que cette hausse uniforme"
    rise = format_percent(found.hausse, signed=True)
    return _against(totals, found.uniform, f"la meilleure hausse uniforme, {rise}")


def say_proof(found: Found) -> str:
    """How far from the plan a better one could be, in its own unit."""
    plan, gap = found.plan, abs(found.plan.bound - found.plan.objective)
    if not np.isfinite(gap):
        return "Ce plan respecte toutes les contraintes ; aucun plafond n’a pu être démontré."
    grid = " (parmi les pas du tarif)" if plan.constraints.grille else ""
    if plan.goal == "pire_hausse":
        return (
            f"Preuve : aucun plan ne peut abaisser la plus forte hausse de plus de {_small_points(gap)}{grid}, toutes "
            "contraintes tenues."
        )
    if plan.goal == "effectif":
        size = "d’un assuré" if gap < 1 else f"de {format_number(np.ceil(gap))} assurés"
        return f"Preuve : aucun plan ne peut garder plus {size} de plus{grid}, toutes contraintes tenues."
    size = "d’un euro" if gap < 1 else f"de {format_euros(np.ceil(gap))}"
    what = "le résultat moyen des plus mauvais futurs" if found.problem.ask.prudence else "le résultat"
    return f"Preuve : aucun plan ne peut améliorer {what} de plus {size}{grid}, toutes contraintes tenues."


def _small_points(gap: float) -> str:
    return "0,01 point" if gap < 1e-4 else format_points(gap, 2).lstrip(f"+{MINUS}")


def say_prices(found: Found) -> list[str]:
    """What each limit costs, those that cost nothing, those that nobody knows."""
    plan, lines = found.plan, []
    words = plan.price_words()
    relaxed = " (à la limite, pas du tarif oubliés)" if plan.constraints.grille else ""
    for name, price in plan.shadow_prices.items():
        label = NAMES[name][:1].upper() + NAMES[name][1:]
        if np.isnan(price):
            lines.append(f"{label} : prix non calculé avec ces règles.")
        elif name in words:
            lines.append(words[name].rstrip(".") + f"{relaxed}.")
        else:
            lines.append(f"{label} ne coûte rien : il reste de la marge.")
    lines += [f"Tenue juste : {NAMES[name]}." for name in plan.binding if name in _RULES]
    return lines


def plan_rows(found: Found, *, shared: bool = False) -> pd.DataFrame:
    """segment, beneficiaires, hausse, retenus, resultat, pourquoi: the plan, segment by segment of the optimiser.

    In « partage » mode the segments of fewer than 11 persons are one row, with others so that it counts two segments
    and 11 persons at least: nothing of it is found by difference with the totals.
    """
    table = found.plan.table.assign(beneficiaires=found.problem.table["beneficiaires"].to_numpy())
    table = table.sort_values("beneficiaires", ascending=False, kind="stable", ignore_index=True)
    secret = secret_rows(table["beneficiaires"]) if shared else np.zeros(len(table), dtype=bool)
    if secret.any():
        hidden = table[secret]
        paid = hidden["retenus"].sum()
        mean = float((hidden["retenus"] * hidden["hausse"]).sum() / paid) if paid > 0 else np.nan
        others = {
            "segment": f"{OTHERS} ({len(hidden)})", "hausse": mean, "pourquoi": "secret statistique : regroupés",
            **{c: float(hidden[c].sum()) for c in ("beneficiaires", "retenus", "resultat")},
        }  # fmt: skip
        table = pd.concat([table[~secret], pd.DataFrame([others])], ignore_index=True)
    return table[["segment", "beneficiaires", "hausse", "retenus", "resultat", "pourquoi"]]


def secret_rows(persons: pd.Series) -> np.ndarray:
    """Rows to hide together: those of too few persons, and the smallest others until they tell of nobody."""
    hidden = (persons < K).to_numpy(copy=True)
    order = np.argsort(persons.to_numpy(), kind="stable")
    for at in order if hidden.any() else ():
        if hidden.sum() >= 2 and persons[hidden].sum() >= K:
            break
        hidden[at] = True
    return hidden


def french_plan(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a plan for the screen."""
    return pd.DataFrame(
        {
            "Segment": rows["segment"],
            "Hausse": [format_percent(h, 2, signed=True) for h in rows["hausse"]],
            "Assurés": [format_number(b) for b in rows["beneficiaires"]],
            "Gardés": [format_number(r) for r in rows["retenus"]],
            "Résultat": [format_euros(r) for r in rows["resultat"]],
            "Pourquoi": rows["pourquoi"],
        }
    )
