"""Whether an error of the data, rather than the business, makes the difference between two periods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analytics.constat import Constat
from analytics.diagnostic.data_errors import FAMILY_OF, touching_errors
from analytics.indicators import get_indicator
from analytics.schema import MONEY_MEASURES, Dataset, Selection
from analytics.verdict import Reponse

#: A finding that is not grave makes the answer from this share of the amount compared, or of its change.
_SMALL, _SMALL_OF_GAP = 0.001, 0.01


@dataclass(frozen=True)
class DataVerdict:
    """What the checks say of a comparison.

    Attributes
    ----------
    reponse : {"oui", "non", "on ne peut pas dire"}
    touching : pandas.DataFrame
        What touches the comparison, from :func:`analytics.diagnostic.data_errors.touching_errors`.
    elsewhere : int
        Grave findings that do not touch it.
    valeur, reference : float
        The indicator of both periods without what the findings tell; NaN when nothing can be told.
    exact : bool
        Whether these two are not estimates.
    untested : dict of str to str
        Family -> why it could not be tested.
    """

    reponse: Reponse
    touching: pd.DataFrame
    elsewhere: int
    valeur: float
    reference: float
    exact: bool
    untested: Mapping[str, str]

    @property
    def ecart(self) -> float:
        """Change without the errors."""
        return self.valeur - self.reference

    @property
    def evolution(self) -> float:
        """Relative change without the errors; NaN without a positive reference."""
        return self.ecart / self.reference if self.reference > 0 else math.nan


def judge_data(
    findings: pd.DataFrame,
    constat: Constat,
    before: Selection,
    dataset: Dataset,
    *,
    untested: Mapping[str, str],
    known: Mapping[pd.Timestamp, float] | None = None,
) -> DataVerdict:
    """Whether an error of data touches a comparison, and what the change would be without it.

    Parameters
    ----------
    findings : pandas.DataFrame
        What the quality checks found.
    constat : Constat
        The figure explained, its perimeter and its period.
    before : Selection
        The period that it is compared with.
    dataset : Dataset
        The data that the figure comes from, for the sums of a ratio.
    untested : mapping of str to str
        Family -> why its checks could not run.
    known : mapping of month to float, optional
        As in :func:`analytics.diagnostic.data_errors.errors_within`.
    """
    indicator = get_indicator(constat.indicator, dataset)
    parts = indicator.measures
    main = dataset.main_measure
    tables = {"cotisation" if part == "cotisation" else "prestation" for part in parts} or {"prestation"}
    touching = touching_errors(
        findings, constat.selection, before, known=known, tables=tables, measures={*parts, *filter(None, [main])}
    )
    scale, gap = _at_stake(constat, before, dataset)
    doubtful = any(_counts(row, scale, gap) for row in touching.itertuples())
    grave = findings["severite"].eq("grave").sum() if len(findings) else 0
    valeur, reference = _without(_apart(touching), constat, before, dataset, parts)
    untested = {**untested, **_unplaced(findings)}
    reponse: Reponse = "oui" if doubtful else "on ne peut pas dire" if untested else "non"
    return DataVerdict(
        reponse, touching, int(grave - touching["severite"].eq("grave").sum()), valeur, reference,
        bool(touching["exact"].all()), untested,
    )  # fmt: skip


def _unplaced(findings: pd.DataFrame) -> dict[str, str]:
    """Families with a finding that does not say where it is: it was kept before findings could."""
    told = findings.reindex(columns=["code", "severite", "mois_debut", "effets"], fill_value="").fillna("")
    told = told[told["code"].isin(FAMILY_OF) & (told["severite"] != "info")]
    lost = told.loc[(told["mois_debut"] == "") & (told["effets"] == ""), "code"]
    why = "trouvé à la lecture, sans ses mois : déposez de nouveau ce fichier"
    return {FAMILY_OF[code]: why for code in lost}


def _at_stake(constat: Constat, before: Selection, dataset: Dataset) -> tuple[float, float]:
    """EUR compared and EUR of their change: those of an amount, or what the change of another figure makes of them."""
    if constat.indicator in MONEY_MEASURES:
        return abs(constat.reference), abs(constat.ecart)
    main = dataset.main_measure
    if main is None:
        return math.nan, math.nan
    amounts = dataset.prestation.loc[before.mask(dataset.prestation).to_numpy(), main]
    scale = abs(float(amounts.sum(min_count=1)))
    return scale, abs(constat.evolution) * scale


def _counts(row, scale: float, gap: float) -> bool:
    """Whether a finding is enough to doubt the comparison: one that is not grave must weigh something."""
    if row.severite == "grave" or pd.isna(row.en_jeu) or math.isnan(scale):
        return True
    return row.en_jeu >= _SMALL * scale or row.en_jeu >= _SMALL_OF_GAP * gap > 0


def _apart(touching: pd.DataFrame) -> pd.DataFrame:
    """Findings whose effects add up: what two of them tell of the same lines is taken once."""
    covered = touching["famille"] == "perimetre"
    once = touching[covered].sort_values("en_jeu", ascending=False, kind="stable").drop_duplicates("debut")
    return pd.concat([touching[~covered], once]) if len(once) else touching


def _without(
    told: pd.DataFrame, constat: Constat, before: Selection, dataset: Dataset, parts: Sequence[str]
) -> tuple[float, float]:
    """The indicator of both periods without the errors; NaN when an effect is not known, or none is."""
    main = dataset.main_measure
    if told.empty or told[["periode", "reference"]].isna().any(axis=None):
        return math.nan, math.nan
    covered = told["famille"] == "perimetre"  # another population changes both terms of a ratio
    if ((told["table"] == "prestation") & (main not in parts)).any() or (len(parts) > 1 and covered.any()):
        return math.nan, math.nan
    premium = (told["table"] == "cotisation") & ~covered
    found = []
    for value, column, selection in (
        (constat.valeur, "periode", constat.selection), (constat.reference, "reference", before),
    ):  # fmt: skip
        care, paid = told.loc[~premium, column].sum(), told.loc[premium, column].sum()
        if constat.indicator in MONEY_MEASURES:
            found.append(value - (paid if constat.indicator == "cotisation" else care))
            continue
        frames = {"cotisation": dataset.cotisation, main: dataset.prestation}
        above, below = (float(frames[p].loc[selection.mask(frames[p]).to_numpy(), p].sum()) for p in parts)
        found.append((above - care) / (below - paid) if below != paid else math.nan)
    return found[0], found[1]
