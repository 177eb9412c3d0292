"""Who and what lives in the simulated mutual: the words, the sizes and the contract cells."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pandas as pd

START = pd.Timestamp("2017-01-01")
HEADS = 120_000

CONTRATS = ("individuel", "collectif")
FORMULES = ("Essentielle", "Confort", "Premium")
AGES = ("0-19", "20-39", "40-59", "60-74", "75 et +")
POSTES = ("hospitalisation", "soins courants", "pharmacie", "dentaire", "optique", "audiologie", "autres")
#: « sans panier » rather than missing: a missing value is dropped by groupby and by filters.
PANIERS = ("sans panier", "100 % Santé", "maîtrisé", "libre")

#: Part of the members, frequency of care and level of charges of each region (1 = average).
REGIONS: dict[str, tuple[float, float, float]] = {
    "Auvergne-Rhône-Alpes": (0.130, 1.00, 1.02),
    "Bourgogne-Franche-Comté": (0.018, 0.97, 0.96),
    "Bretagne": (0.070, 1.00, 0.95),
    "Centre-Val de Loire": (0.030, 0.93, 0.98),
    "Corse": (0.004, 1.02, 1.00),
    "Grand Est": (0.055, 1.01, 0.97),
    "Hauts-de-France": (0.085, 1.05, 0.96),
    "Île-de-France": (0.120, 0.97, 1.13),
    "Normandie": (0.040, 0.97, 0.96),
    "Nouvelle-Aquitaine": (0.140, 1.00, 0.97),
    "Occitanie": (0.165, 1.02, 0.98),
    "Pays de la Loire": (0.060, 0.98, 0.95),
    "Provence-Alpes-Côte d’Azur": (0.083, 1.06, 1.05),
}

#: Part of each age band and of each formule among the members at the start, by contract.
AGE_MIX = {"individuel": (0.16, 0.14, 0.22, 0.29, 0.19), "collectif": (0.30, 0.32, 0.335, 0.04, 0.005)}
FORMULE_MIX = {"individuel": (0.34, 0.45, 0.21), "collectif": (0.22, 0.48, 0.30)}
CONTRAT_MIX = {"individuel": 0.40, "collectif": 0.60}


@functools.cache
def build_cells() -> pd.DataFrame:
    """The contract cells, one row each, in a fixed order: age bands vary fastest. Shared, not to be changed.

    Returns
    -------
    pandas.DataFrame
        Integer codes `contrat`, `formule`, `region`, `tranche_age` (positions in the tuples of this module), and
        `poids`, the part of the members at the start (sums to 1).
    """
    shape = (len(CONTRATS), len(FORMULES), len(REGIONS), len(AGES))
    codes = np.array(list(itertools.product(*(range(size) for size in shape))))
    cells = pd.DataFrame(codes, columns=["contrat", "formule", "region", "tranche_age"])
    cells["poids"] = (
        np.array([CONTRAT_MIX[c] for c in CONTRATS])[cells["contrat"]]
        * np.array([FORMULE_MIX[c] for c in CONTRATS])[cells["contrat"], cells["formule"]]
        * np.array([weight for weight, _, _ in REGIONS.values()])[cells["region"]]
        * np.array([AGE_MIX[c] for c in CONTRATS])[cells["contrat"], cells["tranche_age"]]
    )
    return cells


def stream(seed: int, table: int, month: pd.Timestamp) -> np.random.Generator:
    """The random numbers of one table and one month: they do not depend on any other month."""
    return np.random.default_rng([seed, table, month.year, month.month])
