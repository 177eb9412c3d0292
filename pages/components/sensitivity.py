"""What weighs most: each assumption alone, all of them together, and the elasticity along its interval."""

from __future__ import annotations

import streamlit as st

from analytics.prescriptive import Stability, explain_variance, find_stability, name_winner, tornado
from charts.tornado import chart_stability, chart_tornado, told_shares
from pages.components import figure
from pages.components.cache import cached
from pages.components.lab import Lab
from pages.components.messages import safe, told_in_french
from pages.components.scenarios import DRAWN, ROWS, label_of
from pages.components.sidebar import View


def show_sensitivity(view: View, lab: Lab) -> None:
    """Stability in a sentence, the tornado of one scenario, then on demand the shares of its variance."""
    with told_in_french():
        names = list(lab.scenarios)
        columns = st.columns(2)
        with columns[0]:
            rank = st.selectbox(
                "Scénario", range(len(names)), index=min(1, len(names) - 1), key="t_sc", bind="query-params",
                format_func=lambda i: safe(names[i]),
            )  # fmt: skip
        with columns[1]:
            key = st.selectbox(
                "Indicateur", ("resultat", *(k for k in DRAWN if k != "resultat")), key="t_ind", bind="query-params",
                format_func=lambda k: ROWS[k][0],
            )  # fmt: skip
        name, key = names[1 if rank is None else rank], key or "resultat"
        stable = stability_of(view, lab, key)
        noise = " Mais l’écart est dans le bruit." if is_close(view, lab, stable, key) else ""
        st.markdown(f"**Les autres hypothèses au centre : {safe(stable.phrase)}**{noise}")
        _show_tornado(view, lab, name, key)
        _show_stability(view, lab, stable, key)
        _show_shares(view, lab, name, key)


def stability_of(view: View, lab: Lab, key: str) -> Stability:
    """The best scenario along the elasticity, computed once."""
    return cached(
        "stability", view.key, lambda: find_stability(lab.simulator, lab.scenarios, indicator=key),
        noms=dict(lab.names), quoi=key,
    )  # fmt: skip


def is_close(view: View, lab: Lab, stable: Stability, key: str) -> bool:
    """Whether nobody wins on this indicator in 9 futures out of 10, a tie along the elasticity being told apart."""
    best = stable.table["meilleur"].groupby(stable.table["niveau"]).sum()
    if not best.any() or (stable.stable and best.max() > 1):
        return False
    winner = cached(
        "winner", view.key, lambda: name_winner(lab.outcomes, indicator=key)[0], noms=dict(lab.names), quoi=key
    )
    return winner is None


def _show_tornado(view: View, lab: Lab, name: str, key: str) -> None:
    table = cached(
        "tornado", view.key, lambda: tornado(lab.simulator, lab.scenarios[name], indicator=key),
        scenario=lab.names[name], quoi=key,
    )  # fmt: skip
    table = table[table["amplitude"] > 0]
    label, unit = label_of(view.dataset, key), ROWS[key][1]
    if table.empty:
        st.info("Aucune hypothèse incertaine ne touche cet indicateur.", icon=":material/info:")
        return
    picture = cached(
        "tornado_picture", view.key,
        lambda: chart_tornado(
            table, title=f"{label}, « {name} » : ce qui pèse", unit=unit, is_demo=view.dataset.is_demo
        ),
        scenario=lab.names[name], nom=name, quoi=key,
    )  # fmt: skip
    figure.show(picture, key="tornade", is_demo=view.dataset.is_demo)


def _show_stability(view: View, lab: Lab, stable: Stability, key: str) -> None:
    with figure.folded("Le long de l’élasticité", icon=":material/show_chart:", key="stabilite_plus") as is_open:
        if is_open:
            label, unit = label_of(view.dataset, key), ROWS[key][1]
            picture = cached(
                "stability_picture", view.key,
                lambda: chart_stability(
                    stable.table, title=f"{label} selon l’élasticité", unit=unit, is_demo=view.dataset.is_demo
                ),
                noms=dict(lab.names), quoi=key,
            )  # fmt: skip
            figure.show(picture, key="stabilite", is_demo=view.dataset.is_demo)


def _show_shares(view: View, lab: Lab, name: str, key: str) -> None:
    with figure.folded(
        "Part de chaque hypothèse dans l’incertitude", icon=":material/pie_chart:", key="sobol"
    ) as is_open:
        if not is_open:
            return
        with st.spinner("Plusieurs milliers de futurs sont rejoués…"):
            table = cached(
                "shares", view.key, lambda: explain_variance(lab.simulator, lab.scenarios[name], indicator=key),
                scenario=lab.names[name], quoi=key,
            )  # fmt: skip
        if table.empty or table["total"].isna().all():
            st.info("Aucune hypothèse incertaine ne touche cet indicateur.", icon=":material/info:")
            return
        figure.show_table(told_shares(table))
        st.caption(
            "Indices de Sobol : part de la variance due à l’hypothèse seule, puis avec ses interactions ; hypothèses "
            "prises comme indépendantes."
        )
