"""The completed cube: same parts, same averages, totals equal to the ultimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.completion import complete, develop, develop_dataset
from analytics.schema import Dataset, validate

N = 40


def month(k: int) -> pd.Timestamp:
    return (pd.Period("2021-01", "M") + int(k)).to_timestamp()


def cube(seed: int = 0, kind: str = "str") -> Dataset:
    rng = np.random.default_rng(seed)
    rows = [
        {"mois": month(i), "mois_paiement": month(i + k), "region": region, "poste": poste, "prestation": amount,
         "frais_reels": 3 * amount, "actes": float(rng.poisson(20))}
        for poste, level in (("optique", 100.0), ("dentaire", 300.0))
        for region in ("Bretagne", "Corse")
        for i in range(N)
        for k, share in enumerate((0.5, 0.3, 0.1, 0.07, 0.03))
        if i + k < N
        for amount in [level * share * rng.gamma(20, 0.05)]
    ]  # fmt: skip
    lines = pd.DataFrame(rows).astype({"region": kind, "poste": kind})
    heads = pd.DataFrame({"mois": [month(k) for k in range(N)], "beneficiaires": 1000.0, "cotisation": 4e3})
    return Dataset(heads, lines, date_basis="soins", as_of=month(N - 1))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["str", "category"]))
def test_sums_are_the_ultimates(seed, kind):
    dataset = cube(seed, kind)
    completed = validate(complete(dataset))
    ultimate = develop_dataset(dataset).table.set_index(["poste", "mois"])["ultime"]
    got = completed.prestation.groupby(["poste", "mois"], observed=True)["prestation"].sum()
    np.testing.assert_allclose(got, ultimate.reindex(got.index), rtol=1e-12)
    assert len(got) == len(ultimate)


def test_every_measure_is_scaled_alike():
    dataset = cube()
    before = dataset.prestation.groupby(["poste", "region", "mois"])[["prestation", "frais_reels", "actes"]].sum()
    after = complete(dataset).prestation.set_index(["poste", "region", "mois"]).sort_index()
    assert "mois_paiement" not in after.columns
    assert len(after) == len(before)
    ratio = after[list(before.columns)] / before
    np.testing.assert_allclose(ratio["frais_reels"], ratio["prestation"])
    np.testing.assert_allclose(ratio["actes"], ratio["prestation"])
    last = ratio["prestation"].xs(month(N - 1), level="mois")
    assert (last > 1.7).all()
    mature = ratio["prestation"][ratio.index.get_level_values("mois") < month(N - 5)]
    np.testing.assert_allclose(mature, 1, rtol=1e-12)


def test_completing_twice_is_completing_once():
    once = complete(cube())
    assert complete(once) is once


def test_without_payment_months():
    dataset = cube()
    care_only = Dataset(dataset.cotisation, dataset.prestation.drop(columns="mois_paiement"), date_basis="soins")
    assert complete(care_only) is care_only
    empty = Dataset(dataset.cotisation, dataset.prestation.assign(mois_paiement=pd.NaT), date_basis="soins")
    summed = complete(empty)
    assert "mois_paiement" not in summed.prestation.columns
    assert summed.prestation["prestation"].sum() == pytest.approx(dataset.prestation["prestation"].sum())
    assert len(summed.prestation) == 4 * N


def test_missing_stays_missing():
    dataset = cube()
    lines = dataset.prestation.copy()
    cell = (lines["mois"] == month(3)) & (lines["region"] == "Corse") & (lines["poste"] == "optique")
    lines.loc[cell, "actes"] = np.nan
    lines.loc[lines["region"] == "Bretagne", "region"] = None
    after = complete(Dataset(dataset.cotisation, lines, date_basis="soins")).prestation
    assert after.loc[after["actes"].isna(), ["mois", "region", "poste"]].to_numpy().tolist() == [
        [month(3), "Corse", "optique"]
    ]
    assert after["region"].isna().sum() == 2 * N
    assert len(after) == 4 * N


def test_months_that_cannot_be_completed_keep_what_is_paid_and_say_so():
    dataset = cube()
    lines = dataset.prestation[dataset.prestation["mois_paiement"] >= month(8)]
    old = lines[lines["mois"] < month(8)]
    completed = complete(Dataset(dataset.cotisation, lines, date_basis="soins"))
    after = completed.prestation
    assert after.loc[after["mois"] < month(8), "prestation"].sum() == pytest.approx(old["prestation"].sum())
    finding = completed.findings.set_index("code").loc["completion_impossible"]
    assert finding["euros"] == pytest.approx(old["prestation"].sum())


def test_expected_amount_without_a_line_is_told():
    dataset = cube()
    lines = dataset.prestation
    waiting = (lines["poste"] == "optique") & (lines["mois"] == lines["mois_paiement"])
    source = Dataset(dataset.cotisation, lines[~waiting], date_basis="soins")
    completed = complete(source)
    table = develop_dataset(source).table
    expected = table.loc[table["paye"] == 0, "ultime"].sum()
    assert expected > 0
    assert completed.findings.set_index("code").loc["completion_sans_ligne", "euros"] == pytest.approx(expected)


def test_by_another_dimension():
    dataset = cube()
    development = develop(dataset.prestation, by=("poste", "region"))
    got = complete(dataset, development=development).prestation.groupby(["poste", "region", "mois"])["prestation"].sum()
    wanted = development.table.set_index(["poste", "region", "mois"])["ultime"].reindex(got.index)
    np.testing.assert_allclose(got, wanted, rtol=1e-12)
