"""The dataset of the session: opened from the link, completed once, shared by every page."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

import data
from analytics.completion import Development, complete, develop_dataset, has_both_months, maturity
from analytics.errors import PaliersError, ReadError
from analytics.schema import Dataset
from data import store
from pages.components import state
from pages.components.cache import cached
from pages.components.engine import last_loaded

DEMO, ENGINE = "demo", "moteur"


@dataclass(frozen=True)
class Opened:
    """A dataset ready for the pages.

    Attributes
    ----------
    token : str
        Identifier in links.
    raw : Dataset
        As in the file, payment months included.
    completed : Dataset
        Payment months summed away and immature months developed.
    maturity : pandas.DataFrame
        mois, part_connue, statut.
    version : str
        What tells the data of an engine from those it gave earlier.
    development : Development or None
        How the care months were developed, None without both months.
    held_back : int or None
        Number of last months that the user holds as incomplete, None for the usual two.
    """

    token: str
    raw: Dataset
    completed: Dataset
    maturity: pd.DataFrame
    version: str = ""
    development: Development | None = None
    held_back: int | None = None

    @property
    def key(self) -> str:
        """What identifies these very data in a cache: the demonstration changes with the month, an engine any time."""
        return f"{self.token}@{self.raw.as_of}@{self.version}@{self.held_back}"

    @property
    def is_blind(self) -> bool:
        """Whether nothing tells how the last care months fill up: the user may say which are incomplete."""
        return self.development is None and self.raw.date_basis != "paiement" and not self.raw.prestation.empty

    @property
    def is_held(self) -> bool:
        """Whether it was dropped by somebody who has its link: it can be deleted."""
        return self.token not in (DEMO, ENGINE)

    @functools.cached_property
    def values(self) -> dict[str, list[str]]:
        """Values of each dimension, in the order a reader expects."""
        frames = (self.completed.prestation, self.completed.cotisation)
        found = {
            d: {str(v) for f in frames if d in f for v in f[d].dropna().unique()} for d in self.completed.dimensions
        }
        return {d: sorted(v, key=lambda x: (len(x) if x.isdigit() else 0, x)) for d, v in found.items()}

    @functools.cached_property
    def readable_dimensions(self) -> list[str]:
        """Dimensions with at least two values."""
        return [d for d, values in self.values.items() if len(values) > 1]

    @functools.cached_property
    def complete_months(self) -> pd.DatetimeIndex:
        """Months known well enough to be compared."""
        return pd.DatetimeIndex(self.maturity.loc[self.maturity["statut"] != "incomplet", "mois"])

    @functools.cached_property
    def incomplete_months(self) -> pd.DatetimeIndex:
        """Months muted on every chart and left out of every test and fit."""
        return pd.DatetimeIndex(self.maturity.loc[self.maturity["statut"] == "incomplet", "mois"])


def open_dataset(token: str) -> Opened:
    """Open a dataset by its identifier.

    Raises
    ------
    ReadError
        No dataset has this identifier any more.
    """
    if token == DEMO:
        return cached("dataset", f"{DEMO}@{pd.Timestamp.today():%Y-%m}", lambda: _opened(DEMO, data.demo_dataset()))
    loaded = last_loaded()
    if token == ENGINE and loaded.dataset is not None:
        return cached("dataset", f"{ENGINE}@{loaded.version}", lambda: _opened(ENGINE, loaded.dataset, loaded.version))
    if not store.exists(token):
        raise ReadError("Ce jeu de données n’existe pas, ou plus.", remede="Déposez le fichier de nouveau.")
    return cached("dataset", token, lambda: _opened(token, store.load(token)))


def _opened(token: str, raw: Dataset, version: str = "") -> Opened:
    development = develop_dataset(raw) if has_both_months(raw) and raw.main_measure is not None else None
    completed, table = complete(raw, development=development), maturity(raw, development=development)
    return Opened(token, raw, completed, table, version, development)


def hold_back(opened: Opened, months: int) -> Opened:
    """The same dataset, its last months held as incomplete by the user."""
    held = replace(opened, held_back=months)
    return cached("held_back", held.key, lambda: replace(held, maturity=maturity(held.raw, incomplete=months)))


def default_token() -> str:
    """What a link that names no dataset opens: the engine of this server when it has one, else the demonstration."""
    return DEMO if last_loaded().dataset is None else ENGINE


def current_dataset() -> Opened:
    """The dataset named by the link, or the one of every visitor."""
    token = state.mirror(state.DATASET) or default_token()
    try:
        opened = open_dataset(token)
    except PaliersError as error:
        state.keep(state.DATASET, None)
        missing = "Ce lien désigne un jeu de données supprimé ou inconnu."
        words = missing if isinstance(error, ReadError) else f"{error.message} {error.remede}"
        state.leave_notice("warning", f"{words} Voici la démonstration.")
        return open_dataset(DEMO)
    if opened.is_held and token not in state.opened():
        state.remember_opened(token)
    return opened


def use_dataset(token: str) -> None:
    """Make a dataset the one of every page; what was selected on the previous one is forgotten."""
    for key in [k for k in st.session_state if k.startswith(state.FILTER_PREFIX)]:
        del st.session_state[key]
    for key in (state.PERIOD, state.FIRST_MONTH, state.LAST_MONTH, state.INCOMPLETE):
        st.session_state.pop(key, None)
    state.keep(state.CONSTAT, None)
    state.keep(state.DATASET, None if token == default_token() else token)
    if token not in (DEMO, ENGINE):
        state.remember_opened(token)
