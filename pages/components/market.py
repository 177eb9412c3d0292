"""Public figures beside the user's own: dated, sourced, on the same base."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.constat import describe_perimeter
from analytics.french import format_percent, is_missing
from analytics.indicators import INDICATORS, missing_measures
from data.references import load_market
from pages.components.constat import measure
from pages.components.figure import folded, show_table
from pages.components.messages import safe, show_unlocks
from pages.components.sidebar import View


def show_market(view: View) -> None:
    """The P/C ratio of the user beside the market's, when the bases match."""
    dataset = view.dataset
    missing = missing_measures(INDICATORS["ratio_pc"], dataset)
    if missing:
        show_unlocks({" et ".join(dataset.label(m) for m in missing): ["comparaison au marché"]})
    elif dataset.base != "HT":
        st.info(
            "Les chiffres du marché sont sur cotisations hors taxes : indiquez la base HT pour vous y comparer.",
            icon=":material/info:",
        )
    else:
        ratio = measure(view.opened, "ratio_pc", view.selection)
        if not is_missing(ratio.valeur):
            where = safe(describe_perimeter(view.selection, dataset))
            st.markdown(f"{where} : **{format_percent(ratio.valeur)}** de prestations sur cotisations HT.")
    label = "Prestations ÷ cotisations HT publiées, par année et famille"
    with folded(label, icon=":material/public:", key="marche") as is_open:
        if is_open:
            show_table(_published())


def _published() -> pd.DataFrame:
    """Published ratios under French headers, latest first."""
    market = load_market("retour_sur_cotisations").sort_values(["annee", "perimetre"], ascending=[False, True])
    market["taux"] = market["valeur"].map(lambda v: format_percent(v / 100, 0))
    market["annee"] = market["annee"].astype("str")
    names = {"annee": "Année", "perimetre": "Périmètre", "contrat": "Contrat", "taux": "Prestations ÷ cotisations HT",
             "source": "Source"}  # fmt: skip
    return market[list(names)].rename(columns=names)
