"""The forecast and its assumptions as files to take away."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analytics.constat import describe_perimeter
from analytics.french import format_month, format_number, format_percent
from analytics.predictive.calendar import WORKING_DAYS
from analytics.predictive.menu import COMBINED
from analytics.predictive.questions import ENSUITE
from analytics.predictive.reconciliation import WHOLE
from charts.events import tell_dates
from charts.export import to_csv
from charts.theme import SIMULATED
from pages.components import figure
from pages.components.assumptions import QUESTIONS
from pages.components.forecast import names_shown
from pages.components.header import DATE_WORDS
from pages.components.outlook import HORIZON, Outlook
from pages.components.outlook_events import planned_events
from pages.components.sidebar import View

KNOWN, ESTIMATED, AHEAD = "réalisé", "estimé", "prévision"


def show_export(view: View, outlook: Outlook) -> None:
    """Two files made on a click: the figures of every series, and what they rest on."""
    with figure.folded(
        "Emporter la prévision et ses hypothèses", icon=":material/download:", key="emporter"
    ) as is_open:
        if not is_open:
            return
        is_demo = view.dataset.is_demo
        names = names_shown(view, outlook.series)
        stem = figure.slug(f"prévision {describe_perimeter(view.selection, view.dataset)}")
        with st.container(horizontal=True):
            st.download_button(
                "Prévision (CSV)", lambda: to_csv(figures_of(outlook, names), is_demo=is_demo), f"{stem}.csv",
                "text/csv", key="prevision_csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Hypothèses (CSV)", lambda: to_csv(assumptions_of(view, outlook, names), is_demo=is_demo),
                f"{stem}-hypotheses.csv", "text/csv", key="hypotheses_csv", icon=":material/download:",
                on_click="ignore",
            )  # fmt: skip
        figure.show_table(assumptions_of(view, outlook, [WHOLE]))


def figures_of(outlook: Outlook, names: list[str]) -> pd.DataFrame:
    """Known months, those still an estimate, then months ahead of the series that may be shown, with their bounds."""
    known = outlook.series.frame
    known = known.assign(nature=np.where(known["mois"].isin(outlook.series.estimes), ESTIMATED, KNOWN))
    table = pd.concat([known, outlook.forecast.table.assign(nature=AHEAD)], ignore_index=True)
    table = table[table["serie"].isin(names)]
    heads = {"serie": "Série", "mois": "Mois", "nature": "Nature", "valeur": "Montant (€)", "bas_80": "Bas 80 %",
             "haut_80": "Haut 80 %", "bas_95": "Bas 95 %", "haut_95": "Haut 95 %", "modele": "Modèle"}  # fmt: skip
    cents = {column: table[column].round(2) for column in heads if column == "valeur" or column.endswith(("80", "95"))}
    return table.assign(**cents)[list(heads)].rename(columns=heads)


def assumptions_of(view: View, outlook: Outlook, names: list[str]) -> pd.DataFrame:
    """Rubrique, Élément, Valeur: everything needed to read the forecast, and to make it again."""
    rows = [*_data_rows(view, outlook), *_event_rows(view, outlook, names)]
    for name in names:
        rows += _quality_rows(outlook, name)
    if view.dataset.is_demo:
        rows.append(("Données", "Origine", SIMULATED))
    return pd.DataFrame(rows, columns=["Rubrique", "Élément", "Valeur"])


def _data_rows(view: View, outlook: Outlook) -> list[tuple[str, str, str]]:
    dataset, used = view.dataset, outlook.used(WHOLE)["mois"]
    question = next(words for words, key in QUESTIONS.items() if key == outlook.ask.question)
    cut = "non" if outlook.ask.depuis is None else f"oui, à partir de {format_month(outlook.ask.depuis)}"
    as_of = dataset.as_of
    rows = [
        ("Données", "Jeu de données", dataset.source),
        ("Données", "Arrêtées au", "non précisé" if as_of is None or pd.isna(as_of) else f"{as_of:%d/%m/%Y}"),
        ("Données", "Périmètre", describe_perimeter(view.selection, dataset)),
        ("Données", "Mesure", f"{dataset.label(dataset.main_measure)}, {DATE_WORDS[dataset.date_basis]}"),
        ("Prévision", "Question", question),
        ("Prévision", "Historique", f"{format_month(used.min())} à {format_month(used.max())}"),
        ("Prévision", "Historique coupé", cut),
        ("Prévision", "Mois prévus", format_number(HORIZON)),
        ("Prévision", "Jours ouvrés", "calendrier français"),
    ]
    if dataset.fingerprint:
        rows.insert(1, ("Données", "Empreinte du fichier", dataset.fingerprint[:16]))
    return rows


def _event_rows(view: View, outlook: Outlook, names: list[str]) -> list[tuple[str, str, str]]:
    """Each event once, with the size supposed or what became of its effect; then what was estimated, by series."""
    sizes = dict(outlook.ask.sizes) if outlook.ask.question == ENSUITE else {}
    events = outlook.events if outlook.events is not None else pd.DataFrame({"evenement": []})
    effects = outlook.forecast.effects
    effects = effects[effects["serie"].isin(names)]
    rows = [
        (
            "Événements",
            f"{event.evenement} ({tell_dates(event)})",
            f"hypothèse : {format_percent(sizes[event.evenement], signed=True)} sur ce qu’il touche"
            if event.evenement in sizes
            else tell_effect(effects, event.evenement),
        )
        for event in events.drop_duplicates("evenement").itertuples()
    ]
    counted = set(events["evenement"])
    ahead = planned_events(view, outlook.series)
    rows += [
        ("Événements", f"{event.evenement} ({tell_dates(event)})", "à venir, non compté")
        for event in ahead[~ahead["evenement"].isin(counted)].itertuples()
    ]
    kept = effects[effects["retenu"] & effects["variation"].notna()]
    rows += [("Effets retenus", f"{e.serie} : {e.effet}", _size(e)) for e in kept.itertuples()]
    return rows if counted else [("Événements", "Calendrier", "aucun événement compté"), *rows]


def tell_effect(effects: pd.DataFrame, event: str) -> str:
    """What became of the effect of an event without a size, on the series shown.

    Parameters
    ----------
    effects : pandas.DataFrame
        serie, effet, retenu, raison, as `Forecast.effects`; a shock of several months has one effect a month.
    event : str
    """
    named = effects["effet"].astype("str")
    own = effects[(named == event) | named.str.fullmatch(rf"{re.escape(event)} \(\d{{4}}-\d{{2}}\)")]
    kept = own[own["retenu"]]
    if len(kept):
        return f"effet estimé sur l’historique : {_list(kept['serie'])}"
    if own.empty:
        return "sans effet sur les séries montrées"
    return f"non retenu : {' ; '.join(dict.fromkeys(own['raison']))}"


def _list(names: pd.Series) -> str:
    return ", ".join(dict.fromkeys(names))


def _size(effect: Any) -> str:
    """Size of one effect; that of working days is an elasticity."""
    if effect.effet == WORKING_DAYS:
        return f"{format_percent(0.01 * effect.beta, 2, signed=True)} pour 1 % de jours ouvrés en plus"
    reason = "hypothèse" if effect.raison == "effet donné" else effect.raison
    return format_percent(effect.variation, signed=True) + (f" ({reason})" if reason else "")


def _quality_rows(outlook: Outlook, name: str) -> list[tuple[str, str, str]]:
    table = outlook.ahead(name)
    rows = [("Modèles", name, table["modele"].iloc[0])] if len(table) else []
    scores = outlook.forecast.candidates
    own = scores[(scores["serie"] == name) & (scores["modele"] == COMBINED)]
    if len(own) and own["origines"].iloc[0] > 0:
        row = own.iloc[0]
        seen = f"{format_percent(row['couverture_80'])} pour 80 % et {format_percent(row['couverture_95'])} pour 95 %"
        told = f"{format_number(row['origines'])} dates, erreur {format_percent(row['wape'])}, couverture vue {seen}"
        rows.append(("Essais sur le passé", name, told))
    verdict = outlook.forecast.verdicts.get(name)
    return [*rows, *([("Bat le naïf saisonnier", name, verdict.reponse)] if verdict is not None else [])]
