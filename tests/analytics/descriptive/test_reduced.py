"""A large table is summed first to what a question needs: no answer moves, and nothing outlives the table."""

import gc
from dataclasses import astuple, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from analytics.completion import complete
from analytics.descriptive import compare_periods, compute_indicator, memory, reduced
from analytics.descriptive.account import Account, compute_account
from analytics.descriptive.benchmark import own_figures, without_tax
from analytics.descriptive.comparable import compare_constant_scope, compare_working_days
from analytics.descriptive.known import known_share
from analytics.descriptive.provisions import develop_closings
from analytics.descriptive.reduced import months_of
from analytics.descriptive.standardise import Standardised, compute_standardised
from analytics.errors import ParameterError
from analytics.schema import Dataset, Selection
from tests.samples import make_dataset

MONTHS = pd.date_range("2021-01-01", periods=24, freq="MS")
SELECTIONS = (
    Selection(MONTHS[12], MONTHS[-1]),
    Selection(MONTHS[14], MONTHS[17], {"region": ("A", "C")}, "M-1"),
    Selection(MONTHS[12], MONTHS[-1], {"poste": ("optique",), "sexe": ("F",)}),
    Selection(MONTHS[12], MONTHS[-1], {"region": ("absente",)}),
)


def patchy(seed: int = 0, lines: int = 2000) -> Dataset:
    """Values of every type, missing ones on each side, months with and without premiums, refunds."""
    rng = np.random.default_rng(seed)

    def contract(size: int) -> dict[str, object]:
        age = pd.Series(rng.choice(["0-19", "20-59", "60 et +", None], size), dtype="object")
        return {
            "mois": MONTHS[rng.integers(len(MONTHS), size=size)],
            "region": pd.Categorical(rng.choice(["A", "B", "C", None], size), categories=["C", "A", "B", "vide"]),
            "tranche_age": age, "sexe": pd.Series(rng.choice(["F", "H"], size), dtype="str"),
        }  # fmt: skip

    amounts = np.round(rng.gamma(2, 40, lines), 2) * rng.choice([1, 1, 1, -1], lines)
    care = contract(lines) | {
        "poste": pd.Series(rng.choice(["optique", "dentaire", None], lines), dtype="str"),
        "actes": rng.poisson(2, lines), "prestation": np.where(rng.random(lines) < 0.1, np.nan, amounts),
        "frais_reels": np.full(lines, np.nan),
    }  # fmt: skip
    premiums = contract(lines // 4) | {
        "beneficiaires": rng.integers(0, 30, lines // 4), "cotisation": np.round(rng.gamma(2, 90, lines // 4), 2)
    }  # fmt: skip
    tables = (pd.DataFrame(premiums), pd.DataFrame(care))
    return Dataset(*tables, base="HT", date_basis="soins", as_of=MONTHS[-1], source="essai")


@pytest.fixture
def both_ways(monkeypatch):
    """Call something with tables summed first, then without, each time on tables never met."""

    def run(function, dataset):
        answers = []
        for small, cells in ((0, np.inf), (0, 0.0), (10**9, 0.0)):  # summed, whole with categories, as it is
            monkeypatch.setattr(reduced, "SMALL", small)
            monkeypatch.setattr(reduced, "MOST_CELLS", cells)
            monkeypatch.setattr(reduced, "MOST_PLACES", np.inf)
            fresh = replace(dataset, cotisation=dataset.cotisation.copy(), prestation=dataset.prestation.copy())
            try:
                answers.append(function(fresh))
            except ParameterError as error:
                answers.append(str(error))
        same(answers[1], answers[2])
        return answers[0], answers[2]

    return run


def same(fast, plain) -> None:
    if isinstance(fast, pd.DataFrame):
        assert_frame_equal(fast, plain, rtol=1e-11, atol=1e-8)
    elif isinstance(fast, str) or isinstance(plain, str):
        assert fast == plain
    elif isinstance(plain, Account | Standardised):
        return  # compared by its tables
    else:
        for a, b in zip(astuple(fast), astuple(plain), strict=True):
            assert a == pytest.approx(b, rel=1e-11, abs=1e-8, nan_ok=True) if isinstance(b, float) else a == b


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("by", [(), ("poste",), ("tranche_age", "sexe"), ("region", "poste", "sexe")])
def test_indicators_do_not_move(both_ways, by, selection):
    for key in ("actes", "ratio_pc", "frequence", "frais_reels"):
        for function in (compute_indicator, compare_periods):
            same(*both_ways(lambda d, f=function, k=key: f(d, k, by=by, selection=selection), patchy()))


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("key", ["prestation", "consommation", "ratio_pc"])
def test_fair_comparisons_do_not_move(both_ways, key, selection):
    for function in (compare_working_days, compare_constant_scope):
        same(*both_ways(lambda d, f=function: f(d, key, selection=selection), patchy(1)))


def test_standardised_and_yearly_figures_do_not_move(both_ways):
    fast, plain = both_ways(lambda d: compute_standardised(d, "consommation", by="region"), patchy(2, 20_000))
    same(fast.table, plain.table)
    assert fast.dispersion == pytest.approx(plain.dispersion)
    for filtres in ({}, {"region": ("A",)}):
        same(*both_ways(
            lambda d, f=filtres: own_figures(without_tax(d), (2021, 2022), known=MONTHS, filtres=f), patchy(3)
        ))  # fmt: skip


@pytest.fixture(scope="module")
def lagged():
    """Thirty months of care paid over three, unevenly, seen until the last one."""
    small, rng = make_dataset(30), np.random.default_rng(4)
    waits = [
        small.prestation.assign(
            mois_paiement=small.prestation["mois"] + pd.DateOffset(months=k),
            prestation=small.prestation["prestation"] * p * rng.uniform(0.9, 1.1, len(small.prestation)),
        )
        for k, p in enumerate((0.6, 0.3, 0.1))
    ]
    lines = pd.concat(waits, ignore_index=True)
    seen = lines[lines["mois_paiement"] <= small.months[-1]].reset_index(drop=True)
    return replace(small, prestation=seen, date_basis="soins")


@pytest.mark.parametrize("filtres", [{}, {"region": ("A",)}, {"poste": ("optique",), "contrat": ("individuel",)}])
def test_the_account_and_the_share_known_do_not_move(both_ways, lagged, filtres):
    scope = Selection(lagged.months[-14], lagged.months[-1], filtres)
    fast, plain = both_ways(lambda d: compute_account(d, selection=scope), lagged)
    for view in ("comptable", "survenance"):
        assert_frame_equal(getattr(fast, view), getattr(plain, view), rtol=1e-9, atol=0.011)
    shared = compute_account(lagged, selection=scope, closings=develop_closings(lagged))
    assert_frame_equal(shared.comptable, compute_account(lagged, selection=scope).comptable, check_exact=True)
    same(*both_ways(lambda d: known_share(d, complete(d), scope), lagged))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), lines=st.integers(1, 200), keys=st.sets(st.sampled_from(
    ["region", "tranche_age", "sexe", "poste", "inconnue"])))  # fmt: skip
def test_cells_are_the_sums_of_their_lines(seed, lines, keys):
    frame = patchy(seed, lines).prestation
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduced, "SMALL", 0)
        patch.setattr(reduced, "MOST_CELLS", np.inf)
        patch.setattr(reduced, "MOST_PLACES", np.inf)
        found = reduced.reduced(frame, keys)
        assert months_of(frame) == set(frame["mois"])
    columns = [c for c in frame.columns if c == "mois" or c in keys]
    expected = frame.groupby(columns, observed=True, dropna=False)[["actes", "prestation", "frais_reels"]].sum(
        min_count=1
    )
    assert (found.dtypes == frame[found.columns].dtypes).all()
    again = found.set_index(columns).sort_index()
    assert_frame_equal(again, expected.sort_index(), check_index_type=False, check_categorical=False)


def test_a_table_is_read_once_for_each_set_of_columns_and_forgotten_with_it(monkeypatch):
    monkeypatch.setattr(reduced, "SMALL", 1000)
    frame = patchy().prestation
    first = reduced.reduced(frame, ("region",))
    assert len(first) < len(frame) / 10
    assert reduced.reduced(frame, ["region", "inconnue"]) is first
    assert reduced.reduced(frame, ("poste",)) is not first
    whole = reduced.reduced(frame, ("region", "tranche_age", "sexe", "poste"))  # a cell for each line or so
    assert_frame_equal(whole.astype(frame.dtypes), frame)
    assert isinstance(whole["sexe"].dtype, pd.CategoricalDtype)
    assert reduced.reduced(frame, ("poste", "region", "sexe", "tranche_age")) is whole
    assert reduced.reduced(first, ("region",)) is first  # small
    number = id(frame)
    assert number in memory._TABLES
    del frame, whole
    gc.collect()
    assert number not in memory._TABLES


def test_numbers_with_their_own_missing_value_are_left_as_they_are(monkeypatch):
    monkeypatch.setattr(reduced, "SMALL", 0)
    frame = make_dataset(24).prestation.astype({"actes": "Int64"})
    assert reduced.reduced(frame, ("region",)) is frame


@pytest.mark.parametrize("change", ["amount", "value", "text", "month", "column"])
def test_a_table_changed_in_place_is_summed_again(change):
    months = pd.date_range("2020-01-01", periods=24, freq="MS").repeat(1000)
    frame = pd.DataFrame(
        {"mois": months, "poste": pd.Categorical(["dentaire", "optique"] * 12_000),
         "note": pd.array(["a", "b"] * 12_000, dtype="str"), "prestation": 1.0}
    )  # fmt: skip
    dims = ("poste", "note")
    before = reduced.reduced(frame, dims)
    assert before["prestation"].sum() == 24_000
    assert reduced.reduced(frame, dims) is before
    if change == "amount":
        frame.loc[5, "prestation"] = 101.0
    elif change == "value":
        frame.loc[0, "poste"] = "optique"
    elif change == "text":
        frame.loc[0, "note"] = "c"
    elif change == "month":
        frame.loc[0, "mois"] = pd.Timestamp(2021, 12, 1)
    else:
        frame["prestation"] = 2.0
    keys = ["mois", "poste", "note"]
    found = reduced.reduced(frame, dims).groupby(keys, observed=True)["prestation"].sum()
    pd.testing.assert_series_equal(found, frame.groupby(keys, observed=True)["prestation"].sum())
