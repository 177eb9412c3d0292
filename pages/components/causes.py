"""Where exactly: the segments that moved unlike the whole, ranked, with their evidence and the account of the gap."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analytics.constat import Constat, in_sentence
from analytics.descriptive import comparison_period
from analytics.descriptive.known import KnownShare
from analytics.diagnostic import find_causes
from analytics.diagnostic.coincide import find_error
from analytics.diagnostic.expected import Announced
from analytics.diagnostic.explain import RATIO, Causes, year_before
from analytics.errors import InsufficientData
from analytics.french import MISSING, format_euros, format_gap, format_number, format_percent, is_missing
from analytics.schema import Selection
from analytics.verdict import Reponse
from pages.components import figure
from pages.components.answer import Answer, answer, say_no_gap
from pages.components.cache import cached
from pages.components.card_facts import known_of
from pages.components.constat import format_risk, measure, steps
from pages.components.events import calendar_version
from pages.components.expected import choose_expected, wait_announced
from pages.components.messages import safe, told_in_french
from pages.components.places import describe_place
from pages.components.quality import findings_of
from pages.components.sharing import may_show, say_hidden
from pages.components.sidebar import MAX_VALUES, View

ADJUSTMENTS = {
    "effectif": "Évolution du nombre d’assurés",
    "composition": "Composition du portefeuille : cotisations ailleurs qu’avant",
    "marge": "Dans la marge d’erreur de la prévision",
}
COMMON = "Évolution commune à tous"
#: Share of the gap from which what is left is not general, and cells under which nobody can tell where it is.
DIFFUSE, FEW_CELLS = 0.5, 100
REST, REST_AND_HIDDEN = "Reste, sans endroit précis", "Reste, segments non montrés compris"
UNKNOWN = "Montants inconnus sur une des périodes"
#: Part of a period still to be paid, and of what is compared, under which there is none.
UNPAID, ROUNDING = 0.0005, 1e-9


def show_causes(view: View, constat: Constat) -> Answer | None:
    """What it is compared with, the answer, one card by segment, and the account of the whole gap."""
    if view.dataset.main_measure is None:
        return answer("on ne peut pas dire", "Le fichier n’a pas de prestations.")
    if is_missing(constat.ecart):
        return say_no_gap(constat, view.dataset)
    told = None
    with told_in_french():
        against_forecast = choose_expected(view, constat, explained_measure(view, constat))
        announced = wait_announced(view, constat, explained_measure(view, constat)) if against_forecast else None
        if against_forecast and announced is None:
            return answer("on ne peut pas dire", "La prévision à laquelle comparer n’est pas encore calculée.")
        try:
            found = causes_of(view, constat, announced)
        except InsufficientData as error:
            return answer("on ne peut pas dire", f"{error.message} {error.remede}".strip())
        errors = _errors(view, constat, found, forecast=against_forecast)
        shown = [(row, narrowed(constat, row)) for row in found.table.itertuples()]
        kept = [(row, selection) for row, selection in shown if may_show(view, selection)]
        reponse, sentence = _verdict(view, constat, found, errors)
        told = answer(reponse, sentence + _named(view, [row for row, _ in kept] if reponse == "oui" else []))
        _say_search(view, found)
        for row, selection in kept:
            _show_cause(view, constat, found, row, selection, errors[row.rang - 1])
        say_hidden(len(shown) - len(kept))
        _show_account(view, constat, found, [row for row, _ in kept])
    return told


def causes_of(view: View, constat: Constat, announced: Announced | None = None) -> Causes:
    """Ranked segments of a finding, computed once."""
    dataset, selection = view.dataset, constat.selection
    key = RATIO if constat.indicator == RATIO else explained_measure(view, constat)
    before = comparison_period(selection)
    return cached(
        "causes", view.key, lambda: find_causes(dataset, key, selection, before, announced=announced), s=selection,
        k=key, prevision=None if announced is None else calendar_version(view),
    )  # fmt: skip


def explained_measure(view: View, constat: Constat) -> str:
    """Amount whose segments are searched: that of the finding, or the main measure behind a ratio."""
    return constat.indicator if constat.indicator in view.dataset.prestation.columns else view.dataset.main_measure


def narrowed(constat: Constat, row) -> Selection:
    """The selection of a finding within one segment."""
    filters = {**constat.selection.filtres, **{d: (str(v),) for d, v in row.conditions.items()}}
    return Selection(constat.selection.debut, constat.selection.fin, filters, constat.selection.comparaison)


def _errors(view: View, constat: Constat, found: Causes, *, forecast: bool) -> list[str]:
    """For each segment, the data error that it is the trace of; empty when none is."""
    selection = constat.selection
    before = year_before(selection) if forecast else comparison_period(selection)

    def compute() -> list[str]:
        findings = findings_of(view)
        return [find_error(findings, r.conditions, r.ecart, selection, before) for r in found.table.itertuples()]

    return cached(
        "causes_errors", view.key, compute, s=selection, k=constat.indicator,
        prevision=calendar_version(view) if forecast else None,
    )  # fmt: skip


def _verdict(view: View, constat: Constat, found: Causes, errors: list[str]) -> tuple[Reponse, str]:
    count, compared = len(found.table), "de sa prévision" if found.genre == "marge" else "de l’évolution de l’ensemble"
    known = known_of(view, constat.selection)
    room = _still_open(known, paid=view.dataset.date_basis == "paiement")
    moved = max(abs(found.total), found.table["ecart"].abs().sum())
    if moved <= ROUNDING * max(abs(constat.valeur), abs(constat.reference)):
        return "non", "Il n’y a pas d’écart à expliquer."
    if is_missing(room) and not is_missing(known.part):
        return "on ne peut pas dire", (
            f"La période est payée à {format_percent(known.part)} et l’incertitude de ce qui reste à payer ne se "
            "mesure pas."
        )
    if room > 0 and moved <= room:
        sentence = (
            f"L’écart ({format_euros(found.total, signed=True)}) tient dans ce que les paiements encore à venir "
            f"peuvent changer : {format_euros(room)} de plus ou de moins, 8 fois sur 10."
        )
        return "on ne peut pas dire", sentence
    if not count:
        return _no_place(found, compared)
    segments = "Un segment s’écarte" if count == 1 else f"{format_number(count)} segments s’écartent"
    sentence = f"{segments} {compared} plus que le hasard ne l’explique"
    wrong = sum(map(bool, errors))
    if wrong == count:
        return "oui", f"{sentence}, mais par une erreur de données déjà signalée : ce n’est pas une cause."
    return "oui", f"{sentence}{f', dont {wrong} par une erreur de données' if wrong else ''}."


def _named(view: View, rows: list) -> str:
    """The segments that may be shown, with their gaps."""
    places = [f"{describe_place(r.conditions, view.dataset)} ({format_euros(r.ecart, signed=True)})" for r in rows]
    return f" {' ; '.join(places)}." if places else ""


def _no_place(found: Causes, compared: str) -> tuple[Reponse, str]:
    """Nothing stands out: because the gap is everybody’s, because it is scattered, or for want of cells to tell."""
    if abs(found.inconnu) >= DIFFUSE * abs(found.total):
        return "on ne peut pas dire", "L’écart tient d’abord à des montants inconnus sur une des périodes."
    nobody = f"Aucun segment ne s’écarte {compared} plus que le hasard ne l’explique"
    if abs(found.reste) < DIFFUSE * abs(found.total):
        return "non", f"{nobody} : l’écart est général."
    if found.cells < FEW_CELLS:
        left = f"{format_euros(abs(found.reste))} ne sont pas communs à tous"
        return "on ne peut pas dire", f"{left}, mais {found.cells} cellules sont trop peu pour dire où ils se trouvent."
    return "non", f"{nobody} : ce qui n’est pas général est dispersé."


def _still_open(known: KnownShare, *, paid: bool) -> float:
    """Half-width (EUR) of the 80 % interval of what the period will have cost; 0 when all is paid, NaN when unknown."""
    if paid or abs(known.ultime - known.paye) <= UNPAID * known.ultime:
        return 0.0
    if is_missing(known.bas) or not known.bas > 0:
        return math.nan
    return known.ultime * (known.part / known.bas - 1.0)


def _say_search(view: View, found: Causes) -> None:
    words = (
        f"{format_number(found.n_tests)} combinaisons de critères essayées ; un segment est montré si le hasard en "
        "donne de pareils moins de 5 fois sur 100, toutes combinaisons comptées."
    )
    if found.left_out:
        names = ", ".join(view.dataset.label(d).lower() for d in found.left_out)
        words += f" Hors de la recherche, limitée à 6 critères : {safe(names)}."
    st.caption(words)
    for warning in found.warnings:
        st.caption(safe(warning))


def _show_cause(view: View, constat: Constat, found: Causes, row, selection: Selection, error: str) -> None:
    with st.container(border=True, key=f"cause_{row.rang}"):
        st.markdown(f"**{row.rang}. {safe(describe_place(row.conditions, view.dataset))}**")
        st.markdown(f"{_size(found, row)}, {_share(found, row)}.")
        st.caption(_evidence(constat, found, row))
        if error:
            detail = "" if view.shared else f" {safe(error)}"
            st.markdown(f":material/report: **Voir l’erreur de données ci-dessus** avant toute cause.{detail}")
            return
        if unread := find_unread(view, row.conditions):
            st.caption(unread)
            return
        figures = measure(view.opened, explained_measure(view, constat), selection, q_value=float(row.q_value))
        steps(figures, key=f"cause_{row.rang}")


def find_unread(view: View, conditions: Mapping[str, str]) -> str:
    """Why a place cannot be a perimeter, in Markdown: the filters do not have its value; "" when they have."""
    known = view.opened.values
    for dimension, value in conditions.items():
        if value not in known[dimension] or len(known[dimension]) > MAX_VALUES:
            place = f"{view.dataset.label(dimension)} : {view.dataset.value_label(dimension, value)}"
            return f"«\u00a0{safe(place)}\u00a0» ne se filtre pas : ce périmètre ne se suit pas."
    return ""


def _size(found: Causes, row) -> str:
    than = {
        "effectif": "que si ce segment avait suivi l’ensemble, à nombre d’assurés égal",
        "composition": "que si le ratio P/C de ce segment avait suivi celui de l’ensemble",
        "marge": "que sa part de la prévision, une fois ôté ce qui est commun à tous",
    }[found.genre]
    return f"{format_euros(abs(row.ecart))} de {'plus' if row.ecart > 0 else 'moins'} {than}"


def _share(found: Causes, row) -> str:
    whole = in_sentence(_name_total(found))
    if not round(found.total):
        return f"sans {whole}"
    if row.ecart * found.total <= 0:
        return f"à rebours de l’{whole}"
    return f"soit {format_percent(row.ecart / found.total)} de l’{whole}"


def _name_total(found: Causes) -> str:
    """The gap accounted for: it is not the one of the page when it is measured from the forecast."""
    return "Écart à la prévision" if found.genre == "marge" else "Écart total"


def _evidence(constat: Constat, found: Causes, row) -> str:
    """Number of cells, people and actes, and the risk of being wrong."""
    period = constat.selection
    months = (period.fin.year - period.debut.year) * 12 + period.fin.month - period.debut.month + 1
    counts = ((row.n, "cellules"), (row.beneficiaires / months, "bénéficiaires couverts"), (row.actes, "actes"))
    parts = [f"{format_number(number)} {name}" for number, name in counts if not is_missing(number)]
    tests = f"sur {format_number(found.n_tests)} combinaisons essayées"
    return " · ".join([*parts, f"risque de fausse alerte : {format_risk(row.q_value)} {tests}"])


def _show_account(view: View, constat: Constat, found: Causes, cards: list) -> None:
    """Every euro of the gap: what is common, the segments, the rest; the rows sum to the last one."""
    table = account_table(view, found, cards)
    figure.show_table(table)
    gaps = [row.ecart for row in cards]
    if gaps and min(gaps) < 0 < max(gaps):
        gross = sum(map(abs, gaps))
        st.caption(
            f"Ces segments se compensent en partie : {format_euros(sum(gaps), signed=True)} net, "
            f"{format_euros(gross)} brut."
        )
    if constat.indicator == RATIO:
        st.caption(
            f"L’écart du ratio, {format_gap(constat.ecart, 'taux')}, compté en euros : prestations, moins le ratio "
            "d’avant multiplié par les cotisations."
        )


def account_table(view: View, found: Causes, cards: list) -> pd.DataFrame:
    """Rows of the account in whole euros, what rounding leaves being in the rest."""
    rows = [(ADJUSTMENTS[found.genre], found.ajustement)] if round(found.ajustement) else []
    rows.append((COMMON, found.commun))
    rows += [(describe_place(row.conditions, view.dataset), row.ecart) for row in cards]
    if round(found.inconnu) and not view.shared:  # it may be the amount of a few persons
        rows.append((UNKNOWN, found.inconnu))
    amounts = [round(amount) for _, amount in rows]
    total = round(found.total)
    hidden = len(cards) < len(found.table) or (view.shared and round(found.inconnu))
    names = [*(name for name, _ in rows), REST_AND_HIDDEN if hidden else REST, _name_total(found)]
    euros = [_euros(v) for v in (*amounts, total - sum(amounts), total)]
    return pd.DataFrame({"Ce qui fait l’écart": names, "Montant": euros})


def _euros(value: float) -> str:
    return MISSING if is_missing(value) else f"{format_number(value, signed=True)}\u202f€"
