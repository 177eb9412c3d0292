"""The scenarios side by side: who wins if anyone does, what each gives, and the chances of each target."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.french import (
    MISSING,
    format_euros,
    format_gap,
    format_number,
    format_percent,
    format_period,
    format_points,
    is_missing,
)
from analytics.indicators import INDICATORS, label_with_base
from analytics.prescriptive import IDLE, Target, Versus, set_side_by_side
from analytics.prescriptive.outcome import format_chance
from analytics.schema import Dataset
from charts.scenarios import chart_scenarios
from pages.components import figure
from pages.components.cache import cached
from pages.components.lab import Lab
from pages.components.messages import safe
from pages.components.sidebar import View

#: Indicator to its label, its unit, and whether it is told against the uniform increase.
ROWS: dict[str, tuple[str, str]] = {
    "pc": ("Ratio P/C", "taux"),
    "resultat": ("Résultat technique", "EUR"),
    "effectif": ("Assurés", "nombre"),
    "reste_a_charge": ("Reste à charge par tête", "EUR"),
    "hausse_moyenne": ("Hausse moyenne", "taux"),
    "charges": ("Coût des actions et des taxes", "EUR"),
}
DRAWN = ("pc", "resultat", "effectif", "reste_a_charge")
TARGET_WORDS = {
    "pc": "P/C",
    "resultat": "résultat",
    "retention": "assurés gardés",
    "hausse_moyenne": "hausse moyenne",
}
_SIDES = {"au_plus": "≤", "au_moins": "≥"}
NOISE = "≈"


def label_of(dataset: Dataset, key: str) -> str:
    """Label of an indicator; the P/C with the base of its premiums."""
    return label_with_base(INDICATORS["ratio_pc"], dataset) if key == "pc" else ROWS[key][0]


def versus_of(view: View, lab: Lab) -> Versus:
    """The comparison of the scenarios, computed once."""
    return cached(
        "versus", view.key,
        lambda: set_side_by_side(lab.outcomes, lab.uniforms, targets=lab.targets, indicators=tuple(ROWS)),
        noms=dict(lab.names), cibles=lab.targets,
    )  # fmt: skip


def show_answer(view: View, lab: Lab) -> None:
    """The answer of the page, in one sentence, after the euros that it leaves out."""
    if lab.portfolio.laisse:
        st.warning(safe(lab.portfolio.laisse), icon=":material/playlist_remove:")
    st.markdown(f"**{safe(tell_answer(versus_of(view, lab), lab))}**")


def tell_answer(versus: Versus, lab: Lab) -> str:
    """Who wins on the result, or that nobody does, and the chances of the P/C asked."""
    target = lab.targets[0]
    chances = versus.targets[versus.targets["indicateur"] == target.indicateur].groupby("scenario", sort=False)
    told = [f"«\u00a0{name}\u00a0» {format_chance(rows['probabilite'].iloc[0])}" for name, rows in chances]
    if versus.gagnant is None:
        first = "Pas de gagnant sur le résultat : l’écart entre les meilleurs scénarios est dans le bruit"
    else:
        rows = versus.table[(versus.table["scenario"] == versus.gagnant) & (versus.table["indicateur"] == "resultat")]
        gap = "" if versus.gagnant == IDLE else f", {format_euros(rows['ecart_rien'].iloc[0], signed=True)} face à rien"
        first = f"«\u00a0{versus.gagnant}\u00a0» donne le meilleur résultat{gap}"
    return f"{first} ; chances d’un {tell_target(target)} : {', '.join(told)}."


def tell_target(target: Target) -> str:
    """« P/C ≤ 80,0 % »."""
    return f"{TARGET_WORDS[target.indicateur]} {_SIDES[target.sens]} {_tell(target.indicateur, target.seuil)}"


def _tell(key: str, value: float) -> str:
    unit = ROWS[key][1] if key in ROWS else "taux"
    return {"taux": format_percent, "EUR": format_euros, "nombre": format_number}[unit](value)


def _tell_gap(key: str, gap: float) -> str:
    unit = ROWS[key][1]
    if unit == "taux":
        return format_points(gap, 2)
    return format_number(gap, signed=True) if unit == "nombre" else format_gap(gap, unit)


def show_comparison(view: View, lab: Lab) -> None:
    """Chart of one indicator, values and gaps to doing nothing, gaps to the uniform increase."""
    versus = versus_of(view, lab)
    st.caption(
        f"Point de départ : {format_period(lab.portfolio.debut, lab.portfolio.fin)}, derniers mois complets. Chaque "
        f"scénario est joué sur les mêmes {format_number(lab.simulator.draws)} futurs."
    )
    drawn = [key for key in DRAWN if not is_missing(lab.outcomes[IDLE].value(key))]
    chosen = st.segmented_control(
        "Graphique", drawn, default=drawn[0], required=True, key="sc_ind", bind="query-params",
        format_func=lambda key: ROWS[key][0], label_visibility="collapsed",
    ) or drawn[0]  # fmt: skip
    picture = cached(
        "scenarios_picture", view.key, lambda: _draw(view, lab, versus, chosen), noms=dict(lab.names), quoi=chosen,
        cibles=lab.targets,
    )  # fmt: skip
    figure.show(picture, key="comparaison", is_demo=view.dataset.is_demo)
    figure.show_table(told_versus(versus, lab.targets, view.dataset))
    st.caption(
        f"Entre parenthèses : l’écart à « {IDLE} » ; {NOISE} : cet écart est dans le bruit, aucun des deux ne gagne "
        "dans 9 futurs sur 10."
    )
    st.markdown("**Face à la hausse uniforme qui donne le même résultat**")
    figure.show_table(told_uniform(versus, view.dataset))
    for warning in dict.fromkeys(w for outcome in lab.outcomes.values() for w in outcome.warnings):
        st.caption(safe(warning))


def _draw(view: View, lab: Lab, versus: Versus, key: str):
    rows = versus.table[versus.table["indicateur"] == key]
    ranges = pd.DataFrame(
        {
            "scenario": rows["scenario"],
            "p10": rows["p10"],
            "p50": [_median(lab, name, key) for name in rows["scenario"]],
            "p90": rows["p90"],
        }
    ).reset_index(drop=True)
    label, unit = ROWS[key]
    label = f"{label} l’an prochain" + label_of(view.dataset, key).removeprefix(label)
    target = next((t.seuil for t in lab.targets if t.indicateur == key), None)
    return chart_scenarios(
        ranges, title=label, unit=unit, target=target, is_demo=view.dataset.is_demo
    )  # fmt: skip


def _median(lab: Lab, name: str, key: str) -> float:
    return float(lab.outcomes[name].quantiles.set_index("indicateur").loc[key, "p50"])


def told_versus(versus: Versus, targets: tuple[Target, ...], dataset: Dataset) -> pd.DataFrame:
    """One row by indicator then by target, one column by scenario."""
    by_name = {name: rows.set_index("indicateur") for name, rows in versus.table.groupby("scenario", sort=False)}
    keys = [k for k in ROWS if _is_told(k, [rows.loc[k, "valeur"] for rows in by_name.values()])]
    told = {"Indicateur": [label_of(dataset, k) for k in keys] + [f"Chances : {tell_target(t)}" for t in targets]}
    for name, rows in by_name.items():
        mine = versus.targets[versus.targets["scenario"] == name]
        chances = [format_chance(p) for p in mine["probabilite"]]
        told[name] = [_cell(key, rows.loc[key]) for key in keys] + chances
    return pd.DataFrame(told)


def _is_told(key: str, values: list[float]) -> bool:
    """Whether an indicator has a line: it is known somewhere, and a cost is not nothing everywhere."""
    return any(not is_missing(v) and (v != 0 or key != "charges") for v in values)


def _cell(key: str, row: pd.Series) -> str:
    text = _tell(key, row["valeur"])
    if row["verdict_rien"] == "référence" or is_missing(row["ecart_rien"]):
        return text
    noise = f" {NOISE}" if row["verdict_rien"] == "pas de gagnant" else ""
    return f"{text} ({_tell_gap(key, row['ecart_rien'])}{noise})"


def told_uniform(versus: Versus, dataset: Dataset) -> pd.DataFrame:
    """One row by scenario: the uniform increase of the same result, and what the scenario does better or worse."""
    keys = [k for k in ("effectif", "pc", "reste_a_charge", "hausse_moyenne") if k in ROWS]
    rows = []
    for name, mine in versus.table[versus.table["scenario"] != IDLE].groupby("scenario", sort=False):
        table = mine.set_index("indicateur")
        rise = table["hausse_uniforme"].iloc[0]
        cells = {"Scénario": name, "Hausse uniforme": format_percent(rise, 2, signed=True)}
        rows.append(cells | {label_of(dataset, k): _against(k, table.loc[k]) for k in keys})
    return pd.DataFrame(rows)


def _against(key: str, row: pd.Series) -> str:
    if is_missing(row["ecart_uniforme"]):
        return MISSING
    noise = f" {NOISE}" if row["verdict_uniforme"] == "pas de gagnant" else ""
    return f"{_tell_gap(key, row['ecart_uniforme'])}{noise}"


def show_notes(lab: Lab) -> None:
    """What was measured and what is supposed."""
    with st.expander("Ce qui est mesuré, ce qui est supposé", icon=":material/fact_check:"):
        st.markdown("\n".join(f"- {safe(note)}" for note in lab.notes))
