"""What the next twelve months owe to each component, and each component month by month."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_euros, format_month, format_percent
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, BLUE, GREY, HEIGHT, ORANGE, PALETTE, TITLE_LINE, month_axis, value_axis

ROW = 34
UP, DOWN = "augmente", "diminue"
LINES = (BLUE, ORANGE, PALETTE[4], GREY)


def chart_contributions(table: pd.DataFrame, *, title: str, is_demo: bool = False) -> Picture:
    """Bars of what each component adds to the next year, against the last one.

    Parameters
    ----------
    table : pandas.DataFrame
        composante, derniers, prochains, contribution (EUR), nature, as `analytics.predictive.parts.Parts.table`.
    title, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = table[["composante", "contribution", "nature"]].copy()
    data["sens"] = [UP if v >= 0 else DOWN for v in data["contribution"]]
    data["texte"] = [format_euros(v, signed=True) for v in data["contribution"]]
    names = {"composante": "Composante", "derniers": "Effet, 12 derniers mois", "prochains": "Effet, 12 prochains mois",
             "contribution": "Contribution au changement", "nature": "Nature"}  # fmt: skip
    shown = table[list(names)].rename(columns=names)
    words = " ; ".join(f"{r.composante} {r.texte}" for r in data.itertuples())
    return Picture(_bars(title, is_demo, len(data)), check_marks(data), f"{title} : {words}.", title, shown)


@kept(64)
def _bars(title: str, is_demo: bool, rows: int) -> dict:
    base = alt.Chart(source()).encode(
        y=alt.Y("composante:N", sort=None, axis=alt.Axis(title=None, grid=False, labelLimit=170)),
        tooltip=[
            alt.Tooltip("composante:N", title="Composante"),
            alt.Tooltip("texte:N", title="Contribution"),
            alt.Tooltip("nature:N", title="Nature"),
        ],
    )
    bars = base.mark_bar(height=16).encode(
        x=alt.X("contribution:Q", axis=value_axis("EUR"), scale=alt.Scale(padding=12)),
        color=alt.Color("sens:N", scale=alt.Scale(domain=[UP, DOWN], range=[ORANGE, BLUE]), legend=None),
    )
    note = "Orange : plus de prestations ; bleu : moins"
    return to_spec(
        alt.layer(bars).properties(
            height=ROW * rows + AXIS + 4 * TITLE_LINE, title=titled(title, is_demo=is_demo, note=note)
        )
    )


def chart_profile(profile: pd.DataFrame, *, last: pd.Timestamp, title: str, is_demo: bool = False) -> Picture:
    """Each component month by month, around the mean level of the last known year.

    Parameters
    ----------
    profile : pandas.DataFrame
        mois, composante, valeur (0.05 = +5 %), as `analytics.predictive.parts.Parts.profile`.
    last : pandas.Timestamp
        Last known month: what follows is dashed.
    title, is_demo
        As in `charts.trend.chart_trend`.
    """
    known = profile[profile["mois"] <= last].assign(nature="connu")
    coming = profile[profile["mois"] >= last].assign(nature="à venir")  # the last known month links the two
    data = pd.concat([known, coming], ignore_index=True)
    data["texte"] = [
        f"{format_month(m)} : {format_percent(v, signed=True)}"
        for m, v in zip(data["mois"], data["valeur"], strict=True)
    ]
    names = list(dict.fromkeys(profile["composante"]))
    wide = profile.pivot_table(index="mois", columns="composante", values="valeur", sort=False)[names]
    shown = wide.map(lambda v: format_percent(v, signed=True)).reset_index().rename(columns={"mois": "Mois"})
    shown.columns.name = None
    ends = profile.groupby("composante", sort=False)["valeur"].agg(["min", "max"])
    words = " ; ".join(
        f"{n} de {format_percent(row['min'], signed=True)} à {format_percent(row['max'], signed=True)}"
        for n, row in ends.iterrows()
    )
    return Picture(_lines(title, is_demo, tuple(names)), check_marks(data), f"{title} : {words}.", title, shown)


@kept(64)
def _lines(title: str, is_demo: bool, names: tuple[str, ...]) -> dict:
    scale = alt.Scale(domain=names, range=LINES[: len(names)])
    lines = (
        alt.Chart(source())
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("mois:T", axis=month_axis()),
            y=alt.Y("valeur:Q", axis=value_axis("taux")),
            color=alt.Color("composante:N", scale=scale, legend=alt.Legend(columns=2)),
            strokeDash=alt.StrokeDash(
                "nature:N", scale=alt.Scale(domain=["connu", "à venir"], range=[[1, 0], [4, 3]]), legend=None
            ),
            tooltip=[alt.Tooltip("composante:N", title="Composante"), alt.Tooltip("texte:N", title="Valeur")],
        )
    )
    note = "Autour du niveau moyen des 12 derniers mois connus ; à venir en pointillé"
    return to_spec(lines.properties(height=HEIGHT - 40, title=titled(title, is_demo=is_demo, note=note)))
