"""Small mutuals made by hand, whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.schema import Dataset


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


def allocate_premiums(dataset: Dataset) -> Dataset:
    """The same mutual with its premiums shared out by poste, its members on rows without poste."""
    shares = pd.DataFrame({"poste": ["dentaire", "optique", "pharmacie"], "part": [0.4, 0.3, 0.3]})
    split = dataset.cotisation.drop(columns="beneficiaires").merge(shares, how="cross")
    split["cotisation"] *= split.pop("part")
    members = dataset.cotisation.drop(columns="cotisation")
    return replace(dataset, cotisation=pd.concat([split, members], ignore_index=True))


def with_small_region(name: str, months: int = 36, seed: int = 9) -> Dataset:
    """The small mutual with one region of four persons, whose amounts stand out."""
    base = make_dataset(months, seed)
    cover = base.cotisation[base.cotisation["region"] == "C"].assign(region=name, beneficiaires=2.0)
    care = base.prestation[base.prestation["region"] == "C"].assign(region=name)
    return replace(
        base,
        cotisation=pd.concat([base.cotisation, cover], ignore_index=True),
        prestation=pd.concat([base.prestation, care], ignore_index=True),
    )
