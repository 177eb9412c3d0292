"""Budgets, thresholds, roots, breaks: the parts that decide what is shown."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.completion import complete, maturity
from analytics.descriptive import build_constat, find_alerts
from analytics.descriptive.alerts import BUDGETS, Seuil, check_threshold, describe_threshold, looks_rate, screen
from analytics.descriptive.alerts.budget import last_per_year, last_threshold, other_per_year, other_threshold
from analytics.descriptive.alerts.candidates import BREAK, DRIFT, LAST, Candidate, breaks, traces, watch
from analytics.descriptive.alerts.panels import Panel
from analytics.descriptive.alerts.roots import find_roots
from analytics.errors import ParameterError
from analytics.schema import Selection
from data.demo import generate
from tests.samples import make_dataset

JUNE = pd.Timestamp("2025-06-01")


def candidate(euros, genre=DRIFT, p=0.001, **filters):
    return Candidate(genre, {d: (v,) for d, v in filters.items()}, JUNE, JUNE, p, euros)


def test_a_budget_is_a_rate_by_look():
    assert [looks_rate(b) for b in BUDGETS] == pytest.approx([1 / 12, 1 / 6, 1 / 3, 1])
    for wrong in (0, -1, 13):
        with pytest.raises(ParameterError, match="entre 0 et 12"):
            looks_rate(wrong)


def test_uniform_p_values_keep_the_budget():
    """Brute force: looks of 50 independent tests, without and with replay."""
    rng = np.random.default_rng(0)
    for budget in BUDGETS:
        assert other_threshold(budget, 50) * 50 * 12 == pytest.approx(budget / 2)
        alarms = 0
        for _ in range(2000):
            minima = pd.Series(rng.uniform(size=(36, 50)).min(axis=1))
            alarms += (rng.uniform(size=50) <= last_threshold(budget, minima, 50)).sum()
        assert alarms / 2000 * 12 <= budget / 2 * 1.15


def test_a_dataset_that_jumps_keeps_its_budget_too():
    rng = np.random.default_rng(1)
    looks = rng.uniform(size=(2000, 37, 50)) ** 3  # p-values far too small
    shown = [(x[-1] <= last_threshold(4, pd.Series(x[:-1].min(axis=1)), 50)).any() for x in looks]
    assert np.mean(shown) * 12 <= 4 / 2 * 1.15


def test_frequency_on_the_card_is_that_of_the_budget():
    assert other_per_year(other_threshold(2, 50), 50) == pytest.approx(1)
    assert last_per_year(0.5, pd.Series(np.linspace(0.01, 1, 36)), 50) == 12
    assert last_per_year(1e-9, pd.Series(np.linspace(0.01, 1, 36)), 50) < 1e-5


def test_one_root_for_one_cause():
    place = candidate(100.0, poste="dentaire", region="B")
    echoes = [candidate(110.0, poste="dentaire"), candidate(105.0, region="B"), candidate(120.0)]
    echoes.append(candidate(40.0, poste="dentaire", contrat="individuel"))
    apart = candidate(-60.0, poste="optique")
    same_way = candidate(55.0, LAST, poste="pharmacie")
    roots = find_roots([(c, 0.01) for c in (*echoes, apart, place, same_way)])
    assert [r.candidate for r in roots] == [place, apart, same_way]
    assert [r.echoes for r in roots] == [4, 0, 0]


def test_a_larger_budget_shows_no_less_and_the_drift_comes_first():
    dataset = make_dataset(72, seed=3, drift=0.4)
    found = screen(dataset, maturity_table=maturity(dataset))
    shown = [found.within_budget(dataset, b) for b in BUDGETS]
    assert [len(s) for s in shown] == sorted(len(s) for s in shown)
    assert shown[1][0].genre in (BREAK, DRIFT)  # a lasting jump twelve months ago is both
    assert shown[1][0].constat.selection.filtres == {"poste": ("dentaire",), "region": ("B",)}
    assert shown[1][0].par_an <= 2
    euros = [abs(a.constat.euros) for a in shown[-1]]
    assert euros == sorted(euros, reverse=True)
    assert find_alerts(dataset, budget=2)[0] == shown[1][0].constat


def test_traces_are_those_of_a_step_and_of_a_slope():
    step, slope = traces()
    assert step[0] == step.max()
    assert (np.diff(step) < 0).all()
    assert slope.argmax() > 0
    assert (step**2).sum() == pytest.approx(1)


def break_of(jump, seed, months_ago=5):
    rng = np.random.default_rng(seed)
    months = pd.date_range("2019-01-01", periods=84, freq="MS")
    values = 1e5 * np.exp(0.1 * np.sin(np.arange(84) * np.pi / 6) + rng.normal(0, 0.03, 84))
    values[-months_ago:] *= np.exp(jump)
    series = pd.DataFrame({"ensemble": values}, index=months)
    return breaks(watch([Panel((), series, series, pd.DataFrame(index=months))], months))[0]


def test_a_break_is_dated_and_noise_is_not_one():
    found = [break_of(0.2, seed) for seed in range(30)]
    assert np.mean([c.p_value < 0.01 for c in found]) > 0.8
    assert np.mean([abs((c.fin.year - c.debut.year) * 12 + c.fin.month - c.debut.month - 4) <= 1 for c in found]) > 0.7
    assert all(c.genre == BREAK and c.euros > 0 for c in found)
    assert np.mean([break_of(0.0, seed).p_value < 0.05 for seed in range(60)]) <= 0.05


def test_one_odd_month_is_not_a_break():
    assert np.mean([break_of(0.5, seed, months_ago=1).p_value < 0.01 for seed in range(20)]) <= 0.1


def test_a_threshold_is_held_against_mature_months_only():
    dataset = make_dataset(30)
    table = maturity(dataset)
    seuil = Seuil("ratio_pc", "au-dessus", 0.2, {"region": ("B",)})
    assert Seuil.from_plain(seuil.to_plain()) == seuil
    etat = check_threshold(dataset, seuil, maturity_table=table)
    assert etat.constat.valeur == build_constat(dataset, "ratio_pc", etat.constat.selection).valeur
    for sens, valeur, franchi in (
        ("au-dessus", etat.constat.valeur - 0.001, True), ("au-dessus", etat.constat.valeur, False),
        ("au-dessous", etat.constat.valeur, False), ("au-dessous", etat.constat.valeur + 0.001, True),
    ):  # fmt: skip
        other = Seuil("ratio_pc", sens, valeur, {"region": ("B",)})
        assert check_threshold(dataset, other, maturity_table=table).franchi is franchi
    muted = table.assign(statut=["complet"] * 28 + ["incomplet"] * 2)
    assert check_threshold(dataset, seuil, maturity_table=muted).constat.mois == dataset.months[27]
    short = check_threshold(dataset, seuil, maturity_table=muted.assign(statut="incomplet"))
    assert (short.franchi, short.raison) == (None, "il faut 12 mois connus, il y en a 0")
    assert "B : Ratio P/C au-dessus de 20" in describe_threshold(seuil, dataset)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"sens": "à côté"}, "Sens"), ({"periode": "hier"}, "Période"), ({"valeur": np.nan}, "nombre")],
)
def test_a_wrong_threshold_is_refused(change, words):
    with pytest.raises(ParameterError, match=words):
        Seuil(**({"indicateur": "ratio_pc", "sens": "au-dessus", "valeur": 0.9} | change))


@pytest.mark.parametrize("content", [{}, {"filtres": 3}, {"filtres": {}, "valeur": "x", "indicateur": 1}])
def test_a_threshold_that_cannot_be_read_says_so(content):
    with pytest.raises(ParameterError, match="illisible"):
        Seuil.from_plain(content)


def test_closings_of_the_demonstration():
    """The drift alone is shown, and no fall comes from claims not yet paid."""
    raw = generate(until="2026-10")
    final, table = complete(raw), maturity(raw)
    shown = screen(final, maturity_table=table).within_budget(final, 2)
    assert [a.constat.selection.filtres for a in shown] == [{"poste": ("dentaire",), "region": ("Occitanie",)}]
    for month in (pd.Timestamp("2026-02-01"),):
        closed = generate(until=month)
        found = screen(complete(closed), maturity_table=maturity(closed))
        for alert in found.within_budget(complete(closed), 12):
            paid = build_constat(final, alert.constat.indicator, alert.constat.selection)
            assert alert.constat.ecart > 0 or paid.ecart <= alert.constat.ecart / 2
            assert alert.constat.selection.fin < month


def test_a_risk_that_tells_nothing_is_not_told():
    dataset = make_dataset(72, seed=3, drift=0.4)
    found = screen(dataset, maturity_table=maturity(dataset))
    for risk, told in ((0.5, 0.5), (0.51, None), (1.0, None)):
        shown = replace(found, q_values=np.full(len(found.candidates), risk)).within_budget(dataset, 12)
        assert shown
        assert all(a.constat.q_value == told if told else np.isnan(a.constat.q_value) for a in shown)
        assert all(0 < a.par_an <= 12 for a in shown)


def test_nothing_is_shown_without_a_measure_or_a_history():
    short = make_dataset(20)
    found = screen(short, maturity_table=maturity(short), selection=Selection())
    assert found.candidates == ()
    assert found.within_budget(short, 12) == found.within_fdr(short, 0.5) == ()
