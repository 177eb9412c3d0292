"""The standard report: the technical account by accounting year and by year of care, to read, print and forward."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from analytics.bases import FROM_FILE, Rates, convert_dataset, factor, file_rates
from analytics.completion import has_both_months
from analytics.constat import describe_perimeter
from analytics.descriptive.account import LINES, Account, compute_account, describe_rapprochement, reasons_of
from analytics.descriptive.closings import Closings, develop_closings
from analytics.errors import ParameterError
from analytics.french import format_month, format_percent
from analytics.schema import BASES, Dataset, Selection
from charts.account import account_sheet, account_table, line_label, year_label
from charts.export import to_csv
from pages.components import figure
from pages.components.bases import TYPED, rates_of
from pages.components.cache import cached
from pages.components.messages import safe, told_in_french
from pages.components.sharing import may_show
from pages.components.sidebar import View

TITLE = "Compte de résultat technique"
WHOLE_FILE = "Toutes les années du fichier : la période choisie à gauche ne s’applique pas."
YEARS = 3  # on a phone the last one is seen without scrolling


def show_account(view: View) -> None:
    """The account; each of its closings is estimated anew, which takes a moment the first time."""
    st.header(TITLE)
    st.caption(WHOLE_FILE)
    with told_in_french():
        _show_views(view)


@dataclass(frozen=True)
class Reading:
    """One view of the account as it is read: its table, the lines under it, what each of its lines is."""

    table: pd.DataFrame
    lines: tuple[str, ...]
    definitions: str


def _show_views(view: View) -> None:
    """One view at a time, what is missing, the page to print, the definitions used."""
    rates = whole_rates(view)
    base = _choose_base(view, rates)
    account = account_of(view, base, rates)
    present = account.vues
    if not _may_show(view, present):
        st.info(
            "Mode partage : une année de ce compte porte sur trop peu de personnes pour être montrée.",
            icon=":material/shield_lock:",
        )
        return
    name = _choose_view(list(present))
    whole = len(present[name]) <= YEARS or st.toggle("Toutes les années", key="compte_annees", bind="query-params")
    reading = cached(
        "account_reading", view.key, lambda: _read(view, account, rates, name, whole),
        filtres=view.selection.filtres, base=base, rates=rates, vue=name, whole=whole,
    )  # fmt: skip
    figure.show_table(reading.table)
    for line in reading.lines:
        st.caption(line)
    _downloads(view, account, rates)
    st.caption(reading.definitions)


def account_of(view: View, base: str | None, rates: Rates) -> Account:
    """The account of the perimeter, in a base."""
    raw = view.opened.raw

    def compute() -> Account:
        known = raw if base is None or base == raw.base else converted(view, base, rates)
        return compute_account(known, selection=Selection(filtres=view.selection.filtres), closings=closings_of(view))

    return cached("account", view.key, compute, filtres=view.selection.filtres, base=base, rates=rates)


def converted(view: View, base: str, rates: Rates) -> Dataset:
    """The file in another base: the same for every perimeter."""
    raw = view.opened.raw
    return cached("converted", view.key, lambda: convert_dataset(raw, base, rates), base=base, rates=rates)


def _read(view: View, account: Account, rates: Rates, name: str, whole: bool) -> Reading:
    table = account.vues[name]
    under = f"En euros, arrondis à l’euro ; le fichier CSV porte les centimes. {safe(subtitle(view, account, rates))}."
    said = [safe(sentence) for sentence in (*sentences(account), *reasons_of(table))]
    shown = [key for key in LINES if table[key].notna().any()]
    definitions = "  \n".join(f"**{safe(line_label(k, name))}** : {safe(LINES[k][1])}" for k in shown)
    return Reading(account_table(table if whole else table.tail(YEARS), name), (under, *said), definitions)


def whole_rates(view: View) -> Rates:
    """The rates in use, those of the file being its own over all its years: the period does not count here."""
    rates, own = rates_of(view), cached("rates_file", view.key, lambda: file_rates(view.opened.raw))
    if rates.source_taxe != TYPED and np.isfinite(own.taxe):
        rates = replace(rates, taxe=own.taxe, source_taxe=FROM_FILE)
    if rates.source_chargement != TYPED and np.isfinite(own.chargement):
        rates = replace(rates, chargement=own.chargement, source_chargement=FROM_FILE)
    return rates


def closings_of(view: View) -> Closings | None:
    """The development of each closing, the slow part, shared by every perimeter and base; None with a single date."""
    raw = view.opened.raw
    if not has_both_months(raw) or "prestation" not in raw.prestation.columns:
        return None
    return cached("closings", view.key, lambda: develop_closings(raw))


def subtitle(view: View, account: Account, rates: Rates) -> str:
    """Perimeter, base and closing date."""
    base, own = f"base {account.base}" if account.base else "base non précisée", view.opened.raw.base
    if account.base and account.base != own:
        used = [("taxe", rates.taxe, rates.source_taxe)] if "TTC" in (own, account.base) else []
        used += [("chargement", rates.chargement, rates.source_chargement)] if "nette" in (own, account.base) else []
        lines = "celles de votre fichier, ligne à ligne"
        told = " ; ".join(
            f"{name}s : {lines}" if name == "taxe" and source == FROM_FILE
            else f"{name} {format_percent(rate, 2)}, {source}"
            for name, rate, source in used
        )  # fmt: skip
        base += f" (convertie, {told})"
    where = describe_perimeter(view.selection, view.dataset)
    closed = f"arrêté à {format_month(account.arrete, short=False)}"
    has_premiums = any(table["cotisation"].notna().any() for table in account.vues.values())
    return f"{where} · cotisations en {base} · {closed}" if has_premiums else f"{where} · {closed}"


def sentences(account: Account) -> list[str]:
    """How the two views meet, then what is missing."""
    return [text for text in (describe_rapprochement(account), *account.remarques) if text]


def _choose_base(view: View, rates: Rates) -> str | None:
    base = view.opened.raw.base
    if base is None or "cotisation" not in view.dataset.cotisation.columns:
        return base
    chosen = st.segmented_control(
        "Base des cotisations", BASES, default=base, required=True, key="compte_base", bind="query-params",
        help="Les taux de conversion se règlent dans la section des bases.",
    ) or base  # fmt: skip
    try:
        factor(base, chosen, rates)
    except ParameterError as error:
        st.warning(f"{safe(error.message)} {safe(error.remede)} Compte montré en base {base}.")
        return base
    return chosen


def _choose_view(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    chosen = st.segmented_control(
        "Vue", names, default=names[0], required=True, key="compte_vue", bind="query-params",
        help="Exercice comptable : ce qui est payé et provisionné dans l’année. Survenance : ce que coûtent les soins "
        "de l’année.",
    )  # fmt: skip
    return chosen if chosen in names else names[0]


def _may_show(view: View, present: dict[str, pd.DataFrame]) -> bool:
    """In « partage » mode an opening provision gives back the year before: all the years may be shown, or none."""
    if not view.shared:
        return True
    years = {(row.debut, row.fin) for table in present.values() for row in table.itertuples()}
    return all(may_show(view, Selection(debut, fin, view.selection.filtres)) for debut, fin in sorted(years))


def _downloads(view: View, account: Account, rates: Rates) -> None:
    present, name, is_demo = account.vues, figure.slug(TITLE), view.dataset.is_demo
    with st.container(horizontal=True):
        st.download_button(
            "Page à imprimer", lambda: _sheet(view, account, rates), f"{name}.html", "text/html",
            key="compte_html", icon=":material/print:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "CSV", lambda: to_csv(export_table(account, present), is_demo=is_demo), f"{name}.csv", "text/csv",
            key="compte_csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _sheet(view: View, account: Account, rates: Rates) -> bytes:
    present = account.vues
    source = "" if view.dataset.is_demo else f" · {view.dataset.source}"
    reasons = [f"{name}. {sentence}" for name, t in present.items() for sentence in reasons_of(t)]
    return account_sheet(
        TITLE, f"{subtitle(view, account, rates)}{source}", present, [*sentences(account), *reasons],
        is_demo=view.dataset.is_demo,
    )  # fmt: skip


def export_table(account: Account, present: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every line of every view, to the cent, under French headers: one row per view and line."""
    parts = []
    for name, table in present.items():
        years = [year_label(row) for row in table.itertuples()]
        figures = table[list(LINES)].T.set_axis(years, axis=1).dropna(how="all")
        labels = [line_label(key, name) for key in figures.index]
        parts.append(figures.reset_index(drop=True).assign(Vue=name, Ligne=labels, Base=account.base or "non précisée"))
    whole = pd.concat(parts, ignore_index=True)
    years = sorted(c for c in whole.columns if c not in ("Vue", "Ligne", "Base"))
    return whole[["Vue", "Ligne", "Base", *years]]
