"""Each fact of data/demo/README.md is found and named by the section of the Diagnostic that should say it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pytest

from analytics.completion import complete, maturity
from analytics.descriptive import comparison_period, compute_indicator
from analytics.diagnostic import Impact, detect_breaks, find_causes, measure_impact
from analytics.diagnostic.impact import LOCKDOWN
from analytics.schema import Dataset, Selection
from data.checks import run_checks
from data.demo import PLANTED, find_planted, generate
from data.references import load_events

#: Months over which the page averages an effect.
AFTER = 12
#: Facts that are an event of the calendar, with the series that shows each: indicator and filters of the page.
EVENTS = {
    "optique_2020": ("100 % Santé optique", "cout_moyen", {"poste": ("optique",)}),
    "dentaire_2020": ("100 % Santé dentaire, première étape", "cout_moyen", {"poste": ("dentaire",)}),
    "dentaire_2021": ("100 % Santé dentaire, deuxième étape", "cout_moyen", {"poste": ("dentaire",)}),
    "audiologie_2021": ("100 % Santé audiologie", "consommation", {"poste": ("audiologie",)}),
    "resiliation_2020": ("Résiliation infra-annuelle", "resiliations", {}),
    "dentaire_amo_2023": ("Dentaire : remboursement AMO de 70 % à 60 %", "cout_moyen", {"poste": ("dentaire",)}),
    "dentaire_2026": ("Panier dentaire 100 % Santé élargi", "cout_moyen", {"poste": ("dentaire",)}),
}
SHOCKS = {"covid_printemps": "Premier confinement (Covid-19)", "covid_automne": "Deuxième confinement (Covid-19)"}
ERRORS = {"double_envoi": "unicite.lot_double", "centimes": "exactitude.changement_unite"}
#: Large enough for the year of a reform to be told from an ordinary one.
CLEAR = ("optique_2020", "dentaire_2020", "dentaire_2021", "audiologie_2021", "resiliation_2020", "dentaire_amo_2023")


@dataclass(frozen=True)
class Opened:
    """What the page works on: the file, the same completed, and the months known well enough."""

    raw: Dataset
    completed: Dataset
    months: pd.DatetimeIndex

    def series(self, indicator: str, filters: dict[str, tuple[str, ...]]) -> pd.Series:
        """Complete months of an indicator, as pages/components/impact.py asks for them."""
        selection = Selection(self.months[0], self.months[-1], filters)
        table = compute_indicator(self.completed, indicator, selection=selection).dropna(subset=["valeur"])
        series = table.set_index("mois")["valeur"].sort_index()
        return series[series.index.isin(self.months)].asfreq("MS")


@pytest.fixture(scope="module")
def opened() -> Opened:
    raw = generate(until="2026-10")
    told = maturity(raw)
    return Opened(raw, complete(raw), pd.DatetimeIndex(told.loc[told["statut"] != "incomplet", "mois"]))


@pytest.fixture(scope="module")
def findings(opened) -> pd.DataFrame:
    found = run_checks(opened.raw)
    return found[found["severite"] == "grave"].set_index("code")


def touching(filters: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Events of the calendar that touch a perimeter."""
    calendar, postes = load_events(), set(filters.get("poste", ()))
    return calendar[calendar["postes"].map(lambda touched: not touched or not postes or bool(set(touched) & postes))]


def judge(opened: Opened, key: str, **elsewhere: tuple[str, ...]) -> Impact:
    """The year of an event against what came before, the earlier steps of the same perimeter being known."""
    name, indicator, filters = EVENTS[key]
    calendar = touching(filters)
    start = calendar.loc[calendar["evenement"] == name, "debut"].item()
    earlier = calendar.loc[(calendar["forme"] == "palier") & (calendar["debut"] < start), "debut"]
    series = opened.series(indicator, {**filters, **elsewhere})
    return measure_impact(series[: start + pd.DateOffset(months=AFTER - 1)], start=start, known=earlier)


def relative(found: Impact) -> tuple[float, float, float]:
    expected = found.table["attendu"].mean()
    return found.effect / expected, found.interval[0] / expected, found.interval[1] / expected


def test_every_planted_fact_has_its_section():
    told = {*EVENTS, *SHOCKS, *ERRORS, "derive_dentaire", "janvier"}
    assert {fact.key for fact in PLANTED} == told


@pytest.mark.parametrize("key", EVENTS)
def test_the_calendar_has_the_event_at_the_planted_date(key):
    name, _, filters = EVENTS[key]
    event = touching(filters).set_index("evenement").loc[name]
    assert event["debut"] == find_planted(key).debut
    assert event["forme"] == "palier"


@pytest.mark.parametrize("key", CLEAR)
def test_a_reform_is_found_and_measured(opened, key):
    found, fact = judge(opened, key), find_planted(key)
    effect, low, high = relative(found)
    assert low <= effect <= high
    assert found.verdict.reponse == "oui"
    assert effect == pytest.approx(fact.effect, abs=0.05)


def test_the_small_reform_is_within_what_is_said(opened):
    """3 % a year is little: whatever is answered, outside the region that drifts the interval holds it."""
    others = tuple(r for r in opened.raw.prestation["region"].cat.categories if r != "Occitanie")
    _, low, high = relative(judge(opened, "dentaire_2026", region=others))
    assert low <= find_planted("dentaire_2026").effect <= high


@pytest.mark.parametrize("key", SHOCKS)
def test_a_lockdown_is_told_as_a_shock_and_is_no_reform(key):
    event = load_events().set_index("evenement").loc[SHOCKS[key]]
    fact = find_planted(key)
    assert event["forme"] == "impulsion"  # named by the sentence of shocks, never among the events to judge
    assert event["debut"] <= fact.debut
    assert fact.fin <= event["fin"]


@pytest.mark.parametrize("start", ["2020-02", "2020-03", "2020-04", "2020-05", "2020-06", "2020-07", "2020-08"])
def test_nothing_is_claimed_of_what_begins_in_the_lockdown_or_beside_it(opened, start):
    assert set(
        pd.date_range(find_planted("covid_printemps").debut, find_planted("covid_printemps").fin, freq="MS")
    ) <= {*LOCKDOWN}
    found = measure_impact(opened.series("consommation", {})[:"2021-02"], start=start)
    assert found.verdict.reponse == "on ne peut pas dire"
    assert "masquée" in found.verdict.phrase
    assert pd.isna(found.effect)


def test_the_second_lockdown_is_no_lasting_change(opened):
    found = measure_impact(opened.series("consommation", {})[:"2021-10"], start="2020-11")
    assert found.verdict.reponse != "oui"


def test_the_renewal_of_january_is_a_season_and_no_break(opened):
    found = opened.series("resiliations", {})
    breaks = found.index[list(detect_breaks(found))]
    assert len(breaks) == 1
    assert abs((breaks[0] - find_planted("resiliation_2020").debut).days) <= 62


@pytest.mark.parametrize("period", [("2025-09", "2026-08"), ("2026-01", "2026-08")])
def test_the_drift_comes_first_among_the_places(opened, period):
    now = Selection(*map(pd.Timestamp, period))
    found = find_causes(opened.completed, "prestation", now, comparison_period(now))
    where = {dimension: value for dimension, (value,) in find_planted("derive_dentaire").filters.items()}
    assert found.table.iloc[0]["conditions"] == where


def planted_euros(rows: pd.DataFrame, key: str) -> float:
    """What an error adds: one copy of two, or 99 hundredths of amounts in centimes."""
    amount = rows.loc[find_planted(key).mask(rows), "prestation"].sum()
    return amount / 2 if key == "double_envoi" else amount * 0.99


def test_the_errors_are_the_only_grave_findings(findings):
    assert set(findings.index) == set(ERRORS.values())


@pytest.mark.parametrize("key", ERRORS)
def test_an_error_is_found_where_it_is_with_its_euros(opened, findings, key):
    found, fact = findings.loc[ERRORS[key]], find_planted(key)
    assert {*(v for values in fact.filters.values() for v in values), f"{fact.debut:%Y-%m}"} == {
        *found["valeur"].split(" | ")
    }
    assert abs(found["euros"]) == pytest.approx(planted_euros(opened.raw.prestation, key), rel=0.1)


@pytest.mark.parametrize("key", ERRORS)
@pytest.mark.parametrize("months", [1, 12], ids=["its month", "its year"])
def test_an_error_is_not_told_as_a_cause(opened, key, months):
    fact = find_planted(key)
    first = fact.debut if months == 1 else fact.debut.replace(month=1)
    now = Selection(first, first + pd.DateOffset(months=months - 1))
    found = find_causes(opened.completed, "prestation", now, comparison_period(now))
    where = {dimension: value for dimension, (value,) in fact.filters.items()}
    assert all(where.items() - row.items() for row in found.table["conditions"])
