"""What stands behind the arrow of a card: the other comparisons, fair ones, and the share already paid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from analytics.constat import Constat
from analytics.descriptive import comparison_period
from analytics.descriptive.comparable import (
    SOURCE_ELASTICITE,
    ConstantScope,
    WorkingDays,
    compare_constant_scope,
    compare_working_days,
)
from analytics.descriptive.known import KnownShare, known_share
from analytics.french import format_gap, format_month, format_number, format_percent, format_value, is_missing
from analytics.indicators import Indicator
from analytics.schema import PRESTATION_MEASURES, Selection
from pages.components.bases import describe_rates, rates_of, ratios
from pages.components.cache import cached
from pages.components.constat import measure
from pages.components.sharing import may_show
from pages.components.sidebar import COMPARISONS, View

MOST_WORDS = 2
KNOWN = 0.995  # from there on nobody needs to be told
SCOPE_HIDDEN = "non montré en mode partage"


@dataclass(frozen=True)
class Facts:
    """What a card knows beside its value.

    Attributes
    ----------
    comparisons : tuple of (str, Constat)
        Label and finding: the chosen comparison, the other one when it differs, then those of the last month alone.
    days : WorkingDays
    scope : ConstantScope
    known : KnownShare
    """

    comparisons: tuple[tuple[str, Constat], ...]
    days: WorkingDays
    scope: ConstantScope
    known: KnownShare


def facts_of(view: View, key: str) -> Facts:
    """Everything that a card tells beside its value."""
    days = compare_working_days(view.dataset, key, selection=view.selection)
    return Facts(_comparisons(view, key), days, _scope(view, key), known_of(view, view.selection))


def known_of(view: View, selection: Selection) -> KnownShare:
    """Share of the spending of a selection that is already paid, with its interval."""
    opened = view.opened

    def compute() -> KnownShare:
        return known_share(opened.raw, opened.completed, selection, opened.development)

    return cached("known_share", view.key, compute, selection=replace(selection, comparaison="N-1"))


def caption(facts: Facts, indicator: Indicator) -> str:
    """The one line under a value: what the arrow does not say, most useful first."""
    words = []
    if uses_care(indicator) and facts.known.part < KNOWN:
        words.append(f"payé à {format_percent(facts.known.part, 0)}")
    chosen = change(facts.comparisons[0][1], indicator)
    if facts.scope.moved and not facts.scope.raison:
        words.append(f"périmètre constant : {change(facts.scope, indicator)}")
    if not facts.days.raison and change(facts.days, indicator) != chosen:
        words.append(f"jours ouvrés égaux : {change(facts.days, indicator)}")
    others = [(label, c) for label, c in facts.comparisons[1:] if not is_missing(c.reference)]
    words += [f"{label[:1].lower()}{label[1:]} : {change(c, indicator)}" for label, c in others]
    # A line never begins with its colon.
    return " · ".join(words[:MOST_WORDS]).replace(" : ", "\u00a0: ")


def detail(view: View, facts: Facts, indicator: Indicator) -> pd.DataFrame:
    """Every comparison in full, under French headers."""
    rows = [(label[:1].upper() + label[1:], _against(found, indicator)) for label, found in facts.comparisons]
    days, scope = facts.days, facts.scope
    counted = f" ({format_number(days.jours)} contre {format_number(days.jours_reference)})" if not days.raison else ""
    rows.append((f"À jours ouvrés égaux{counted}", days.raison or change(days, indicator)))
    rows.append(("À périmètre constant", _scope_words(scope, indicator)))
    if uses_care(indicator):
        rows.append(("Déjà payé", _known_words(facts.known)))
    if indicator.key == "ratio_pc":
        rows += [
            (f"En base {row.base}", format_percent(row.ratio) if not is_missing(row.ratio) else row.raison)
            for row in ratios(view).itertuples()
        ]
    return pd.DataFrame(rows, columns=["Comparaison", "Lecture"])


def notes(view: View, facts: Facts, indicator: Indicator) -> list[str]:
    """How the comparisons of a card are made: the working days, and the rates between bases."""
    told = []
    if not facts.days.raison:
        effect = format_number(facts.days.elasticite, 2)
        told.append(f"Jours ouvrés : 1 % de jours en plus compte pour {effect} % de soins ({SOURCE_ELASTICITE}).")
    if indicator.key == "ratio_pc" and view.dataset.base is not None:
        told.append(describe_rates(rates_of(view)))
    return told


def change(found: Constat | WorkingDays | ConstantScope, indicator: Indicator) -> str:
    """A change as printed: points for a rate, percent elsewhere, the gap itself without a positive reference."""
    if is_missing(found.ecart):
        return ""
    if indicator.unit == "taux" or is_missing(found.evolution):
        return format_gap(found.ecart, indicator.unit)
    return format_percent(found.evolution, signed=True)


def is_neutral(text: str) -> bool:
    """Whether a printed change is zero: it is then neither good nor bad."""
    return not any(digit in text for digit in "123456789")


def uses_care(indicator: Indicator) -> bool:
    """Whether an indicator counts care, that may still be unpaid."""
    return any(m in PRESTATION_MEASURES for m in indicator.measures)


def _comparisons(view: View, key: str) -> tuple[tuple[str, Constat], ...]:
    chosen = view.selection
    other = replace(chosen, comparaison="M-1" if chosen.comparaison == "N-1" else "N-1")
    asked = [(COMPARISONS[chosen.comparaison], chosen)]
    if comparison_period(other).debut != comparison_period(chosen).debut:
        asked.append((COMPARISONS[other.comparaison], other))
    if chosen.debut != chosen.fin:
        last = replace(chosen, debut=chosen.fin)
        month = format_month(chosen.fin)
        asked.append((f"{month} sur un an", replace(last, comparaison="N-1")))
        asked.append((f"{month} sur un mois, saison comprise", replace(last, comparaison="M-1")))
    shown = [pair for rank, pair in enumerate(asked) if rank == 0 or may_show(view, pair[1])]
    return tuple((label, measure(view.opened, key, selection)) for label, selection in shown)


def _scope(view: View, key: str) -> ConstantScope:
    """The groups left out are the difference of two figures: in « partage » mode they may be too few persons."""
    if view.shared:
        return ConstantScope(raison=SCOPE_HIDDEN)
    return compare_constant_scope(view.dataset, key, selection=view.selection)


def _against(found: Constat, indicator: Indicator) -> str:
    if is_missing(found.reference):
        return "pas de période de comparaison"
    return f"{change(found, indicator)} (contre {format_value(found.reference, indicator.unit)})"


def _scope_words(scope: ConstantScope, indicator: Indicator) -> str:
    if scope.raison:
        return scope.raison
    if not scope.moved:
        return "même périmètre : rien n’est arrivé ni parti"
    moves = [_count(scope.arrives, "arrivé"), _count(scope.partis, "parti")]
    return f"{change(scope, indicator)}, sans {' ni '.join(filter(None, moves))} entre-temps"


def _count(count: int, word: str) -> str:
    plural = "s" if count > 1 else ""
    return f"{count} groupe{plural} {word}{plural}" if count else ""


def _known_words(known: KnownShare) -> str:
    if is_missing(known.part):
        return known.raison
    text = format_percent(known.part)
    if is_missing(known.bas) or is_missing(known.haut) or format_percent(known.bas) == format_percent(known.haut):
        return text
    return f"{text} (entre {format_percent(known.bas)} et {format_percent(known.haut)}, 8 fois sur 10)"
