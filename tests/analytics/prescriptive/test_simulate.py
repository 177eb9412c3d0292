"""Scenarios: hand computations, invariants, uncertainty and comparison."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import InsufficientData, ParameterError
from analytics.prescriptive import INDICATEURS, compare, no_lever, simulate
from analytics.prescriptive.model import read_portfolio
from analytics.prescriptive.simulation import draw_shocks


def portfolio(n: int = 2, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "segment": [f"S{i}" for i in range(n)],
            "beneficiaires": 1000.0 * (1 + np.arange(n)),
            "cotisation": 800.0 + 100 * np.arange(n),
            "prestation": 650.0 + 90 * np.arange(n),
            "chargement": 0.2,
            "retention": 0.92,
            "elasticite": 4.0,
        }
    )
    return frame.assign(**columns)


def uncertain(n: int = 5) -> pd.DataFrame:
    return portfolio(n, elasticite_bas=2.0, elasticite_haut=7.0, derive=0.03, derive_sd=0.02)


def lever(*lines: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["segment", "levier", "valeur"])


def test_central_run_by_hand():
    base = portfolio(derive=0.03)
    outcome = simulate(
        base,
        lever(("*", "hausse", 0.05), ("S1", "hausse", 0.02), ("S0", "prestation", -0.03), ("S1", "frequence", 0.02),
              ("S1", "cout_moyen", 0.01), ("*", "chargement", -0.01), ("S0", "effectif", 0.1)),
    )  # fmt: skip
    odds = 0.92 / 0.08
    kept = [1 / (1 + math.exp(4 * h) / odds) for h in (0.05, 0.07)]
    heads = [1000 * kept[0] + 100, 2000 * kept[1]]
    premiums = [heads[0] * 800 * 1.05, heads[1] * 900 * 1.07]
    claims = [heads[0] * 650 * 0.97 * 1.03, heads[1] * 740 * 1.02 * 1.01 * 1.03]
    table = outcome.table
    np.testing.assert_allclose(table["retenus"], [1000 * kept[0], 2000 * kept[1]])
    np.testing.assert_allclose(table["nouveaux"], [100, 0])
    np.testing.assert_allclose(table["cotisation"], premiums)
    np.testing.assert_allclose(table["prestation"], claims)
    np.testing.assert_allclose(table["resultat"], [0.81 * p - c for p, c in zip(premiums, claims, strict=True)])
    np.testing.assert_allclose(table["cotisation_avant"], [800e3, 1800e3])
    np.testing.assert_allclose(table["resultat_avant"], [0.8 * 800e3 - 650e3, 0.8 * 1800e3 - 1480e3])
    assert outcome.value("pc") == pytest.approx(sum(claims) / sum(premiums))
    assert outcome.value("effectif") == pytest.approx(sum(heads))
    weights = [1000 * kept[0] * 800, 2000 * kept[1] * 900]
    assert outcome.value("hausse_moyenne") == pytest.approx(np.average([0.05, 0.07], weights=weights))
    assert outcome.value("retention") == pytest.approx((1000 * kept[0] + 2000 * kept[1]) / 3000)


def test_doing_nothing_keeps_the_retention():
    outcome = simulate(portfolio(), no_lever())
    np.testing.assert_allclose(outcome.table["retenus"], [920, 1840])
    assert outcome.value("hausse_moyenne") == 0
    total = outcome.total.set_index("indicateur")
    assert total.loc["pc", "valeur"] == pytest.approx(total.loc["pc", "avant"])


def test_certain_or_lost_members_stay_so():
    outcome = simulate(portfolio(retention=[1.0, 0.0]), lever(("*", "hausse", 0.5)))
    np.testing.assert_allclose(outcome.table["retenus"], [1000, 0])
    assert np.isnan(outcome.table["pc"].iloc[1])


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.1, 0.3), st.integers(1, 8), st.integers(0, 99))
def test_parts_add_up(hausse, n, seed):
    outcome = simulate(uncertain(n), lever(("*", "hausse", hausse)), draws=50, seed=seed)
    for column in ("cotisation", "prestation", "resultat", "effectif"):
        assert outcome.table[column].sum() == pytest.approx(outcome.value(column))
    assert np.isnan(outcome.value("reste_a_charge"))  # the portfolio does not tell it: missing, never 0
    known = outcome.quantiles[outcome.quantiles["indicateur"] != "reste_a_charge"]
    quantiles = known[["p5", "p10", "p50", "p90", "p95"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert list(outcome.quantiles["indicateur"]) == list(outcome.draws.columns) == list(INDICATEURS)


def test_splitting_a_segment_changes_no_total():
    whole = portfolio(1)
    halves = pd.concat([whole, whole], ignore_index=True).assign(segment=["a", "b"], beneficiaires=500.0)
    asked = lever(("*", "hausse", 0.08), ("*", "effectif", 0.02))
    one, two = simulate(whole, asked), simulate(halves, asked)
    np.testing.assert_allclose(two.total["valeur"], one.total["valeur"])


def test_without_uncertainty_every_quantile_is_the_centre():
    outcome = simulate(portfolio(), lever(("*", "hausse", 0.05)))
    centre = outcome.total["valeur"].to_numpy()
    for column in ("moyenne", "p5", "p95"):
        np.testing.assert_allclose(outcome.quantiles[column], centre, rtol=1e-12)
    assert any("Aucune incertitude" in w for w in outcome.warnings)
    assert not simulate(uncertain(), no_lever()).warnings


def test_interval_of_the_elasticity_is_an_80_percent_interval():
    base = read_portfolio(portfolio(1, elasticite_bas=3.0, elasticite_haut=8.0))
    drawn = draw_shocks(base, draws=200_000, seed=1, correlation=0.5).elasticite[:, 0]
    np.testing.assert_allclose(np.quantile(drawn, [0.1, 0.5, 0.9]), [3, 4, 8], rtol=0.02)
    assert (drawn >= 0).all()


def test_drift_is_drawn_with_its_mean_and_its_common_part():
    base = read_portfolio(portfolio(2, derive=0.04, derive_sd=0.02))
    for correlation in (0.0, 0.5, 1.0):
        drawn = draw_shocks(base, draws=40_000, seed=3, correlation=correlation).derive
        assert drawn.mean() == pytest.approx(0.04, abs=5e-4)
        assert drawn.std() == pytest.approx(0.02, rel=0.02)
        assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(correlation, abs=0.02)


def test_drift_moves_the_result_as_computed_apart():
    """One segment, fixed retention: the result is linear in the drift, its quantiles are those of a normal law."""
    outcome = simulate(portfolio(1, derive=0.04, derive_sd=0.02), no_lever(), draws=50_000)
    spread = 920 * 650 * 0.02
    row = outcome.quantiles.set_index("indicateur").loc["resultat"]
    assert row["p95"] - row["p50"] == pytest.approx(1.645 * spread, rel=0.03)
    assert row["moyenne"] == pytest.approx(outcome.value("resultat"), abs=4 * row["erreur"])
    assert row["erreur"] == pytest.approx(spread / np.sqrt(50_000), rel=0.03)
    assert outcome.probability("resultat", outcome.value("resultat")) == pytest.approx(0.5, abs=0.01)


def test_seed_fixes_everything():
    asked = lever(("*", "hausse", 0.04))
    pd.testing.assert_frame_equal(
        simulate(uncertain(), asked, seed=7).draws, simulate(uncertain(), asked, seed=7).draws
    )
    assert not simulate(uncertain(), asked, seed=7).draws.equals(simulate(uncertain(), asked, seed=8).draws)


def test_probability_takes_the_good_side():
    outcome = simulate(uncertain(), lever(("*", "hausse", 0.05)))
    median = outcome.draws["pc"].median()
    assert outcome.probability("pc", median + 1) == 1
    assert outcome.probability("pc", median - 1) == 0
    assert outcome.probability("pc", median + 1, sens="au_moins") == 0
    assert outcome.probability("effectif", 0) == 1


def test_common_futures_separate_close_scenarios():
    """Half a point of claims is far smaller than the noise of each result, but has the same sign in every future."""
    base = uncertain()
    outcomes = {"rien": simulate(base, no_lever()), "réseau": simulate(base, lever(("*", "prestation", -0.005)))}
    table = compare(outcomes, indicators=("resultat", "effectif")).set_index(["indicateur", "scenario"])
    result = table.loc[("resultat", "réseau")]
    assert result["verdict"] == "meilleur"
    assert result["probabilite"] == 1
    gain = outcomes["réseau"].value("resultat") - outcomes["rien"].value("resultat")
    assert result["ecart"] == pytest.approx(gain)
    assert abs(gain) < outcomes["rien"].draws["resultat"].std()
    assert table.loc[("effectif", "réseau"), "verdict"] == "pas de gagnant"
    assert (table.xs("rien", level="scenario")["verdict"] == "référence").all()


def test_a_rise_within_the_noise_has_no_winner():
    base = portfolio(1, elasticite=1 / 0.08, elasticite_bas=0.0, elasticite_haut=25.0, prestation=0.0)
    table = compare({"rien": simulate(base, no_lever()), "hausse": simulate(base, lever(("*", "hausse", 0.01)))})
    found = table.set_index(["indicateur", "scenario"])["verdict"]
    assert found["resultat", "hausse"] == "pas de gagnant"
    assert found["hausse_moyenne", "hausse"] == "moins bon"


def test_scenarios_of_different_futures_are_not_compared():
    base = uncertain()
    with pytest.raises(ParameterError, match="graine"):
        compare({"a": simulate(base, no_lever()), "b": simulate(base, no_lever(), seed=1)})
    with pytest.raises(ParameterError, match="segments"):
        compare({"a": simulate(base, no_lever()), "b": simulate(uncertain(4), no_lever())})
    with pytest.raises(ParameterError):
        compare({})


def test_rise_out_of_bounds_is_told():
    outcome = simulate(portfolio(hausse_min=-0.02, hausse_max=0.1), lever(("S1", "hausse", 0.12)))
    assert any("hors des bornes" in w and "S1" in w for w in outcome.warnings)


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (lever(("Ailleurs", "hausse", 0.05)), "Segment inconnu"),
        (lever(("*", "prix", 0.05)), "Levier inconnu"),
        (lever(("*", "hausse", np.nan)), "valeur"),
        (lever(("*", "hausse", -1.0)), "enlève tout"),
        (lever(("*", "hausse", 0.05)).drop(columns="levier"), "leviers"),
    ],
)
def test_levers_refused(asked, word):
    with pytest.raises(ParameterError, match=word):
        simulate(portfolio(), asked)


@pytest.mark.parametrize(
    "columns",
    [
        {"retention": 1.2}, {"elasticite": -1.8}, {"cotisation": 0.0}, {"beneficiaires": np.nan}, {"chargement": 1.0},
        {"elasticite_bas": 5.0}, {"elasticite_haut": 3.0}, {"derive_sd": -0.1}, {"segment": "S0"},
        {"hausse_min": 0.1, "hausse_max": 0.0}, {"prestation": np.inf},
    ],
)  # fmt: skip
def test_portfolio_refused(columns):
    with pytest.raises(ParameterError):
        simulate(portfolio(**columns), no_lever())


def test_portfolio_incomplete_or_empty():
    with pytest.raises(ParameterError, match="retention"):
        simulate(portfolio().drop(columns="retention"), no_lever())
    with pytest.raises(InsufficientData):
        simulate(portfolio().head(0), no_lever())
    with pytest.raises(ParameterError):
        simulate(portfolio(), no_lever(), draws=1)
    with pytest.raises(ParameterError):
        simulate(portfolio(), no_lever(), correlation=1.5)
    with pytest.raises(ParameterError, match="tirages"):
        simulate(portfolio(), no_lever(), draws=20_000_000)
    with pytest.raises(ParameterError):
        simulate(portfolio(), no_lever()).value("marge")


@pytest.mark.parametrize(
    "asked",
    [None, [("S0", "hausse", 0.1)], lever(("*", "hausse", "5 %")), lever((None, "hausse", 0.05)),
     lever(("*", "hausse", pd.Timestamp("2024-01-01")))],
)  # fmt: skip
def test_levers_of_another_kind_are_refused_in_french(asked):
    with pytest.raises(ParameterError, match="levier"):
        simulate(portfolio(), asked, draws=10)


@pytest.mark.parametrize("options", [{"draws": 10.5}, {"seed": 1.5}, {"seed": -1}, {"draws": "10"}])
def test_draws_and_seed_are_whole(options):
    with pytest.raises(ParameterError, match="entier"):
        simulate(portfolio(), no_lever(), **options)


def test_draws_and_seed_of_numpy_are_taken():
    assert len(simulate(portfolio(), no_lever(), draws=np.int64(10), seed=np.int32(3)).draws) == 10


@pytest.mark.parametrize(
    "columns", [{"cotisation": pd.Timestamp("2024-01-01")}, {"segment": ["S0", None]}, {"hausse_max": "quinze"}]
)
def test_a_portfolio_of_another_kind_is_refused_in_french(columns):
    with pytest.raises(ParameterError, match=r"nombres|nom"):
        simulate(portfolio(**columns), no_lever())
