"""Why the main amount moved, as the Diagnostic tells it: the bars of the bridge and their sum."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.constat import Constat, Sentence, in_sentence
from analytics.descriptive import comparison_period
from analytics.diagnostic.gap import LABELS, UNKNOWN, Gap, explain_gap
from analytics.errors import InsufficientData
from analytics.french import format_gap, format_period, is_missing
from charts.waterfall import chart_waterfall
from reports.model import GAP, Formula, Number, Section, Table
from reports.opened import Opened

#: Names of the effects, the same as on the page « Diagnostic ».
TITLE = "Pourquoi"
_ROUNDING = 1e-9  # of the level: under it a bar is what binary sums leave
_FINE = 0.005  # half-width of an interval, in parts of its effect, under which it is not drawn
_TOLD = 0.05  # of the change, in the other direction, from which an effect is told
_ESTIMATED = "Trait sombre et bornes : intervalle à 80 %, dû aux mois pas encore tous payés."
_HUMBLE = "Les effets décrivent d’où vient l’écart ; ils ne prouvent pas de cause."


def cause_section(opened: Opened, constat: Constat, unit: str, label: str) -> Section:
    """Bridge of the main amount; a reason instead when it cannot be made.

    Parameters
    ----------
    opened : Opened
    constat : Constat
        The main measure over the selection.
    unit, label : str
        Of its indicator.
    """
    if is_missing(constat.ecart):
        return Section(TITLE, notes=("Sans période de comparaison, il n’y a pas d’écart à expliquer.",))
    before = comparison_period(constat.selection)
    try:
        gap = explain_gap(
            opened.completed, constat.indicator, constat.selection, before, development=opened.development
        )
    except InsufficientData as error:
        return Section(TITLE, notes=(f"{error.message} {error.remede}".strip(),))
    bars = bars_of(constat, gap)
    if bars.empty:
        return Section(TITLE, notes=("Aucun écart entre les deux périodes.",))
    picture = chart_waterfall(
        bars, start=constat.reference, start_label=format_period(before.debut, before.fin),
        end_label=format_period(constat.selection.debut, constat.selection.fin),
        title=f"{label} : d’une période à l’autre", unit=unit, is_demo=opened.raw.is_demo,
    )  # fmt: skip
    notes = (_ESTIMATED, _HUMBLE) if bars["bas"].notna().any() else (_HUMBLE,)
    table = _table(constat, bars, unit, label)
    return Section(TITLE, _sentences(constat, bars, unit), (picture,), (table,), (" ".join(notes),))


def bars_of(constat: Constat, gap: Gap) -> pd.DataFrame:
    """One row by effect that moves: cle, effet, montant, bas, haut (missing when narrow); they sum to the change."""
    amounts = gap.table.groupby("effet", observed=True, sort=False)["montant"].sum()
    level = max(abs(constat.valeur), abs(constat.reference))
    rest = constat.ecart - float(amounts.sum())
    if abs(rest) > _ROUNDING * level:
        amounts[UNKNOWN] = amounts.get(UNKNOWN, 0.0) + rest
    amounts = amounts[amounts.abs() > _ROUNDING * level]
    spans = [_span(gap, effect, amount) for effect, amount in amounts.items()]
    low, high = np.array(spans).reshape(-1, 2).T
    names = [LABELS.get(str(effect), str(effect)) for effect in amounts.index]
    return pd.DataFrame(
        {"cle": amounts.index.astype("str"), "effet": names, "montant": amounts.to_numpy(), "bas": low, "haut": high}
    )


def _span(gap: Gap, effect: str, amount: float) -> tuple[float, float]:
    low, high = gap.bounds.interval(amount, {effect: 1.0})
    return (low, high) if high - amount > _FINE * abs(amount) else (np.nan, np.nan)


def _sentences(constat: Constat, bars: pd.DataFrame, unit: str) -> tuple[Sentence, ...]:
    total = format_gap(constat.ecart, unit)
    ordered = bars.loc[(bars["montant"] / constat.ecart).sort_values(ascending=False, kind="stable").index]
    first, amount = ordered.iloc[0], format_gap(ordered["montant"].iloc[0], unit)
    told = [
        Sentence(
            f"Effet qui pèse le plus dans l’écart : {in_sentence(first['effet'])}, {amount} sur {total}.",
            (amount, total),
        )
    ]
    against = ordered[ordered["montant"] / constat.ecart < -_TOLD]
    if len(against):
        last = against.iloc[-1]
        amount = format_gap(last["montant"], unit)
        told.append(Sentence(f"En sens contraire : {in_sentence(last['effet'])}, {amount}.", (amount,)))
    return tuple(told)


def _table(constat: Constat, bars: pd.DataFrame, unit: str, label: str) -> Table:
    bounded = bool(bars["bas"].notna().any())
    rows = [
        (bar.effet, Number(bar.montant, unit, GAP), *_bounds(bar.bas, bar.haut, unit, shown=bounded))
        for bar in bars.itertuples()
    ]
    made = Formula("somme", tuple((rank, 1) for rank in range(len(rows))))
    total = ("Écart", Number(constat.ecart, unit, GAP, made), *(("", "") if bounded else ()))
    heads = ("Effet", "Montant", *(("De (80 %)", "À (80 %)") if bounded else ()))
    return Table(f"Effets dans l’écart : {in_sentence(label)}", heads, (*rows, total), total=True)


def _bounds(low: float, high: float, unit: str, *, shown: bool) -> tuple[Number, ...]:
    return (Number(low, unit, GAP), Number(high, unit, GAP)) if shown else ()
