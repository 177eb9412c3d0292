"""« Quel est le meilleur plan ? »: what is asked, the plan, its proof, and what to relax when there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analytics.french import MINUS, format_euros, format_number, format_percent, format_points
from analytics.prescriptive.plan import level_words
from charts.picture import Picture
from charts.plan import chart_plan
from pages.components import figure, state
from pages.components.cache import cached
from pages.components.lab import Lab
from pages.components.messages import safe, told_in_french
from pages.components.optimiser_export import show_exports
from pages.components.optimiser_more import show_actions, show_frontier, show_robustness, show_why_not
from pages.components.optimiser_rules import RULES, choose_plan
from pages.components.optimiser_solve import Found, find_plan, left_aside, what_to_relax
from pages.components.optimiser_words import NAMES, french_plan, plan_rows, say_plan, say_prices, say_proof
from pages.components.sidebar import View

_TYPED = {rule.name: f"o_{rule.name}_v" for rule in RULES}


def show_optimiser(view: View, lab: Lab) -> None:
    """The best plan under the law and the values of the mutual."""
    with told_in_french():
        ask = choose_plan(view, lab)
        with st.spinner("Recherche du meilleur plan…", show_time=True):
            found = find_plan(view, lab, ask)
        for line in left_aside(found.problem, view.dataset.label):
            st.caption(f":material/info: {safe(line)}")
        if not found.feasible:
            _show_blocked(view, found)
            return
        _show_plan(view, found)
        show_why_not(view, lab, found)
        show_actions(view, found)
        show_frontier(view, lab, found)
        show_robustness(view, lab, found)
        show_exports(view, lab, found)


def _show_plan(view: View, found: Found) -> None:
    """The sentence, the cards, the proof, the rises, the prices."""
    st.markdown(f"**{safe(say_plan(found))}**")
    totals, idle = found.plan.totals(), found.idle
    cards = (
        ("Résultat", format_euros(totals["resultat"]), format_euros(totals["resultat"] - idle["resultat"], signed=True),
         "normal"),
        ("P/C", format_percent(totals["pc"]), format_points(totals["pc"] - idle["pc"]), "inverse"),
        ("Assurés gardés", format_number(totals["effectif"]),
         format_number(totals["effectif"] - idle["effectif"], signed=True), "normal"),
        ("Hausse moyenne", format_percent(totals["hausse_moyenne"], signed=True), None, "off"),
    )  # fmt: skip
    for column, (label, value, delta, colour) in zip(st.columns(4), cards, strict=True):
        column.metric(
            label, value, delta and delta.replace(MINUS, "-"), delta_color=colour, border=True,
            help="Au futur central ; l’écart est pris face à « ne rien faire ».",
        )  # fmt: skip
    st.success(safe(say_proof(found)), icon=":material/verified:")
    rows = plan_rows(found, shared=view.shared)
    picture = cached(
        "plan_picture", view.key, lambda: _draw(view, found, rows), probleme=found.problem.key, partage=view.shared
    )
    figure.show(picture, key="plan_hausses", is_demo=view.dataset.is_demo)
    with figure.folded("Le plan, segment par segment", icon=":material/table_rows:", key="plan_table") as is_open:
        if is_open:
            figure.show_table(french_plan(rows))
    prices = say_prices(found)
    if prices:
        st.markdown("**Ce que coûtent vos contraintes**\n" + "\n".join(f"- {safe(line)}" for line in prices))
    if len(found.problem.table) < len(found.problem.owner):
        st.caption(
            f"{format_number(len(found.problem.owner))} segments, {format_number(len(found.problem.table))} hausses "
            "différentes au plus : les facteurs choisis ne les séparent pas davantage."
        )


def _draw(view: View, found: Found, rows: pd.DataFrame) -> Picture:
    return chart_plan(
        rows, title="Hausse par segment", mean=found.plan.totals()["hausse_moyenne"], is_demo=view.dataset.is_demo
    )


def _show_blocked(view: View, found: Found) -> None:
    """What blocks, how far one can go, and what to give up."""
    plan = found.plan
    st.warning(safe(plan.phrase), icon=":material/block:")
    name, best = plan.blocking, plan.best_reachable
    relaxed = cached(
        "plan_relax", view.key, lambda: what_to_relax(found.problem, name), probleme=found.problem.key
    )  # fmt: skip
    lines = [f"- laisser {NAMES.get(one, one)}" for one in relaxed]
    if name in _TYPED and np.isfinite(best):
        lines.insert(0, f"- accepter {level_words(name, _rounded(name, best))} pour {NAMES[name]}")
    if lines:
        st.markdown("**Pour rendre le problème possible, une seule de ces concessions suffit :**\n" + safe_lines(lines))
    if name in _TYPED and np.isfinite(best):
        value = _rounded(name, best)
        st.button(
            f"Accepter {level_words(name, value)}", key="o_accepter", icon=":material/tune:",
            on_click=state.put, args=(_TYPED[name], format_percent(value, 2).replace("\u202f", " ")),
        )  # fmt: skip


def safe_lines(lines: list[str]) -> str:
    """A list whose items are made harmless."""
    return "\n".join(f"- {safe(line.removeprefix('- '))}" for line in lines)


def _rounded(name: str, best: float) -> float:
    """The best level, a hundredth of a point looser, so that it is met once typed."""
    step = 1e-4
    return float(np.floor(best / step) * step if name == "retention_min" else np.ceil(best / step) * step)
