"""What moves with the series explained: associations that outlive chance, never causes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.constat import Constat, in_sentence
from analytics.descriptive import compute_indicator
from analytics.diagnostic.candidates import WORKING_DAYS, Candidates, gather_candidates
from analytics.diagnostic.drivers import PER_CENT, Drivers, find_drivers
from analytics.french import format_number, format_percent, format_value, is_missing
from analytics.indicators import Indicator, get_indicator
from analytics.schema import Selection
from charts.drivers import chart_lags
from charts.picture import Picture
from pages.components import figure
from pages.components.answer import Answer, answer
from pages.components.cache import cached
from pages.components.constat import format_risk
from pages.components.messages import safe, told_in_french
from pages.components.sharing import hide_months
from pages.components.sidebar import View

FDR = 0.05
HOLDOUT = 12
IN_WORDS = ("", "", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze")
NOT_TRIED = "Pas essayée"


def show_drivers(view: View, constat: Constat) -> Answer | None:
    """The answer, the effect by lag of one series, then every series tried and why it is not kept."""
    indicator = get_indicator(constat.indicator, view.dataset)
    told = None
    with told_in_french():
        candidates, found = drivers_of(view, constat)
        told = answer(found.verdict.reponse, sentence(found, indicator))
        if found.tested.empty:
            return told
        st.caption(_risk(found))
        _show_lags(view, constat, indicator, found)
        with figure.folded("Toutes les séries essayées", icon=":material/list:", key="series_essayees") as is_open:
            if is_open:
                figure.show_table(tried_table(found, indicator, candidates))
    return told


def drivers_of(view: View, constat: Constat) -> tuple[Candidates, Drivers]:
    """Series tried and what was found, computed once by perimeter."""
    key, filters = constat.indicator, dict(constat.selection.filtres)

    def compute() -> tuple[Candidates, Drivers]:
        months = view.opened.complete_months
        scope = Selection(filtres=filters)
        table = compute_indicator(view.dataset, key, selection=scope)[["mois", "valeur"]]
        series = _shown(view, table, filters, months)
        candidates = gather_candidates(view.dataset, key, filters, months)
        columns = {
            name: _shown(view, column.rename("valeur").rename_axis("mois").reset_index(),
                         candidates.perimeters.get(name, filters), months)
            for name, column in candidates.table.items()
        }  # fmt: skip
        shown = pd.DataFrame(columns, index=series.index)
        return candidates, find_drivers(series, shown, fdr=FDR, holdout=HOLDOUT, known=(WORKING_DAYS,))

    return cached("drivers", view.key, compute, key=key, filtres=filters, shared=view.shared)


def _shown(view: View, table: pd.DataFrame, filters: dict, months: pd.DatetimeIndex) -> pd.Series:
    """Complete months that may be shown."""
    return hide_months(view, table, ["valeur"], filtres=filters).set_index("mois")["valeur"].reindex(months)


def sentence(found: Drivers, indicator: Indicator) -> str:
    """The answer in words: the surest association, its size and its lag."""
    kept = found.kept
    if kept.empty:
        return found.verdict.phrase
    row, name = kept.iloc[0], _quoted(indicator.label)
    rises = row["effet"] > 0
    ends = (row["bas"], row["haut"]) if rises else (-row["haut"], -row["bas"])
    size, low, high = (format_effect(v, found, indicator) for v in (abs(row["effet"]), *ends))
    others = ", ".join(_quoted(other) for other in kept["facteur"].iloc[1:])
    beside = f" Aussi associée : {others}." if others else ""
    return (
        f"La série {_quoted(row['facteur'])} est associée à {name} : quand elle monte de {row['pour']}, {name} "
        f"{'monte' if rises else 'baisse'} de {size} {in_time(int(row['decalage']))} (entre {low} et {high}, 95 fois "
        f"sur 100).{beside} Aller ensemble ne dit pas que l’une fait bouger l’autre."
    )


def _quoted(name: str) -> str:
    return f"«\u00a0{name}\u00a0»"


def in_time(lag: int) -> str:
    """« le même mois », « le mois suivant », « deux mois plus tard »."""
    if lag < 2:
        return ("le même mois", "le mois suivant")[lag]
    return f"{IN_WORDS[lag]} mois plus tard"


def format_effect(value: float, found: Drivers, indicator: Indicator, *, signed: bool = False) -> str:
    """An effect: per cents of the series, or its own unit."""
    if not found.relative:
        return format_value(value, indicator.unit, signed=signed)
    return format_percent(value / 100, 1 if abs(value) >= 10 else 2, signed=signed)


def _risk(found: Drivers) -> str:
    """How many were tried and what it costs."""
    tried, count = format_number(found.n_tests), found.tested["facteur"].nunique()
    series, notes = f"{format_number(count)} série{'s' if count > 1 else ''}", " ".join(found.warnings)
    return (
        f"{tried} associations essayées ({series}, jusqu’à 12 mois de décalage) sur "
        f"{format_number(found.n_months)} mois : un lien est montré si le risque de fausse découverte est d’au plus "
        f"{format_percent(FDR, 0)} et s’il améliore la prévision des {HOLDOUT} derniers mois. Saison, tendance et "
        f"jours ouvrés sont ôtés d’abord ; le premier confinement est laissé de côté. Les fourchettes à 95 % tiennent "
        f"compte de tous ces essais ; un lien choisi parmi eux paraît souvent plus fort qu’il n’est. {notes}"
    ).strip()


def _show_lags(view: View, constat: Constat, indicator: Indicator, found: Drivers) -> None:
    names = [str(name) for name in found.table.loc[found.table["p_value"].notna(), "facteur"]]
    chosen = st.selectbox("Série à regarder", names, key="serie_associee", bind="query-params")
    picture = cached(
        "drivers_picture", view.key, lambda: _picture(view, indicator, found, chosen), key=constat.indicator,
        filtres=dict(constat.selection.filtres), shared=view.shared, chosen=chosen,
    )  # fmt: skip
    figure.show(picture, key="effet_par_decalage", is_demo=view.dataset.is_demo)
    row = found.table.set_index("facteur").loc[chosen]
    kept = row["reponse"] == "oui"
    words = _kept_words(row) if kept else f"Lien non retenu : {row['raison']}."
    st.caption(safe(words))


def _kept_words(row: pd.Series) -> str:
    start = f"Risque de fausse alerte : {format_risk(row['q_value'])}. "
    if row["decalage"] == 0 and row.name != WORKING_DAYS:
        return (
            f"{start}Le lien est du même mois : le connaître d’avance ôterait {format_percent(row['gain'], 0)} de "
            f"l’erreur des {HOLDOUT} derniers mois, mais il ne se connaît qu’après."
        )
    return f"{start}Il ôte {format_percent(row['gain'], 0)} de l’erreur de prévision des {HOLDOUT} derniers mois."


def _picture(view: View, indicator: Indicator, found: Drivers, chosen: str) -> Picture:
    rows = found.tested[found.tested["facteur"] == chosen]
    best = found.table.set_index("facteur").loc[chosen]
    unit = "taux" if found.relative else indicator.unit
    if found.relative:
        rows = rows.assign(**{c: rows[c] / 100 for c in ("effet", "bas", "haut")})
    note = f"Effet pour {best['pour']} de plus, selon le décalage"
    return chart_lags(
        rows, chosen=int(best["decalage"]), title=f"{indicator.label} après {_quoted(chosen)}", note=note, unit=unit,
        is_demo=view.dataset.is_demo,
    )  # fmt: skip


def tried_table(found: Drivers, indicator: Indicator, candidates: Candidates) -> pd.DataFrame:
    """Every series: its best lag, its effect, its risk, and why it is not kept; then those not tried."""
    rows = [_row(row, found, indicator) for row in found.table.to_dict("records")]
    rows += [{"Série": name, "Réponse": NOT_TRIED, "Pourquoi": reason} for name, reason in candidates.left_out.items()]
    columns = ["Série", "Réponse", "Pourquoi", "Décalage", "Effet", "Bas 95 %", "Haut 95 %", "Risque", "Erreur ôtée"]
    return pd.DataFrame(rows, columns=columns).fillna("—")


def _row(row: dict, found: Drivers, indicator: Indicator) -> dict[str, str]:
    told = {"Série": row["facteur"], "Réponse": str(row["reponse"]).capitalize(), "Pourquoi": row["raison"] or "—"}
    if is_missing(row["p_value"]):
        return told
    size, low, high = (format_effect(row[c], found, indicator, signed=True) for c in ("effet", "bas", "haut"))
    per = "" if row["pour"] == PER_CENT else f" pour {row['pour']}"
    return {
        **told, "Décalage": in_sentence(in_time(int(row["decalage"]))), "Effet": f"{size}{per}", "Bas 95 %": low,
        "Haut 95 %": high, "Risque": format_risk(row["q_value"]),
        "Erreur ôtée": format_percent(row["gain"], 0, signed=True),
    }  # fmt: skip
