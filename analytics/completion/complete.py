"""One cube for every page: the recent care months brought to their ultimate, cell by cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.completion.develop import Development
from analytics.completion.maturity import develop_dataset, has_both_months
from analytics.completion.triangle import encode_cells, sum_known
from analytics.french import format_euros
from analytics.schema import Dataset, measures_of


def complete(dataset: Dataset, *, development: Development | None = None) -> Dataset:
    """Sum the payment months away and scale every measure of a care month to its ultimate.

    Each measure of a line is multiplied by ultime / paye of its poste and care month, so that parts still add up and
    an average cost does not move. A month that cannot be completed keeps what is paid, and `findings` says so.

    Parameters
    ----------
    dataset : Dataset
        Without `mois_paiement` it is returned as it is; with an empty one the column only goes.
    development : Development, optional
        Already computed by :func:`develop_dataset`, by poste or any dimension of the table.

    Returns
    -------
    Dataset
        No `mois_paiement`; one line per care month and dimension values. The maturity of its months must be asked of
        the dataset it comes from.
    """
    if "mois_paiement" not in dataset.prestation.columns:
        return dataset
    summed = without_payment_months(dataset.prestation)
    if not has_both_months(dataset):
        return replace(dataset, prestation=summed)
    development = development or develop_dataset(dataset)
    ratio = ratio_of(summed, development)
    known = ~np.isnan(ratio)
    factor = np.where(known, ratio, 1.0)
    scaled = {m: summed[m] * factor for m in measures_of(summed)}
    findings = _findings(development, summed, known)
    return replace(
        dataset,
        prestation=summed.assign(**scaled),
        findings=pd.concat([dataset.findings, findings], ignore_index=True) if len(findings) else dataset.findings,
    )


def without_payment_months(prestation: pd.DataFrame) -> pd.DataFrame:
    """A table of care, one line per care month and dimension values."""
    measures = measures_of(prestation)
    keys = [c for c in prestation.columns if c not in measures and c != "mois_paiement"]
    numbers, cells = encode_cells(prestation, keys)
    amounts = {m: prestation[m].to_numpy(dtype=float, na_value=np.nan) for m in measures}
    sums = {m: sum_known(amounts[m], numbers, len(cells)) for m in measures}
    return cells.assign(**sums)[[c for c in prestation.columns if c != "mois_paiement"]]


def ratio_of(summed: pd.DataFrame, development: Development) -> np.ndarray:
    """Ultime / paye of each line; 1 once fully developed, NaN where its month cannot be completed."""
    table, keys = development.table, ["mois", *development.by]
    paid, ultimate = table["paye"].to_numpy(), table["ultime"].to_numpy()
    finished = (table["part_connue"].to_numpy() == 1) & (table["se"].to_numpy() == 0)
    possible = (paid > 0) & (ultimate > 0)
    ratio = np.divide(ultimate, paid, out=np.full(len(table), np.nan), where=possible)
    joined = summed[keys].merge(table[keys].assign(ratio=np.where(finished, 1.0, ratio)), on=keys, how="left")
    return joined["ratio"].to_numpy()


def _findings(development: Development, summed: pd.DataFrame, known: np.ndarray) -> pd.DataFrame:
    table, measure = development.table, development.measure
    kept = float(summed.loc[~known, measure].sum())
    unpaid = table[(table["paye"] <= 0) & (table["ultime"] > 0)]
    rows = []
    if (~known).any():
        rows.append(
            _finding(
                "completion_impossible",
                f"{format_euros(kept)} sur des mois qui ne peuvent pas être complétés : gardés au montant payé.",
                kept,
            )
        )
    if len(unpaid):
        amount = float(unpaid["ultime"].sum())
        rows.append(
            _finding(
                "completion_sans_ligne",
                f"{format_euros(amount)} attendus sur des mois où rien n’est encore payé : absents du total complété.",
                amount,
            )
        )
    return pd.DataFrame(rows)


def _finding(code: str, message: str, amount: float) -> dict[str, object]:
    return {
        "code": code,
        "severite": "avertissement",
        "table": "prestation",
        "message": message,
        "remede": "Grisez ces mois ou attendez la prochaine clôture.",
        "euros": amount,
    }
