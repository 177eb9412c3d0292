"""The share known is a ratio of euros, and its interval that of the ultimate."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.completion import Development
from analytics.descriptive.known import known_share
from analytics.schema import Dataset, Selection

MONTHS = pd.to_datetime(["2024-01-01", "2024-02-01"])
BOTH = Selection(MONTHS[0], MONTHS[1])


def pair():
    """January paid in full (900), February paid for 100 of 400."""
    none = pd.DataFrame({"mois": MONTHS[:0]})
    raw = pd.DataFrame({"mois": MONTHS, "mois_paiement": MONTHS, "poste": ["a", "b"], "prestation": [900.0, 100.0]})
    done = raw.drop(columns="mois_paiement").assign(prestation=[900.0, 400.0])
    return Dataset(none, raw, date_basis="soins"), Dataset(none, done, date_basis="soins")


def development(se):
    table = pd.DataFrame(
        {"mois": MONTHS, "paye": [900.0, 100.0], "ultime": [900.0, 400.0], "part_connue": [1.0, 0.25], "se": se}
    )
    return Development(table, pd.DataFrame(), (), MONTHS[1], "prestation", ())


def test_weighed_by_euros():
    raw, completed = pair()
    found = known_share(raw, completed, BOTH)
    assert found.part == pytest.approx(1000 / 1300)  # the mean of the two shares would be 0,625
    assert (found.paye, found.ultime, found.raison) == (1000, 1300, "")
    assert np.isnan(found.bas)
    assert np.isnan(found.haut)


def test_the_interval_is_that_of_the_ultimate():
    raw, completed = pair()
    found = known_share(raw, completed, BOTH, development([0.0, 65.0]))
    assert found.bas == pytest.approx(1000 / (1300 + 1.2816 * 65), rel=1e-4)
    assert found.haut == pytest.approx(1000 / (1300 - 1.2816 * 65), rel=1e-4)
    wide = known_share(raw, completed, BOTH, development([0.0, 800.0]))
    assert wide.haut == 1.0  # never known by more than everything
    assert np.isnan(known_share(raw, completed, BOTH, development([0.0, np.nan])).bas)
    assert known_share(raw, completed, Selection(MONTHS[0], MONTHS[0]), development([0.0, np.nan])).bas == 1.0


def test_a_perimeter_has_its_own_share():
    raw, completed = pair()
    assert known_share(raw, completed, replace(BOTH, filtres={"poste": ("b",)})).part == 0.25


@pytest.mark.parametrize(
    ("basis", "word"), [("soins", "pas de mois de paiement"), ("paiement", "vue comptable"), (None, "ne dit pas")]
)
def test_one_date_gives_a_reason(basis, word):
    raw, _ = pair()
    plain = replace(raw, prestation=raw.prestation.drop(columns="mois_paiement"), date_basis=basis)
    found = known_share(plain, plain, BOTH)
    assert np.isnan(found.part)
    assert word in found.raison


def test_nothing_to_know():
    raw, completed = pair()
    assert known_share(raw, completed, Selection(pd.Timestamp(2030, 1, 1))).raison == "aucun montant dans ce périmètre"
    bare = replace(raw, prestation=raw.prestation.drop(columns="prestation"))
    assert "prestations" in known_share(bare, bare, BOTH).raison
