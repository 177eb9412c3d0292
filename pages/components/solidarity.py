"""Who pays for each scenario: by age, by contract, by formule."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.french import format_euros, format_number, format_percent
from analytics.prescriptive import IDLE, Outcome, share_effort
from charts.picture import Picture
from charts.solidarity import chart_effort
from pages.components import figure
from pages.components.cache import cached
from pages.components.lab import Lab
from pages.components.messages import safe
from pages.components.sidebar import View

ORDER = ("tranche_age", "contrat", "formule")


def show_solidarity(view: View, lab: Lab) -> None:
    """Chart of the effort of each group, and what each pays for what it receives."""
    known = [d for d in ORDER if d in lab.portfolio.table.columns]
    if not known:
        st.info(
            "Ni le contrat, ni la formule, ni la tranche d’âge ne séparent ce périmètre en groupes assez grands : qui "
            "paie ne peut pas être montré.", icon=":material/info:",
        )  # fmt: skip
        return
    by = known[0]
    if len(known) > 1:
        by = st.segmented_control(
            "Qui paie, par", known, default=known[0], required=True, key="sol_par", bind="query-params",
            format_func=lambda d: safe(view.dataset.label(d)),
        ) or known[0]  # fmt: skip
    efforts = efforts_of(view, lab, by)
    picture = cached("efforts_picture", view.key, lambda: _draw(view, efforts, by), noms=dict(lab.names), par=by)
    if picture is not None:
        figure.show(picture, key="solidarite", is_demo=view.dataset.is_demo)
    else:
        st.info("Aucun scénario ne change les cotisations.", icon=":material/info:")
    with figure.folded("Ce que chaque groupe paie et reçoit", icon=":material/balance:", key="recu") as is_open:
        if is_open:
            figure.show_table(told_balance(efforts, view.dataset.label(by)))
            st.caption(
                "Payé / reçu : cotisations sur prestations, frais compris dans la cotisation. Transfert : ce que le "
                "groupe paie au-dessus de ses prestations, au rapport de l’ensemble."
            )


def efforts_of(view: View, lab: Lab, by: str) -> pd.DataFrame:
    """scenario, groupe and the columns of :func:`share_effort`, doing nothing first."""
    parts = [
        cached("effort", view.key, lambda o=outcome: _effort(view, lab, o, by), scenario=lab.names[name], par=by)
        for name, outcome in lab.outcomes.items()
    ]
    return pd.concat([p.assign(scenario=n) for p, n in zip(parts, lab.outcomes, strict=True)], ignore_index=True)


def _effort(view: View, lab: Lab, outcome: Outcome, by: str) -> pd.DataFrame:
    table = share_effort(outcome, lab.portfolio.table, by=by)
    groups = [view.dataset.value_label(by, "non renseigné" if pd.isna(v) else str(v)) for v in table[by]]
    return table.assign(groupe=groups).drop(columns=by)


def _draw(view: View, efforts: pd.DataFrame, by: str) -> Picture | None:
    label = view.dataset.label(by)
    rows = efforts[efforts["scenario"] != IDLE].dropna(subset=["effort"])
    rows = rows[rows["effort"].abs().groupby(rows["scenario"]).transform("max") > 0]
    if rows.empty:
        return None
    return chart_effort(
        rows, title=f"Qui paie l’effort, par {label[:1].lower()}{label[1:]}", dimension=label,
        is_demo=view.dataset.is_demo,
    )  # fmt: skip


def told_balance(efforts: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """One row by scenario and group, in French."""
    return pd.DataFrame(
        {
            "Scénario": efforts["scenario"],
            dimension: efforts["groupe"],
            "Assurés": efforts["effectif"].map(format_number),
            "Hausse": efforts["hausse"].map(lambda v: format_percent(v, signed=True)),
            "Effort": efforts["effort"].map(lambda v: format_euros(v, signed=True)),
            "Part de l’effort": efforts["part_effort"].map(format_percent),
            "Part des cotisations": efforts["part_cotisation"].map(format_percent),
            "Payé / reçu aujourd’hui": efforts["paye_recu_avant"].map(lambda v: format_number(v, 2)),
            "Payé / reçu": efforts["paye_recu"].map(lambda v: format_number(v, 2)),
            "Transfert": efforts["transfert"].map(lambda v: format_euros(v, signed=True)),
            "Reste à charge par tête": efforts["reste_par_tete"].map(format_euros),
        }
    )
