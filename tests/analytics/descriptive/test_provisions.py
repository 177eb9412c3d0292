"""Provisions added up on grids are those of plain tables, closing by closing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from analytics.completion import develop
from analytics.descriptive.closings import develop_closings
from analytics.descriptive.provisions import RECENT, estimate_provisions
from analytics.errors import InsufficientData
from analytics.schema import Dataset, Selection
from analytics.uncertainty import pooled_error

FILTERS = [{}, {"region": ("A",)}, {"poste": ("optique",)}, {"region": ("B", "C"), "poste": ("dentaire", "Z")}]


def make(seed=0, months=30, *, postes=True, holes=True):
    """Lines paid over four months; some postes, months, regions and amounts unknown, some care older than the file."""
    rng = np.random.default_rng(seed)
    size = 60 * months
    care = rng.integers(-2, months, size)
    paid = np.maximum(care, 0) + rng.choice(4, size, p=(0.5, 0.3, 0.15, 0.05))
    origin = pd.Timestamp(2020, 4, 1).to_period("M")
    frame = pd.DataFrame({
        "mois": [(origin + int(m)).to_timestamp() for m in care],
        "mois_paiement": [(origin + int(m)).to_timestamp() for m in paid],
        "region": pd.Categorical(rng.choice(["A", "B", "C"], size)),
        "poste": pd.Categorical(rng.choice(["dentaire", "optique"], size)),
        "prestation": rng.uniform(5, 200, size).round(2),
    })  # fmt: skip
    frame = frame[paid < months].reset_index(drop=True)
    if holes:
        for column in ("mois_paiement", "region", "poste", "prestation"):
            frame.loc[rng.random(len(frame)) < 0.02, column] = None
    frame = frame if postes else frame.drop(columns="poste")
    members = pd.DataFrame({"mois": sorted(frame["mois"].unique()), "beneficiaires": 500.0, "cotisation": 9000.0})
    return Dataset(members, frame, base="HT", date_basis="soins", source="essai")


def plain(dataset, scope):
    """The same by tables: payments by year, provision by closing, error of the last one."""
    by = [c for c in ("poste",) if c in dataset.prestation]
    keys = ["mois", "mois_paiement", *by]
    whole, mine = (
        rows.groupby(keys, observed=True, dropna=False)["prestation"].sum(min_count=1).dropna().reset_index()
        .astype(dict.fromkeys(by, "str"))
        for rows in (dataset.prestation, dataset.prestation[scope.mask(dataset.prestation)])
    )  # fmt: skip
    exposure = dataset.cotisation.groupby("mois", as_index=False)["beneficiaires"].sum()
    first, last = whole["mois_paiement"].min(), whole["mois_paiement"].max()
    provision = {}
    for closing in [*(pd.Timestamp(y, 12, 1) for y in range(first.year, last.year)), last]:
        left = develop(whole, exposure=exposure, by=by, measure="prestation", as_of=closing).table
        left = left[left["mois"].between(first, closing)]
        if "poste" in scope.filtres:
            left = left[left["poste"].isin(scope.filtres["poste"])]
        left = left.assign(annee=left["mois"].dt.year, reste=left["ultime"] - left["paye"])
        if scope.filtres:
            left = shared(left, mine[~(mine["mois_paiement"] > closing)], by)
        groups = left.groupby("annee")
        provision[closing.year] = groups["reste"].sum().mask(left["reste"].isna().groupby(left["annee"]).any())
        spread = pooled_error(groups["se"].sum(), (left["se"] ** 2).groupby(left["annee"]).sum())
        spread = spread.mask(left["se"].isna().groupby(left["annee"]).any())
    years = [mine["mois"].dt.year.rename("soins"), mine["mois_paiement"].dt.year.rename("paiement")]
    paid = mine.groupby(years)["prestation"].sum().unstack(fill_value=0.0)
    return paid, provision, spread


def shared(left, known, by):
    keys = ["mois", *by]
    part = known.groupby(keys, dropna=False)["prestation"].sum().rename("part").reset_index()
    joined = left.merge(part, on=keys, how="left").fillna({"part": 0.0})
    recent = joined["mois"] > joined["mois"].max() - pd.DateOffset(months=RECENT)
    groups = [joined[c].fillna("") for c in by] or [pd.Series(0, index=joined.index)]
    mine, whole = (joined[c].where(recent).groupby(groups).transform("sum") for c in ("part", "paye"))
    share = (joined["part"] / joined["paye"].where(joined["paye"] != 0)).fillna(mine / whole.where(whole != 0))
    nothing = (share == 0) | (joined["reste"] == 0)
    return joined.assign(
        reste=(joined["reste"] * share).mask(nothing, 0.0), se=(joined["se"] * share.abs()).mask(share == 0, 0.0)
    )


def assert_same(dataset, filtres, closings=None):
    scope = Selection(filtres=filtres)
    found = estimate_provisions(dataset, scope, closings)
    paid, provision, spread = plain(dataset, scope)
    fitted = paid.reindex(found.paye.index, fill_value=0.0).rename(columns=int)
    assert_frame_equal(
        found.paye, fitted, check_names=False, check_index_type=False, check_column_type=False, atol=0.0051, rtol=0
    )
    assert set(paid.index) <= set(found.paye.index)
    assert list(found.provision) == list(provision)
    for year, expected in provision.items():
        ours = found.at(year)
        assert_series_equal(ours, expected, check_names=False, check_index_type=False, atol=0.0051, rtol=0)
    assert_series_equal(found.se, spread, check_names=False, check_index_type=False, rtol=1e-9)


@pytest.mark.parametrize("filtres", FILTERS)
@pytest.mark.parametrize("holes", [False, True])
def test_grids_give_the_provisions_of_plain_tables(filtres, holes):
    dataset = make(holes=holes)
    assert_same(dataset, filtres, develop_closings(dataset))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 40), st.sampled_from(FILTERS))
def test_any_file_gives_the_provisions_of_plain_tables(seed, months, filtres):
    assert_same(make(seed, months), filtres)


def test_a_file_without_postes_has_one_rhythm():
    assert_same(make(3, postes=False), {"region": ("A", "C")})


def test_what_is_undated_older_or_missing_is_counted_apart():
    dataset = make(5)
    lines = dataset.prestation.dropna(subset="prestation")
    found = estimate_provisions(dataset, Selection())
    undated = lines[lines["mois_paiement"].isna()]
    sums = undated.groupby(undated["mois"].dt.year)["prestation"].sum()
    np.testing.assert_allclose(found.sans_date, sums, atol=0.0051)
    older = lines[lines["mois"] < lines["mois_paiement"].min()]
    sums = older.groupby(older["mois_paiement"].dt.year)["prestation"].sum()
    np.testing.assert_allclose(found.avant_fichier, sums, atol=0.0051)
    assert found.partielles == set(older["mois"].dt.year)
    assert (found.debut, found.arrete) == (lines["mois"].min(), lines["mois_paiement"].max())
    assert len(found.remarques) == 2


def test_regions_share_out_the_provision_of_care_without_poste():
    dataset = make(7)
    known = replace(dataset, prestation=dataset.prestation.dropna(subset="region").reset_index(drop=True))
    closings = develop_closings(known)
    whole = estimate_provisions(known, Selection(), closings)
    every = estimate_provisions(known, Selection(filtres={"region": ("A", "B", "C")}), closings)
    for year, provision in whole.provision.items():
        np.testing.assert_allclose(every.provision[year], provision, atol=0.02)


def test_an_empty_perimeter_is_refused():
    with pytest.raises(InsufficientData, match="Aucune prestation dans ce périmètre"):
        estimate_provisions(make(), Selection(filtres={"region": ("Z",)}))
