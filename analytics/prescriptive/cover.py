"""What a head costs by segment and poste, and what the levers of care and cover make of it: formulas, on arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import ParameterError
from analytics.prescriptive.levers import ALL

Floats = NDArray[np.float64]
MEASURES = ("prestation", "frais_reels", "remboursement_amo", "actes")
#: The same, of the acts of the 100 % Santé basket alone.
BASKET = ("actes_100", "prestation_100", "frais_reels_100", "remboursement_amo_100")
#: Gap allowed between the claims of a segment and the sum of its postes, in parts of them.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Cover:
    """Yearly care of one head, shape (segments, postes); NaN where the file does not say.

    Attributes
    ----------
    postes : tuple of str
        ("*",) when the portfolio is not known by poste.
    prestation, frais_reels, remboursement_amo, actes : numpy.ndarray
        EUR, and acts, per head and year.
    passage : numpy.ndarray
        (3, segments, postes): prestation, frais réels and AMO that one act changes by when it goes to the 100 % Santé
        basket, EUR.
    part_100 : numpy.ndarray
        Share of the acts already there.
    """

    postes: tuple[str, ...]
    prestation: Floats
    frais_reels: Floats
    remboursement_amo: Floats
    actes: Floats
    passage: Floats
    part_100: Floats

    @property
    def reste(self) -> Floats:
        """Reste à charge of a head today, EUR per year."""
        return self.frais_reels - self.remboursement_amo - self.prestation


def read_cover(segment: pd.Series, prestation: Floats, postes: pd.DataFrame | None) -> Cover:
    """Check the frame by poste against the portfolio and lay it on arrays.

    Parameters
    ----------
    segment : pandas.Series
    prestation : numpy.ndarray
        Claims per head of each segment.
    postes : pandas.DataFrame or None
        segment, poste, prestation (EUR per head and year of the segment), and where known frais_reels,
        remboursement_amo, actes, and the columns of :data:`BASKET`. A segment without a poste has none of that care.

    Raises
    ------
    ParameterError
        A column is missing, a line is twice there, or the postes do not add up to the claims of their segment.
    """
    if postes is None:
        blank = np.full((len(segment), 1), np.nan)
        return Cover((ALL,), prestation[:, None], blank, blank, blank, np.stack([blank] * 3), blank)
    for column in ("segment", "poste", "prestation"):
        if column not in postes.columns:
            raise ParameterError("Une colonne manque au détail par poste.", colonne=column)
    if postes.duplicated(["segment", "poste"]).any():
        raise ParameterError("Un poste est présent deux fois dans un segment.")
    names = tuple(sorted(postes["poste"].astype(str).unique()))
    row = {name: i for i, name in enumerate(segment)}
    at = postes["segment"].astype(str).map(row)
    if at.isna().any():
        raise ParameterError("Un segment du détail par poste n’est pas au portefeuille.")
    place = at.to_numpy(dtype=int), postes["poste"].astype(str).map({n: i for i, n in enumerate(names)}).to_numpy()
    shape = (len(segment), len(names))
    grids = {c: _grid(postes, c, place, shape) for c in (*MEASURES, *BASKET)}
    gap = np.abs(grids["prestation"].sum(axis=1) - prestation)
    if (gap > TOLERANCE * np.maximum(prestation, 1.0)).any():
        worst = int(np.argmax(gap))
        raise ParameterError("Les postes ne font pas la somme des prestations.", valeur=segment.iloc[worst])
    care = {c: grids[c] for c in MEASURES}
    return Cover(names, passage=_passage(grids), part_100=_divide(grids["actes_100"], grids["actes"]), **care)


def _grid(postes: pd.DataFrame, column: str, place: tuple[Floats, Floats], shape: tuple[int, int]) -> Floats:
    """One measure on segments × postes: null where the poste is absent, NaN where the measure is."""
    if column not in postes.columns:
        return np.full(shape, np.nan)
    grid = np.zeros(shape)
    grid[place] = postes[column].to_numpy(dtype=float, na_value=np.nan)
    return grid


def _divide(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def _passage(grids: dict[str, Floats]) -> Floats:
    """Change of the amounts of one act that goes to the basket: mean of the acts there less mean of the others."""
    others = grids["actes"] - grids["actes_100"]
    return np.stack(
        [
            _divide(grids[f"{m}_100"], grids["actes_100"]) - _divide(grids[m] - grids[f"{m}_100"], others)
            for m in MEASURES[:3]
        ]
    )


@dataclass(frozen=True)
class Care:
    """Yearly care of one head under the levers, before drift, shape (segments, postes): EUR; `reste` NaN if unknown."""

    prestation: Floats
    reste: Floats


def apply_levers(cover: Cover, levers: Mapping[str, Floats], responses: Mapping[str, float]) -> Care:
    """Care of one head under the levers.

    Notes
    -----
    In this order: the scale (coût par tête, fréquence, coût moyen) on all amounts; acts passed to the 100 % Santé
    basket; acts passed to the network, whose price falls, what the AMO does not pay being shared as before; the cover,
    which moves the AMC paid and the reste à charge by as much, the AMC being at most what is left to pay; the
    frequency, by an arc elasticity ε to the share c of the price left to the member, (1 − εx) / (1 + εx) with
    x = (c₁ − c₀) / (c₁ + c₀), where that share is known; prevention, a fall of the frequency.
    """
    scale = (1.0 + levers["prestation"]) * (1.0 + levers["frequence"]) * (1.0 + levers["cout_moyen"])
    amc, frais, amo = (scale * m for m in (cover.prestation, cover.frais_reels, cover.remboursement_amo))
    moved, network = levers["sante100"], levers["reseau"]
    if moved.any():
        _check_basket(cover, moved)
        steps = np.where((moved > 0) & (cover.actes > 0), scale * cover.actes * moved * cover.passage, 0.0)
        amc, frais, amo = np.maximum(amc + steps[0], 0.0), frais + steps[1], amo + steps[2]
    if network.any():
        saved = network * responses["economie_reseau"]
        left = np.maximum(frais - amo, 0.0)
        rate = np.where(left > 0, np.minimum(saved * _divide(frais, left), 1.0), saved)
        amc, frais = amc * (1.0 - rate), np.where(left > 0, amo + left * (1.0 - rate), frais)
    change = levers["taux"] + responses["part_au_plafond"] * levers["plafond"]
    if change.any():
        wanted = amc * np.maximum(1.0 + change, 0.0)
        amc = np.where(change > 0, np.fmin(wanted, np.fmax(frais - amo, amc)), wanted)
    frequency = _frequency(cover, amc, frais, amo, responses["reponse_frequence"])
    frequency *= np.maximum(1.0 - responses["effet_prevention"] * levers["prevention"] / 10.0, 0.0)[:, None]
    return Care(amc * frequency, (frais - amo - amc) * frequency)


def _check_basket(cover: Cover, moved: Floats) -> None:
    asked = moved > 0
    if (asked & ~np.isfinite(cover.passage).all(axis=0) & ~(cover.actes == 0)).any():
        raise ParameterError(
            "Le 100 % Santé ne peut pas être simulé sur ce poste : il faut des actes dans et hors du panier.",
            colonne="panier", remede="Choisissez un poste à panier, ou ajoutez panier, actes, frais_reels et "
            "remboursement_amo au fichier.",
        )  # fmt: skip
    if (asked & (cover.part_100 + moved > 1.0)).any():
        raise ParameterError("Plus d’actes passés au 100 % Santé qu’il n’en reste hors du panier.")


def _frequency(cover: Cover, amc: Floats, frais: Floats, amo: Floats, elasticity: float) -> Floats:
    """Acts under the levers over acts today; 1 where the price of an act is not known."""
    before, after = (
        np.clip(_divide(left, whole), 0.0, 1.0)
        for left, whole in ((cover.reste, cover.frais_reels), (frais - amo - amc, frais))
    )
    move = _divide(after - before, after + before)
    answer = (1.0 - elasticity * move) / (1.0 + elasticity * move)
    return np.where(np.isfinite(answer) & (np.abs(after - before) > 1e-12), answer, 1.0)
