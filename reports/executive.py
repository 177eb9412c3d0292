"""The report of a dataset, without a screen: what the pages show of the same selection, number for number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.constat import Constat, describe, describe_perimeter
from analytics.descriptive import build_constat, compare_periods, compute_indicator, summarise
from analytics.descriptive.alerts import DEFAULT_BUDGET, MIN_MONTHS, Alerte, screen
from analytics.descriptive.compare import bounded
from analytics.errors import ParameterError
from analytics.french import MISSING, format_gap, format_month, format_percent, format_period, format_value, is_missing
from analytics.indicators import get_indicator, headline_keys, label_with_base, missing_measures
from analytics.schema import Dataset, Selection
from charts.breakdown import chart_breakdown
from charts.picture import Picture
from charts.trend import chart_trend
from reports.causes import cause_section
from reports.figures import EARLIER, group_table, indicator_table, month_table
from reports.model import CHANGE, GAP, Card, Number, Report, Section, Table
from reports.opened import Opened, default_selection, open_for_report
from reports.version import version

#: Pages that a report can hold; what is computed for long, or played with, stays on the screen.
PAGES = ("accueil", "diagnostic", "descriptif")
LEFT_OUT = "La prévision et le plan, longs à calculer et réglés à l’écran, ne sont pas dans ce rapport."
DRAWN_MONTHS, MOST_ALERTS, MOST_BARS, MOST_GROUPS = 36, 5, 7, 200
KINDS = {"dernier mois": "dernier mois inhabituel", "rupture": "rupture de niveau ou de tendance", "dérive": "dérive"}


@dataclass(frozen=True)
class _Asked:
    """A dataset, a selection, and whether groups may be named."""

    opened: Opened
    selection: Selection
    segments: bool

    @property
    def dataset(self) -> Dataset:
        return self.opened.completed

    def constat(self, key: str) -> Constat:
        """The finding of an indicator, as a card has it."""
        known = self.opened.maturity.set_index("mois")["part_connue"]
        return build_constat(self.dataset, key, self.selection, known=known)


def build_executive(
    dataset: Dataset | Opened,
    selection: Selection | None = None,
    *,
    pages: Sequence[str] = PAGES,
    segments: bool = True,
    title: str = "Synthèse de gestion",
) -> Report:
    """Report of a dataset over a selection.

    Parameters
    ----------
    dataset : Dataset or Opened
        As loaded (payment months included), or already opened.
    selection : Selection, optional
        Period, perimeter and comparison; the last twelve known months against the year before by default.
    pages : sequence of str
        Among :data:`PAGES`.
    segments : bool
        False leaves out all that names a group: for data where some are of fewer than 11 persons.
    title : str

    Raises
    ------
    ParameterError
        Unknown page, or no page.
    InsufficientData
        No month at all.
    """
    unknown = [page for page in pages if page not in PAGES]
    if unknown or not pages:
        raise ParameterError(
            "Page inconnue du rapport.", valeur=unknown[0] if unknown else None,
            remede=f"Pages possibles : {', '.join(PAGES)}. {LEFT_OUT}",
        )  # fmt: skip
    opened = dataset if isinstance(dataset, Opened) else open_for_report(dataset)
    chosen = bounded(selection or default_selection(opened), opened.completed)
    asked = _Asked(opened, chosen, segments)
    makers = (("accueil", _home), ("diagnostic", _why), ("accueil", _alerts), ("descriptif", _detail))
    sections = tuple(section for page, make in makers if page in pages for section in make(asked))
    raw = opened.raw
    return Report(
        title, _subtitle(asked), sections, raw.source, raw.as_of, _filters(asked), _definitions(asked), version(),
        raw.is_demo,
    )  # fmt: skip


def _main(asked: _Asked) -> str:
    return asked.dataset.main_measure or "cotisation"


def _home(asked: _Asked) -> tuple[Section, ...]:
    """The three sentences, the key figures, two charts."""
    dataset, selection = asked.dataset, asked.selection
    constats = {key: asked.constat(key) for key in dict.fromkeys((*headline_keys(dataset), _main(asked)))}
    tables = [indicator_table(dataset, constats, selection)]
    by_group = _heaviest_groups(asked)
    if by_group is not None:
        tables.append(by_group)
    told = summarise(dataset, selection, segments=asked.segments)
    pictures = tuple(_trend(asked, key) for key in _drawn(asked, constats))
    cards = tuple(_card(asked, c) for c in list(constats.values())[:4])
    return (Section("L’essentiel", told, pictures, tuple(tables), (freshness(asked.opened),), cards),)


def _drawn(asked: _Asked, constats: dict[str, Constat]) -> list[str]:
    """The main amount, and the ratio to premiums when it has a value."""
    ratio = constats.get("ratio_pc")
    return [_main(asked), *(["ratio_pc"] if ratio is not None and not is_missing(ratio.valeur) else [])]


def _heaviest_groups(asked: _Asked) -> Table | None:
    """The table behind the sentence that names the heaviest group."""
    dataset = asked.dataset
    if not asked.segments or dataset.main_measure is None:
        return None
    dimension = next((d for d in _split_by(dataset)), "")
    return group_table(dataset, dataset.main_measure, dimension, asked.selection) if dimension else None


def _split_by(dataset: Dataset) -> list[str]:
    counts = {d: len(dataset.prestation[d].dropna().unique()) for d in dataset.dimensions if d in dataset.prestation}
    return [d for d, count in counts.items() if count > 1]


def _card(asked: _Asked, constat: Constat) -> Card:
    indicator = get_indicator(constat.indicator, asked.dataset)
    change = ""
    if not is_missing(constat.ecart):
        rate = indicator.unit == "taux" or is_missing(constat.evolution)
        moved = format_gap(constat.ecart, indicator.unit) if rate else format_percent(constat.evolution, signed=True)
        change = f"{moved} {'en un an' if asked.selection.comparaison == 'N-1' else '(juste avant)'}"
    return Card(label_with_base(indicator, asked.dataset), format_value(constat.valeur, indicator.unit), change)


def _trend(asked: _Asked, key: str) -> Picture:
    """Last months of an indicator beside the year before."""
    dataset, indicator = asked.dataset, get_indicator(key, asked.dataset)
    table = compute_indicator(dataset, key, selection=Selection(filtres=asked.selection.filtres))
    series = table.set_index("mois")["valeur"]
    before = series.reindex(series.index - pd.DateOffset(years=1)).to_numpy()
    statuses = [asked.opened.statuses.get(month, "complet") for month in series.index]
    months = pd.DataFrame({"mois": series.index, "valeur": series.to_numpy(), "reference": before, "statut": statuses})
    title = label_with_base(indicator, dataset)
    return chart_trend(months.tail(DRAWN_MONTHS), title=title, unit=indicator.unit, is_demo=asked.opened.raw.is_demo)


def _alerts(asked: _Asked) -> tuple[Section, ...]:
    """Heaviest alerts of the perimeter."""
    return (_alert_section(asked),) if asked.segments else ()


def _alert_section(asked: _Asked) -> Section:
    dataset, opened = asked.dataset, asked.opened
    missing = MIN_MONTHS - len(opened.complete_months)
    if dataset.main_measure is None or missing > 0:
        need = "les prestations" if dataset.main_measure is None else f"{missing} mois complets de plus"
        return Section(
            "À décider", notes=(f"Pour dire ce qui est inhabituel, il faut {need} (trois ans d’historique).",)
        )
    found = screen(dataset, selection=asked.selection, maturity_table=opened.maturity)
    alerts = found.within_budget(dataset, DEFAULT_BUDGET)
    if not alerts:
        return Section("À décider", notes=("Rien d’inhabituel dans ce périmètre.",))
    shown = alerts[:MOST_ALERTS]
    left = f"{len(alerts) - len(shown)} autres alertes se lisent à l’écran." if len(alerts) > len(shown) else ""
    table = Table(
        "Les alertes", ("Périmètre", "Nature", "Mois", "Valeur", "Un an avant", "Écart", "Évolution"),
        tuple(_alert_row(alert, dataset) for alert in shown),
    )  # fmt: skip
    sentences = tuple(describe(alert.constat, dataset) for alert in shown)
    return Section("À décider", sentences, (), (table,), (left,) if left else ())


def _alert_row(alert: Alerte, dataset: Dataset) -> tuple:
    found = alert.constat
    unit = get_indicator(found.indicator, dataset).unit
    return (
        describe_perimeter(found.selection, dataset), KINDS[alert.genre], found.mois, Number(found.valeur, unit),
        Number(found.reference, unit), Number(found.ecart, unit, GAP), Number(found.evolution, "taux", CHANGE),
    )  # fmt: skip


def _why(asked: _Asked) -> tuple[Section, ...]:
    """The bridge of the main amount."""
    dataset = asked.dataset
    if dataset.main_measure is None or not asked.segments:
        return ()
    indicator = get_indicator(dataset.main_measure, dataset)
    section = cause_section(asked.opened, asked.constat(indicator.key), indicator.unit, indicator.label)
    drawn = _groups_picture(asked)
    return (replace(section, pictures=(*section.pictures, drawn)) if drawn and section.pictures else section,)


def _groups_picture(asked: _Asked) -> Picture | None:
    """Heaviest values of the first dimension, beside their reference."""
    dataset, dimension = asked.dataset, next(iter(_split_by(asked.dataset)), "")
    if not dimension:
        return None
    indicator = get_indicator(dataset.main_measure, dataset)
    found = compare_periods(dataset, indicator.key, by=(dimension,), selection=asked.selection)
    found = found.sort_values("valeur", ascending=False, kind="stable").head(MOST_BARS)
    label = dataset.label(dimension)
    return chart_breakdown(
        found.assign(groupe=[dataset.value_label(dimension, v) for v in found[dimension]]), group=label,
        title=f"{indicator.label} par {label[:1].lower()}{label[1:]}", unit=indicator.unit,
        reference=EARLIER[asked.selection.comparaison], is_demo=asked.opened.raw.is_demo,
    )  # fmt: skip


def _detail(asked: _Asked) -> tuple[Section, ...]:
    """Tables: each dimension that has few enough values, then month by month."""
    dataset, main = asked.dataset, _main(asked)
    # The first dimension is already behind the three sentences.
    others = _split_by(dataset)[1:] if asked.segments else []
    few = [d for d in others if len(dataset.prestation[d].dropna().unique()) <= MOST_GROUPS]
    tables = [group_table(dataset, main, dimension, asked.selection) for dimension in few]
    keys = [main, *(["ratio_pc"] if not missing_measures(get_indicator("ratio_pc"), dataset) else [])]
    tables += [month_table(dataset, key, asked.selection, asked.opened.statuses) for key in keys]
    return (Section("Le détail", tables=tuple(t for t in tables if t is not None)),)


def freshness(opened: Opened) -> str:
    """How far the data go, how well the last months are known, and what is not in the report."""
    done = opened.complete_months
    if not len(done):
        return f"Aucun mois complet dans ces données. {LEFT_OUT}"
    last = opened.maturity.set_index("mois")["part_connue"].get(done[-1], np.nan)
    known = "" if is_missing(last) or last >= 1 else f" (connu à {format_percent(last, 0)})"
    waiting = [format_month(m) for m, status in opened.statuses.items() if status == "incomplet"]
    held = f" Encore incomplets, donc hors des comparaisons : {', '.join(waiting)}." if waiting else ""
    return f"Dernier mois retenu : {format_month(done[-1], short=False)}{known}.{held} {LEFT_OUT}"


def _subtitle(asked: _Asked) -> str:
    return f"{asked.opened.raw.source or MISSING} · {_filters(asked)}"


def _filters(asked: _Asked) -> str:
    """Perimeter, period and comparison."""
    chosen = asked.selection
    period = format_period(chosen.debut, chosen.fin)
    return f"{describe_perimeter(chosen, asked.dataset)}, {period}, comparé à : {EARLIER[chosen.comparaison].lower()}"


def _definitions(asked: _Asked) -> tuple[tuple[str, str], ...]:
    """Each indicator printed, and its formula in words."""
    dataset = asked.dataset
    keys = dict.fromkeys((*headline_keys(dataset), _main(asked)))
    found = [get_indicator(key, dataset) for key in keys]
    return tuple((label_with_base(i, dataset), i.definition) for i in found)
