"""Public figures beside the user's own: dated, sourced, on the same base and the same year."""

from __future__ import annotations

import streamlit as st

from analytics.bases import Rates, tax_rate
from analytics.constat import describe_perimeter
from analytics.descriptive.benchmark import Premiums, without_tax
from analytics.indicators import table_of
from data.references import load_taxes
from pages.components import figure
from pages.components.cache import cached
from pages.components.market_facts import (
    FINANCED,
    GROWTH,
    RATES,
    SHARE,
    TITLES,
    Block,
    Own,
    growth_of,
    lacking,
    own_of,
    rate_of,
    shares_of,
    years_of,
)
from pages.components.messages import safe, told_in_french
from pages.components.sidebar import View

PREMIUM, BENEFIT = "cotisation", "prestation"
AS_IS, AS_HT = "Sans conversion", "Déjà hors taxes"
KINDS = {"TTC, contrats responsables": "responsable", "TTC, contrats non responsables": "non responsable"}


def show_market(view: View) -> None:
    """Families of insurers, growth, management costs, then shares by poste; what has no like in the file is folded."""
    with told_in_french():
        premiums = _premiums(view)
        own = own_of(view, premiums)
        _say_perimeter(view, premiums)
        alone = {name: columns for name in TITLES if (columns := lacking(view, name))}
        _show_blocks(view, own, [name for name in TITLES if name not in alone])
        if alone:
            _show_alone(view, own, alone)


def _say_perimeter(view: View, premiums: Premiums) -> None:
    missing = [m for m in (BENEFIT, PREMIUM) if m not in table_of(m, view.dataset).columns]
    if missing:
        names = " et ".join(f"« {view.dataset.label(m)} »" for m in missing)
        st.info(f"Il manque {safe(names)} : {_consequence(missing)}", icon=":material/info:")
    phrase = "" if PREMIUM in missing else f" {safe(premiums.phrase)}"
    st.markdown(f"Vous : {safe(describe_perimeter(view.selection, view.dataset))}, {_dated(view)}.{phrase}")
    st.caption("Par année civile, dans votre périmètre : la période de la barre latérale ne s’applique pas ici.")


def _consequence(missing: list[str]) -> str:
    if len(missing) > 1:
        return "rien de vous à comparer, seuls les chiffres publiés sont montrés."
    lost = "prestations" if missing == [BENEFIT] else "cotisations"
    return f"ni vos {lost} ni vos taux ne sont comparés au marché."


def _dated(view: View) -> str:
    words = {"soins": "par année de soins", "paiement": "par année de paiement"}
    told = words.get(view.dataset.date_basis, "date non précisée")
    return f"{told}, quand la DREES compte par exercice comptable"


def _premiums(view: View) -> Premiums:
    """Premiums without tax; the conversion that is missing is offered, never made unasked."""
    dataset = view.dataset
    plain = cached("premiums", view.key, lambda: without_tax(dataset))
    if plain.matched or dataset.base == "nette" or PREMIUM not in dataset.cotisation.columns:
        return plain
    options = [AS_IS, *KINDS] if dataset.base == "TTC" else [AS_IS, AS_HT, *KINDS]
    chosen = st.segmented_control(
        "Vos cotisations, pour les comparer au marché (hors taxes)", options, default=AS_IS, required=True,
        key="marche_base", bind="query-params",
    )  # fmt: skip
    if chosen not in options or chosen == AS_IS:
        return plain
    if chosen == AS_HT:
        return cached("premiums", view.key, lambda: without_tax(dataset, base="HT"), choice=chosen)
    rate, said = tax_rate(load_taxes(), view.selection.fin, contrat=KINDS[chosen])
    rates = Rates(taxe=rate, source_taxe=f"taxe de solidarité additionnelle, contrats {KINDS[chosen]}s, {said}")
    return cached("premiums", view.key, lambda: without_tax(dataset, rates=rates, base="TTC"), rates=rates)


def _show_blocks(view: View, own: Own, names: list[str]) -> None:
    """Rates side by side, the other blocks below."""
    rates = [name for name in names if name in RATES]
    for place, name in zip(st.columns(len(rates)) if rates else (), rates, strict=True):
        with place:
            _show(view, rate_of(view, own, name, _choose_year(name, own.years[name])), f"{name}_image")
    if GROWTH in names:
        _show(view, growth_of(view, own), GROWTH)
    if SHARE in names:
        _show(view, shares_of(view, SHARE, _choose_year(SHARE, years_of(SHARE)[0])), f"{SHARE}_image")
    if FINANCED in names:
        _show(view, shares_of(view, FINANCED, int(years_of(FINANCED)[0])), f"{FINANCED}_image")


def _show_alone(view: View, own: Own, alone: dict[str, list[str]]) -> None:
    """One sentence for every block that the file has nothing to set beside; their pictures on demand."""
    told = " ; ".join(
        f"{TITLES[name][:1].lower()}{TITLES[name][1:]} (il manque {' et '.join(f'« {safe(c)} »' for c in columns)})"
        for name, columns in alone.items()
    )
    st.caption(f"Sans équivalent dans votre fichier : {told}.")
    with figure.folded("Chiffres publiés sans comparaison", icon=":material/public:", key="marche_publies") as is_open:
        if is_open:
            _show_blocks(view, own, list(alone))


def _choose_year(name: str, default: str) -> int:
    years = years_of(name)
    chosen = st.segmented_control(
        TITLES[name], years, default=default, required=True, key=f"marche_{name}", bind="query-params"
    )
    return int(chosen if chosen in years else years[0])


def _show(view: View, block: Block, key: str) -> None:
    figure.show(block.picture, key=f"marche_{key}", is_demo=view.dataset.is_demo)
    for line in block.lines:
        st.caption(line)
