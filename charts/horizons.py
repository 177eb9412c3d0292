"""Error of a forecast by distance, beside the seasonal naive."""

from __future__ import annotations

import altair as alt
import pandas as pd

from analytics.french import format_number, format_percent
from charts.picture import Picture, check_marks, kept, source, titled, to_spec
from charts.theme import BLUE, GREY, HEIGHT, value_axis

OURS, NAIVE = "Prévision", "Comme l’an dernier (naïf saisonnier)"
COLOURS = {OURS: BLUE, NAIVE: GREY}


def chart_horizons(table: pd.DataFrame, *, ours: str, title: str, is_demo: bool = False) -> Picture:
    """Bars by distance, two by two.

    Parameters
    ----------
    table : pandas.DataFrame
        tranche, modele, n, origines, wape, as `analytics.predictive.seen.error_by_horizon` for two models.
    ours : str
        Name of the model that is ours.
    title, is_demo
        As in `charts.trend.chart_trend`.
    """
    data = table[["tranche", "modele", "n", "wape"]].copy()
    data["serie"] = [OURS if m == ours else NAIVE for m in data.pop("modele")]
    told = zip(data["wape"], data["n"], strict=True)
    data["texte"] = [f"{format_percent(w)} sur {format_number(n)} mois" for w, n in told]
    wide = data.pivot_table(index="tranche", columns="serie", values="wape", sort=False, dropna=False)
    shown = pd.DataFrame({
        "Distance": wide.index,
        **{name: [format_percent(v) for v in wide[name]] for name in COLOURS if name in wide},
        "Mois comparés": data[data["serie"] == OURS].set_index("tranche")["n"].reindex(wide.index).to_numpy(),
    })  # fmt: skip
    words = " ; ".join(
        f"{d} : {format_percent(row[OURS])} contre {format_percent(row[NAIVE])}" for d, row in wide.iterrows()
    )
    return Picture(_spec(title, is_demo), check_marks(data), f"{title}. {words}.", title, shown)


@kept(32)
def _spec(title: str, is_demo: bool) -> dict:
    bars = (
        alt.Chart(source())
        .mark_bar()
        .encode(
            x=alt.X("tranche:N", sort=None, axis=alt.Axis(title=None, labelAngle=0, grid=False)),
            xOffset=alt.XOffset("serie:N", sort=list(COLOURS)),
            y=alt.Y("wape:Q", axis=value_axis("taux")),
            color=alt.Color("serie:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))),
            tooltip=[
                alt.Tooltip("tranche:N", title="Distance"),
                alt.Tooltip("serie:N", title="Modèle"),
                alt.Tooltip("texte:N", title="Erreur moyenne"),
            ],
        )
    )
    note = "Erreur moyenne en part du réalisé, mêmes mois pour les deux"
    return to_spec(bars.properties(height=HEIGHT - 80, title=titled(title, is_demo=is_demo, note=note)))
