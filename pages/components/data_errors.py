"""Before any cause: whether an error of the data touches the comparison explained, and of how many euros."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from analytics.constat import Constat, in_sentence, to_param
from analytics.descriptive import comparison_period
from analytics.diagnostic.data_errors import FAMILIES, of_families, touching_errors
from analytics.diagnostic.data_verdict import DataVerdict, judge_data
from analytics.french import format_euros, format_gap, format_number, format_percent, format_period, is_missing
from analytics.indicators import get_indicator
from analytics.schema import Selection
from data.checks import untestable
from pages.components import figure
from pages.components.answer import Answer, answer
from pages.components.cache import cached
from pages.components.messages import safe
from pages.components.quality import findings_of
from pages.components.sidebar import View

MOST = 5
_LABELS = {family.key: family.label for family in FAMILIES}


def say_data_errors(view: View, constat: Constat) -> Answer:
    """Whether the data themselves may explain the difference: the first answer of a diagnosis."""
    verdict = verdict_of(view, constat)
    told = answer(verdict.reponse, _sentence(view, constat, verdict))
    if len(verdict.touching) and not view.shared:
        with st.container(border=True, key="erreurs_comparees"):
            for row in verdict.touching.head(MOST).itertuples():
                st.markdown(f"- **{_LABELS[row.famille]}.** {safe(row.message)} {safe(_weight(view, row, constat))}")
            if len(verdict.touching) > MOST:
                st.caption(f"Et {_count(len(verdict.touching) - MOST)} de moindre poids.")
            st.page_link("pages/donnees.py", label="Voir le détail et le remède", icon=":material/arrow_forward:")
    if verdict.elsewhere:
        _say_elsewhere(view, verdict.elsewhere)
    with figure.folded("Ce qui a été vérifié", icon=":material/checklist:", key="verifications") as is_open:
        if is_open:
            figure.show_table(checked_table(findings_of(view), verdict, shared=view.shared))
    return told


def verdict_of(view: View, constat: Constat) -> DataVerdict:
    """What the checks say of a comparison, computed once."""

    def judge() -> DataVerdict:
        return judge_data(
            findings_of(view), constat, _before(constat.selection), view.dataset,
            untested=untestable(view.opened.raw), known=_known(view),
        )  # fmt: skip

    return cached("data_errors", view.key, judge, c=to_param(constat))


def errors_of(view: View, selection: Selection) -> pd.DataFrame:
    """Errors of the data that touch a perimeter in the two periods of a comparison, computed once.

    Returns
    -------
    pandas.DataFrame
        As :func:`analytics.diagnostic.data_errors.touching_errors`.
    """

    def find() -> pd.DataFrame:
        return touching_errors(findings_of(view), selection, _before(selection), known=_known(view))

    return cached("data_errors_of", view.key, find, s=selection)


def _before(selection: Selection) -> Selection:
    return comparison_period(selection)


def _known(view: View) -> dict[pd.Timestamp, float]:
    table = view.opened.maturity
    return dict(zip(table["mois"], table["part_connue"].fillna(1.0), strict=True))


def _sentence(view: View, constat: Constat, verdict: DataVerdict) -> str:
    if verdict.reponse == "non":
        small = f" {_minor(len(verdict.touching))}" if len(verdict.touching) else ""
        return (
            "Aucune erreur de données ne touche cette comparaison : doublons, unités, lots manquants ou tardifs, "
            f"signes, postes recodés, périmètre ont été vérifiés.{small}"
        )
    if verdict.reponse == "on ne peut pas dire":
        reasons = " ; ".join(f"{_LABELS[key].lower()} ({why})" for key, why in verdict.untested.items())
        return f"Rien n’a été trouvé dans cette comparaison, mais tout n’a pas pu être vérifié : {reasons}."
    count = len(verdict.touching)
    subject = f"{_count(count).capitalize()} touche{'nt' if count > 1 else ''} cette comparaison"
    if view.shared:
        return f"{subject} : à vérifier avant de chercher une cause."
    stake = verdict.touching["en_jeu"].sum()
    weight = f", {format_euros(stake)} en jeu" if stake > 0 else ""
    return f"{subject}{weight}. {_consequence(view, constat, verdict)}"


def _minor(count: int) -> str:
    one = count == 1
    return f"{_count(count).capitalize()} y {'pèse' if one else 'pèsent'} trop peu pour changer la lecture."


def _consequence(view: View, constat: Constat, verdict: DataVerdict) -> str:
    if is_missing(verdict.valeur) or is_missing(verdict.reference):
        return "L’effet sur l’écart ne se chiffre pas : à vérifier avant de chercher une cause."
    if math.isclose(verdict.ecart, constat.ecart, rel_tol=1e-9, abs_tol=0.005):
        return "L’écart total n’en dépend pas ; son détail, si."
    unit = get_indicator(constat.indicator, view.dataset).unit
    told, true = constat.evolution, verdict.evolution
    if unit == "taux" or is_missing(told) or is_missing(true):
        now, then = format_gap(verdict.ecart, unit), format_gap(constat.ecart, unit)
    else:
        now, then = format_percent(true, signed=True), format_percent(told, signed=True)
        if now == then:
            now, then = format_gap(verdict.ecart, unit), format_gap(constat.ecart, unit)
    without = "Sans elle" if len(verdict.touching) == 1 else "Sans elles"
    return f"{without}, l’écart serait {_of(now, exact=verdict.exact)} au lieu de {then}."


def _of(text: str, *, exact: bool) -> str:
    return f"de {text}" if exact else f"d’environ {text}"


def _weight(view: View, row, constat: Constat) -> str:
    """The euros of a finding in each period, and their direction."""
    before, main = _before(constat.selection), view.dataset.main_measure
    if is_missing(row.periode) or is_missing(row.reference):
        return "Son effet sur cette comparaison ne se chiffre pas."
    if row.table == "prestation" and main not in get_indicator(constat.indicator, view.dataset).measures:
        return f"{format_euros(row.en_jeu)} en jeu, comptés en {in_sentence(view.dataset.label(main))}."
    parts = []
    for euros, selection, name in (
        (row.periode, constat.selection, "la période"), (row.reference, before, "la période de référence"),
    ):  # fmt: skip
        if euros:
            verb = "gonfle" if euros > 0 else "réduit"
            when = format_period(selection.debut, selection.fin)
            parts.append(f"{verb} {name} ({when}) {_of(format_euros(abs(euros)), exact=row.exact)}")
    if parts:
        text = " et ".join(parts)
        return f"{text[:1].upper()}{text[1:]}."
    return f"Sans effet sur le total : {format_euros(row.en_jeu)} changent de nom dans le détail."


def _say_elsewhere(view: View, count: int) -> None:
    many = "s" if count > 1 else ""
    words = f"{_count(count).capitalize()} grave{many} ailleurs dans le fichier, hors de cette comparaison."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(words)
        if not view.shared:
            st.page_link("pages/donnees.py", label="Voir dans Données", icon=":material/arrow_forward:")


def checked_table(findings: pd.DataFrame, verdict: DataVerdict, *, shared: bool) -> pd.DataFrame:
    """Family by family: what is tested, what came out, and the euros in the two periods."""
    rows, known = [], of_families(findings)
    for family in FAMILIES:
        here = verdict.touching[verdict.touching["famille"] == family.key]
        costly = (known["famille"] == family.key) & (known["severite"] != "info")
        away = int(costly.sum()) - int((here["severite"] != "info").sum())
        if len(here):
            result = f"{_count(len(here))} dans cette comparaison"
        elif family.key in verdict.untested:
            result = f"non vérifié : {verdict.untested[family.key]}"
        else:
            result = "rien dans cette comparaison"
        if away > 0:
            result += f" ; {format_number(away)} ailleurs"
        stake = format_euros(here["en_jeu"].sum(min_count=1)) if len(here) and not shared else ""
        rows.append((family.label, f"{family.test}.".capitalize(), f"{result}.".capitalize(), stake))
    return pd.DataFrame(rows, columns=["Contrôle", "Ce qui est cherché", "Résultat", "En jeu"])


def _count(n: int) -> str:
    return "une anomalie" if n == 1 else f"{format_number(n)} anomalies"
