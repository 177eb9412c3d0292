"""Public figures beside the user's own: dated, sourced, on the same base and the same year."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from analytics.bases import Rates, tax_rate
from analytics.constat import describe_perimeter
from analytics.descriptive.benchmark import NEEDS, Premiums, own_figures, own_shares, without_tax
from analytics.disclosure import REASON
from analytics.french import is_missing
from analytics.indicators import table_of
from analytics.schema import Selection
from charts.market import BENEFITS, MARKET, PREMIUMS, YOU, chart_families, chart_growth, chart_shares
from charts.picture import Picture
from data.references import load_market, load_taxes
from data.references.market import recognise_postes
from pages.components import figure
from pages.components.cache import cached
from pages.components.messages import safe, told_in_french
from pages.components.sharing import hidden_values, may_show
from pages.components.sidebar import View

Drawn = TypeVar("Drawn")
PREMIUM, BENEFIT = "cotisation", "prestation"
#: A reason that ends, or goes on, after the year it is about.
_DATED = re.compile(r"(.*(?:l’année|mois de)) (\d{4})(.*)")
WHOLE = "ensemble OC"
PERIMETERS = {
    WHOLE: "Ensemble des organismes",
    "mutuelles": "Mutuelles",
    "institutions de prévoyance": "Institutions de prévoyance",
    "sociétés d’assurance": "Sociétés d’assurance",
}
CONTRACTS = {"collectif": "Contrats collectifs", "individuel": "Contrats individuels"}
TITLES = {
    "retour_sur_cotisations": "Prestations ÷ cotisations hors taxes",
    "charges_gestion": "Charges de gestion ÷ cotisations hors taxes",
}
AS_IS, AS_HT = "Sans conversion", "Déjà hors taxes"
KINDS = {"TTC, contrats responsables": "responsable", "TTC, contrats non responsables": "non responsable"}


def show_market(view: View) -> None:
    """Families of insurers, growth, management costs, then shares by poste."""
    with told_in_french():
        premiums = _premiums(view)
        market = load_market()
        own = _own(view, premiums, market)
        where, dated = describe_perimeter(view.selection, view.dataset), _dated(view)
        lacking = [m for m in (BENEFIT, PREMIUM) if m not in table_of(m, view.dataset).columns]
        if lacking:
            names = " et ".join(f"« {view.dataset.label(m)} »" for m in lacking)
            st.info(f"Il manque {safe(names)} : {_consequence(lacking)}", icon=":material/info:")
        phrase = "" if PREMIUM in lacking else f" {safe(premiums.phrase)}"
        st.markdown(f"Vous : {safe(where)}, {dated}.{phrase}")
        st.caption("Par année civile, dans votre périmètre : la période de la barre latérale ne s’applique pas ici.")
        left, right = st.columns(2)
        with left:
            _show_families(view, market, own, "retour_sur_cotisations", premiums.phrase)
        with right:
            _show_families(view, market, own, "charges_gestion", premiums.phrase)
        _show_growth(view, market, own, premiums.phrase)
        _show_shares(view, market)


def _consequence(lacking: list[str]) -> str:
    if len(lacking) > 1:
        return "rien de vous à comparer, seuls les chiffres publiés sont montrés."
    lost = "prestations" if lacking == [BENEFIT] else "cotisations"
    return f"ni vos {lost} ni vos taux ne sont comparés au marché."


def _dated(view: View) -> str:
    words = {"soins": "par année de soins", "paiement": "par année de paiement"}
    told = words.get(view.dataset.date_basis, "date non précisée")
    return f"{told}, quand la DREES compte par exercice comptable"


def _premiums(view: View) -> Premiums:
    """Premiums without tax; the conversion that is missing is offered, never made unasked."""
    dataset = view.dataset
    plain = without_tax(dataset)
    if plain.matched or dataset.base == "nette" or "cotisation" not in dataset.cotisation.columns:
        return plain
    options = [AS_IS, *KINDS] if dataset.base == "TTC" else [AS_IS, AS_HT, *KINDS]
    chosen = st.segmented_control(
        "Vos cotisations, pour les comparer au marché (hors taxes)", options, default=AS_IS, required=True,
        key="marche_base", bind="query-params",
    )  # fmt: skip
    if chosen not in options or chosen == AS_IS:
        return plain
    if chosen == AS_HT:
        return without_tax(dataset, base="HT")
    rate, said = tax_rate(load_taxes(), view.selection.fin, contrat=KINDS[chosen])
    source = f"taxe de solidarité additionnelle, contrats {KINDS[chosen]}s, {said}"
    return without_tax(dataset, rates=Rates(taxe=rate, source_taxe=source), base="TTC")


def _own(view: View, premiums: Premiums, market: pd.DataFrame) -> pd.DataFrame:
    """The user's own figures of every published year; in « partage » mode, only those that may be shown."""
    published = market.loc[market["indicateur"].isin(NEEDS), "annee"]
    years = range(int(published.min()), int(published.max()) + 1)
    filtres = view.selection.filtres
    own = cached(
        "own_figures", view.key,
        lambda: own_figures(premiums, years, known=view.opened.complete_months, filtres=filtres),
        filtres=filtres, base=premiums.phrase,
    )  # fmt: skip
    secret = {
        year for year in own.loc[own["valeur"].notna(), "annee"].unique() if not may_show(view, _year(view, year))
    }
    if not secret:
        return own
    hidden = own["annee"].isin(secret)
    return own.assign(valeur=own["valeur"].mask(hidden), raison=own["raison"].mask(hidden, REASON))


def _year(view: View, year: int) -> Selection:
    return Selection(pd.Timestamp(int(year), 1, 1), pd.Timestamp(int(year), 12, 1), view.selection.filtres)


def _drawn(view: View, draw: Callable[[], Drawn], **options: object) -> Drawn:
    """What is drawn of the published figures and the user’s own, made once by perimeter."""
    filtres = view.selection.filtres
    return cached("market_picture", view.key, draw, filtres=filtres, shared=view.shared, **options)


def _show_families(view: View, market: pd.DataFrame, own: pd.DataFrame, indicateur: str, base: str) -> None:
    """One rate of one year: families of insurers, kinds of contract, and the user."""
    published = market[market["indicateur"] == indicateur]
    years = [str(y) for y in sorted(published["annee"].unique(), reverse=True)]
    mine = own[own["indicateur"] == indicateur].set_index("annee")
    chosen = st.segmented_control(
        TITLES[indicateur], years, default=_richest(published, mine), required=True,
        key=f"marche_{indicateur}", bind="query-params",
    )  # fmt: skip
    year = int(chosen if chosen in years else years[0])

    def draw() -> Picture:
        table = _families(published[published["annee"] == year], mine.loc[year])
        note = f"{year}, cotisations hors taxes"
        return chart_families(table, title=TITLES[indicateur], note=note, is_demo=view.dataset.is_demo)

    picture = _drawn(view, draw, what=indicateur, year=year, base=base)
    figure.show(picture, key=f"marche_{indicateur}_image", is_demo=view.dataset.is_demo)
    _say_sources(published[published["annee"] == year], year)
    if mine.loc[year, "raison"]:
        st.caption(f"Votre taux {year} : {safe(mine.loc[year, 'raison'])}.")


def _richest(published: pd.DataFrame, mine: pd.DataFrame) -> str:
    """Latest year that has the user's own figure and several published ones; else the one with most of them."""
    counts = published.groupby("annee").size()
    full = counts[counts > 1]
    known = [year for year in full.index if not is_missing(mine["valeur"].get(year, np.nan))]
    return str(max(known) if known else max(full.index))


def _families(published: pd.DataFrame, mine: pd.Series) -> pd.DataFrame:
    """repere, valeur, vous, source, url: the whole, its families, its kinds of contract, then the user."""
    rows = []
    for perimeter, label in PERIMETERS.items():
        kept = published[(published["perimetre"] == perimeter) & published["contrat"].isna()]
        rows += [(label, row.valeur / 100, False, row.source, row.url) for row in kept.itertuples()]
    for contract, label in CONTRACTS.items():
        kept = published[(published["perimetre"] == WHOLE) & (published["contrat"] == contract)]
        rows += [(label, row.valeur / 100, False, row.source, row.url) for row in kept.itertuples()]
    if not is_missing(mine["valeur"]):
        rows.append((YOU, float(mine["valeur"]), True, "vos données", ""))
    return pd.DataFrame(rows, columns=["repere", "valeur", "vous", "source", "url"])


def _show_growth(view: View, market: pd.DataFrame, own: pd.DataFrame, base: str) -> None:
    """Yearly change of premiums and benefits."""
    title = "Évolution annuelle des cotisations et des prestations"

    def draw() -> tuple[pd.DataFrame, Picture]:
        table = _growth(market, own)
        return table, chart_growth(table, title=title, is_demo=view.dataset.is_demo)

    table, picture = _drawn(view, draw, what="evolution", base=base)
    figure.show(picture, key="marche_evolution", is_demo=view.dataset.is_demo)
    st.caption(
        "Marché : ensemble des organismes, cotisations hors taxes, prestations hors frais de gestion. À taux de taxe "
        "constant, une évolution TTC est celle hors taxes."
    )
    reasons = table.loc[table["qui"].eq(YOU) & table["valeur"].isna(), "remarque"].unique()
    if len(reasons):
        st.caption(f"Vos évolutions absentes : {safe(' ; '.join(_by_years(reasons)))}.")


def _by_years(reasons: Iterable[str]) -> list[str]:
    """Reasons that differ by their year alone, said once for all their years."""
    years: dict[tuple[str, str], list[int]] = {}
    for reason in reasons:
        found = _DATED.fullmatch(reason)
        before, year, after = found.groups() if found else (reason, None, "")
        years.setdefault((before, after), []).extend([int(year)] if year else [])
    return [_said(before, sorted(set(found)), after) for (before, after), found in years.items()]


def _said(before: str, years: list[int], after: str) -> str:
    if not years:
        return before
    if len(years) == 1:
        return f"{before} {years[0]}{after}"
    several = before.replace("toute l’année", "en entier les années")
    if len(years) > 2 and years[-1] - years[0] == len(years) - 1:
        return f"{several} {years[0]} à {years[-1]}{after}"
    return f"{several} {', '.join(map(str, years[:-1]))} et {years[-1]}{after}"


def _growth(market: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """annee, qui, quoi, valeur, remarque: published beside one’s own."""
    rows = []
    for indicateur, what in (("evolution_cotisations", PREMIUMS), ("evolution_prestations", BENEFITS)):
        whole = market[(market["indicateur"] == indicateur) & (market["perimetre"] == WHOLE)]
        whole = whole[whole["contrat"].isna() & whole["poste"].isna()].set_index("annee")
        for row in own[own["indicateur"] == indicateur].itertuples():
            published = whole.loc[row.annee] if row.annee in whole.index else None
            rate, said = (np.nan, "non publié ici") if published is None else (published.valeur / 100, published.source)
            rows += [(row.annee, MARKET, what, rate, said), (row.annee, YOU, what, row.valeur, row.raison)]
    return pd.DataFrame(rows, columns=["annee", "qui", "quoi", "valeur", "remarque"])


def _show_shares(view: View, market: pd.DataFrame) -> None:
    """Share of each poste in the benefits, then share of the care of each poste that insurers pay."""
    published = market[(market["indicateur"] == "part_poste") & (market["perimetre"] == WHOLE)]
    years = [str(y) for y in sorted(published["annee"].unique(), reverse=True)]
    chosen = st.segmented_control(
        "Part de chaque poste dans les prestations", years, default=years[0], required=True,
        key="marche_part_poste", bind="query-params",
    )  # fmt: skip
    year = int(chosen if chosen in years else years[0])
    _show_bars(
        view, published[published["annee"] == year], "part_poste", year,
        f"Part du poste dans les prestations, {year}",
        "Seuls les postes publiés : ces parts ne font pas 100 %",
    )  # fmt: skip
    financed = market[market["indicateur"] == "part_financee"]
    year = int(financed["annee"].max())
    _show_bars(
        view, financed[financed["annee"] == year], "part_financee", year,
        f"Part de la dépense du poste payée par les complémentaires, {year}",
        "Chaque barre : 100 % de son poste ; elles ne s’additionnent pas",
    )  # fmt: skip


def _show_bars(view: View, published: pd.DataFrame, key: str, year: int, title: str, note: str) -> None:
    mine, reason = _own_shares(view, key, year)

    def draw() -> Picture:
        return chart_shares(_beside(published, mine), title=title, note=note, is_demo=view.dataset.is_demo)

    picture = _drawn(view, draw, what=key, year=year)
    figure.show(picture, key=f"marche_{key}_image", is_demo=view.dataset.is_demo)
    _say_sources(published, year)
    absent = sorted(set(published["poste"].dropna()) - set(mine))
    if not mine:
        st.caption(f"Vos parts {year} : {safe(reason)}.")
    elif absent:
        st.caption(f"Sans part de votre côté (poste absent, nommé avec un autre, ou non montré) : {', '.join(absent)}.")
    if mine and key == "part_financee":
        st.caption("Vous : prestations ÷ frais réels de vos lignes ; la DREES compte toute la consommation de soins.")


def _beside(published: pd.DataFrame, mine: dict[str, float]) -> pd.DataFrame:
    """libelle, marche, vous, source, url, remarque: published shares beside one’s own."""
    return pd.DataFrame(
        {
            "libelle": published["libelle"].str.capitalize(), "marche": published["valeur"] / 100,
            "vous": published["poste"].map(lambda p: mine.get(p, np.nan)).astype("float64"),
            "source": published["source"], "url": published["url"],
            "remarque": published["note"].fillna(""),
        }
    ).reset_index(drop=True)  # fmt: skip


def _own_shares(view: View, key: str, year: int) -> tuple[dict[str, float], str]:
    """The user's own shares by published poste; without any, the reason."""
    dataset, period = view.dataset, _year(view, year)
    postes = view.opened.values.get("poste", [])
    if not postes:
        return {}, f"il manque la colonne « {dataset.label('poste')} »"
    if not may_show(view, period):
        return {}, REASON
    names = recognise_postes(postes)
    table = cached(
        "own_shares", view.key,
        lambda: own_shares(
            dataset, key, names, year, known=view.opened.complete_months, filtres=view.selection.filtres
        ),
        key=key, year=year, filtres=view.selection.filtres,
    )  # fmt: skip
    secret = {names[v] for v in hidden_values(view, "poste", period) if v in names}
    told = table[table["valeur"].notna() & ~table["poste"].isin(secret)]
    reasons = [r for r in table["raison"].unique() if r] or ["aucun poste du marché n’est nommé dans vos données"]
    return dict(zip(told["poste"], told["valeur"], strict=True)), " ; ".join(reasons)


def _say_sources(published: pd.DataFrame, year: int) -> None:
    """Year and sources of what is drawn, each with its address."""
    sources = published.drop_duplicates("source")
    links = " ; ".join(f"[{safe(row.source)}]({row.url})" for row in sources.itertuples())
    st.caption(f"Marché, chiffres {year} : {links}")
