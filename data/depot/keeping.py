"""What an accepted upload leaves in the store for the next one of who holds it: its answers and its quality."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping

from analytics.errors import PaliersError
from analytics.schema import Dataset
from data import checks, store
from data.mapping.layouts import OF_ONE_FILE
from data.store import Deposit

LOGGER = logging.getLogger("paliers.depot")
LAYOUT, ANSWERS = "presentation", "reponses"


def remember(token: str, dataset: Dataset, layout: str, answers: Mapping[str, str], held: Iterable[str]) -> None:
    """Note the quality of a dataset after those of the same source, and its answers: both go when it is erased.

    The source is that of the first dataset held of the same layout: nobody is shown what the file of another holds.
    The dataset is already safe: what cannot be noted is said in the journal of the server, and takes nothing back.
    """
    kept = {k: v for k, v in answers.items() if k.partition(":")[0] not in OF_ONE_FILE}
    try:
        summary = checks.quality_summary(dataset, checks.run_checks(dataset)) | {LAYOUT: layout, ANSWERS: kept}
        same = (d.source_key for d in _deposits(held) if layout and d.summary.get(LAYOUT) == layout)
        store.record_deposit(token, next(same, None) or secrets.token_urlsafe(16), summary)
    except PaliersError as error:
        LOGGER.warning("Réponses ou qualité d’un dépôt non notées (%s).", type(error).__name__)


def recall(held: Iterable[str]) -> dict[str, dict[str, str]]:
    """Answers given to the datasets held, by layout: those of the first one of each layout that had any."""
    known: dict[str, dict[str, str]] = {}
    try:
        for deposit in _deposits(held):
            layout, answers = deposit.summary.get(LAYOUT), deposit.summary.get(ANSWERS)
            if isinstance(layout, str) and layout and isinstance(answers, dict) and answers:
                known.setdefault(layout, {str(k): str(v) for k, v in answers.items()})
    except PaliersError as error:  # the file is then asked about as if it were the first one
        LOGGER.warning("Réponses des dépôts précédents non lues (%s).", type(error).__name__)
    return known


def _deposits(held: Iterable[str]) -> Iterator[Deposit]:
    """Deposits of the datasets held that still exist."""
    found = (store.deposit_of(token) for token in dict.fromkeys(held) if store.exists(token))
    return (deposit for deposit in found if deposit is not None)
