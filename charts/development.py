"""A past closing beside what became of it: paid then, estimated then with its interval, known today."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_gap, format_month, format_value
from charts.events import NO_EVENT, event_rules, has_events, name_events, with_events
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, ORANGE, month_axis, value_axis

PAID, ESTIMATED, TODAY = "Payé alors", "Estimé alors", "Connu aujourd’hui"
#: In the order of drawing: the estimate comes last, dashed, so that what became of it is seen under it.
STYLES = {TODAY: ("aujourd_hui", ORANGE, [1, 0]), PAID: ("paye", GREY, [2, 3]), ESTIMATED: ("ultime", BLUE, [7, 5])}
NAMES = {
    "mois": "Mois",
    "paye": PAID,
    "ultime": ESTIMATED,
    "bas_80": "Bas 80 %",
    "haut_80": "Haut 80 %",
    "aujourd_hui": TODAY,
    "ecart": "Écart de l’estimation",
}


def chart_development(
    table: pd.DataFrame, *, as_of: pd.Timestamp, title: str, unit: str, events: pd.DataFrame | None = None,
    is_demo: bool = False,
) -> Picture:  # fmt: skip
    """Three lines and a band over the months of a replay.

    Parameters
    ----------
    table : pandas.DataFrame
        mois, paye, ultime, bas_80, haut_80, aujourd_hui, as `analytics.completion.Replay.table`; a missing value is
        not drawn.
    as_of : pandas.Timestamp
        Date replayed.
    title, unit, events, is_demo
        As in `charts.trend.chart_trend`.
    """
    figures = table.assign(ecart=table["ultime"] - table["aujourd_hui"])
    parts = [
        figures[["mois", "bas_80", "haut_80"]].assign(valeur=figures[column], serie=name)
        for name, (column, _, _) in STYLES.items()
        if figures[column].notna().any()
    ]
    data = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["mois", "valeur", "serie"])
    data = data.dropna(subset=["valeur"]).reset_index(drop=True)
    data["texte"] = [
        f"{format_month(m)} : {format_value(v, unit)}" for m, v in zip(data["mois"], data["valeur"], strict=True)
    ]
    shown = tuple(name for name in STYLES if name in set(data["serie"]))
    data = with_events(data, events, table["mois"].min(), table["mois"].max())
    has_band = bool(figures["haut_80"].notna().any())
    note = f"Clôture de {format_month(as_of, short=False)}" + (" ; bande : 8 chances sur 10" if has_band else "")
    spec = _spec(title, unit, is_demo, note, shown, has_events(data))
    names = {key: name for key, name in NAMES.items() if key == "mois" or figures[key].notna().any()}
    shown_table = figures[list(names)].rename(columns=names)
    words = _alt(figures, as_of, title, unit) + name_events(data)
    return Picture(spec, check_marks(data), words, title, shown_table)


@kept(64)
def _spec(title: str, unit: str, is_demo: bool, note: str, shown: tuple[str, ...], dated: bool) -> dict:
    base = alt.Chart(source()).encode(x=alt.X("mois:T", axis=month_axis()))
    band = base.transform_filter(f"datum.serie == '{ESTIMATED}'").mark_area(color=BLUE, opacity=0.22)
    band = band.encode(y=alt.Y("bas_80:Q", axis=value_axis(unit)), y2="haut_80:Q")
    colours = [STYLES[name][1] for name in shown]
    dashes = [STYLES[name][2] for name in shown]
    stroke = alt.Legend(symbolType="stroke", symbolSize=300)
    lines = (
        base.transform_filter(NO_EVENT)
        .mark_line(strokeWidth=2.2, point={"size": 22})
        .encode(
            y=alt.Y("valeur:Q", axis=value_axis(unit), scale=alt.Scale(zero=False)),
            color=alt.Color("serie:N", scale=alt.Scale(domain=list(shown), range=colours), legend=stroke),
            strokeDash=alt.StrokeDash("serie:N", scale=alt.Scale(domain=list(shown), range=dashes), legend=stroke),
            tooltip=[alt.Tooltip("serie:N", title="Série"), alt.Tooltip("texte:N", title="Valeur")],
        )
    )
    layers = (*(event_rules() if dated else ()), band, lines)
    return to_spec(alt.layer(*layers).properties(height=HEIGHT, title=titled(title, is_demo=is_demo, note=note)))


def _alt(figures: pd.DataFrame, as_of: pd.Timestamp, title: str, unit: str) -> str:
    start = f"{title}, tel que connu en {format_month(as_of, short=False)}"
    judged = figures.dropna(subset=["paye", "ultime", "aujourd_hui"])
    if judged.empty:
        return f"{start} : rien à confronter à ce qui est connu aujourd’hui."
    last = judged.iloc[-1]
    return (
        f"{start} : pour {format_month(last['mois'])}, {format_value(last['paye'], unit)} payés, "
        f"{format_value(last['ultime'], unit)} estimés, {format_value(last['aujourd_hui'], unit)} connus aujourd’hui "
        f"(écart {format_gap(last['ecart'], unit)})."
    )
