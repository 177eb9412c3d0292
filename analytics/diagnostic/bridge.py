"""Why an amount moved between two periods: exact effects per leaf cell, computed once, then only summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analytics.diagnostic.cells import Cells, align, check_exposure_keys, check_keys
from analytics.diagnostic.effects import COSTS, FACTORS, split_change
from analytics.errors import ParameterError
from analytics.french import format_euros

#: Products that give the prestations, from the finest to a plain difference, then those that detail the cost per acte,
#: and the measures each one needs.
CHAINS = {
    FACTORS: ("beneficiaires", "actes"),
    ("effectif", "mix", "consommation"): ("beneficiaires",),
    ("actes", "cout_moyen"): ("actes",),
    ("prestation",): (),
    **{(*FACTORS[:3], *c): ("beneficiaires", "actes", *way) for c, way in COSTS.items() if way},
    **{("actes", *c): ("actes", *way) for c, way in COSTS.items() if way},
}
#: What the bridge says when it had to stop at a coarser product.
NOTES = {
    ("effectif", "mix", "consommation"): "Sans les actes, l’écart s’arrête à la consommation par tête.",
    ("actes", "cout_moyen"): "Sans les bénéficiaires, l’écart se lit en nombre d’actes et coût moyen seulement.",
    ("prestation",): "Sans bénéficiaires ni actes, l’écart reste une simple différence par cellule.",
}


@dataclass(frozen=True)
class Bridge:
    """Exact split of a change.

    Attributes
    ----------
    table : pandas.DataFrame
        The keys, then `effet` and `montant`: one row per leaf key × effect, montants sum to `total`.
    total : float
        Change, after minus before, in the unit of the measure (EUR, or points of ratio as 0.01 = 1 %).
    keys : tuple of str
        Key columns of `table`.
    before, after : float
        Level of each period over the cells kept.
    factors : tuple of str
        Factors really used.
    warnings : tuple of str
        French sentences: what could not be split, and why.
    """

    table: pd.DataFrame
    total: float
    keys: tuple[str, ...] = ()
    before: float = float("nan")
    after: float = float("nan")
    factors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def by(self, *dims: str) -> pd.DataFrame:
        """Effects summed over the other keys: columns dims…, effet, montant (never computed again).

        Raises
        ------
        ParameterError
            A dimension is not a key of the bridge.
        """
        unknown = [dim for dim in dims if dim not in self.keys]
        if unknown:
            raise ParameterError("Cette dimension ne fait pas partie de la décomposition.", colonne=unknown[0])
        groups = self.table.groupby([*dims, "effet"], observed=True, dropna=False, sort=False)
        return groups["montant"].sum().reset_index()


def decompose(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    keys: Sequence[str],
    factors: Sequence[str] = FACTORS,
    exposure_keys: Sequence[str] | None = None,
) -> Bridge:
    """Split the change of prestations into effectif, mix, fréquence and coût moyen, exactly.

    In each leaf cell, prestation = effectif total × part of the cell × actes per head × prestation per acte, split by
    the Shapley value (Shorrocks 2013, "Decomposition procedures for distributional analysis"). Rows with the same keys
    are summed first. Rules, all exact and reversible in time:

    - an exposure cell with no row or zero bénéficiaires in one period is an "ouverture" or a "fermeture": its whole
      change goes there, and `effectif` and `mix` are taken over the cells that exist in both periods;
    - no acte and no money in one period: the coût moyen is not observed, so it is taken as unchanged and the frequency
      carries the change;
    - money without acte, negative or unknown actes: that leaf stops at "consommation" (per head);
    - the cost per acte may itself be a product, prestation / actes = frais réels / actes × prestation / frais réels
      ("frais_moyens" × "part_amc"); on amounts paid so far, × paid / ultimate ("part_connue"), the actes and the frais
      réels being then those of the ultimate. A leaf with money and without frais réels or ultimate keeps "cout_moyen";
    - money without exposure in both periods, unknown or negative exposure: "sans_exposition";
    - unknown prestation in one period: the leaf is left out of both periods, and said.

    Parameters
    ----------
    before, after : pandas.DataFrame
        keys…, `prestation` (EUR), and when known `beneficiaires` (person-months) and `actes`; for the detailed cost,
        `frais_reels` (EUR) and `ultime` (EUR, what the prestation will be once all is paid).
    keys : sequence of str
        Columns of the leaf, for instance contract dimensions and `poste`.
    factors : sequence of str
        One of the products of :data:`CHAINS`, in any order. The default falls back to a coarser one when a measure is
        missing, with a warning; any other choice raises instead.
    exposure_keys : sequence of str, optional
        Subset of `keys` that carries the bénéficiaires, repeated on every leaf of the cell; a leaf without row keeps
        the exposure of its cell. None means that each leaf has its own exposure.

    Returns
    -------
    Bridge
        In EUR.

    Raises
    ------
    SchemaError
        A key or `prestation` is missing or is not a number.
    ParameterError
        Unknown product of factors, missing measure for it, or exposure key outside of the keys.
    InsufficientData
        Both periods are empty.
    """
    keys = tuple(keys)
    check_keys((before, after), keys, ("prestation",))
    cell_keys = check_exposure_keys(keys, exposure_keys)
    chain, notes = _choose_chain(before, after, tuple(factors))
    measures = ("prestation", *CHAINS[chain])
    check_keys((before, after), keys, measures)
    cells = align(before, after, keys=keys, measures=measures, exposure_keys=cell_keys)
    known, aside = known_leaves(cells, "prestation")
    effects, more = split_change(cells, chain, known)
    ordered = {f: effects[f] for f in factors if f in effects} | effects
    table = lay_out(cells.labels[known], {effect: amounts[known] for effect, amounts in ordered.items()})
    before_sum, after_sum = cells.measures["prestation"][known].sum(axis=0).tolist()
    warnings = (*notes, *aside, *more)
    return Bridge(table, float(table["montant"].sum()), keys, before_sum, after_sum, chain, warnings)


def lay_out(labels: pd.DataFrame, effects: dict[str, np.ndarray]) -> pd.DataFrame:
    """Long table: one row per leaf × effect, leaves in order, effects in the order given."""
    table = labels.iloc[np.repeat(np.arange(len(labels)), len(effects))].reset_index(drop=True)
    table["effet"] = pd.array(np.tile(np.array(list(effects), dtype=object), len(labels)), dtype="str")
    table["montant"] = np.column_stack(list(effects.values())).ravel()
    return table


def known_leaves(cells: Cells, measure: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Leaves whose measure is known in both periods, and a sentence about the others."""
    amounts = cells.measures[measure]
    known = ~np.isnan(amounts).any(axis=1)
    if known.all():
        return known, ()
    aside = format_euros(float(np.nansum(np.abs(amounts[~known]))))
    count = int((~known).sum())
    return known, (
        f"{count} cellule(s) laissée(s) de côté : {measure} inconnue sur une période au moins ({aside} sur l’autre).",
    )


def _choose_chain(
    before: pd.DataFrame, after: pd.DataFrame, factors: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    chain = next((c for c in CHAINS if sorted(c) == sorted(factors)), None)
    if chain is None:
        raise ParameterError(
            "Ces facteurs ne se multiplient pas pour donner les prestations.",
            remede="Choisir parmi : " + " ; ".join(" × ".join(c) for c in CHAINS) + ".",
            valeur=" × ".join(factors),
        )
    missing = [m for m in CHAINS[chain] if not (has_measure(before, m) and has_measure(after, m))]
    if not missing:
        return chain, ()
    if chain != FACTORS:
        raise ParameterError(
            "Ces facteurs demandent une mesure que les données n’ont pas.",
            remede="Ajouter la colonne ou choisir d’autres facteurs.",
            colonne=missing[0],
        )
    coarser = next(c for c, needs in CHAINS.items() if not set(needs) & set(missing))
    return coarser, (NOTES[coarser],)


def has_measure(frame: pd.DataFrame, measure: str) -> bool:
    """Whether a period has a measure, known on one row at least; an empty period lacks nothing."""
    return measure in frame.columns and (frame.empty or bool(frame[measure].notna().any()))
