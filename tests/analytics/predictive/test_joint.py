import numpy as np
import pandas as pd
import pytest

from analytics.predictive.joint import draw, draw_together, error_rows, link
from analytics.uncertainty import CORRELATION


def make_ahead(values, *, low=0.95, high=1.08, start="2026-01-01"):
    values = np.asarray(values, dtype=float)
    months = pd.date_range(start, periods=len(values), freq="MS")
    return pd.DataFrame({"mois": months, "valeur": values, "bas_80": values * low, "haut_80": values * high})


def make_rows(errors):
    errors = np.asarray(errors, dtype=float)
    origins = pd.date_range("2020-06-01", periods=len(errors), freq="6MS", name="origine")
    return pd.DataFrame(errors, index=origins, columns=range(1, errors.shape[1] + 1))


NONE = pd.DataFrame()


def test_the_mean_is_the_forecast_and_the_bounds_are_kept():
    ahead = make_ahead([100, 120, 80])
    futures = draw(ahead, make_rows(np.random.default_rng(1).standard_normal((8, 3))), draws=20_000)
    np.testing.assert_allclose(futures.values.mean(axis=0), ahead["valeur"], rtol=1e-9)
    low, high = np.quantile(futures.values, (0.1, 0.9), axis=0)
    np.testing.assert_allclose(low, ahead["bas_80"], rtol=0.012)  # the mean of a lopsided band is not its median
    np.testing.assert_allclose(high, ahead["haut_80"], rtol=0.012)
    even = draw(make_ahead([100, 120, 80], low=0.95, high=1 / 0.95), NONE, draws=20_000)
    np.testing.assert_allclose(np.quantile(even.values, 0.1, axis=0), ahead["bas_80"], rtol=0.003)


def test_the_same_seed_gives_the_same_futures():
    ahead = make_ahead([100, 120])
    assert (draw(ahead, NONE).values == draw(ahead, NONE).values).all()
    assert not (draw(ahead, NONE).values == draw(ahead, NONE, seed=2).values).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_errors_last_as_they_did(sign):
    """Forty origins whose error of the second month repeats, or undoes, that of the first."""
    first = np.random.default_rng(0).standard_normal(40)
    futures = draw(make_ahead([100, 100]), make_rows(np.column_stack([first, sign * first])), draws=20_000)
    found = np.corrcoef(futures.values.T)[0, 1]
    weight = (first**2).sum()
    assert found == pytest.approx((sign * weight + 6 * CORRELATION) / (weight + 6), abs=0.03)


def test_without_origins_the_prior_alone():
    found = np.corrcoef(draw(make_ahead([100, 100]), NONE, draws=20_000).values.T)[0, 1]
    assert found == pytest.approx(CORRELATION, abs=0.03)


def test_linked_series_move_together_and_the_others_do_not():
    rows = make_rows(np.random.default_rng(3).standard_normal((40, 2)))
    ahead = make_ahead([100, 100])
    for linked, expected in ((True, 0.85), (False, 0.0)):
        one, two = draw_together((ahead, ahead), (rows, rows), linked=linked, draws=10_000)
        assert np.corrcoef(one.values[:, 0], two.values[:, 0])[0, 1] == pytest.approx(expected, abs=0.1)


def test_a_link_must_be_shown():
    rng = np.random.default_rng(5)
    errors = rng.standard_normal((10, 12)) + rng.standard_normal((10, 1)) * 2
    linked, correlation, origins = link(make_rows(errors), make_rows(errors + 0.1 * rng.standard_normal((10, 12))))
    assert linked
    assert correlation > 0.95
    assert origins == 10
    assert not link(make_rows(errors), make_rows(rng.standard_normal((10, 12))))[0]
    assert link(make_rows(errors[:3]), make_rows(errors[:3]))[0] is False
    assert link(NONE, make_rows(errors))[2] == 0


def test_no_draw_is_negative_near_zero_and_signed_series_may_be():
    ahead = pd.DataFrame({"mois": pd.date_range("2026-01-01", periods=2, freq="MS"), "valeur": [2.0, 5.0],
                          "bas_80": [0.0, 0.0], "haut_80": [6.0, 12.0]})  # fmt: skip
    futures = draw(ahead, NONE)
    assert futures.values.min() >= 0
    np.testing.assert_allclose(futures.values.mean(axis=0), ahead["valeur"], rtol=1e-9)
    signed = draw(ahead.assign(valeur=0.0, bas_80=-4.0, haut_80=4.0), NONE)
    assert signed.values.min() < -4
    np.testing.assert_allclose(signed.values.mean(axis=0), 0, atol=1e-9)


def test_a_month_without_bounds_is_unknown():
    ahead = make_ahead([100, 100])
    ahead.loc[1, ["bas_80", "haut_80"]] = np.nan
    futures = draw(ahead, NONE)
    assert not futures.known
    assert np.isfinite(futures.values[:, 0]).all()


def test_errors_are_in_standard_errors_of_their_side():
    base = {"serie": "A", "origine": pd.Timestamp("2024-06-01"), "modele": "mediane", "valeur": 100.0}
    months = pd.date_range("2024-07-01", periods=3, freq="MS")
    rows = pd.DataFrame([base | {"mois": m, "horizon": h + 1, "reel": r, "bas_80": 90.0, "haut_80": 105.0}
                         for h, (m, r) in enumerate(zip(months, (105.0, 90.0, 100.0), strict=True))])  # fmt: skip
    backtest = pd.concat([rows, rows.assign(modele="naif_saisonnier", reel=999.0)])
    found = error_rows(backtest, "A")
    np.testing.assert_allclose(found.iloc[0], [1.2816, -1.2816, 0], atol=1e-4)
    assert list(error_rows(backtest, "A", until=months[1]).columns) == [1, 2]
    assert error_rows(backtest, "B").empty
