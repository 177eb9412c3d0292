"""Three sentences that sum up a period, built from the tables that they print."""

from __future__ import annotations

from analytics.constat import Sentence, describe
from analytics.descriptive.compare import compare_periods
from analytics.descriptive.finding import build_constat
from analytics.french import format_gap, is_missing
from analytics.indicators import INDICATORS, missing_measures
from analytics.schema import Dataset, Selection


def summarise(dataset: Dataset, selection: Selection, *, segments: bool = True) -> tuple[Sentence, ...]:
    """Level of the main measure, ratio of benefits to premiums when known, and the poste or segment that weighs most.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    selection : Selection
        Period, perimeter and comparison.
    segments : bool
        False leaves out the sentence that names a group.

    Returns
    -------
    tuple of Sentence
        At most three, fewer when the columns are not there.
    """
    main = dataset.main_measure
    if main is None:
        return (describe(build_constat(dataset, "cotisation", selection), dataset),)
    sentences = [describe(build_constat(dataset, main, selection), dataset)]
    if not missing_measures(INDICATORS["ratio_pc"], dataset):
        ratio = build_constat(dataset, "ratio_pc", selection)
        if not is_missing(ratio.valeur):
            sentences.append(describe(ratio, dataset))
    heaviest = _heaviest(dataset, main, selection) if segments else None
    return (*sentences, heaviest) if heaviest else tuple(sentences)


def _heaviest(dataset: Dataset, main: str, selection: Selection) -> Sentence | None:
    """The group whose own change weighs most in the change of the whole."""
    dimension = next(
        (d for d in dataset.dimensions if d in dataset.prestation and dataset.prestation[d].nunique() > 1), ""
    )
    whole = build_constat(dataset, main, selection)
    if not dimension or is_missing(whole.ecart):
        return None
    table = compare_periods(dataset, main, by=(dimension,), selection=selection)
    table["ecart"] = table["valeur"].fillna(0.0) - table["reference"].fillna(0.0)  # opened or closed in between
    if len(table) < 2:
        return None
    total = whole.ecart
    row = table.loc[(table["ecart"] * (1 if total >= 0 else -1)).idxmax()]
    share, whole = format_gap(row["ecart"], "EUR"), format_gap(total, "EUR")
    name = dataset.value_label(dimension, row[dimension])
    text = f"{dataset.label(dimension)} qui pèse le plus dans cet écart : {name}, {share} sur {whole}."
    return Sentence(text, (share, whole))
