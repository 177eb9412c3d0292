"""The base converter: premiums and ratio with taxes, without taxes, and net of loadings."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.bases import DEFINITIONS, Rates, by_base, file_rates, tax_rate, tax_refusal
from analytics.descriptive import compute_total
from analytics.errors import ParameterError
from analytics.french import MISSING, format_euros, format_percent, is_missing, parse_in_unit
from analytics.indicators import INDICATORS, missing_measures
from data.references import load_market, load_taxes
from pages.components import figure, state
from pages.components.cache import cached
from pages.components.messages import safe
from pages.components.rates import rate_input
from pages.components.sidebar import View

TAX, LOADING, KIND = "taxe", "chargement", "contrat_taxe"
KINDS = ("responsable", "non responsable")
TYPED = "votre saisie"
_BOUNDS = (0.0, 0.6)
_DEFINED = "  \n".join(f"**{base}** : {safe(text)}" for base, text in DEFINITIONS.items())


def default_rates(view: View) -> Rates:
    """Rates of the file when it has them, else those published: dated, sourced, and said to be so."""
    return cached("rates", view.key, lambda: _default(view, _kind()), selection=view.selection, kind=_kind())


def rates_of(view: View) -> Rates:
    """The rates in use on the page: typed by the user, else the default ones."""
    found = default_rates(view)
    tax, loading = _typed(TAX, found.taxe), _typed(LOADING, found.chargement)
    return Rates(
        found.taxe if tax is None else tax, found.chargement if loading is None else loading,
        found.source_taxe if tax is None else TYPED, found.source_chargement if loading is None else TYPED,
    )  # fmt: skip


def show_bases(view: View) -> None:
    """The three bases side by side, with the rates between them to change."""
    dataset = view.dataset
    missing = missing_measures(INDICATORS["ratio_pc"], dataset)
    if missing:
        st.info(
            f"La conversion demande : {safe(', '.join(dataset.label(m) for m in missing))}.", icon=":material/info:"
        )
        return
    if dataset.base is None:
        st.info(
            "Base des cotisations non précisée : indiquez TTC, HT ou nette sur la page Données pour convertir.",
            icon=":material/info:",
        )
        return
    # Drawn even when folded: a rate typed here stays in the link and in every figure that uses it.
    with st.expander("TTC, HT ou nette : convertir", icon=":material/currency_exchange:", key="bases"):
        _choose(view)
        rates = rates_of(view)
        table = cached("rates", view.key, lambda: bases_table(view, rates), selection=view.selection, shown=rates)
        figure.show_table(table)
        st.caption(f"Votre fichier est en base {dataset.base}. {safe(describe_rates(rates))}")
        st.caption(_DEFINED)


def describe_rates(rates: Rates) -> str:
    """The rates in use and where they come from, in one sentence."""
    tax = _said(rates.taxe, rates.source_taxe)
    return f"Taxe : {tax}. Chargements : {_said(rates.chargement, rates.source_chargement)}."


def bases_table(view: View, rates: Rates) -> pd.DataFrame:
    """Base, premiums and ratio under French headers."""
    table = ratios(view, rates)
    return pd.DataFrame(
        {
            "Base": [f"{b} (votre fichier)" if b == view.dataset.base else b for b in table["base"]],
            "Cotisations": table["cotisation"].map(format_euros),
            "Ratio P/C": [
                format_percent(row.ratio) if not is_missing(row.ratio) else safe(row.raison) or MISSING
                for row in table.itertuples()
            ],
        }
    )


def ratios(view: View, rates: Rates | None = None) -> pd.DataFrame:
    """base, cotisation, ratio, raison over the selection, with the rates in use unless others are given."""
    row = cached(
        "ratio_sums", view.key,
        lambda: compute_total(view.dataset, "ratio_pc", selection=view.selection).iloc[0].to_dict(),
        selection=view.selection,
    )  # fmt: skip
    return by_base(float(row["denominateur"]), float(row["numerateur"]), view.dataset.base, rates or rates_of(view))


def _default(view: View, kind: str) -> Rates:
    own = file_rates(view.dataset, view.selection)
    tax, source = (own.taxe, own.source_taxe)
    if is_missing(tax):
        tax, source = tax_rate(load_taxes(), view.selection.fin, contrat=kind)
        refusal = tax_refusal(view.dataset) if "taxes" in view.dataset.cotisation.columns else ""
        source = " ; ".join(filter(None, (source, refusal)))
    loading, whence = (own.chargement, own.source_chargement)
    if is_missing(loading):
        market = load_market("charges_gestion")
        row = market[market["contrat"].isna() & (market["perimetre"] == "ensemble OC")].sort_values("annee").iloc[-1]
        loading, whence = (
            float(row["valeur"]) / 100,
            f"hypothèse : moyenne du marché en {row['annee']}, {row['source']}",
        )
    return Rates(tax, loading, source, whence)


def _choose(view: View) -> None:
    found = default_rates(view)
    left, right = st.columns(2)
    with left:
        st.segmented_control(
            "Contrats", KINDS, default=KINDS[0], required=True, key=KIND, bind="query-params",
            format_func=lambda k: f"{k}s", help="La taxe de solidarité additionnelle dépend du type de contrat.",
        )  # fmt: skip
        rate_input("Taux de taxe", _text(found.taxe), key=TAX, bounds=_BOUNDS, help=safe(found.source_taxe) or None)
    with right:
        rate_input(
            "Taux de chargement", _text(found.chargement), key=LOADING, bounds=_BOUNDS,
            help=safe(found.source_chargement) or None,
        )  # fmt: skip


def _kind() -> str:
    kind = state.get(KIND)
    return kind if kind in KINDS else KINDS[0]


def _typed(key: str, default: float) -> float | None:
    """Rate typed by the user; None when nothing usable, or the default itself, was typed."""
    text = state.get(key) or st.query_params.get(key)  # the field may be drawn further down
    if not text or text == _text(default):
        return None
    try:
        value = parse_in_unit(text, "taux")
    except ParameterError:  # the field itself says so
        return None
    return value if _BOUNDS[0] <= value <= _BOUNDS[1] else None


def _text(rate: float) -> str:
    return format_percent(0.0 if is_missing(rate) else rate, 2)


def _said(rate: float, source: str) -> str:
    return f"{format_percent(rate, 2)} ({source})" if not is_missing(rate) else "taux inconnu"
