"""The public function: accuracy on real series, invariants, and what it refuses or says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import InsufficientData, ParameterError, SchemaError
from analytics.predictive import forecast

COVID = pd.DataFrame({"evenement": ["Covid"], "debut": ["2020-03-01"], "fin": ["2020-05-01"], "forme": ["impulsion"]})
QUICK = {"mode": "core4", "prophet": False, "n_origins": 2}
PBS_MASE = 1.20
BOUNDS = ["bas_95", "bas_80", "valeur", "haut_80", "haut_95"]


def noise_frame(seed, n, factor=1.0, shuffle=False):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    y = factor * np.exp(0.1 * np.sin(2 * np.pi * t / 12) + np.cumsum(0.02 * rng.standard_normal(n)))
    frame = pd.DataFrame({"serie": "A", "mois": pd.date_range("2016-01-01", periods=n, freq="MS"), "valeur": y})
    return frame.sample(frac=1, random_state=seed) if shuffle else frame


def test_table_has_the_promised_columns(frame_of, series_of):
    result = forecast(frame_of(series_of()), **QUICK)
    expected = ["serie", "mois", "valeur", "bas_80", "haut_80", "bas_95", "haut_95", "modele"]
    assert list(result.table.columns) == expected
    assert len(result.table) == 12
    assert result.table["mois"].iloc[0] == pd.Timestamp("2024-01-01")
    assert {"mediane", "naif_saisonnier", "airline"} <= set(result.candidates["modele"])
    assert (result.backtest["mois"] > result.backtest["origine"]).all()


def test_backtest_reference_is_the_seasonal_naive_of_its_origin(frame_of, series_of):
    frame = frame_of(series_of())
    result = forecast(frame, calendar=None, **QUICK)
    known = frame.set_index("mois")["valeur"]
    rows = result.backtest[result.backtest["modele"] == "naif_saisonnier"]
    year_before = known.reindex(rows["mois"] - pd.DateOffset(years=1)).to_numpy()
    assert len(rows) == 24
    np.testing.assert_allclose(rows["valeur"], year_before, rtol=1e-9)
    np.testing.assert_allclose(rows["reel"], known.reindex(rows["mois"]).to_numpy(), rtol=1e-12)
    own = result.candidates.set_index("modele").loc["naif_saisonnier"]
    assert own["mase"] == pytest.approx(((rows["valeur"] - rows["reel"]).abs() / rows["echelle"]).mean())


def test_the_backtest_never_looks_ahead(frame_of, series_of):
    values = series_of()
    spoiled = values.copy()
    spoiled[-12:] *= 3
    runs = [forecast(frame_of(v), **QUICK).backtest for v in (values, spoiled)]
    first, second = (b[(b["modele"] != "mediane") & (b["origine"] <= "2022-12-01")] for b in runs)
    np.testing.assert_allclose(first["valeur"], second["valeur"], rtol=1e-6)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([14, 26, 48, 75]), st.floats(1e-3, 1e9))
def test_scale_and_row_order_do_not_matter(seed, n, factor):
    base = forecast(noise_frame(seed, n), **QUICK).table
    other = forecast(noise_frame(seed, n, factor, shuffle=True), **QUICK).table
    np.testing.assert_allclose(other[BOUNDS] / factor, base[BOUNDS], rtol=1e-4)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([3, 13, 20, 40, 66]),
    st.sampled_from(["positive", "zeros", "sparse", "signed"]),
)
def test_bounds_are_ordered_and_keep_the_sign(seed, n, kind):
    frame = noise_frame(seed, n)
    rng = np.random.default_rng(seed)
    if kind == "signed":
        frame["valeur"] = rng.standard_normal(n)
    elif kind != "positive":
        frame.loc[rng.random(n) < (0.1 if kind == "zeros" else 0.6), "valeur"] = 0.0
    table = forecast(frame, **QUICK).table
    assert np.isfinite(table["valeur"]).all()
    present = table[BOUNDS].dropna(axis=1).to_numpy()
    assert (np.diff(present, axis=1) >= -1e-12).all()
    if kind != "signed":
        assert (present >= 0).all()


def test_a_missing_month_is_not_a_zero(frame_of, series_of):
    frame = frame_of(series_of())
    whole = forecast(frame, **QUICK).table["valeur"]
    holed = forecast(frame.drop(index=[30, 47, 70]), **QUICK)
    np.testing.assert_allclose(holed.table["valeur"], whole, rtol=0.02)
    assert any("mois manquants estimés" in w and w.endswith(": 3.") for w in holed.warnings)


def test_duplicates_are_refused_by_name(frame_of, series_of):
    frame = frame_of(series_of(), serie="Optique")
    with pytest.raises(SchemaError, match=r"Optique.*2017-05-01"):
        forecast(pd.concat([frame, frame.iloc[[4]]]), **QUICK)


@pytest.mark.parametrize(
    "options", [{"horizon": 0}, {"mode": "best"}, {"calendar": "BE"}, {"levels": (80, 100)}, {"incomplete": -1}]
)
def test_unknown_options_are_refused(frame_of, series_of, options):
    with pytest.raises(ParameterError):
        forecast(frame_of(series_of()), **options)


def test_no_value_at_all_is_said(frame_of):
    with pytest.raises(InsufficientData):
        forecast(frame_of([np.nan] * 20), **QUICK)


def test_eleven_months_are_only_indicative(frame_of, series_of):
    result = forecast(frame_of(series_of(n=11)), **QUICK)
    assert result.table[["bas_95", "haut_95"]].isna().all(axis=None)
    assert result.table[["bas_80", "haut_80", "valeur"]].notna().all(axis=None)
    assert any("11 mois" in w and "indicative" in w for w in result.warnings)
    assert result.verdict.reponse == "on ne peut pas dire"


def test_two_months_have_no_band(frame_of):
    table = forecast(frame_of([10.0, 12.0]), **QUICK).table
    assert table["valeur"].notna().all()
    assert table[["bas_80", "haut_80", "bas_95", "haut_95"]].isna().all(axis=None)


def test_a_constant_series_stays_constant(frame_of):
    result = forecast(frame_of([5.0] * 48), **QUICK)
    np.testing.assert_allclose(result.table[BOUNDS], 5.0)
    assert any("ne varie pas" in w for w in result.warnings)


def test_an_empty_series_does_not_stop_the_others(frame_of, series_of):
    both = pd.concat([frame_of(series_of()), frame_of([np.nan] * 84, serie="vide")])
    result = forecast(both, **QUICK)
    assert set(result.table["serie"]) == {"A"}
    assert any("« vide »" in w for w in result.warnings)


def test_an_event_without_known_size_is_left_out_and_said(frame_of, series_of):
    event = pd.DataFrame({"evenement": ["tarif"], "debut": ["2024-04-01"], "forme": ["palier"]})
    frame = frame_of(series_of())
    plain = forecast(frame, **QUICK).table
    result = forecast(frame, events=event, **QUICK)
    pd.testing.assert_frame_equal(result.table, plain)
    assert any("tarif" in w for w in result.warnings)


def test_a_known_event_to_come_moves_the_forecast_by_its_size(frame_of, series_of):
    event = pd.DataFrame({"evenement": ["tarif"], "debut": ["2024-04-01"], "forme": ["palier"], "effet": [0.05]})
    frame = frame_of(series_of())
    plain = forecast(frame, **QUICK).table["valeur"].to_numpy()
    moved = forecast(frame, events=event, **QUICK).table["valeur"].to_numpy()
    np.testing.assert_allclose(moved / plain, np.r_[np.ones(3), np.full(9, 1.05)], rtol=1e-9)


def test_a_recent_reform_is_followed_when_declared(frame_of, series_of):
    values = series_of(noise=0.01)
    truth = series_of(n=96, noise=0.0)[84:] * 1.15
    values[78:] *= 1.15
    event = pd.DataFrame({"evenement": ["reforme"], "debut": ["2023-07-01"], "forme": ["palier"]})
    result = forecast(frame_of(values), events=event, prophet=False, n_origins=0)
    effect = result.effects.set_index("effet").loc["reforme"]
    assert effect["retenu"]
    assert effect["variation"] == pytest.approx(0.15, abs=0.03)
    assert np.abs(result.table["valeur"] / truth - 1).mean() < 0.02


def test_hierarchy_adds_up_in_the_table_and_in_the_backtest(frame_of, series_of):
    leaves = {name: series_of(seed=i, level=10.0 ** (i + 2)) for i, name in enumerate("abc")}
    total = sum(leaves.values())
    frame = pd.concat([frame_of(v, serie=k) for k, v in (leaves | {"total": total}).items()])
    result = forecast(frame, hierarchy={"total": ("a", "b", "c")}, **QUICK)
    for table in (
        result.table.pivot_table(index="mois", columns="serie", values="valeur"),
        result.backtest[result.backtest["modele"] == "mediane"].pivot_table(
            index=["origine", "mois"], columns="serie", values="valeur"
        ),
    ):
        gap = table[["a", "b", "c"]].sum(axis=1) / table["total"] - 1
        assert gap.abs().max() <= 1e-9
    with pytest.raises(SchemaError, match="absente"):
        forecast(frame, hierarchy={"total": ("a", "absente")}, **QUICK)


def test_progress_reaches_one(frame_of, series_of):
    seen = []
    forecast(frame_of(series_of()), progress=lambda share, text: seen.append((share, text)), **QUICK)
    assert seen[0][0] == 0
    assert seen[-1][0] == 1.0


def test_prophet_is_shown_and_never_in_the_median(frame_of, series_of):
    frame = frame_of(series_of(n=60))
    once = QUICK | {"n_origins": 1}
    without = forecast(frame, **once)
    result = forecast(frame, **(once | {"prophet": True}))
    row = result.candidates.set_index("modele").loc["prophet"]
    assert row["statut"] == "montré"
    assert np.isfinite(row["mase"])
    np.testing.assert_array_equal(result.table["valeur"], without.table["valeur"])
    assert "prophet" not in set(without.candidates["modele"])


# Real series ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def damir(real_path):
    path = real_path("open_damir_mensuel", "damir_mensuel_france_mois_soins_2019_2024.csv")
    table = pd.read_csv(path, parse_dates=["date"])
    return pd.DataFrame({"serie": "France", "mois": table["date"], "valeur": table["depense_payee_eur"]})


@pytest.fixture(scope="module")
def damir_regions(real_path):
    path = real_path("open_damir_mensuel", "damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz")
    table = pd.read_csv(path, parse_dates=["date"]).groupby("date", as_index=False)["depense_payee_eur"].sum()
    return pd.DataFrame({"serie": "France", "mois": table["date"], "valeur": table["depense_payee_eur"]})


def mape_at_origins(frame, **options):
    values = frame["valeur"].to_numpy()
    own, naive = [], []
    for n in (48, 53, 57):
        table = forecast(frame.iloc[:n], events=COVID, prophet=False, n_origins=0, **options).table
        actual = values[n : n + 12]
        own.append(np.abs(table["valeur"].to_numpy() / actual - 1).mean())
        naive.append(np.abs(values[n - 12 : n] / actual - 1).mean())
    return np.mean(own), np.mean(naive)


def test_open_damir_total_of_regions(damir_regions):
    own, naive = mape_at_origins(damir_regions.iloc[:70], mode="core4")
    assert naive == pytest.approx(0.038, abs=0.001)
    assert own < 0.015
    assert mape_at_origins(damir_regions.iloc[:70])[0] < 0.017


def test_open_damir_france_file(damir):
    own, naive = mape_at_origins(damir.iloc[:70], mode="core4")
    assert naive > 0.04
    assert own < 0.5 * naive


def test_open_damir_working_days_and_covid(damir):
    effects = forecast(damir, events=COVID, incomplete=2, prophet=False, n_origins=0).effects.set_index("effet")
    assert effects.loc["jours ouvrés", "beta"] == pytest.approx(0.62, abs=0.14)  # 0.62 ± 0.07, measured apart
    assert effects.loc["Covid (2020-04)", "variation"] == pytest.approx(-0.44, abs=0.05)


def test_truncated_months_are_not_forecast_as_a_collapse(damir):
    result = forecast(damir, events=COVID, incomplete=2, **QUICK)
    assert len(result.table) == 14
    assert result.table["mois"].iloc[0] == pd.Timestamp("2024-11-01")
    year_before = damir["valeur"].iloc[58:70].sum()
    assert result.table["valeur"].iloc[2:].sum() > year_before
    assert any("2 derniers mois" in w for w in result.warnings)


@pytest.fixture(scope="module")
def pbs(real_path):
    """The 106 nodes total, ATC1, ATC1 × concession and ATC1 × concession × type, in Australian dollars."""
    table = pd.read_csv(real_path("forecasting_pbs", "pbs_series_tidy.csv.gz"), parse_dates=["date"])
    level, name, unit = (table["series_id"].str.split("|").str[k] for k in range(3))
    table = table.assign(level=level, name=name)[(unit == "cout_aud") & (level != "pbs_concession")]
    leaves = table[table["level"] == "pbs_conc_atc1"]
    parts = leaves["name"].str.split("/")
    both_types = leaves.assign(name=parts.str[0] + "/" + parts.str[2]).groupby(["name", "date"], as_index=False)
    middle = both_types["value"].sum()
    return pd.concat([table, middle]).pivot_table(index="date", columns="name", values="value")


def long_of(wide):
    return wide.rename_axis("mois").reset_index().melt("mois", var_name="serie", value_name="valeur")


def pbs_mase(pbs, mode):
    own, naive = [], []
    for n in (168, 180, 192):
        train, test = pbs.iloc[n - 120 : n], pbs.iloc[n : n + 12]
        table = forecast(long_of(train), calendar=None, mode=mode, prophet=False, n_origins=0).table
        got = table.pivot_table(index="mois", columns="serie", values="valeur")[list(pbs.columns)].to_numpy()
        scale = train.diff(12).abs().mean()
        own.append(((got - test).abs() / scale).mean(axis=None))
        naive.append(((train.iloc[-12:].to_numpy() - test).abs() / scale).mean(axis=None))
    return np.mean(own), np.mean(naive)


def test_pbs_106_nodes(pbs):
    own, naive = pbs_mase(pbs, "core4")
    assert pbs.shape[1] == 106
    assert naive == pytest.approx(1.418, abs=0.002)  # the same set as the published comparison of models
    assert own < PBS_MASE


def test_pbs_upper_nodes_with_the_full_set(pbs):
    own, naive = pbs_mase(pbs[[c for c in pbs.columns if "/" not in c]], "sm4")
    assert own < 0.9 * naive


def test_pbs_coverage_in_the_backtest(pbs):
    some = pbs[[c for c in pbs.columns if "/" not in c]].iloc[:168, ::2]
    result = forecast(long_of(some), calendar=None, mode="core4", prophet=False, n_origins=8)
    pooled = result.backtest[result.backtest["modele"] == "mediane"]
    covered = (pooled["reel"] >= pooled["bas_95"]) & (pooled["reel"] <= pooled["haut_95"])
    assert 0.91 <= covered.mean() <= 0.985
    reported = result.candidates[result.candidates["modele"] == "mediane"]
    assert np.average(reported["couverture_95"], weights=reported["n"]) == pytest.approx(covered.mean())


def test_a_forecast_without_any_effect_has_an_empty_mask(frame_of, series_of):
    found = forecast(frame_of(series_of(n=40)), **(QUICK | {"calendar": None})).effects
    assert found.empty
    assert found[found["retenu"]].groupby("serie")["effet"].agg(frozenset).empty
