"""The uploads of this server, and what is erased while nobody looks."""

from __future__ import annotations

from datetime import UTC, datetime

from streamlit.logger import get_logger

from analytics.errors import PaliersError
from data import store
from data.depot import Depot
from pages.components.cache import forget_everything
from pages.components.jobs import get_jobs

LOGGER = get_logger("paliers")
DEPOT = Depot()


def clear_out() -> None:
    """Erase the datasets past their last day, the uploads left for a day, and what no dataset names any more."""
    try:
        abandoned = DEPOT.sweep()
        purged = store.purge(datetime.now(UTC).date())
    except (PaliersError, OSError) as error:  # tried again at the next round; a figure never depends on it
        LOGGER.error("Le ménage du dossier de données a échoué (%s).", type(error).__name__)
        return
    if purged:
        forget_everything()
        get_jobs().forget_finished()
        get_jobs().forget_of({proof.trace for proof in purged})
    if abandoned or purged:
        LOGGER.info("Ménage : %d dépôts abandonnés, %d jeux de données échus.", abandoned, len(purged))
