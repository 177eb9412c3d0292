"""Taxes on the premiums, as inputs with their source: those in force, and one whose legal status is not settled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.bases import BILLED_TAX, tax_rate
from analytics.errors import ParameterError
from analytics.schema import BASES

CONTRIBUTION = "Contribution exceptionnelle"
IN_FORCE = "en vigueur"


@dataclass(frozen=True)
class Taxes:
    """Rates of tax, as shares of the HT premium.

    Attributes
    ----------
    base : str or None
        Base of the premiums of the portfolio: "TTC", "HT", "nette"; None when not told.
    tsa : float
        Rate in force; NaN when not known.
    contribution : float
        Rate of the exceptional contribution that the switch turns on; NaN when none is known.
    statut : str
        Legal status of that contribution, as the references say it.
    source_tsa, source_contribution : str
    """

    base: str | None = None
    tsa: float = np.nan
    contribution: float = np.nan
    statut: str = ""
    source_tsa: str = ""
    source_contribution: str = ""

    @property
    def note(self) -> str:
        """What must be said when the contribution is turned on; empty when it is settled."""
        if self.statut in ("", IN_FORCE):
            return ""
        return (
            f"Contribution exceptionnelle : statut « {self.statut} » ({self.source_contribution}). Le texte prévoit "
            "des cotisations maintenues au niveau de 2025 ; sa portée n’est pas tranchée ici : c’est un interrupteur, "
            "pas une prévision."
        )

    def without_tax(self, premium: np.ndarray) -> np.ndarray:
        """Base of the taxes of a premium of the portfolio; a base not told is taken as HT."""
        return premium / (1.0 + self.tsa) if self.base == "TTC" else premium


def read_taxes(
    table: pd.DataFrame, month: pd.Timestamp, *, base: str | None = None, contrat: str = "responsable"
) -> Taxes:
    """Taxes of a month from the table of the references.

    Parameters
    ----------
    table : pandas.DataFrame
        taxe, contrat, taux, debut, fin, statut, source.
    month : pandas.Timestamp
        First month of the year that is simulated.
    base : {"TTC", "HT", "nette"}, optional
    contrat : {"responsable", "non responsable"}

    Raises
    ------
    ParameterError
        Unknown base.
    """
    if base is not None and base not in BASES:
        raise ParameterError("Base de cotisation inconnue.", valeur=base, remede="Choisissez TTC, HT ou nette.")
    rate, source = tax_rate(table, month, contrat=contrat)
    others = table[(table["taxe"] != BILLED_TAX) & table["taxe"].str.startswith(CONTRIBUTION)]
    last = others.sort_values("debut").tail(1)
    if last.empty:
        return Taxes(base, rate, source_tsa=source)
    row = last.iloc[0]
    return Taxes(base, rate, float(row["taux"]), str(row["statut"]), source, str(row["source"]))
