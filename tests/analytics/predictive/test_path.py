from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.completion import complete, develop_dataset, maturity
from analytics.errors import InsufficientData, ParameterError
from analytics.predictive import forecast
from analytics.predictive.joint import error_rows
from analytics.predictive.path import ABOVE, BELOW, Amounts, Crossing, build_path, chances, cross, describe_crossing
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import build_series
from data import demo_dataset

NONE = pd.DataFrame()


def make_amounts(level, *, known=20, growth=0.0, width=0.03, rows=NONE):
    months = pd.date_range("2024-01-01", periods=known + 12, freq="MS")
    values = level * (1 + growth) ** np.maximum(np.arange(known + 12) - known + 1, 0)
    table = pd.DataFrame({"mois": months, "valeur": values})
    ahead = table.tail(12).assign(bas_80=table["valeur"] / (1 + width), haut_80=table["valeur"] * (1 + width))
    return Amounts(table.head(known), ahead.reset_index(drop=True), rows)


@pytest.fixture(scope="module")
def rising():
    return build_path(make_amounts(80, growth=0.01), make_amounts(100, width=0.01))


def test_the_ratio_is_that_of_the_sums(rising):
    table = rising.table
    whole = table.set_index("mois")
    last = whole.tail(12)
    assert whole["glissant"].iloc[-1] == pytest.approx(last["prestation"].sum() / last["cotisation"].sum())
    assert rising.now == pytest.approx(0.8)
    assert whole["mensuel"].iloc[-1] == pytest.approx(last["prestation"].iloc[-1] / last["cotisation"].iloc[-1])
    assert whole["glissant"].isna().sum() == 11
    year = whole.loc["2025"]
    assert rising.years["annee"].tolist() == [2025]  # August 2026 is the last month ahead
    assert rising.years["valeur"].iloc[0] == pytest.approx(year["prestation"].sum() / year["cotisation"].sum())
    assert (rising.ahead["bas_80"] < rising.ahead["glissant"]).all()
    assert whole.loc[:"2025-08-01", "bas_80"].isna().all()


def test_the_crossing_is_what_counting_every_future_gives(rising):
    target = 0.83
    found = cross(rising, target)
    counts = np.zeros(13)
    for future in rising.rolling:  # one future after the other
        first = next((i for i, value in enumerate(future) if value > target), 12)
        counts[first] += 1
    by_then = counts.cumsum()[:12] / len(rising.rolling)
    np.testing.assert_allclose(found.table["franchi"], by_then)
    assert found.jamais == pytest.approx(counts[12] / len(rising.rolling))
    over = [float(np.mean([f[i] > target for f in rising.rolling])) for i in range(12)]
    first = next(i for i, p in enumerate(over) if p >= 0.5)
    assert found.mois == rising.ahead["mois"].iloc[first]
    assert found.probabilite == pytest.approx(over[first])
    assert found.sens == ABOVE


@given(st.floats(0.5, 1.5), st.floats(0.0, 0.3))
def test_a_higher_target_is_less_likely(rising, target, more):
    low, high = cross(rising, target), cross(rising, target + more)
    assert (low.table["au_dessus"] >= high.table["au_dessus"]).all()
    assert (low.years["au_dessus"] >= high.years["au_dessus"]).all()
    assert low.table["franchi"].is_monotonic_increasing
    if low.sens == high.sens == ABOVE:
        assert (low.table["franchi"] >= high.table["franchi"]).all()


def test_a_ratio_already_above_is_asked_when_it_comes_back():
    path = build_path(make_amounts(90, growth=-0.015), make_amounts(100, width=0.01))
    found = cross(path, 0.86)
    assert found.sens == BELOW
    np.testing.assert_allclose(found.table["franchi"], np.maximum.accumulate(path.rolling <= 0.86, axis=1).mean(axis=0))
    assert "repasser sous 86,0" in describe_crossing(path, found)
    assert found.mois is not None


def test_words_of_a_crossing_and_of_none(rising):
    found = cross(rising, 0.83)
    text = describe_crossing(rising, found)
    assert "Il devrait dépasser 83,0" in text
    assert "P/C des 12 derniers mois connus : 80,0" in text
    far = cross(rising, 1.4)
    assert far.mois is None
    assert "moins de 1" in describe_crossing(rising, far)
    assert chances(1.0).startswith("plus de 99")


def test_what_cannot_be_told_is_refused(rising):
    with pytest.raises(ParameterError, match="P/C positif"):
        cross(rising, float("nan"))
    claims, premiums = make_amounts(80), make_amounts(100)
    unbounded = replace(claims, ahead=claims.ahead.assign(bas_80=np.nan))
    with pytest.raises(InsufficientData, match="fourchette"):
        build_path(unbounded, premiums)
    hole = replace(premiums, history=premiums.history.drop(index=10))
    with pytest.raises(InsufficientData, match="octobre"):
        build_path(claims, hole)
    with pytest.raises(InsufficientData, match="douze mois"):
        build_path(claims, replace(premiums, ahead=premiums.ahead.iloc[:0]))


def make_crossing(rising, by_month, by_then):
    """What is said of chances, month by month and cumulated, that are given."""
    table = pd.DataFrame({"mois": rising.ahead["mois"], "au_dessus": by_month, "franchi": by_then})
    first = np.flatnonzero(np.asarray(by_month) >= 0.5)
    month = table["mois"].iloc[first[0]] if len(first) else None
    chance = by_month[first[0]] if len(first) else by_month[-1]
    return Crossing(0.85, ABOVE, table, month, chance, 1 - by_then[-1], pd.DataFrame())


@pytest.mark.parametrize(
    ("by_month", "ever", "expected", "never"),
    [
        ([0.3] * 12, 0.45, "Il ne devrait pas dépasser", "pourrait"),
        (
            [0.46] * 12,
            0.62,
            "Il pourrait dépasser 85,0\u202f% un mois, sans s’y installer : 62\u202f%",
            "ne devrait pas",
        ),
        ([0.6] * 12, 0.7, "et 70\u202f% de chances de l’avoir fait", "sans s’y installer"),
        ([0.6] * 6 + [0.2] * 6, 0.7, "sans s’y installer : 20\u202f% de chances d’y être en août", "l’avoir fait"),
    ],
)
def test_the_words_agree_with_the_chances_they_give(rising, by_month, ever, expected, never):
    by_then = np.maximum.accumulate(np.minimum(np.linspace(by_month[0], ever, 12), ever))
    text = describe_crossing(rising, make_crossing(rising, by_month, by_then))
    assert expected in text
    assert never not in text


def test_a_crossing_more_likely_than_not_is_never_denied():
    for level in np.linspace(75, 85, 11):
        path = build_path(make_amounts(level, width=0.06), make_amounts(100, width=0.01))
        found = cross(path, 0.8)
        denied = "ne devrait pas" in describe_crossing(path, found)
        assert denied == (round(1 - found.jamais, 2) < 0.5)


def test_a_hole_leaves_the_last_run_of_months(rising):
    claims, premiums = make_amounts(80, growth=0.01), make_amounts(100, width=0.01)
    hole = replace(premiums, history=premiums.history.drop(index=[3, 6]))
    path = build_path(claims, hole)
    assert path.lacune == pd.Timestamp("2024-06-01")
    assert path.table["mois"].iloc[0] == pd.Timestamp("2024-08-01")
    shared = path.table.dropna(subset="glissant").merge(rising.table, on="mois", suffixes=("", "_entier"))
    assert len(shared) == len(path.table) - 11
    np.testing.assert_allclose(shared["glissant"], shared["glissant_entier"])
    np.testing.assert_allclose(path.rolling, rising.rolling)
    assert rising.lacune is None


def test_a_hole_before_the_months_ahead_is_refused():
    claims, premiums = make_amounts(80), make_amounts(100)
    with pytest.raises(InsufficientData, match="après juillet"):
        build_path(claims, replace(premiums, history=premiums.history.head(19)))


@pytest.mark.parametrize(
    ("claims", "premiums", "words"),
    [(80.0, 0.0, "cotisations.*nulles"), (-80.0, 100.0, "prestations.*négatives"), (0.0, 100.0, "prestations.*nulles")],
)
def test_a_ratio_without_meaning_is_refused(claims, premiums, words):
    with pytest.raises(InsufficientData, match=words):
        build_path(make_signed(claims), make_signed(premiums))


def make_signed(level):
    found = make_amounts(level)
    ahead = found.ahead.assign(bas_80=level - 1 - abs(level) / 50, haut_80=level + 1 + abs(level) / 50)
    return replace(found, ahead=ahead)


def test_errors_that_went_together_leave_the_ratio_narrower():
    rng = np.random.default_rng(2)
    errors = 1.2 * rng.standard_normal((12, 1)) + 0.2 * rng.standard_normal((12, 12))
    origins = pd.date_range("2018-06-01", periods=12, freq="6MS")
    rows = pd.DataFrame(errors, index=origins, columns=range(1, 13))
    tied = build_path(make_amounts(80, rows=rows), make_amounts(100, rows=rows))
    apart = build_path(
        make_amounts(80, rows=rows), make_amounts(100, rows=rows.sample(frac=1, random_state=1).set_axis(origins))
    )
    assert tied.linked
    assert tied.correlation == pytest.approx(1)
    assert not apart.linked
    assert np.ptp(np.quantile(tied.rolling[:, -1], (0.1, 0.9))) < np.ptp(np.quantile(apart.rolling[:, -1], (0.1, 0.9)))


def test_the_path_of_a_portfolio_is_built_from_reconciled_amounts(small):
    sides = []
    for measure, by in (("prestation", "poste"), ("cotisation", "contrat")):
        series = build_series(small, measure, small.months, {}, by=by)
        told = forecast(series.frame, hierarchy=series.hierarchy, mode="core4", prophet=False, n_origins=2)
        history = series.frame.loc[series.frame["serie"] == WHOLE, ["mois", "valeur"]]
        own = told.table[told.table["serie"] == WHOLE]
        sides.append((series, told, Amounts(history, own, error_rows(told.backtest, WHOLE))))
    path = build_path(sides[0][2], sides[1][2])
    sums = []
    for series, told, _ in sides:  # the parts alone: they add up to the whole
        parts = told.table[told.table["serie"].isin(series.hierarchy[WHOLE])]
        sums.append(parts.groupby("mois")["valeur"].sum())
    last = path.table.set_index("mois").loc[sums[0].index[-1], "glissant"]
    assert last == pytest.approx(sums[0].sum() / sums[1].sum(), rel=1e-9)


def test_the_path_of_the_demonstration_is_built_from_reconciled_amounts():
    dataset = demo_dataset()
    development = develop_dataset(dataset)
    states = maturity(dataset, development=development)
    months = pd.DatetimeIndex(states.loc[states["statut"] != "incomplet", "mois"])
    completed = complete(dataset, development=development)
    sides, parts = [], []
    for measure, by in (("prestation", "poste"), ("cotisation", "contrat")):
        series = build_series(completed, measure, months, {}, by=by)
        told = forecast(series.frame, hierarchy=series.hierarchy, mode="core4", prophet=False, n_origins=1)
        history = series.frame.loc[series.frame["serie"] == WHOLE, ["mois", "valeur"]]
        sides.append(Amounts(history, told.table[told.table["serie"] == WHOLE], error_rows(told.backtest, WHOLE)))
        parts.append(told.table[told.table["serie"].isin(series.hierarchy[WHOLE])].groupby("mois")["valeur"].sum())
    path = build_path(*sides)
    assert path.ahead["glissant"].iloc[-1] == pytest.approx(parts[0].sum() / parts[1].sum(), rel=1e-9)
    np.testing.assert_allclose(path.ahead["mensuel"], parts[0] / parts[1], rtol=1e-9)
    year = completed.prestation["mois"].between(months[-12], months[-1])
    paid = completed.cotisation["mois"].between(months[-12], months[-1])
    known = completed.prestation.loc[year, "prestation"].sum() / completed.cotisation.loc[paid, "cotisation"].sum()
    assert path.now == pytest.approx(known)
