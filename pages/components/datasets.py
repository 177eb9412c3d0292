"""The dataset of the session: opened from the link, completed once, shared by every page."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pandas as pd
import streamlit as st

import data
from analytics.completion import complete, maturity
from analytics.errors import PaliersError, ReadError
from analytics.schema import Dataset
from data import store
from pages.components import state
from pages.components.cache import cached

DEMO = "demo"


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
    """

    token: str
    raw: Dataset
    completed: Dataset
    maturity: pd.DataFrame

    @property
    def key(self) -> str:
        """What identifies these very data in a cache: the demonstration changes with the month."""
        return f"{self.token}@{self.raw.as_of}"

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
    if token != DEMO and not store.exists(token):
        raise ReadError("Ce jeu de données n’existe pas, ou plus.", remede="Déposez le fichier de nouveau.")
    key = f"{DEMO}@{pd.Timestamp.today():%Y-%m}" if token == DEMO else token
    return cached("dataset", key, lambda: _open(token))


def _open(token: str) -> Opened:
    raw = data.demo_dataset() if token == DEMO else store.load(token)
    return Opened(token, raw, complete(raw), maturity(raw))


def current_dataset() -> Opened:
    """The dataset named by the link, or the demonstration."""
    token = state.mirror(state.DATASET) or DEMO
    if token == DEMO:
        return open_dataset(DEMO)
    try:
        opened = open_dataset(token)
    except PaliersError:
        state.keep(state.DATASET, None)
        st.warning(
            "Ce lien désigne un jeu de données supprimé ou inconnu. Voici la démonstration.", icon=":material/link_off:"
        )
        return open_dataset(DEMO)
    if token not in state.opened():
        state.remember_opened(token)
    return opened


def use_dataset(token: str) -> None:
    """Make a dataset the one of every page; what was selected on the previous one is forgotten."""
    for key in [k for k in st.session_state if k.startswith(state.FILTER_PREFIX)]:
        del st.session_state[key]
    for key in (state.PERIOD, state.FIRST_MONTH, state.LAST_MONTH):
        st.session_state.pop(key, None)
    state.keep(state.CONSTAT, None)
    state.keep(state.DATASET, None if token == DEMO else token)
    if token != DEMO:
        state.remember_opened(token)
