"""What every test may need: the root, the shared real data, a tiny dataset."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.schema import Dataset

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PALIERS_SHARED", ROOT.parent / "shared")) / "data"


@pytest.fixture(scope="session")
def shared():
    """Folder of the real data; a test that needs it is skipped, and says so, when it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real data not found: {SHARED}")
    return SHARED


def make_dataset(months: int = 60, seed: int = 0, *, drift: float = 0.0) -> Dataset:
    """A small mutual in accounting view: 3 regions × 2 contrats × 3 postes, seasonal, Poisson claims.

    `drift` raises the average cost of dentaire in region B over the last twelve months.
    """
    rng = np.random.default_rng(seed)
    calendar = pd.date_range("2020-01-01", periods=months, freq="MS")
    care, contracts = [], []
    for i, mois in enumerate(calendar):
        season = 1 + 0.1 * np.sin(2 * np.pi * i / 12)
        for region, heads in (("A", 4000), ("B", 3000), ("C", 2000)):
            for contrat, share in (("individuel", 0.6), ("collectif", 0.4)):
                people = heads * share
                contracts.append((mois, region, contrat, people, people * 50.0))
                for poste, rate, cost in (("dentaire", 0.1, 90.0), ("optique", 0.05, 120.0), ("pharmacie", 1.0, 9.0)):
                    actes = rng.poisson(people * rate * season)
                    extra = 1 + drift if (poste, region) == ("dentaire", "B") and i >= months - 12 else 1.0
                    paid = actes * cost * extra
                    care.append((mois, region, contrat, poste, actes, paid * 2, paid * 0.8, paid))
    cotisation = pd.DataFrame(contracts, columns=["mois", "region", "contrat", "beneficiaires", "cotisation"])
    prestation = pd.DataFrame(
        care,
        columns=["mois", "region", "contrat", "poste", "actes", "frais_reels", "remboursement_amo", "prestation"],
    )
    return Dataset(cotisation, prestation, base="HT", date_basis="paiement", as_of=calendar[-1], source="essai")


@pytest.fixture(scope="session")
def small() -> Dataset:
    """The small mutual, five years, nothing planted."""
    return make_dataset()
