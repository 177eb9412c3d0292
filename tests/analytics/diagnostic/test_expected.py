"""What is expected of a cell: sums kept to the cent, rates checked by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.descriptive import comparison_period
from analytics.diagnostic import find_causes
from analytics.diagnostic.expected import (
    Announced,
    announce,
    expect_for_premiums,
    expect_forecast,
    expect_like_before,
    known_months,
    share_out,
)
from analytics.diagnostic.explain import choose_split
from analytics.errors import InsufficientData, ParameterError
from analytics.predictive.reconciliation import WHOLE
from analytics.schema import Selection
from tests.samples import make_dataset

PARTS = ("dentaire", "optique")
CELL = ("region",)


def leaves(rows):
    columns = ["region", "poste", "prestation", "prestation_avant", "beneficiaires", "beneficiaires_avant", "actes",
               "actes_avant", "cotisation", "cotisation_avant"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


NAN = np.nan
TABLE = leaves([
    ("A", "dentaire", 110.0, 100.0, 20.0, 10.0, 11, 10, 300.0, 200.0),
    ("A", "optique", 50.0, 60.0, 20.0, 10.0, 5, 6, 300.0, 200.0),
    ("B", "dentaire", 40.0, 40.0, 10.0, 10.0, 4, 4, 100.0, 100.0),
    ("C", "dentaire", 9.0, NAN, 3.0, NAN, 1, NAN, 30.0, NAN),  # a cell that opens
    ("D", "optique", NAN, 80.0, NAN, 4.0, NAN, 8, NAN, 50.0),  # and one that closes
])  # fmt: skip


def announced(values, low=-1e9, high=1e9, by="poste"):
    return Announced(pd.DataFrame({"valeur": list(values), "attendu": list(values.values()), "bas": low, "haut": high}),
                     by)  # fmt: skip


def test_people_of_now_at_the_rate_of_before():
    wanted = expect_like_before(TABLE, CELL)
    # C opens: 3 persons at the rate of all (280 / 24), of which its only poste has everything; D has nobody left.
    assert wanted.frame["attendu"].tolist() == pytest.approx([200.0, 120.0, 40.0, 3 * 280 / 24, 0.0])
    assert wanted.reference == pytest.approx(280.0)
    assert wanted.frame["poids"].tolist() == pytest.approx([11 + 20, 5 + 12, 8, 1, 0])


def test_without_people_the_amount_of_before():
    bare = TABLE.drop(columns=["beneficiaires", "beneficiaires_avant"])
    assert expect_like_before(bare).frame["attendu"].tolist() == [100.0, 60.0, 40.0, 0.0, 80.0]
    unknown = TABLE.assign(beneficiaires_avant=NAN)
    assert expect_like_before(unknown, CELL).frame["attendu"].tolist() == [100.0, 60.0, 40.0, 0.0, 80.0]


def test_the_ratio_is_searched_in_euros():
    wanted = expect_for_premiums(TABLE, CELL, (350.0, 430.0))
    assert wanted.frame["attendu"].tolist() == pytest.approx([150.0, 90.0, 40.0, 30 * 280 / 350, 0.0])
    assert wanted.reference == pytest.approx(280 / 350 * 430)
    # Σ (P − R·C) is the gap of the ratio in euros, whatever the segments.
    gap = (209 / 430 - 280 / 350) * 430
    assert TABLE["prestation"].sum() - wanted.reference == pytest.approx(gap)


def test_ratios_that_stay_leave_no_gap():
    moved = TABLE.iloc[:3].assign(prestation=[150.0, 90.0, 40.0])
    wanted = expect_for_premiums(moved, CELL, (300.0, 400.0))
    assert wanted.frame["attendu"].tolist() == moved["prestation"].tolist()


def test_without_premium_there_is_no_ratio():
    with pytest.raises(InsufficientData, match="cotisation"):
        expect_for_premiums(TABLE, CELL, (np.nan, 430.0))


amounts = st.floats(-50, 1e6, allow_nan=False) | st.just(NAN)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(PARTS), amounts, amounts), min_size=4, max_size=20),
    st.tuples(st.floats(0, 1e7), st.floats(0, 1e7)),
)
def test_shares_sum_to_the_forecast(rows, totals):
    table = pd.DataFrame(rows, columns=["region", "poste", "prestation", "prestation_avant"])
    people = {"A": (5.0, 50.0), "B": (NAN, 10.0), "C": (7.0, NAN)}
    for i, name in enumerate(("beneficiaires", "beneficiaires_avant")):
        table[name] = table["region"].map(lambda r, i=i: people[r][i])
    forecast = announced(dict(zip(PARTS, totals, strict=True)))
    shared = share_out(table, forecast, CELL)
    assert (shared >= 0).all()
    for part, total in zip(PARTS, totals, strict=True):
        inside = (table["poste"] == part).to_numpy()
        assert shared[inside].sum() == pytest.approx(total if inside.any() else 0.0, rel=1e-12, abs=1e-6)
    whole = announced({WHOLE: totals[0]}, by=None)
    assert share_out(table, whole, CELL).sum() == pytest.approx(totals[0], rel=1e-12, abs=1e-6)


def grid(ratio, cause=1.0):
    """Thirteen regions of two postes that end at `ratio` times their forecast, one of them `cause` times more."""
    rows = [(f"R{i:02d}", p, 100.0 * ratio * (cause if (i, p) == (3, "dentaire") else 1.0), 1200.0) for i in range(13)
            for p in PARTS]  # fmt: skip
    return pd.DataFrame(rows, columns=["region", "poste", "prestation", "prestation_avant"])


def test_the_error_of_the_forecast_is_not_a_cause():
    wanted = expect_forecast(grid(1.05, cause=1.5), announced({"dentaire": 1300.0, "optique": 1300.0}, 1000, 1600))
    gap = wanted.frame["reel"] - wanted.frame["attendu"]
    assert gap[6] == pytest.approx(105 * 0.5)  # the cause, and nothing else, although it moved the whole of its poste
    assert gap.drop(6).abs().max() < 1e-9
    assert wanted.ajustement == pytest.approx(0.05 * 2600)


def test_a_poste_out_of_its_bounds_keeps_its_forecast():
    wanted = expect_forecast(grid(1.5), announced({"dentaire": 1300.0, "optique": 1300.0}, 1000, 1600))
    assert wanted.frame["attendu"].sum() == pytest.approx(2600)


def forecast_table(months, **series):
    return pd.concat([
        pd.DataFrame({"serie": s, "mois": months, "valeur": v, "bas_95": 0.9 * v, "haut_95": 1.1 * v})
        for s, v in series.items()
    ])  # fmt: skip


def test_only_the_months_of_the_period_are_announced():
    months = pd.date_range("2024-11-01", periods=4, freq="MS")
    period = Selection(months[1], months[2])
    table = forecast_table(months, Dentaire=10.0, Optique=20.0, Ensemble=30.0)
    parts = announce(table, period, "poste", {"Dentaire": "dentaire", "Optique": "optique"}).parts
    assert dict(zip(parts["valeur"], parts["attendu"], strict=True)) == {"dentaire": 20.0, "optique": 40.0}
    assert (parts["bas"] < 0.9 * parts["attendu"]).all()  # wider than 95 %: there are two parts to be wrong on
    whole = announce(table, period, None, {}).parts
    assert whole[["attendu", "bas", "haut"]].iloc[0].tolist() == pytest.approx([60.0, 54.0, 66.0])
    with pytest.raises(InsufficientData, match="toute la période"):
        announce(table, Selection(months[2], months[3] + pd.DateOffset(months=1)), None, {})


def test_a_short_history_is_not_forecast():
    months = pd.date_range("2021-01-01", periods=48, freq="MS")
    assert len(known_months(months, Selection(months[36], months[47]))) == 36
    with pytest.raises(InsufficientData, match="35"):
        known_months(months, Selection(months[35], months[47]))


def test_poste_first_then_the_whole(small):
    assert choose_split(small, Selection()) == "poste"
    assert choose_split(small, Selection(filtres={"poste": ("dentaire",)})) is None
    without = replace(small, prestation=small.prestation.drop(columns="poste"))
    assert choose_split(without, Selection()) is None


def test_the_account_of_a_forecast_is_whole():
    dataset = make_dataset(60)
    period = Selection(pd.Timestamp("2024-10-01"), pd.Timestamp("2024-12-01"))
    care = dataset.prestation[period.mask(dataset.prestation)]
    totals = (0.97 * care.groupby("poste")["prestation"].sum()).to_dict()
    found = find_causes(dataset, "prestation", period, comparison_period(period),
                        announced=announced(totals, 0.0, 1e9))  # fmt: skip
    assert found.total == pytest.approx(care["prestation"].sum() - sum(totals.values()))
    assert found.ajustement + found.commun + found.table["ecart"].sum() + found.reste == pytest.approx(found.total)
    with pytest.raises(ParameterError, match="ratio"):
        find_causes(dataset, "ratio_pc", period, comparison_period(period), announced=announced(totals))
