"""Development of a fact table: agreement with Mack, back-test on real claims, and every awkward file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.completion import chain_ladder, develop
from analytics.errors import InsufficientData, ParameterError, SchemaError
from tests.analytics.completion.test_mack import CNP, from_rows
from tests.conftest import SHARED

RHYTHM = np.array([0.55, 0.25, 0.1, 0.06, 0.04])
FULL = RHYTHM.cumsum()


def month(k: int, first: str = "2020-01") -> pd.Timestamp:
    return (pd.Period(first, "M") + int(k)).to_timestamp()


def facts(costs: np.ndarray, rhythm: np.ndarray = RHYTHM, **dims: str) -> pd.DataFrame:
    """Care months of known cost, paid with a fixed rhythm, seen at the end of the last care month."""
    rows = [
        {"mois": month(i), "mois_paiement": month(i + k), **dims, "prestation": cost * share, "actes": share * 10}
        for i, cost in enumerate(costs)
        for k, share in enumerate(rhythm)
        if i + k < len(costs) and cost * share != 0
    ]
    return pd.DataFrame(rows)


def seasonal(n: int = 48, growth: float = 0.0, level: float = 1e5) -> np.ndarray:
    t = np.arange(n)
    return level * (1 + growth) ** (t / 12) * (1 + 0.2 * np.cos(2 * np.pi * t / 12))


@pytest.mark.parametrize("method", ["auto", "chain_ladder", "bornhuetter_ferguson"])
def test_regular_book_is_completed_exactly(method):
    costs = seasonal()
    table = develop(facts(costs), method=method).table
    np.testing.assert_allclose(table["ultime"], costs, rtol=1e-9)
    np.testing.assert_allclose(table["part_connue"].iloc[-5:], FULL[::-1], rtol=1e-9)
    assert (table["part_connue"].iloc[:-4] == 1).all()
    assert (table["se"].iloc[:-4] == 0).all()
    np.testing.assert_allclose(table["se"], 0, atol=1e-3)


def test_growth_is_in_the_expected_level():
    costs = seasonal(60, growth=0.06)
    table = develop(facts(costs), method="bornhuetter_ferguson").table
    np.testing.assert_allclose(table["ultime"], costs, rtol=0.005)


def test_chain_ladder_on_all_diagonals_is_mack():
    rng = np.random.default_rng(5)
    n = 9
    increments = rng.gamma(20, 5, (n, n)) * 0.7 ** np.arange(n)
    increments[np.add.outer(np.arange(n), np.arange(n)) >= n] = 0
    i, k = np.nonzero(increments)
    lines = pd.DataFrame(
        {"mois": [month(a) for a in i], "mois_paiement": [month(a) for a in i + k], "prestation": increments[i, k]}
    )
    triangle = increments.cumsum(axis=1)
    triangle[np.add.outer(np.arange(n), np.arange(n)) >= n] = np.nan
    expected = chain_ladder(triangle)
    result = develop(lines, method="chain_ladder", window=None)
    np.testing.assert_allclose(result.factors["facteur"], expected.factors)
    np.testing.assert_allclose(result.table["ultime"], expected.ultimate)
    np.testing.assert_allclose(result.table["se"], expected.se, atol=1e-9)


def usmedclaim() -> tuple[pd.DataFrame, pd.DataFrame]:
    path = SHARED / "usecase_ibnr" / "usmedclaim_triangle_mensuel.csv"
    if not path.exists():
        pytest.skip(f"US medical claims absent: {path}")
    wide = pd.read_csv(path)
    wide["mois"] = pd.to_datetime(wide["mois_survenance"], format="%Y-%b")
    lines = wide.melt(id_vars="mois", value_vars=[f"DY{k}" for k in range(1, 14)], value_name="prestation")
    wait = lines["variable"].str[2:].astype(int) - 1
    lines["mois_paiement"] = (lines["mois"].dt.to_period("M") + wait.to_numpy()).dt.to_timestamp()
    lines = lines[lines["mois_paiement"] <= "2003-12-01"]
    return lines, wide[["mois", "members"]].rename(columns={"members": "beneficiaires"})


@pytest.mark.parametrize("with_members", [True, False])
def test_back_test_on_real_medical_claims(with_members):
    """Eight past closings replayed, one rule for every age; the bars of the issue, with members as they were set."""
    lines, exposure = usmedclaim()
    truth = lines.groupby("mois")["prestation"].sum()
    gaps = []
    for back in range(13, 21):
        closing = month(36 - back, "2001-01")
        known = lines[lines["mois_paiement"] <= closing]
        result = develop(known, exposure=exposure if with_members else None, as_of=closing)
        table = result.table.set_index("mois").iloc[-6:][::-1]
        actual = truth.reindex(table.index)
        gaps.append(pd.DataFrame({"age": range(6), "error": (table["ultime"] / actual - 1).to_numpy(),
                                  "raw": (table["paye"] / actual - 1).to_numpy(),
                                  "z": ((table["ultime"] - actual) / table["se"]).to_numpy()}))  # fmt: skip
    frame = pd.concat(gaps)
    error = frame.assign(error=frame["error"].abs(), raw=frame["raw"].abs()).groupby("age")[["error", "raw"]].mean()
    bars = [0.05 if with_members else 0.055, 0.083, 0.056, 0.04, 0.02, 0.02]
    assert (error["error"] <= bars).all(), error
    assert (error["error"] < error["raw"]).all(), error
    for ages in (4, 6):
        assert 0.7 <= (frame.loc[frame["age"] < ages, "z"].abs() < 1.2816).mean() <= 0.9


def memoir() -> tuple[np.ndarray, pd.DataFrame]:
    triangle = from_rows(CNP)
    increments = np.diff(triangle, axis=1, prepend=0.0)
    i, k = np.nonzero(~np.isnan(increments))
    dates = {"mois": [month(a, "2018-05") for a in i], "mois_paiement": [month(a, "2018-05") for a in i + k]}
    return triangle, pd.DataFrame({**dates, "prestation": increments[i, k]})


def test_memoir_triangle_as_a_fact_table_to_the_cent():
    _, lines = memoir()
    table = develop(lines, method="chain_ladder", window=None).table
    reserve = table["ultime"] - table["paye"]
    assert round(reserve.sum(), 2) == 249155.03
    expected = [0, 285.42, 2905.24, 4394.03, 18869.46, 24874.49, 60956.72, 136869.67]
    np.testing.assert_allclose(reserve.round(2), expected, atol=1e-9)


def test_auto_stays_sensible_on_eight_months():
    triangle, lines = memoir()
    ladder = chain_ladder(triangle)
    table = develop(lines).table
    gap = (table["ultime"] - ladder.ultimate).abs().to_numpy()
    assert (gap[1:] <= ladder.se[1:] + 0.02 * ladder.ultimate[1:]).all()
    assert (table["se"].iloc[1:] > 0).all()
    assert table["part_connue"].is_monotonic_decreasing


def test_exposure_carries_a_change_of_membership():
    """Membership doubles for the last month: only an exposure can know it while nothing is paid."""
    n = 36
    heads = np.full(n, 1000.0)
    heads[-1] = 2000
    costs = 50 * heads
    lines = facts(costs, np.array([0.05, 0.8, 0.15]))
    exposure = pd.DataFrame({"mois": [month(k) for k in range(n)], "beneficiaires": heads})
    assert develop(lines, exposure=exposure).table["ultime"].iloc[-1] == pytest.approx(costs[-1])
    assert develop(lines).table["ultime"].iloc[-1] < 0.6 * costs[-1]


def test_exposure_without_the_dimension_and_shorter_than_the_claims():
    lines = pd.concat([facts(seasonal(), poste="optique"), facts(3 * seasonal(), poste="dentaire")])
    exposure = pd.DataFrame({"mois": [month(k) for k in range(46)], "beneficiaires": 100.0})
    result = develop(lines, exposure=exposure, by=["poste"])
    assert any("novembre\u00a02023" in w and "décembre\u00a02023" in w for w in result.warnings)
    expected = np.concatenate([seasonal(), 3 * seasonal()])
    got = result.table.sort_values(["poste", "mois"], ascending=[False, True])["ultime"]
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_cells_and_total_by_month():
    lines = pd.concat([facts(seasonal(), poste="optique"), facts(3 * seasonal(), poste="dentaire")])
    result = develop(lines, by=("poste",))
    total = result.by_month()
    np.testing.assert_allclose(total["ultime"], 4 * seasonal(), rtol=1e-9)
    np.testing.assert_allclose(total["paye"], lines.groupby("mois")["prestation"].sum())
    np.testing.assert_allclose(total["part_connue"], total["paye"] / total["ultime"])
    assert set(result.factors["poste"]) == {"optique", "dentaire"}


def test_actes_can_be_developed():
    table = develop(facts(seasonal()), measure="actes").table
    np.testing.assert_allclose(table["ultime"], 10, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 1e4))
def test_order_and_unit_do_not_matter(seed, scale):
    rng = np.random.default_rng(seed)
    lines = facts(rng.gamma(10, 1e4, 40))
    lines["prestation"] *= rng.gamma(20, 1 / 20, len(lines))
    one = develop(lines).table
    other = develop(lines.assign(prestation=lines["prestation"] * scale).sample(frac=1, random_state=seed)).table
    pd.testing.assert_series_equal(other["part_connue"], one["part_connue"], rtol=1e-9)
    np.testing.assert_allclose(other["ultime"], one["ultime"] * scale, rtol=1e-9)
    np.testing.assert_allclose(other["se"], one["se"] * scale, rtol=1e-6)


def test_absent_care_month_is_told_and_never_zero():
    lines = facts(seasonal())
    result = develop(lines[lines["mois"] != month(20)])
    assert month(20) not in set(result.table["mois"])
    assert any("absents" in w and "septembre\u00a02021" in w for w in result.warnings)
    np.testing.assert_allclose(result.table["ultime"].iloc[-3:], seasonal()[-3:], rtol=0.02)


def test_single_payment_month_gives_no_ultimate():
    lines = facts(seasonal())
    result = develop(lines[lines["mois_paiement"] == month(47)])
    assert len(result.table) == 5
    assert result.table[["ultime", "part_connue", "se"]].isna().all(axis=None)
    assert (result.table["paye"] > 0).all()
    assert any("Moins de 4 mois de paiement" in w for w in result.warnings)


def test_extract_by_payment_month_does_not_complete_what_it_has_not_seen():
    lines = facts(seasonal())
    result = develop(lines[lines["mois_paiement"] >= month(12)])
    old = result.table["mois"] < month(12)
    assert result.table.loc[old, "ultime"].isna().all()
    np.testing.assert_allclose(result.table.loc[~old, "ultime"], seasonal()[12:], rtol=1e-6)
    assert any("antérieurs au fichier" in w for w in result.warnings)


def test_poste_not_paid_yet_is_expected_not_zero():
    """Nothing is ever paid the month of care: the last month has no line, and yet it costs."""
    costs = seasonal()
    lines = pd.concat([
        facts(costs, poste="pharmacie"), facts(costs, np.array([0.0, 0.6, 0.4]), poste="hospitalisation")
    ])  # fmt: skip
    table = develop(lines, by=["poste"]).table
    last = table[(table["poste"] == "hospitalisation") & (table["mois"] == month(47))].iloc[0]
    assert last["paye"] == 0
    assert last["part_connue"] == 0
    assert last["ultime"] == pytest.approx(costs[-1])


def test_closed_contract_expects_nothing_more():
    costs = seasonal()
    closed = facts(costs, contrat="A")
    closed = closed[closed["mois"] < month(30)]
    table = develop(pd.concat([closed, facts(costs, contrat="B")]), by=["contrat"]).table
    assert table.loc[table["contrat"] == "A", "mois"].max() == month(29)


def test_regularisations_lower_the_ultimate():
    rhythm = np.array([0.7, 0.4, -0.1])
    table = develop(facts(seasonal(), rhythm)).table
    np.testing.assert_allclose(table["ultime"], seasonal(), rtol=1e-9)
    assert table["part_connue"].iloc[-2] == pytest.approx(1.1)


def test_lines_without_amount_or_payment_month():
    lines = facts(seasonal())
    lost = lines.tail(1).assign(mois=month(10), mois_paiement=pd.NaT)
    empty = lines.tail(1).assign(prestation=np.nan, mois=month(11))
    result = develop(pd.concat([lines, lost, empty]))
    np.testing.assert_allclose(result.table["paye"].iloc[10], seasonal()[10] + lost["prestation"].iloc[0])
    np.testing.assert_allclose(result.table["paye"].iloc[11], seasonal()[11])
    assert any("sans mois de paiement" in w for w in result.warnings)


def test_payment_before_care_is_counted_and_told():
    lines = facts(seasonal())
    odd = lines.head(1).assign(mois=month(25), mois_paiement=month(20))
    result = develop(pd.concat([lines, odd]))
    assert result.table["paye"].sum() == pytest.approx(lines["prestation"].sum() + odd["prestation"].sum())
    assert any("payées avant le mois de soins" in w for w in result.warnings)


def test_half_paid_last_month_is_suspected():
    lines = facts(seasonal())
    last = lines["mois_paiement"] == month(47)
    partial = lines.assign(prestation=lines["prestation"].where(~last, 0.3 * lines["prestation"]))
    assert any("paraît partiel" in w for w in develop(partial).warnings)
    assert not any("paraît partiel" in w for w in develop(lines).warnings)


def test_small_cell_borrows_the_rhythm_of_all():
    tiny = facts(seasonal())[lambda f: f["mois"] >= month(46)].assign(poste="cure")
    result = develop(pd.concat([facts(seasonal(), poste="optique"), tiny]), by=["poste"])
    assert result.factors.loc[result.factors["poste"] == "cure", "emprunte"].all()
    assert any("1 groupe trop petit" in w for w in result.warnings)
    got = result.table[result.table["poste"] == "cure"]
    np.testing.assert_allclose(got["ultime"], seasonal()[46:], rtol=1e-9)


@pytest.mark.parametrize("kind", ["str", "category"])
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_dtypes(kind, unit):
    lines = facts(seasonal(), poste="optique").astype(
        {"poste": kind, "mois": f"datetime64[{unit}]", "mois_paiement": f"datetime64[{unit}]"}
    )
    table = develop(lines, by=["poste"]).table
    assert table["mois"].dtype == lines["mois"].dtype
    assert list(table.columns) == ["poste", "mois", "paye", "ultime", "part_connue", "se"]
    np.testing.assert_allclose(table["ultime"], seasonal(), rtol=1e-9)


def test_refused():
    lines = facts(seasonal())
    with pytest.raises(ParameterError):
        develop(lines, method="magie")
    with pytest.raises(ParameterError):
        develop(lines, window=0)
    with pytest.raises(SchemaError, match="mois_paiement"):
        develop(lines.drop(columns="mois_paiement"))
    with pytest.raises(SchemaError, match="beneficiaires"):
        develop(lines, exposure=lines[["mois"]])
    with pytest.raises(InsufficientData):
        develop(lines.assign(mois_paiement=pd.NaT))
    with pytest.raises(InsufficientData):
        develop(lines.assign(prestation=np.nan))
