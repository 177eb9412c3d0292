"""Which months may be compared, for each of the four kinds of dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.completion import describe_maturity, develop_dataset, maturity
from analytics.errors import ParameterError
from analytics.schema import Dataset

RHYTHM = np.array([0.5, 0.35, 0.1, 0.03, 0.02])
N = 30


def month(k: int) -> pd.Timestamp:
    return (pd.Period("2022-01", "M") + int(k)).to_timestamp()


def both_months() -> Dataset:
    lines = pd.DataFrame(
        [
            {"mois": month(i), "mois_paiement": month(i + k), "poste": poste, "prestation": level * share}
            for poste, level in (("optique", 1000.0), ("dentaire", 3000.0))
            for i in range(N)
            for k, share in enumerate(RHYTHM)
            if i + k < N
        ]
    )
    heads = pd.DataFrame({"mois": [month(k) for k in range(N)], "beneficiaires": 100.0, "cotisation": 5000.0})
    return Dataset(heads, lines, date_basis="soins", as_of=month(N - 1))


def one_month(date_basis: str | None) -> Dataset:
    lines = pd.DataFrame({"mois": [month(k) for k in range(12)], "prestation": 10.0})
    return Dataset(pd.DataFrame({"mois": pd.to_datetime([])}), lines, date_basis=date_basis)


def test_both_months():
    table = maturity(both_months())
    assert list(table.columns) == ["mois", "part_connue", "statut"]
    np.testing.assert_allclose(table["part_connue"].iloc[-5:], RHYTHM.cumsum()[::-1])
    assert table["statut"].tolist() == ["complet"] * (N - 3) + ["provisoire", "provisoire", "incomplet"]


def test_a_development_already_made_is_used():
    dataset = both_months()
    pd.testing.assert_frame_equal(maturity(dataset, development=develop_dataset(dataset)), maturity(dataset))


def test_a_poste_that_cannot_be_completed_makes_the_month_incomplete():
    dataset = both_months()
    first = dataset.prestation["mois_paiement"] >= month(6)
    table = maturity(Dataset(dataset.cotisation, dataset.prestation[first], date_basis="soins"))
    assert table["statut"].iloc[:6].eq("incomplet").all()
    assert table["part_connue"].iloc[:6].isna().all()
    assert table["statut"].iloc[6] == "complet"


def test_care_month_only():
    table = maturity(one_month("soins"))
    assert table["part_connue"].isna().all()
    assert table["statut"].tolist() == ["complet"] * 10 + ["incomplet"] * 2


@pytest.mark.parametrize("named", [3, [month(9), pd.Timestamp("2022-11-17"), month(11)]])
def test_care_month_only_named_by_the_user(named):
    assert maturity(one_month("soins"), incomplete=named)["statut"].tolist() == ["complet"] * 9 + ["incomplet"] * 3


def test_no_month_named():
    assert maturity(one_month("soins"), incomplete=0)["statut"].eq("complet").all()


@pytest.mark.parametrize(
    ("day", "n_open"),
    [(None, 0), ("2022-12-01", 0), ("2022-12-31", 0), ("2022-12-30", 1), ("2022-12-15", 1), ("2022-11-30", 1)],
)
def test_payment_month_only(day, n_open):
    """The first of a month stands for that month, closed; any other day leaves its month open."""
    table = maturity(one_month("paiement"), as_of=None if day is None else pd.Timestamp(day))
    assert table["statut"].tolist() == ["complet"] * (12 - n_open) + ["incomplet"] * n_open
    assert table["part_connue"].isna().all()


def test_unknown_date_basis_is_read_as_complete_and_told():
    dataset = one_month(None)
    table = maturity(dataset)
    assert table["statut"].eq("complet").all()
    assert "Date non précisée" in describe_maturity(dataset, table)


def test_premiums_ahead_of_claims():
    """A month with premiums and not yet any claim is not a month at 0 €."""
    dataset = one_month("paiement")
    heads = pd.DataFrame({"mois": [month(k) for k in range(13)], "cotisation": 20.0})
    table = maturity(Dataset(heads, dataset.prestation, date_basis="paiement"))
    assert table["statut"].tolist() == ["complet"] * 12 + ["incomplet"]


def test_premiums_only():
    heads = pd.DataFrame({"mois": [month(k) for k in range(5)], "cotisation": 20.0})
    table = maturity(Dataset(heads, pd.DataFrame({"mois": pd.to_datetime([])})))
    assert table["statut"].eq("complet").all()
    assert len(table) == 5


@pytest.mark.parametrize(
    ("dataset", "start"),
    [(both_months(), "Mois de soins et de paiement connus"), (one_month("soins"), "Mois de soins seul"),
     (one_month("paiement"), "Vue comptable")],
)  # fmt: skip
def test_sentence(dataset, start):
    table = maturity(dataset)
    sentence = describe_maturity(dataset, table)
    muted = (table["statut"] == "incomplet").sum()
    assert sentence.startswith(start)
    assert (f"{muted} mois" in sentence) or (muted == 0 and "aucun mois" in sentence)


def test_refused():
    with pytest.raises(ParameterError):
        maturity(one_month("soins"), incomplete=-1)
    with pytest.raises(ParameterError):
        develop_dataset(Dataset(pd.DataFrame(), pd.DataFrame({"mois": [], "mois_paiement": []})))
