"""What the forecast was worth on the user's own past: verdict, bands as they held, error by distance, every model."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.french import format_month, format_number, format_percent, is_missing
from analytics.predictive.menu import COMBINED
from analytics.predictive.seen import coverage_seen, error_by_horizon
from analytics.predictive.shown import Candidate
from charts.horizons import chart_horizons
from charts.picture import Picture
from pages.components import figure
from pages.components.answer import Answer, answer
from pages.components.cache import cached
from pages.components.messages import safe
from pages.components.outlook import Outlook
from pages.components.sidebar import View

ROLES = {"prévision": "la prévision", "retenu": "dans la combinaison", "montré": "montré", "rejeté": "écarté"}


def show_verdict(outlook: Outlook, name: str) -> Answer | None:
    """Does it beat repeating last year: oui, non, on ne peut pas dire."""
    verdict = outlook.forecast.verdicts.get(name)
    if verdict is None:
        return None
    st.markdown("**Bat le naïf saisonnier (« comme l’an dernier »)\u202f?**")
    evidence = verdict.phrase.partition(" : ")[2] or verdict.phrase  # the question has just been asked
    return answer(verdict.reponse, evidence[:1].upper() + evidence[1:])


def show_accuracy(view: View, outlook: Outlook, name: str, candidate: Candidate | None) -> None:
    """The bands, the error by distance and the models, folded."""
    with figure.folded("Peut-on s’y fier\u202f? Essais sur le passé", icon=":material/history:", key="fiabilite") as on:
        if not on:
            return
        _show_bands(view, outlook, name)
        _show_horizons(view, outlook, name)
        _show_models(view, outlook, name)
        if candidate is not None:
            st.caption(safe(_beside_prophet(candidate)))
        last = outlook.used(name)["mois"].max()
        st.caption(
            "Essais : on se replace à une date passée, avec les seuls mois connus alors, estimés de nouveau à chaque "
            f"date. Dernier mois connu : {format_month(last)}."
        )


def _show_bands(view: View, outlook: Outlook, name: str) -> None:
    seen = cached("coverage", view.key, lambda: coverage_seen(outlook.forecast.backtest, name),
                  job=outlook.key, serie=name)  # fmt: skip
    if seen["n"].sum() == 0:
        st.info("Trop peu d’historique pour un essai sur le passé : la fourchette est donnée à titre indicatif.")
        return
    parts = [
        f"la bande à {format_percent(r.nominale, 0)} a contenu {format_percent(r.vue, 0)} des mois ({r.jugement})"
        for r in seen.itertuples()
        if not is_missing(r.vue)
    ]
    n = seen.iloc[0]
    st.markdown(
        f"Sur {format_number(n['origines'])} dates passées et {format_number(n['n'])} mois comparés : "
        f"{' ; '.join(parts)}."
    )
    figure.show_table(cached("coverage_table", view.key, lambda: _bands(seen), job=outlook.key, serie=name))


def _bands(seen: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({
        "Bande": [f"{format_number(level)} %" for level in seen["niveau"]],
        "Couverture annoncée": [format_percent(v, 0) for v in seen["nominale"]],
        "Couverture vue": [format_percent(v) for v in seen["vue"]],
        "Mois comparés": seen["n"],
    })  # fmt: skip


def _show_horizons(view: View, outlook: Outlook, name: str) -> None:
    def draw() -> Picture | None:
        table = error_by_horizon(outlook.forecast.backtest, name)
        if table.empty:
            return None
        return chart_horizons(table, ours=COMBINED, title="Erreur selon la distance", is_demo=view.dataset.is_demo)

    picture = cached("horizons", view.key, draw, job=outlook.key, serie=name)
    if picture is not None:
        figure.show(picture, key="distance", is_demo=view.dataset.is_demo)


def _show_models(view: View, outlook: Outlook, name: str) -> None:
    scores = outlook.forecast.candidates
    own = scores[scores["serie"] == name]
    st.markdown(
        "**Modèles essayés** : la prévision est la moyenne de ceux qui sont retenus, sans les extrêmes ; chacun pèse "
        "selon ses erreurs sur le passé de toutes les séries prévues ensemble."
    )
    figure.show_table(cached("scores", view.key, lambda: leaderboard(own), job=outlook.key, serie=name))


def leaderboard(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of every model under French headers, the forecast first, then by error.

    Parameters
    ----------
    scores : pandas.DataFrame
        Rows of one series, as `Forecast.candidates`.
    """
    first = scores["statut"].ne("prévision")
    ordered = scores.assign(_rang=first).sort_values(["_rang", "wape"], kind="stable")
    rates = {"wape": "Erreur moyenne", "biais": "Biais", "couverture_80": "Vu dans la bande 80 %",
             "couverture_95": "Vu dans la bande 95 %"}  # fmt: skip
    shown = pd.DataFrame({
        "Modèle": ordered["libelle"], "Rôle": ordered["statut"].map(ROLES),
        "Poids": [format_percent(v, 0) for v in ordered["poids"]],
    })  # fmt: skip
    for column, head in rates.items():
        signed = column == "biais"
        shown[head] = [format_percent(v, signed=signed) for v in ordered[column]]
    if ordered["raison"].ne("").any():
        shown["Remarque"] = ordered["raison"]
    return shown.reset_index(drop=True)


def _beside_prophet(candidate: Candidate) -> str:
    if candidate.raison:
        return f"Prophet n’a pas pu être calculé : {candidate.raison}."
    if is_missing(candidate.wape):
        return "Prophet est dessiné pour comparaison ; l’historique est trop court pour l’essayer sur le passé."
    return (
        f"Prophet, avec les mêmes jours ouvrés et les mêmes événements : {format_percent(candidate.wape)} d’erreur, "
        f"contre {format_percent(candidate.reference)} pour la prévision, sur les mêmes {format_number(candidate.n)} "
        f"mois de {format_number(candidate.origines)} dates passées. Montré, jamais compté dans la combinaison."
    )
