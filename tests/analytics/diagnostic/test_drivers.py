"""Lagged associations: the planted one found with its lag, sign and size, the others left to chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.diagnostic.candidates import WORKING_DAYS, gather_candidates
from analytics.diagnostic.drivers import find_drivers
from analytics.diagnostic.impact import LOCKDOWN
from analytics.diagnostic.lagged import gain, slope
from analytics.errors import ParameterError
from benchmarks.drivers import answer_of, arima, by_correlation, by_granger, by_hac, independent, planted
from tests.samples import make_dataset

CHARGED, PAID = "Frais réels par acte", "Part remboursée par l’AMO"
MONTHS = pd.date_range("2012-01-01", periods=96, freq="MS")


def linked(seed=0, *, lag=3, effect=-0.8, count=6):
    """A series that follows the first of the candidates `lag` months later."""
    rng = np.random.default_rng(seed)
    logs = np.column_stack([arima(rng, len(MONTHS) + 12) for _ in range(count + 1)])
    logs[lag:, 0] += effect * logs[: len(logs) - lag, 1]
    table = pd.DataFrame(np.exp(logs[12:]), index=MONTHS, columns=["y", *(f"x{i}" for i in range(count))])
    return table["y"], table.drop(columns="y")


def test_a_planted_link_is_found_at_its_lag_with_its_sign_and_size():
    right = covered = 0
    for seed in range(20):
        row = find_drivers(*linked(seed)).table.set_index("facteur").loc["x0"]
        right += row["decalage"] == 3 and row["effet"] < 0 and row["reponse"] == "oui"
        covered += row["bas"] <= -0.8 <= row["haut"]
    assert right >= 15
    assert covered >= 17


def test_where_nothing_is_linked_the_naive_ways_find_something_and_ours_does_not():
    finds = {"ours": 0, "naive": 0, "hac": 0}
    for seed in range(20):
        columns = independent("ARIMA saisonnier", np.random.default_rng(seed), pd.DataFrame())
        finds["ours"] += len(answer_of(columns).kept) > 0
        finds["naive"] += bool(by_correlation(columns, corrected=True))
        finds["hac"] += bool(by_hac(columns)) if seed < 6 else 0
    assert finds["ours"] <= 2
    assert finds["naive"] >= 18
    assert finds["hac"] >= 3


def test_real_series_of_other_years_are_not_linked(shared):
    from benchmarks.alerts import read_pbs

    panel = read_pbs()
    found = [len(answer_of(independent("PBS", np.random.default_rng(s), panel)).kept) > 0 for s in range(25)]
    assert sum(found) <= 3


@pytest.mark.parametrize("seed", range(3))
def test_the_error_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    columns = np.column_stack([np.ones(80), rng.normal(size=(80, 3))])
    values = columns @ rng.normal(size=4) + np.convolve(rng.normal(size=82), np.ones(3), "valid")
    ours = slope(values, columns, np.ones(80, dtype=bool), hac_only=True)
    options = {"maxlags": int(4 * (80 / 100) ** (2 / 9)), "use_correction": True}
    theirs = sm.OLS(values, columns).fit(cov_type="HAC", cov_kwds=options, use_t=True)
    assert ours.effect == pytest.approx(theirs.params[-1], rel=1e-9)
    assert ours.error == pytest.approx(theirs.bse[-1], rel=1e-9)
    assert ours.p_value == pytest.approx(theirs.pvalues[-1], rel=1e-9)
    assert ours.interval() == pytest.approx(tuple(theirs.conf_int()[-1]), rel=1e-9)
    kept = slope(values, columns, np.ones(80, dtype=bool))
    assert kept.error == pytest.approx(max(theirs.bse[-1], sm.OLS(values, columns).fit().bse[-1]), rel=1e-9)


def test_risks_are_those_of_the_whole_family():
    found = find_drivers(*linked())
    assert found.n_tests == 6 * 13
    p = found.tested["p_value"].to_numpy()
    order = np.argsort(p)
    expected = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    assert found.tested["q_value"].to_numpy()[order] == pytest.approx(np.minimum(expected, 1))
    best = found.tested.loc[found.tested.groupby("facteur")["p_value"].idxmin()].set_index("facteur")["decalage"]
    assert dict(zip(found.table["facteur"], found.table["decalage"], strict=True)) == best.to_dict()


@settings(max_examples=8, deadline=None)
@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_units_do_not_matter_to_an_elasticity(scale, other):
    y, x = linked(1, count=2)
    left, right = find_drivers(y, x).table, find_drivers(y * scale, x * other).table
    for column in ("effet", "bas", "haut", "p_value", "gain"):
        assert right[column].to_numpy() == pytest.approx(left[column].to_numpy(), rel=1e-5, abs=1e-9)


def test_order_and_name_of_candidates_do_not_matter():
    y, x = linked(2)
    pd.testing.assert_frame_equal(find_drivers(y, x).table, find_drivers(y, x[x.columns[::-1]]).table)


def test_a_significant_link_that_does_not_forecast_is_not_kept():
    y, x = linked(0, effect=-2.0)
    assert find_drivers(y, x).table.set_index("facteur").loc["x0", "reponse"] == "oui"
    reversed_late = y.copy()  # the last year, the link is no more
    reversed_late.iloc[-12:] *= np.exp(2.0 * np.log(x["x0"].shift(3)).diff().iloc[-12:].cumsum())
    row = find_drivers(reversed_late, x).table.set_index("facteur").loc["x0"]
    assert row["q_value"] <= 0.05
    assert row["gain"] < 0
    assert (row["reponse"], "prévision" in row["raison"]) == ("non", True)


def without_last_year(y):
    """The same, the last year known for one month in three: no forecast of it can be judged."""
    return y.where(~y.index.isin(y.index[-12:]) | (np.arange(len(y)) % 3 == 0))


def test_the_verdict_says_why_a_link_is_not_kept():
    y, x = linked(0, effect=-2.0)
    one = x[["x0"]]
    found = find_drivers(without_last_year(y), one)
    row = found.table.iloc[0]
    assert row["q_value"] <= 0.05
    assert row["reponse"] == "on ne peut pas dire"
    assert found.verdict.reponse == "on ne peut pas dire"
    assert "x0" in found.verdict.phrase
    assert "trop peu des 12 derniers mois" in found.verdict.phrase
    reversed_late = y.copy()
    reversed_late.iloc[-12:] *= np.exp(2.0 * np.log(x["x0"].shift(3)).diff().iloc[-12:].cumsum())
    found = find_drivers(reversed_late, one)
    assert found.verdict.reponse == "non"
    assert "n’améliore pas la prévision des 12 derniers mois" in found.verdict.phrase
    rng = np.random.default_rng(5)
    found = find_drivers(pd.Series(np.exp(arima(rng, len(MONTHS))), MONTHS), x)
    assert found.verdict.reponse == "non"
    assert "Aucune série ne lui est associée" in found.verdict.phrase


def test_an_interval_counts_the_choice_among_all_the_tests():
    found = find_drivers(*linked(0))
    assert len(found.kept) == 1
    miss = 0.05 * len(found.kept) / found.n_tests
    alone, best = find_drivers(*linked(0), max_lag=0), found.tested.set_index(["facteur", "decalage"])
    for row in found.kept.itertuples():
        assert best.loc[(row.facteur, row.decalage), ["bas", "haut"]].tolist() == [row.bas, row.haut]
        # p-value and interval are those of one Student: its quantile at the p-value is the effect over its error.
        free = row.n - 12 - 2
        error = abs(row.effet) / stats.t.isf(row.p_value / 2, free)
        assert (row.haut - row.bas) / 2 == pytest.approx(error * stats.t.isf(miss / 2, free), rel=0.05)
    assert alone.n_tests == 6


def test_intervals_of_what_is_kept_cover_the_truth():
    """A weak link among eight series at thirteen lags: those that are kept are the lucky ones."""
    index, covered = pd.date_range("2013-01-01", periods=72, freq="MS"), []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = np.cumsum(rng.normal(0, 0.03, 73))
        y = 0.4 * np.r_[0, x[:-1]] + np.cumsum(rng.normal(0, 0.03, 73))
        others = {f"c{i}": np.cumsum(rng.normal(0, 0.03, 73))[1:] for i in range(7)}
        table = pd.DataFrame({k: np.exp(v) for k, v in (others | {"x": x[1:]}).items()}, index=index)
        kept = find_drivers(pd.Series(np.exp(y[1:]), index), table, masked=()).kept
        covered += [bool(r.bas <= 0.4 <= r.haut) for r in kept.itertuples() if (r.facteur, r.decalage) == ("x", 1)]
    assert len(covered) >= 8
    assert np.mean(covered) >= 0.93


def test_the_forecast_uses_nothing_of_what_comes_after():
    rng = np.random.default_rng(0)
    y, x = np.cumsum(rng.normal(size=90)), np.cumsum(rng.normal(size=90))
    calendar = np.eye(12)[np.arange(90) % 12]
    before, _ = gain(y[:-6], x[:-6], calendar[:-6], 2, 6)
    later_x, later_y = x.copy(), y.copy()
    later_x[-6:], later_y[-6:] = 99, -99
    again, judged = gain(later_y[:-6], later_x[:-6], calendar[:-6], 2, 6)
    assert (before, judged) == (again, 6)
    tail = x.copy()
    tail[-2:] += 50.0  # two months before the end at lag 2: not yet usable
    assert gain(y, tail, calendar, 2, 12)[0] == pytest.approx(gain(y, x, calendar, 2, 12)[0])


def test_the_lockdown_is_left_out():
    index = pd.date_range("2016-01-01", periods=96, freq="MS")
    y, x = linked(4)
    y, x = y.set_axis(index), x.set_axis(index)
    fallen_y, fallen_x = y.copy(), x.copy()
    inside = index.isin(LOCKDOWN)
    fallen_y[inside] *= 0.2
    fallen_x.loc[inside] *= 0.1
    pd.testing.assert_frame_equal(find_drivers(y, x).table, find_drivers(fallen_y, fallen_x).table)


def test_what_is_known_of_both_is_taken_off():
    rng = np.random.default_rng(3)
    days = np.exp(rng.normal(size=len(MONTHS)) * 0.05)
    y, x = (pd.Series(np.exp(arima(rng, len(MONTHS))) * days**2, MONTHS) for _ in range(2))
    table = pd.DataFrame({"x": x, "jours": days})
    assert find_drivers(y, table).table.set_index("facteur").loc["x", "q_value"] < 0.05
    told = find_drivers(y, table, known=("jours",)).table.set_index("facteur")
    assert told.loc["x", "q_value"] > 0.05
    assert told.loc["jours", ["decalage", "reponse"]].tolist() == [0, "oui"]


def test_a_series_with_zeros_is_read_by_unit():
    y, x = linked(6, count=1)
    x["nombre"] = np.maximum(np.round(np.random.default_rng(0).poisson(2, len(MONTHS))), 0)
    found = find_drivers(y, x)
    assert found.relative
    assert found.table.set_index("facteur")["pour"].to_dict() == {"x0": "1 %", "nombre": "1 unité"}
    assert not find_drivers(y - y.mean(), x).relative


@pytest.mark.parametrize(
    ("cut", "words"), [(47, "48 mois"), (96, "ne bouge pas")], ids=["short", "flat"]
)  # fmt: skip
def test_too_little_cannot_be_told(cut, words):
    y, x = linked()
    y = y.iloc[-cut:] if cut < 96 else y * 0 + 3
    found = find_drivers(y, x)
    assert found.verdict.reponse == "on ne peut pas dire"
    assert words in found.verdict.phrase
    assert found.table.empty


def test_a_candidate_that_cannot_be_tried_says_why():
    y, x = linked(count=3)
    x["x1"] = 4.0
    x.loc[MONTHS[40:], "x2"] = np.nan
    told = find_drivers(y, x).table.set_index("facteur")
    assert told.loc[["x1", "x2"], "reponse"].eq("on ne peut pas dire").all()
    assert told.loc[["x1", "x2"], "effet"].isna().all()
    assert "40 mois" in told.loc["x2", "raison"]


@pytest.mark.parametrize("options", [{"max_lag": 13}, {"fdr": 0.0}, {"holdout": 40}])
def test_options_out_of_bounds_are_refused(options):
    with pytest.raises(ParameterError):
        find_drivers(*linked(count=1), **options)


def test_months_are_required_and_may_be_periods():
    y, x = linked(count=1)
    with pytest.raises(ParameterError, match="mois"):
        find_drivers(y.reset_index(drop=True), x.reset_index(drop=True))
    periods = find_drivers(y.set_axis(y.index.to_period("M")), x.set_axis(x.index.to_period("M")))
    pd.testing.assert_frame_equal(periods.table, find_drivers(y, x).table)


def test_no_candidate_is_a_part_of_the_series():
    dataset = make_dataset(60)
    months = dataset.months
    whole = gather_candidates(dataset, "prestation", {}, months)
    assert WORKING_DAYS in whole.table
    assert {"Actes", "Bénéficiaires", "Fréquence et coût de chaque poste"} <= set(whole.left_out)
    assert not [name for name in whole.table if name.startswith(("Fréquence", "Coût moyen"))]
    one = gather_candidates(dataset, "prestation", {"poste": ("dentaire",)}, months)
    assert "Fréquence : optique" in one.table
    assert not [name for name in one.table if "dentaire" in name]
    ratio = gather_candidates(dataset, "ratio_pc", {}, months)
    assert "Cotisation par tête" in ratio.left_out
    assert "contient la même somme" in gather_candidates(dataset, "frais_reels", {}, months).left_out[CHARGED]
    for key in ("prestation", "remboursement_amo", "ratio_pc"):
        found = gather_candidates(dataset, key, {"poste": ("dentaire",)} if key == "prestation" else {}, months)
        assert not {CHARGED, PAID} & set(found.table)
        assert found.left_out[PAID] if key == "remboursement_amo" else found.left_out[PAID] == found.left_out["Actes"]
        assert found.left_out[CHARGED] == found.left_out["Actes"]
    assert {CHARGED, PAID} <= set(gather_candidates(dataset, "beneficiaires", {}, months).table)


def test_candidates_are_ratios_of_sums():
    dataset = make_dataset(60)
    table = gather_candidates(dataset, "beneficiaires", {"poste": ("dentaire",)}, dataset.months).table
    care = dataset.prestation[dataset.prestation["poste"] == "dentaire"].groupby("mois")[["frais_reels", "actes"]].sum()
    assert table["Frais réels par acte"].to_numpy() == pytest.approx((care["frais_reels"] / care["actes"]).to_numpy())
    table = gather_candidates(dataset, "prestation", {"poste": ("dentaire",)}, dataset.months).table
    heads = dataset.cotisation.groupby(["contrat", "mois"])["beneficiaires"].sum()
    share = heads["collectif"] / heads.groupby("mois").sum()
    assert table["Part du collectif"].to_numpy() == pytest.approx(share.to_numpy())


def test_ages_are_read_from_their_bands():
    dataset = make_dataset(60)
    bands = {"A": "moins de 60 ans", "B": "60-74", "C": "75 et +"}
    members = dataset.cotisation.assign(tranche_age=dataset.cotisation["region"].map(bands))
    found = gather_candidates(replace(dataset, cotisation=members), "prestation", {}, dataset.months)
    assert found.table["Part des 60 ans et plus"].to_numpy() == pytest.approx(5 / 9)
    assert found.perimeters["Part des 60 ans et plus"]["tranche_age"] == ("60-74", "75 et +")


def test_the_planted_series_of_the_measure_have_their_link():
    columns, lag, effect = planted(np.random.default_rng(1), 0.5, 96)
    assert columns.shape == (96, 13)
    assert 0 <= lag <= 6
    assert effect != 0
    assert any(place == 1 for place, *_ in by_granger(columns)) or lag == 0
