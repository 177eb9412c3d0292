"""Who pays for a scenario: what the members of each group pay more, scenario beside scenario."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_euros, format_percent
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import AXIS, TITLE_LINE, value_axis

BAR = 18


def chart_effort(table: pd.DataFrame, *, title: str, dimension: str, is_demo: bool = False) -> Picture:
    """Euros paid more by group, one bar by scenario.

    Parameters
    ----------
    table : pandas.DataFrame
        scenario, groupe (text), effort (EUR), hausse, part_effort, part_cotisation (rates).
    title, is_demo
        As in `charts.trend.chart_trend`.
    dimension : str
        French name of the groups.
    """
    data = table[["scenario", "groupe", "effort", "hausse", "part_effort", "part_cotisation"]].copy()
    data["texte"] = [
        f"{format_euros(r.effort, signed=True)}, hausse {format_percent(r.hausse, signed=True)}"
        for r in data.itertuples()
    ]
    names = {"scenario": "Scénario", "groupe": dimension, "effort": "Effort", "hausse": "Hausse",
             "part_effort": "Part de l’effort", "part_cotisation": "Part des cotisations"}  # fmt: skip
    shown = data[list(names)].rename(columns=names)
    shown["Effort"] = shown["Effort"].map(lambda v: format_euros(v, signed=True))
    shown["Hausse"] = shown["Hausse"].map(lambda v: format_percent(v, signed=True))
    for column in ("Part de l’effort", "Part des cotisations"):
        shown[column] = shown[column].map(format_percent)
    scenarios, groups = (tuple(dict.fromkeys(data[c])) for c in ("scenario", "groupe"))
    most = data.loc[data.groupby("scenario", sort=False)["effort"].idxmax()]
    words = f"{title} : " + " ; ".join(f"{r.scenario}, surtout {r.groupe} ({r.texte})" for r in most.itertuples()) + "."
    spec = _spec(title, dimension, is_demo, scenarios, groups)
    return Picture(spec, check_marks(data), words, title, shown)


@kept(64)
def _spec(title: str, dimension: str, is_demo: bool, scenarios: tuple[str, ...], groups: tuple[str, ...]) -> dict:
    order = list(scenarios)
    bars = alt.Chart(source()).mark_bar().encode(
        y=alt.Y("groupe:N", sort=list(groups), axis=alt.Axis(title=None, grid=False, labelLimit=170)),
        yOffset=alt.YOffset("scenario:N", sort=order),
        x=alt.X("effort:Q", axis=value_axis("EUR")),
        color=alt.Color("scenario:N", scale=alt.Scale(domain=order)),
        tooltip=[alt.Tooltip("groupe:N", title=dimension), alt.Tooltip("scenario:N", title="Scénario"),
                 alt.Tooltip("texte:N", title="Paie en plus")],
    )  # fmt: skip
    height = (BAR * len(scenarios) + 8) * len(groups) + AXIS + 5 * TITLE_LINE
    note = "Ce que paient en plus, par an, ceux qui restent"
    return to_spec(bars.properties(height=height, title=titled(title, is_demo=is_demo, note=note)))
