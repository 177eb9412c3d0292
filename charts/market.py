"""Public figures beside the user's own: families of insurers, growth by year, shares out of each poste."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd

from analytics.french import format_percent, is_missing
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, BLUE, GREY, HEIGHT, TEXT, TITLE_LINE, value_axis

YOU, MARKET = "Vous", "Marché"
PREMIUMS, BENEFITS = "cotisations", "prestations"
BAR = 34
COLOURS = {YOU: BLUE, MARKET: GREY}


def chart_families(table: pd.DataFrame, *, title: str, note: str, is_demo: bool = False) -> Picture:
    """Bars of one rate: the user's own among the published ones.

    Parameters
    ----------
    table : pandas.DataFrame
        repere, valeur (rate), vous (bool), source, url; drawn in the order given.
    title : str
    note : str
        Year and base, printed under the title.
    is_demo : bool
        Whether the user's own are simulated.
    """
    data = table[["repere", "valeur"]].copy()
    data["qui"] = table["vous"].map({True: YOU, False: MARKET})
    data["texte"] = table["valeur"].map(lambda v: format_percent(v, 0 if round(v * 100, 6) % 1 == 0 else 1))
    names = {"repere": "Repère", "source": "Source", "url": "Adresse"}
    shown = table[list(names)].rename(columns=names)
    shown.insert(1, title, data["texte"])
    alt_text = f"{title} ({note}) : " + ", ".join(f"{r.repere} {r.texte}" for r in data.itertuples()) + "."
    top = math.ceil(data["valeur"].max() * 11.5) / 10 if len(data) else 1.0  # room for the words, in steps of 10 %
    spec = _families(title, note, is_demo, max(len(data), 1), top, bool(table["vous"].any()))
    return Picture(spec, check_marks(data), alt_text, title, shown)


def _who(own: bool) -> alt.Color:
    """Colour of who it is; no legend for the market alone, which the title names."""
    legend = {} if own else {"legend": None}
    return alt.Color("qui:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())), **legend)


@kept(64)
def _families(title: str, note: str, is_demo: bool, bars: int, top: float, own: bool) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("repere:N", sort=None, axis=alt.Axis(title=None, grid=False, labelLimit=200)),
        tooltip=[alt.Tooltip("repere:N", title="Repère"), alt.Tooltip("texte:N", title="Valeur")],
    )
    bar = base.mark_bar(height={"band": 0.62}).encode(
        x=alt.X("valeur:Q", axis=value_axis("taux"), scale=alt.Scale(domain=[0, top], nice=False)),
        color=_who(own),
    )
    text = base.mark_text(align="left", dx=6, color=TEXT, fontSize=12).encode(x="valeur:Q", text="texte:N")
    height = BAR * bars + AXIS + 5 * TITLE_LINE
    return to_spec((bar + text).properties(height=height, title=titled(title, is_demo=is_demo, note=note)))


def chart_growth(table: pd.DataFrame, *, title: str, is_demo: bool = False) -> Picture:
    """Yearly change of premiums and benefits, the market's and the user's own.

    Parameters
    ----------
    table : pandas.DataFrame
        annee (int), qui (:data:`YOU`, :data:`MARKET`), quoi (:data:`PREMIUMS`, :data:`BENEFITS`), valeur (rate),
        remarque (source, or why there is none); one row per year of the span, so that a line stops where a year lacks.
    title, is_demo
        As in :func:`chart_families`.
    """
    data = table[["annee", "qui", "quoi", "valeur"]].sort_values("annee", kind="stable")
    data["texte"] = data["valeur"].map(lambda v: format_percent(v, signed=True))
    data["annee"] = data["annee"].astype("str")
    data["serie"] = data["qui"] + ", " + data["quoi"]
    names = {"annee": "Année", "quoi": "Montant", "qui": "De qui", "remarque": "Source ou remarque"}
    shown = table[list(names)].rename(columns=names)
    shown["Année"] = shown["Année"].astype("str")
    shown.insert(3, "Évolution", table["valeur"].map(lambda v: format_percent(v, signed=True)))
    known = data.dropna(subset=["valeur"])
    last = known[known["annee"] == known["annee"].max()]
    words = ", ".join(f"{r.serie.lower()} {r.texte}" for r in last.itertuples())
    alt_text = f"{title}, en {known['annee'].max()} : {words}." if len(known) else f"{title} : aucune valeur."
    spec = _growth(title, is_demo, len(set(data["annee"])) > 1, bool(known["qui"].eq(YOU).any()))
    return Picture(spec, check_marks(data), alt_text, title, shown)


@kept(16)
def _growth(title: str, is_demo: bool, several: bool, own: bool) -> dict:
    base = alt.Chart(source()).encode(
        x=alt.X("annee:O", axis=alt.Axis(title=None, labelAngle=0, grid=False)),
        y=alt.Y("valeur:Q", axis=value_axis("taux")),
        color=_who(own),
        detail="serie:N",
        tooltip=[
            alt.Tooltip("annee:N", title="Année"),
            alt.Tooltip("serie:N", title="Série"),
            alt.Tooltip("texte:N", title="Évolution"),
        ],
    )
    kinds = [PREMIUMS, BENEFITS]
    legend = alt.Legend(symbolFillColor=GREY, symbolStrokeWidth=0)  # black by default, whatever the background
    dash = alt.StrokeDash("quoi:N", scale=alt.Scale(domain=kinds, range=[[1, 0], [5, 3]]), legend=legend)
    shape = alt.Shape("quoi:N", scale=alt.Scale(domain=kinds, range=["circle", "square"]), legend=legend)
    point = base.mark_point(filled=True, size=70).encode(shape=shape)
    layers = [base.mark_line(strokeWidth=2).encode(strokeDash=dash), point] if several else [point]
    note = "Plein : cotisations ; tirets : prestations" + ("" if own else " ; marché seul")
    return to_spec(alt.layer(*layers).properties(height=HEIGHT, title=titled(title, is_demo=is_demo, note=note)))


def chart_shares(table: pd.DataFrame, *, title: str, note: str, is_demo: bool = False) -> Picture:
    """One bar per poste, each out of its own 100 %: shares of different wholes, that do not add up.

    Parameters
    ----------
    table : pandas.DataFrame
        libelle, marche (rate), vous (rate or NaN), source, url, remarque; drawn in the order given.
    title, note, is_demo
        As in :func:`chart_families`.
    """
    data = table[["libelle", "marche", "vous"]].assign(tout=1.0, depart=0.0)
    data["texte"] = data["marche"].map(lambda v: format_percent(v, 0))
    data["soi"] = data["vous"].map(format_percent)
    names = {"libelle": "Poste", "remarque": "Remarque", "source": "Source", "url": "Adresse"}
    shown = table[list(names)].rename(columns=names)
    shown.insert(1, MARKET, data["texte"])
    shown.insert(2, YOU, data["soi"])
    words = "".join(
        f"{r.libelle} {r.texte}{'' if is_missing(r.vous) else f' (vous : {r.soi})'} ; " for r in data.itertuples()
    )
    alt_text = f"{title} ({note}), une barre par poste sur 100 % : {words.removesuffix(' ; ')}."
    spec = _shares(title, note, is_demo, max(len(data), 1), bool(data["vous"].notna().any()))
    return Picture(spec, check_marks(data), alt_text, title, shown)


@kept(32)
def _shares(title: str, note: str, is_demo: bool, bars: int, own: bool) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("libelle:N", sort=None, axis=alt.Axis(title=None, grid=False, labelLimit=200)),
        tooltip=[
            alt.Tooltip("libelle:N", title="Poste"),
            alt.Tooltip("texte:N", title=MARKET),
            alt.Tooltip("soi:N", title=YOU),
        ],
    )
    scale = alt.Scale(domain=[0, 1.16], clamp=False)  # room past 100 % for the words: read on the background alone
    x = alt.X("depart:Q", axis=value_axis("taux", values=[0, 0.25, 0.5, 0.75, 1]), scale=scale)
    track = base.mark_bar(color=GREY, opacity=0.18, height={"band": 0.6}).encode(x=x, x2="tout:Q")
    share = base.mark_bar(color=GREY, height={"band": 0.6}).encode(x=x, x2="marche:Q")
    text = base.mark_text(align="left", dx=6, color=TEXT, fontSize=12, fontWeight=600).encode(
        x=alt.X("tout:Q", scale=scale), text="texte:N"
    )
    mine = base.transform_filter("isValid(datum.vous)").mark_tick(color=BLUE, thickness=4, height={"band": 0.9})
    layers = [track, share, text, *([mine.encode(x=alt.X("vous:Q", scale=scale))] if own else [])]
    said = f"{note} ; trait bleu : vous" if own else note
    height = BAR * bars + AXIS + 4 * TITLE_LINE
    return to_spec(alt.layer(*layers).properties(height=height, title=titled(title, is_demo=is_demo, note=said)))
