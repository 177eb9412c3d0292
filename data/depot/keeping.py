"""What an accepted upload leaves in the store for the next one: its answers and its quality."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping

from analytics.errors import PaliersError
from analytics.schema import Dataset
from data import checks, store

LOGGER = logging.getLogger("paliers.depot")
LAYOUT = "presentation"


def remember(token: str, dataset: Dataset, layout: str, answers: Mapping[str, str], held: Iterable[str]) -> None:
    """Note the answers for the next file of this layout, and the quality of this one after those of the same source.

    The source is that of the first dataset held of the same layout: nobody is shown what the file of another holds.
    The dataset is already safe: what cannot be noted is said in the journal of the server, and takes nothing back.
    """
    try:
        if layout and answers:
            store.remember_answers(layout, dict(answers))
        summary = checks.quality_summary(dataset, checks.run_checks(dataset)) | {LAYOUT: layout}
        known = (store.deposit_of(other) for other in held if store.exists(other))
        same = (d.source_key for d in known if d is not None and layout and d.summary.get(LAYOUT) == layout)
        store.record_deposit(token, next(same, None) or secrets.token_urlsafe(16), summary)
    except PaliersError as error:
        LOGGER.warning("Réponses ou qualité d’un dépôt non notées (%s).", type(error).__name__)


def recall(layout: str) -> dict[str, str]:
    """Answers given earlier for a layout."""
    return {str(k): str(v) for k, v in store.recall_answers(layout).items()} if layout else {}
