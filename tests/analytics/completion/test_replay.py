"""A past closing said again: only what was paid by then, and the same answer as a file cut that day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.completion import complete, known_at, look_back, number_payments, replay, replay_months
from analytics.descriptive import compute_indicator
from analytics.errors import InsufficientData
from analytics.indicators import get_indicator
from analytics.schema import Dataset, Selection

RHYTHM = np.array([0.5, 0.35, 0.1, 0.03, 0.02])
N = 40


def month(k: int) -> pd.Timestamp:
    return (pd.Period("2021-01", "M") + int(k)).to_timestamp()


def both_months(seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    rows = [
        {"mois": month(i), "mois_paiement": month(i + k), "poste": poste, "prestation": amount, "actes": amount / 50}
        for poste, level in (("optique", 1000.0), ("dentaire", 3000.0))
        for i in range(N)
        for k, share in enumerate(RHYTHM)
        if i + k < N
        for amount in [level * share * rng.gamma(30, 1 / 30)]
    ]
    heads = pd.DataFrame({"mois": [month(k) for k in range(N)], "beneficiaires": 100.0, "cotisation": 5000.0})
    return Dataset(heads, pd.DataFrame(rows), date_basis="soins", as_of=month(N - 1))


def one_month(date_basis: str | None) -> Dataset:
    lines = pd.DataFrame({"mois": [month(k) for k in range(24)], "prestation": np.arange(24.0) + 10})
    return Dataset(pd.DataFrame({"mois": pd.to_datetime([])}), lines, date_basis=date_basis)


def series(key: str = "prestation"):
    return lambda dataset: compute_indicator(dataset, key)


def test_known_at_keeps_only_what_was_paid():
    dataset = both_months()
    then = known_at(dataset, month(30))
    assert then.prestation["mois_paiement"].max() == month(30)
    assert then.cotisation["mois"].max() == month(30)
    assert then.as_of == month(30)
    paid = dataset.prestation.loc[dataset.prestation["mois_paiement"] <= month(30), "prestation"].sum()
    assert then.prestation["prestation"].sum() == pytest.approx(paid)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 100), st.integers(14, N - 2), st.integers(1, 20))
def test_nothing_paid_later_counts(seed, at, noise):
    """Whatever comes after the date, what was said then does not move."""
    dataset = both_months(seed)
    later = dataset.prestation["mois_paiement"] > month(at)
    other = dataset.prestation.assign(
        prestation=dataset.prestation["prestation"].where(~later, dataset.prestation["prestation"] * noise)
    )
    one = replay(dataset, month(at), series()).table.drop(columns="aujourd_hui")
    two = replay(Dataset(dataset.cotisation, other, date_basis="soins"), month(at), series()).table
    pd.testing.assert_frame_equal(one, two.drop(columns="aujourd_hui"))


def test_the_same_as_a_file_cut_that_day():
    dataset, at = both_months(), month(30)
    cut = dataset.prestation[dataset.prestation["mois_paiement"] <= at]
    file = Dataset(dataset.cotisation[dataset.cotisation["mois"] <= at], cut, date_basis="soins", as_of=at)
    found = replay(dataset, at, series())
    wanted = series()(complete(file)).set_index("mois")["valeur"]
    np.testing.assert_allclose(found.table.set_index("mois")["ultime"], wanted.reindex(found.table["mois"]))
    paid = cut.groupby("mois")["prestation"].sum()
    np.testing.assert_allclose(found.table.set_index("mois")["paye"], paid)
    now = series()(complete(dataset)).set_index("mois")["valeur"]
    np.testing.assert_allclose(found.table.set_index("mois")["aujourd_hui"], now.reindex(found.table["mois"]))
    assert found.limite == ""
    assert found.as_of == at


def test_the_estimate_beats_the_paid_amount_and_holds_its_interval():
    inside, closer, n = 0, 0, 0
    for seed in range(6):
        judged = replay(both_months(seed), month(32), series()).judged
        n += len(judged)
        inside += judged["aujourd_hui"].between(judged["bas_80"], judged["haut_80"]).sum()
        closer += (
            (judged["ultime"] - judged["aujourd_hui"]).abs() < (judged["paye"] - judged["aujourd_hui"]).abs()
        ).sum()
    assert n == 24
    assert 0.65 * n <= inside <= n
    assert closer >= 0.8 * n


def test_the_interval_is_around_the_estimate_and_only_on_open_months():
    found = replay(both_months(), month(30), series())
    table, judged = found.table, found.judged
    assert judged["mois"].tolist() == [month(k) for k in range(27, 31)]
    assert (judged["bas_80"] < judged["ultime"]).all()
    assert (judged["ultime"] < judged["haut_80"]).all()
    assert table.loc[table["mois"] < month(27), ["bas_80", "haut_80"]].isna().all(axis=None)


def test_a_ratio_follows_and_a_mean_cost_has_no_interval():
    dataset = both_months()
    ratio = replay(dataset, month(30), series("ratio_pc")).judged
    amount = replay(dataset, month(30), series()).judged
    np.testing.assert_allclose(ratio["haut_80"] / ratio["ultime"], amount["haut_80"] / amount["ultime"])
    result = replay(dataset, month(30), series("resultat_technique")).judged
    np.testing.assert_allclose(result["haut_80"] - result["ultime"], amount["ultime"] - amount["bas_80"])
    assert replay(dataset, month(30), series("cout_moyen")).judged.empty


def test_the_interval_is_that_of_the_postes_looked_at():
    dataset = both_months()
    whole = replay(dataset, month(30), series()).judged
    part = replay(dataset, month(30), series(), postes=["optique"]).judged
    assert not np.allclose(whole["haut_80"], part["haut_80"])


def test_user_named_months_are_incomplete():
    table = replay(both_months(), month(30), series(), incomplete=[month(10)]).table.set_index("mois")
    assert table.loc[month(10), "statut"] == "incomplet"
    assert table.loc[month(11), "statut"] == "complet"


def test_care_month_only_cannot_be_corrected():
    found = replay(one_month("soins"), month(20), series())
    assert found.table["statut"].tolist() == ["complet"] * 19 + ["incomplet"] * 2
    assert found.table[["ultime", "bas_80", "haut_80"]].isna().all(axis=None)
    assert found.table["paye"].tolist() == (np.arange(21.0) + 10).tolist()
    assert found.limite.startswith("Mois de soins seul")
    assert found.judged.empty
    named = replay(one_month("soins"), month(20), series(), incomplete=3).table
    assert named["statut"].tolist() == ["complet"] * 18 + ["incomplet"] * 3


def test_payment_month_only_was_complete():
    found = replay(one_month("paiement"), month(20), series())
    assert found.table["statut"].eq("complet").all()
    assert found.table["ultime"].tolist() == found.table["paye"].tolist() == found.table["aujourd_hui"].tolist()
    assert found.limite.startswith("Vue comptable")


def test_unknown_date_basis_says_so():
    found = replay(one_month(None), month(20), series())
    assert found.table["ultime"].isna().all()
    assert found.limite.startswith("Date non précisée")


def test_dates_that_can_be_chosen():
    assert list(replay_months(both_months())) == [month(k) for k in range(12, N - 1)]
    assert list(replay_months(one_month("soins"))) == [month(k) for k in range(12, 23)]
    assert len(replay_months(Dataset(pd.DataFrame(), pd.DataFrame({"mois": pd.to_datetime([])})))) == 0


def test_before_any_payment():
    with pytest.raises(InsufficientData, match="décembre\u00a02020"):
        replay(both_months(), month(-1), series())


def of_two_regions() -> Dataset:
    """Both months, two regions, a line without payment month and one without amount."""
    parts = [both_months(seed).prestation.assign(region=name) for seed, name in ((1, "Bretagne"), (2, "Corse"))]
    lines = pd.concat(parts, ignore_index=True).astype({"region": "category"})
    lines.loc[[5, len(lines) - 5], "mois_paiement"] = pd.NaT
    lines.loc[7, "prestation"] = np.nan
    heads = pd.concat([both_months().cotisation.assign(region=name) for name in ("Bretagne", "Corse")])
    return Dataset(heads.reset_index(drop=True), lines, date_basis="soins", as_of=month(N - 1))


@pytest.mark.parametrize("key", ["prestation", "ratio_pc", "cout_moyen", "cotisation"])
@pytest.mark.parametrize(
    "filtres",
    [{}, {"region": ("Corse",)}, {"poste": ("optique",), "region": ("Bretagne", "Corse")}, {"region": ("ailleurs",)}],
)
def test_a_closing_looked_back_once_serves_every_perimeter(key, filtres):
    dataset, perimeter = of_two_regions(), Selection(filtres=filtres)

    def within(given: Dataset) -> pd.DataFrame:
        return compute_indicator(given, key, selection=perimeter)

    lines = np.flatnonzero(perimeter.mask(dataset.prestation))
    payments = number_payments(dataset.prestation).within(lines, filtres, get_indicator(key).measures)
    for at in (14, 30):
        closing = look_back(dataset, month(at))
        found = replay(
            replace(dataset, prestation=payments), month(at), within, today=within(complete(dataset)),
            postes=filtres.get("poste"), closing=closing,
        )  # fmt: skip
        wanted = replay(dataset, month(at), within, postes=filtres.get("poste"))
        pd.testing.assert_frame_equal(found.table, wanted.table, rtol=1e-12)
        assert found.as_of == wanted.as_of
