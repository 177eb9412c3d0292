"""What Repères shows, made once by perimeter: each picture with the lines under it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.benchmark import NEEDS, Premiums, own_figures, own_shares
from analytics.disclosure import REASON
from analytics.french import is_missing
from analytics.schema import Selection
from charts.market import BENEFITS, MARKET, PREMIUMS, YOU, chart_families, chart_growth, chart_shares
from charts.picture import Picture
from data.references import load_market
from data.references.market import recognise_postes
from pages.components.cache import cached
from pages.components.messages import safe
from pages.components.sharing import hidden_values, may_show
from pages.components.sidebar import View

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
RATES = {
    "retour_sur_cotisations": "Prestations ÷ cotisations hors taxes",
    "charges_gestion": "Charges de gestion ÷ cotisations hors taxes",
}
GROWTH, SHARE, FINANCED = "evolution", "part_poste", "part_financee"
TITLES = {
    **RATES,
    GROWTH: "Évolution annuelle des cotisations et des prestations",
    SHARE: "Part de chaque poste dans les prestations",
    FINANCED: "Part de la dépense de chaque poste payée par les complémentaires",
}
GROWTH_NOTE = (
    "Marché : ensemble des organismes, cotisations hors taxes, prestations hors frais de gestion. À taux de taxe "
    "constant, une évolution TTC est celle hors taxes."
)


@dataclass(frozen=True)
class Own:
    """The user's own figures (value and reason by indicator and year), how their premiums were read, and for each rate
    the year shown first."""

    told: Mapping[tuple[str, int], tuple[float, str]]
    phrase: str
    years: Mapping[str, str]


@dataclass(frozen=True)
class Block:
    """A picture, and the lines under it."""

    picture: Picture
    lines: tuple[str, ...]


@functools.cache
def published() -> pd.DataFrame:
    """The published figures: read once, they come with the product."""
    return load_market()


@functools.cache
def years_of(indicateur: str) -> tuple[str, ...]:
    """Years published for all insurers or one of their families, the latest first."""
    market = published()
    return tuple(str(y) for y in sorted(market.loc[market["indicateur"] == indicateur, "annee"].unique(), reverse=True))


@functools.cache
def rows_of(indicateur: str, year: int) -> pd.DataFrame:
    """Figures published for a year, a share of the benefits for all insurers alone."""
    market = published()
    rows = market[(market["indicateur"] == indicateur) & (market["annee"] == year)]
    return rows[rows["perimetre"] == WHOLE] if indicateur == SHARE else rows


def lacking(view: View, name: str) -> list[str]:
    """Titles of the columns without which the file has nothing to set beside a block."""
    care, members = view.dataset.prestation.columns, view.dataset.cotisation.columns
    has = {column: column in care for column in ("prestation", "frais_reels", "poste")}
    has |= {column: column in members for column in ("cotisation", "frais_gestion")}
    if name == GROWTH:
        needed = () if has["prestation"] or has["cotisation"] else ("prestation", "cotisation")
    else:
        needed = {**NEEDS, SHARE: ("prestation", "poste"), FINANCED: ("prestation", "frais_reels", "poste")}[name]
    return [view.dataset.label(column) for column in needed if not has[column]]


def own_of(view: View, premiums: Premiums) -> Own:
    """The user's own figures of every published year; in « partage » mode, only those that may be shown."""
    return cached(
        "own_figures", view.key, lambda: _own(view, premiums),
        filtres=view.selection.filtres, base=premiums.phrase, shared=view.shared,
    )  # fmt: skip


def rate_of(view: View, own: Own, indicateur: str, year: int) -> Block:
    """One rate of one year: families of insurers, kinds of contract, and the user."""

    def draw() -> Block:
        value, reason = own.told[indicateur, year]
        note, is_demo = f"{year}, cotisations hors taxes", view.dataset.is_demo
        table = _families(indicateur, year, value)
        picture = chart_families(table, title=TITLES[indicateur], note=note, is_demo=is_demo)
        said = (f"Votre taux {year} : {safe(reason)}.",) if reason else ()
        return Block(picture, (_sources(indicateur, year), *said))

    return _drawn(view, draw, what=indicateur, year=year, base=own.phrase)


def growth_of(view: View, own: Own) -> Block:
    """Yearly change of premiums and benefits."""

    def draw() -> Block:
        table = _growth(own)
        rows = zip(table["qui"], table["valeur"], table["remarque"], strict=True)
        reasons = dict.fromkeys(reason for who, value, reason in rows if who == YOU and is_missing(value))
        absent = (f"Vos évolutions absentes : {safe(' ; '.join(by_years(reasons)))}.",) if reasons else ()
        return Block(chart_growth(table, title=TITLES[GROWTH], is_demo=view.dataset.is_demo), (GROWTH_NOTE, *absent))

    return _drawn(view, draw, what=GROWTH, base=own.phrase)


def shares_of(view: View, key: str, year: int) -> Block:
    """Shares by poste, of the benefits of all postes or of what the care of each one cost."""
    title, note = {
        SHARE: (
            f"Part du poste dans les prestations, {year}",
            "Seuls les postes publiés : ces parts ne font pas 100 %",
        ),
        FINANCED: (
            f"Part de la dépense du poste payée par les complémentaires, {year}",
            "Chaque barre : 100 % de son poste ; elles ne s’additionnent pas",
        ),
    }[key]

    def draw() -> Block:
        rows = rows_of(key, year)
        mine, reason = _own_shares(view, key, year)
        picture = chart_shares(_beside(rows, mine), title=title, note=note, is_demo=view.dataset.is_demo)
        return Block(picture, (_sources(key, year), *_said_of_shares(key, year, rows, mine, reason)))

    return _drawn(view, draw, what=key, year=year)


def by_years(reasons: Iterable[str]) -> list[str]:
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


def _drawn(view: View, draw: Callable[[], Block], **options: object) -> Block:
    filtres = view.selection.filtres
    return cached("market_picture", view.key, draw, filtres=filtres, shared=view.shared, **options)


def _own(view: View, premiums: Premiums) -> Own:
    market, filtres = published(), view.selection.filtres
    years = market.loc[market["indicateur"].isin(NEEDS), "annee"]
    figures = own_figures(
        premiums, range(int(years.min()), int(years.max()) + 1), known=view.opened.complete_months, filtres=filtres
    )
    found = figures.loc[figures["valeur"].notna(), "annee"].unique()
    secret = [year for year in found if not may_show(view, _year(view, year))]
    if secret:
        hidden = figures["annee"].isin(secret)
        figures = figures.assign(valeur=figures["valeur"].mask(hidden), raison=figures["raison"].mask(hidden, REASON))
    columns = (figures[c] for c in ("indicateur", "annee", "valeur", "raison"))
    told = {(key, year): (value, reason) for key, year, value, reason in zip(*columns, strict=True)}
    return Own(told, premiums.phrase, {rate: _richest(rate, told) for rate in RATES})


def _year(view: View, year: int) -> Selection:
    return Selection(pd.Timestamp(int(year), 1, 1), pd.Timestamp(int(year), 12, 1), view.selection.filtres)


def _richest(indicateur: str, told: Mapping[tuple[str, int], tuple[float, str]]) -> str:
    """Latest year that has the user's own figure and several published ones; else the one with most of them."""
    full = [int(year) for year in years_of(indicateur) if len(rows_of(indicateur, int(year))) > 1]
    mine = [year for year in full if not is_missing(told.get((indicateur, year), (np.nan, ""))[0])]
    return str(max(mine or full))


@functools.cache
def _bars(indicateur: str, year: int) -> tuple[tuple[str, float, bool, str, str], ...]:
    """The whole, its families, its kinds of contract."""
    rows = [(r.perimetre, r.contrat, r.valeur / 100, r.source, r.url) for r in rows_of(indicateur, year).itertuples()]
    wanted = [(place, None, label) for place, label in PERIMETERS.items()]
    wanted += [(WHOLE, contract, label) for contract, label in CONTRACTS.items()]
    return tuple(
        (label, value, False, source, url)
        for place, contract, label in wanted
        for where, kind, value, source, url in rows
        if where == place and (kind if isinstance(kind, str) else None) == contract
    )


def _families(indicateur: str, year: int, mine: float) -> pd.DataFrame:
    """repere, valeur, vous, source, url: the published ones, then the user."""
    own = () if is_missing(mine) else ((YOU, float(mine), True, "vos données", ""),)
    return pd.DataFrame([*_bars(indicateur, year), *own], columns=["repere", "valeur", "vous", "source", "url"])


@functools.cache
def _growths(indicateur: str) -> dict[int, tuple[float, str]]:
    """Yearly change published for all insurers, and its source."""
    market = published()
    whole = market[(market["indicateur"] == indicateur) & (market["perimetre"] == WHOLE)]
    whole = whole[whole["contrat"].isna() & whole["poste"].isna()]
    return {r.annee: (r.valeur / 100, r.source) for r in whole.itertuples()}


def _growth(own: Own) -> pd.DataFrame:
    """annee, qui, quoi, valeur, remarque: published beside one’s own."""
    rows = []
    for indicateur, what in (("evolution_cotisations", PREMIUMS), ("evolution_prestations", BENEFITS)):
        for (key, year), (value, reason) in own.told.items():
            if key == indicateur:
                rate, said = _growths(indicateur).get(year, (np.nan, "non publié ici"))
                rows += [(year, MARKET, what, rate, said), (year, YOU, what, value, reason)]
    return pd.DataFrame(rows, columns=["annee", "qui", "quoi", "valeur", "remarque"])


def _beside(rows: pd.DataFrame, mine: Mapping[str, float]) -> pd.DataFrame:
    """libelle, marche, vous, source, url, remarque: published shares beside one’s own."""
    return pd.DataFrame(
        {
            "libelle": rows["libelle"].str.capitalize(), "marche": rows["valeur"] / 100,
            "vous": np.array([mine.get(poste, np.nan) for poste in rows["poste"]], dtype=float),
            "source": rows["source"], "url": rows["url"], "remarque": rows["note"].fillna(""),
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
    table = own_shares(dataset, key, names, year, known=view.opened.complete_months, filtres=view.selection.filtres)
    secret = {names[v] for v in hidden_values(view, "poste", period) if v in names}
    told = table[table["valeur"].notna() & ~table["poste"].isin(secret)]
    reasons = [r for r in table["raison"].unique() if r] or ["aucun poste du marché n’est nommé dans vos données"]
    return dict(zip(told["poste"], told["valeur"], strict=True)), " ; ".join(reasons)


def _said_of_shares(key: str, year: int, rows: pd.DataFrame, mine: Mapping[str, float], reason: str) -> list[str]:
    """What the user's own shares lack, and how they differ from the published ones."""
    if not mine:
        return [f"Vos parts {year} : {safe(reason)}."]
    absent, lines = sorted(set(rows["poste"].dropna()) - set(mine)), []
    if absent:
        lines.append(
            f"Sans part de votre côté (poste absent, nommé avec un autre, ou non montré) : {', '.join(absent)}."
        )
    if key == FINANCED:
        lines.append("Vous : prestations ÷ frais réels de vos lignes ; la DREES compte toute la consommation de soins.")
    return lines


@functools.cache
def _sources(indicateur: str, year: int) -> str:
    """Year and sources of what is drawn, each with its address."""
    rows = rows_of(indicateur, year)
    found: dict[str, str] = {}
    for source, url in zip(rows["source"], rows["url"], strict=True):
        found.setdefault(source, url)
    links = " ; ".join(f"[{safe(source)}]({url})" for source, url in found.items())
    return f"Marché, chiffres {year} : {links}"
