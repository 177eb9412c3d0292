"""Where the year should end as it was said month after month, and the year beside its budget."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_month, format_value
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, ORANGE, month_axis, value_axis

KNOWN, AHEAD, BUDGET = "Réalisé", "Prévision", "Budget"


def chart_landing(told: pd.DataFrame, *, title: str, unit: str = "EUR", is_demo: bool = False) -> Picture:
    """The landing of a year by last known month, its range closing in.

    Parameters
    ----------
    told : pandas.DataFrame
        mois (last known month), total, bas_80, haut_80.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = told[["mois", "total", "bas_80", "haut_80"]].copy()
    data["texte"] = [
        f"{format_month(r.mois)} : {format_value(r.total, unit)} "
        f"({format_value(r.bas_80, unit)} à {format_value(r.haut_80, unit)})"
        for r in data.itertuples()
    ]
    names = {"mois": "Dernier mois connu", "total": "Atterrissage", "bas_80": "Bas 80 %", "haut_80": "Haut 80 %"}
    first, last = data.iloc[0], data.iloc[-1]
    words = (
        f"{title} : {format_value(first['total'], unit)} avec les mois connus à fin {format_month(first['mois'])}, "
        f"{format_value(last['total'], unit)} à fin {format_month(last['mois'])}, entre "
        f"{format_value(last['bas_80'], unit)} et {format_value(last['haut_80'], unit)} 8 fois sur 10."
    )
    return Picture(
        _landing_spec(title, unit, is_demo), check_marks(data), words, title, data[list(names)].rename(columns=names)
    )


@kept(64)
def _landing_spec(title: str, unit: str, is_demo: bool) -> dict:
    base = alt.Chart(source()).encode(x=alt.X("mois:T", axis=month_axis()))
    y = alt.Y("bas_80:Q", axis=value_axis(unit), scale=alt.Scale(zero=False))
    span = base.mark_rule(color=BLUE, opacity=0.35, strokeWidth=9).encode(y=y, y2="haut_80:Q")
    line = base.mark_line(color=BLUE, strokeWidth=2.2, point=alt.OverlayMarkDef(color=BLUE, size=50)).encode(
        y=alt.Y("total:Q", axis=value_axis(unit), scale=alt.Scale(zero=False)),
        tooltip=[alt.Tooltip("texte:N", title="Dernier mois connu")],
    )
    note = "Dernier mois connu ; barre : 8 chances sur 10"
    return to_spec(
        alt.layer(span, line).properties(height=HEIGHT - 100, title=titled(title, is_demo=is_demo, note=note))
    )


def chart_budget(table: pd.DataFrame, *, title: str, unit: str = "EUR", is_demo: bool = False) -> Picture:
    """Months known and forecast as bars, the budget as a tick on each.

    Parameters
    ----------
    table : pandas.DataFrame
        mois, budget, valeur, prevu (bool), ecart, cumul.
    title, unit, is_demo
        As in `charts.trend.chart_trend`.
    """
    months = [format_month(m) for m in table["mois"]]
    series = [AHEAD if p else KNOWN for p in table["prevu"]]
    bars = pd.DataFrame({"rang": range(len(table)), "libelle": months, "serie": series, "valeur": table["valeur"]})
    ticks = bars.assign(serie=BUDGET, valeur=table["budget"].to_numpy())
    data = pd.concat([bars, ticks], ignore_index=True)
    gaps = [format_value(g, unit, signed=True) for g in (*table["ecart"], *table["ecart"])]
    data["texte"] = [
        f"{m} : {format_value(v, unit)} (écart au budget {g})"
        for m, v, g in zip(data["libelle"], data["valeur"], gaps, strict=True)
    ]
    names = {
        "mois": "Mois",
        "budget": "Budget",
        "valeur": "Réalisé ou prévu",
        "ecart": "Écart",
        "cumul": "Écart cumulé",
    }
    shown = table[list(names)].rename(columns=names).assign(État=series)
    gap = format_value(table["cumul"].iloc[-1], unit, signed=True)
    words = (
        f"{title} : de {months[0]} à {months[-1]}, {format_value(table['valeur'].sum(), unit)} connus ou prévus "
        f"pour {format_value(table['budget'].sum(), unit)} de budget, écart {gap}."
    )
    kinds = tuple(k for k in (KNOWN, AHEAD, BUDGET) if k in set(data["serie"]))
    return Picture(_budget_spec(title, unit, is_demo, kinds), check_marks(data), words, title, shown)


@kept(64)
def _budget_spec(title: str, unit: str, is_demo: bool, kinds: tuple[str, ...]) -> dict:
    colours = {KNOWN: GREY, AHEAD: BLUE, BUDGET: ORANGE}
    base = alt.Chart(source()).encode(
        x=alt.X(
            "libelle:N",
            sort=alt.EncodingSortField("rang", op="min"),
            axis=alt.Axis(title=None, labelAngle=0, labelOverlap=True),
        ),
        y=alt.Y("valeur:Q", axis=value_axis(unit)),
        color=alt.Color("serie:N", scale=alt.Scale(domain=kinds, range=[colours[k] for k in kinds])),
        tooltip=[alt.Tooltip("serie:N", title="Série"), alt.Tooltip("texte:N", title="Valeur")],
    )
    bars = base.transform_filter(f"datum.serie != '{BUDGET}'").mark_bar()
    ticks = base.transform_filter(f"datum.serie == '{BUDGET}'").mark_tick(thickness=4, bandSize=34)
    return to_spec(alt.layer(bars, ticks).properties(height=HEIGHT - 40, title=titled(title, is_demo=is_demo)))
