"""The gap between two periods of a dataset: its bridge, and how sure each effect is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pandas as pd

from analytics.completion import Development
from analytics.diagnostic.bounds import Bounds, bound_change, bound_ratio, list_estimated
from analytics.diagnostic.bridge import CHAINS, Bridge, decompose, has_measure, known_leaves
from analytics.diagnostic.cells import align
from analytics.diagnostic.effects import FACTORS, split_change
from analytics.diagnostic.explain import Leaves, build_leaves, premium_keys, unknown_changes
from analytics.diagnostic.ratio import RATE_MEASURES, decompose_ratio, lay_grid
from analytics.schema import Dataset, Selection

#: The bridge whose cost per acte is told in frais réels and share reimbursed.
DETAILED = (*FACTORS[:3], "frais_moyens", "part_amc")
CARE = ("actes", "frais_reels")
#: Effect of the amounts that are unknown in one of the periods, which the bridge sets aside.
UNKNOWN = "inconnu"
#: French name of each effect.
LABELS = {
    "effectif": "Nombre d’assurés",
    "mix": "Composition",
    "frequence": "Fréquence des actes",
    "cout_moyen": "Coût moyen par acte",
    "frais_moyens": "Frais réels par acte",
    "part_amc": "Part remboursée des frais",
    "cotisation_moyenne": "Cotisation par assuré",
    "consommation": "Consommation par tête",
    "actes": "Nombre d’actes",
    "prestation": "Montants",
    "taux": "Niveau propre aux segments",
    "ouverture": "Segments nouveaux",
    "fermeture": "Segments disparus",
    "sans_exposition": "Sans assurés connus",
    "sans_cotisation": "Sans cotisation connue",
    UNKNOWN: "Montants inconnus sur une des périodes",
}


@dataclass(frozen=True)
class Gap:
    """A change accounted for.

    Attributes
    ----------
    bridge : Bridge
    bounds : Bounds
        Errors of its effects; without source when every month is wholly paid.
    unknown : pandas.DataFrame
        keys… of the bridge and montant: what the amounts known in one period only do to the change; empty for a ratio,
        of which they cannot be told leaf by leaf.
    """

    bridge: Bridge
    bounds: Bounds
    unknown: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"montant": []}, dtype=float))

    @property
    def table(self) -> pd.DataFrame:
        """The leaves of the bridge and those that it sets aside, these under the effect :data:`UNKNOWN`."""
        if self.unknown.empty:
            return self.bridge.table
        aside = self.unknown.assign(effet=UNKNOWN)[list(self.bridge.table.columns)]
        return pd.concat([self.bridge.table, aside], ignore_index=True)


def can_detail(dataset: Dataset, measure: str) -> bool:
    """Whether the cost per acte of a measure splits into frais réels per acte and share reimbursed."""
    needed = measure == "prestation" and {"frais_reels", "actes"} <= set(dataset.prestation.columns)
    return needed and "beneficiaires" in dataset.cotisation.columns


def explain_gap(
    dataset: Dataset,
    measure: str,
    selection: Selection,
    before: Selection,
    *,
    development: Development | None = None,
    detailed: bool = False,
) -> Gap:
    """Bridge of an amount between two periods, and the errors that completion leaves in its effects.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    measure : str
        Amount of `prestation` explained (EUR), or "ratio_pc": rate, itself split when the file allows it, then mix.
    selection, before : Selection
        The period and the one that it is compared with.
    development : Development, optional
        What the data were completed with; None when no month is an estimate. The relative error of a poste and month
        stands for that of any perimeter within.
    detailed : bool
        Split the cost per acte of the prestations (see :func:`can_detail`); a period where one of the measures has no
        value keeps the plain cost.

    Raises
    ------
    InsufficientData
        One of the periods is empty.
    """
    if measure == "ratio_pc":
        return _explain_ratio(dataset, selection, before, development)
    leaves = build_leaves(dataset, measure, selection, before)
    factors = FACTORS
    if detailed:
        charged = _with_charged(leaves, dataset, selection, before)
        if all(has_measure(f, m) for f in (charged.before, charged.after) for m in CHAINS[DETAILED]):
            leaves, factors = charged, DETAILED
    bridge = decompose(
        leaves.before, leaves.after, keys=leaves.keys, exposure_keys=leaves.exposure_keys, factors=factors
    )
    aside = unknown_changes(leaves)
    if development is None:
        return Gap(bridge, Bounds(), aside)
    needed = CHAINS[bridge.factors]
    cells = align(
        leaves.before, leaves.after, keys=leaves.keys, measures=("prestation", *needed),
        exposure_keys=leaves.keys if leaves.exposure_keys is None else leaves.exposure_keys,
    )  # fmt: skip
    moving = {"prestation": measure, **{m: m for m in CARE if m in needed}}
    estimated = list_estimated(dataset, selection, before, development, labels=cells.labels, measures=moving)
    known, _ = known_leaves(cells, "prestation")
    bounds = bound_change(cells, lambda c: split_change(c, bridge.factors, known)[0], estimated)
    return Gap(bridge, bounds, aside)


def _explain_ratio(dataset: Dataset, selection: Selection, before: Selection, development: Development | None) -> Gap:
    leaves = build_leaves(dataset, "prestation", selection, before)
    carried = premium_keys(dataset, leaves.keys, leaves.exposure_keys or ())
    bridge = decompose_ratio(leaves.before, leaves.after, keys=leaves.keys, exposure_keys=carried, split_rate=True)
    if development is None:
        return Gap(bridge, Bounds())
    is_split = "frequence" in bridge.factors
    measures = ("prestation", "cotisation", *(RATE_MEASURES if is_split else ()))
    cells = align(leaves.before, leaves.after, keys=leaves.keys, measures=measures, exposure_keys=carried)
    moving = {name: name for name in ("prestation", "actes") if name in measures}
    estimated = list_estimated(dataset, selection, before, development, labels=cells.labels, measures=moving)
    grid = lay_grid(cells, leaves.keys, carried)
    return Gap(bridge, bound_ratio(cells, grid, estimated, split_rate=is_split))


def _with_charged(leaves: Leaves, dataset: Dataset, selection: Selection, before: Selection) -> Leaves:
    """The same leaves with their frais réels."""
    charged = build_leaves(dataset, "frais_reels", selection, before)

    def join(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
        keys = list(leaves.keys)
        if not keys:
            return frame.assign(frais_reels=other["prestation"].to_numpy())
        return frame.merge(
            other[[*keys, "prestation"]].rename(columns={"prestation": "frais_reels"}), on=keys, how="left"
        )

    return replace(leaves, before=join(leaves.before, charged.before), after=join(leaves.after, charged.after))
