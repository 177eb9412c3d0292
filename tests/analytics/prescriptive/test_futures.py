"""Claims drawn by poste: marginals, correlation, analytic probabilities, and the kernel against the plain formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, spearmanr

from analytics.errors import InsufficientData, ParameterError
from analytics.predictive.forecast import Forecast
from analytics.predictive.menu import COMBINED
from analytics.prescriptive import seek
from analytics.prescriptive.futures import Futures, futures_from_assumptions, futures_from_forecast, tie
from analytics.prescriptive.levers import no_lever
from analytics.prescriptive.model import project_year
from analytics.prescriptive.simulation import prepare

POSTES = ("dentaire", "optique")
MONTHS = pd.date_range("2024-01-01", periods=12, freq="MS")


def portfolio(n: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(1)
    amc = rng.gamma(4.0, 60.0, (n, 2))
    frame = pd.DataFrame(
        {
            "segment": [f"S{i}" for i in range(n)], "beneficiaires": rng.gamma(3.0, 300.0, n),
            "cotisation": amc.sum(axis=1) * 1.25, "prestation": amc.sum(axis=1), "chargement": 0.15,
            "retention": 0.92, "elasticite": 4.0,
        }
    )  # fmt: skip
    care = pd.MultiIndex.from_product([frame["segment"], POSTES], names=["segment", "poste"]).to_frame(index=False)
    return frame, care.assign(prestation=amc.ravel())


def rise(value: float) -> pd.DataFrame:
    return pd.DataFrame({"segment": ["*"], "levier": ["hausse"], "valeur": [value]})


def told(origins: int, *, together: bool = True) -> tuple[Forecast, pd.DataFrame]:
    """Two postes, forecast at +2 % and +6 %, whose errors went together in the past."""
    rng = np.random.default_rng(3)
    ahead = pd.date_range("2025-01-01", periods=12, freq="MS")
    rows, past = [], []
    shocks = rng.normal(0, 0.05, origins)
    for poste, level in (("dentaire", 1020.0), ("optique", 530.0)):
        rows.append(pd.DataFrame({"serie": poste, "mois": ahead, "valeur": level, "bas_80": level * 0.94,
                                  "haut_80": level / 0.94, "modele": "x"}))  # fmt: skip
        errors = shocks if together else rng.normal(0, 0.05, origins)
        for k, shock in enumerate(errors):
            origin = pd.Timestamp("2022-01-01") + pd.DateOffset(months=k)
            past.append(pd.DataFrame({
                "serie": poste, "origine": origin, "mois": ahead, "horizon": np.arange(1, 13), "modele": COMBINED,
                "valeur": 100.0, "reel": 100.0 * np.exp(shock), "bas_80": 94.0, "haut_80": 100 / 0.94}))  # fmt: skip
    blank = pd.DataFrame()
    history = pd.concat(
        pd.DataFrame({"serie": p, "mois": MONTHS, "valeur": v}) for p, v in (("dentaire", 1000.0), ("optique", 500.0))
    )
    return Forecast(pd.concat(rows), pd.concat(past), blank, (), blank), history


def test_growth_of_the_forecast():
    forecast, history = told(20)
    futures = futures_from_forecast(forecast, history, debut=MONTHS[0], fin=MONTHS[-1], draws=20_000)
    np.testing.assert_allclose(futures.centre, [1.02, 1.06])
    np.testing.assert_allclose(futures.growth.mean(axis=0), futures.centre, rtol=1e-3)
    assert futures.correlation.loc["dentaire", "optique"] > 0.5
    assert "conjoints" in futures.notes[0]
    grown = futures_from_forecast(forecast, history, debut=MONTHS[0], fin=MONTHS[-1], effectif=0.02)
    np.testing.assert_allclose(grown.centre, [1.0, 1.06 / 1.02])
    half = futures_from_forecast(forecast, history, debut=MONTHS[6], fin=MONTHS[-1])
    np.testing.assert_allclose(half.centre, futures.centre)


def test_errors_that_went_apart_stay_apart():
    forecast, history = told(40, together=False)
    futures = futures_from_forecast(forecast, history, debut=MONTHS[0], fin=MONTHS[-1], draws=20_000)
    assert abs(futures.correlation.loc["dentaire", "optique"]) < 0.35


def test_too_few_origins_take_the_correlation_of_the_house():
    forecast, history = told(3)
    futures = futures_from_forecast(forecast, history, debut=MONTHS[0], fin=MONTHS[-1], draws=20_000)
    assert futures.correlation.loc["dentaire", "optique"] == pytest.approx(0.5, abs=0.05)
    assert "hypothèse" in futures.notes[0]


def test_tied_draws_keep_their_values():
    growth = np.random.default_rng(0).gamma(3.0, 1.0, (5000, 3))
    tied = tie(growth, correlation=0.7, seed=1)
    np.testing.assert_array_equal(np.sort(tied, axis=0), np.sort(growth, axis=0))
    found = spearmanr(tied).statistic
    assert found[0, 1] == pytest.approx(6 / np.pi * np.arcsin(0.35), abs=0.03)  # rank correlation of a normal pair


def test_forecast_refused():
    forecast, history = told(8)
    short = Forecast(
        forecast.table.groupby("serie").head(6), forecast.backtest, forecast.candidates, (), pd.DataFrame()
    )
    with pytest.raises(InsufficientData, match="douze mois"):
        futures_from_forecast(short, history, debut=MONTHS[0], fin=MONTHS[-1])
    with pytest.raises(InsufficientData, match="rien sur les mois"):
        futures_from_forecast(forecast, history, debut=pd.Timestamp("2030-01-01"), fin=pd.Timestamp("2030-12-01"))


def test_probability_is_that_of_the_normal_law():
    """Fixed heads, two correlated normal drifts: the claims are normal, and so is the chance of a P/C."""
    frame, care = portfolio()
    drift = {"dentaire": (0.03, 0.03), "optique": (0.05, 0.06)}
    futures = futures_from_assumptions(drift, correlation=0.4, draws=100_000)
    simulator, fewer = (prepare(frame, postes=care, futures=futures, draws=n) for n in (100_000, 8_000))
    amounts = care.assign(n=np.repeat(frame["beneficiaires"].to_numpy() * 0.92, 2))
    amounts = amounts.assign(total=amounts["n"] * amounts["prestation"]).groupby("poste")["total"].sum()
    premiums = (frame["beneficiaires"] * 0.92 * frame["cotisation"]).sum()
    mean = sum(amounts[p] * (1 + drift[p][0]) for p in POSTES)
    parts = [amounts[p] * drift[p][1] for p in POSTES]
    spread = np.sqrt(parts[0] ** 2 + parts[1] ** 2 + 2 * 0.4 * parts[0] * parts[1])
    outcome = simulator.play(no_lever())
    for level in (0.8, 0.83, 0.86):
        expected = norm.cdf((level * premiums - mean) / spread)
        assert outcome.probability("pc", level) == pytest.approx(expected, abs=0.006)
    found = seek(fewer, indicator="pc", target=0.82, probability=0.8, bounds=(0.0, 0.2))
    asked = (mean + norm.ppf(0.8) * spread) / premiums / 0.82 - 1  # P/C does not depend on who leaves, all alike
    assert found.valeur == pytest.approx(asked, abs=2e-3)


def test_kernel_is_the_formula_draw_by_draw():
    frame, care = portfolio()
    unsure = frame.assign(elasticite_bas=2.0, elasticite_haut=7.0, derive=0.02, derive_sd=0.03)
    for options in ({}, {"futures": futures_from_assumptions(dict.fromkeys(POSTES, (0.03, 0.04)), draws=70)}):
        simulator = prepare(unsure, postes=care, draws=70, **options)
        lines = [("*", "hausse", 0.06), ("S1", "hausse", -0.1), ("S2", "effectif", -0.95), ("S0", "effectif", 0.1)]
        levers = pd.DataFrame(lines, columns=["segment", "levier", "valeur"])
        year, totals = simulator.plan(simulator.resolve(levers)), simulator.totals(levers)
        for i in (0, 33, 69):
            shocks = simulator.shocks
            derive = shocks.derive[min(i, len(shocks.derive) - 1)]
            growth = None if shocks.growth is None else shocks.growth[i]
            one = project_year(simulator.base, year, shocks.elasticite[i], derive, growth)
            for name in ("resultat", "cotisation", "prestation", "effectif"):
                assert totals[name].iloc[i] == pytest.approx(getattr(one, name).sum(), rel=1e-12)


def test_futures_that_do_not_fit():
    frame, care = portfolio()
    lone = futures_from_assumptions({"optique": (0.03, 0.02)}, draws=50)
    with pytest.raises(ParameterError, match="prévision"):
        prepare(frame, postes=care, futures=lone, draws=50)
    with pytest.raises(ParameterError, match="tirages"):
        prepare(frame, postes=care, futures=futures_from_assumptions(dict.fromkeys(POSTES, (0, 0.1)), draws=50))
    with pytest.raises(ParameterError, match="par poste"):
        prepare(frame, futures=futures_from_assumptions({"optique": (0.03, 0.02)}, draws=50), draws=50)
    every = Futures(("*",), np.full((50, 1), 1.1), np.array([1.1]))
    assert prepare(frame, postes=care, futures=every, draws=50).central(no_lever())["pc"] == pytest.approx(
        1.1
        * (frame["beneficiaires"] * frame["prestation"]).sum()
        / (frame["beneficiaires"] * frame["cotisation"]).sum()
    )
