"""The map of the regions: a tile each, a click to keep one, and a list of what is no region."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from analytics.descriptive.compare import compare_periods
from analytics.descriptive.regroup import UNSAID, regroup
from analytics.french import format_value
from analytics.indicators import Indicator, label_with_base
from analytics.schema import Dataset, Selection
from charts.picture import Picture
from charts.regions import FIELD, SELECTION, chart_regions
from data.references.regions import load_regions, recognise_regions
from pages.components import figure, state
from pages.components.cache import cached
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.sharing import hidden_values, may_show, say_hidden
from pages.components.sidebar import View

REGION, MAP = "region", "carte"
_TILE = "tuile "  # before a code, so that a value of the file that looks like a code is not taken for it


@dataclass(frozen=True)
class Atlas:
    """Where each value of the file stands, and the dataset with its regions under the names of the tiles.

    Attributes
    ----------
    places : pandas.DataFrame
        As `recognise_regions`.
    members : mapping of str to tuple of str
        Values of the file that make each tile.
    dataset : Dataset
    tiles : pandas.DataFrame
        As `load_regions`.
    """

    places: pd.DataFrame
    members: Mapping[str, tuple[str, ...]]
    dataset: Dataset
    tiles: pd.DataFrame


@dataclass(frozen=True)
class Shown:
    """What is drawn, kept between runs: the map, or why there is none, and what it does not hold."""

    picture: Picture | None
    reason: str
    members: Mapping[str, list[str]]
    hidden: int
    outside: pd.DataFrame
    notes: str


def show_map(view: View, indicator: Indicator) -> None:
    """Regions as tiles; a click keeps one in the perimeter, and what is no region is listed."""
    dataset = view.dataset
    if REGION not in dataset.dimensions:
        show_unlocks({dataset.label(REGION): ["carte des régions"]})
        return
    scope = without(view.selection, REGION)
    if not may_show(view, scope):
        st.info("Mode partage : la carte des régions demande un périmètre plus large.", icon=":material/shield_lock:")
        return
    with told_in_french():
        hidden = hidden_values(view, REGION, scope)
        atlas = cached("atlas", view.key, lambda: _atlas(view))
        table = cached("regions", view.key, lambda: _by_tile(atlas, indicator, scope), key=indicator.key, scope=scope)
        shown = cached(
            "map", view.key, lambda: _drawn(view, indicator, table, atlas, hidden),
            key=indicator.key, selection=view.selection, secret=sorted(hidden), shared=view.shared,
        )  # fmt: skip
        if shown.picture is not None:
            _show_tiles(view, shown)
        elif shown.reason:
            st.info(f"Carte, {indicator.label} : {safe(shown.reason)}.", icon=":material/info:")
        say_hidden(shown.hidden)
        if len(shown.outside):
            st.markdown("**Hors de la carte**, valeurs qui ne sont pas une région reconnue :")
            figure.show_table(shown.outside)
        if shown.notes:
            st.caption(f":material/history: {safe(shown.notes)}.")


def _show_tiles(view: View, shown: Shown) -> None:
    figure.show(
        shown.picture, key=MAP, is_demo=view.dataset.is_demo, on_select=functools.partial(keep_clicked, shown.members)
    )
    with st.container(horizontal=True):
        st.caption("Un clic sur une tuile filtre toute l’application sur cette région.")
        if view.selection.filtres.get(REGION):
            st.button(
                "Toutes les régions", key="carte_toutes", icon=":material/close:", type="tertiary",
                on_click=state.put, args=(state.filter_key(REGION), []),
            )  # fmt: skip


def _drawn(view: View, indicator: Indicator, table: pd.DataFrame, atlas: Atlas, hidden: frozenset[str]) -> Shown:
    """The map of what may be shown, what it leaves out, and what its names need said."""
    dataset = view.dataset
    secret = [bool(hidden.intersection(m)) or (view.shared and UNSAID in m) for m in table["membres"]]
    shown = table[~np.array(secret, dtype=bool)]
    tiles = _tiles(atlas.tiles, shown, view.selection.filtres.get(REGION, ()))
    picture, reason = None, ""
    if tiles["valeur"].notna().any():
        title = f"{label_with_base(indicator, dataset)} par région"
        picture = chart_regions(tiles, title=title, unit=indicator.unit, is_demo=dataset.is_demo)
    elif len(shown):
        reason = shown["raison"].iloc[0] or "aucune région reconnue dans la colonne des régions"
    members = {code: list(m) for code, m in zip(tiles["code"], tiles["membres"], strict=True) if m}
    outside = _outside(shown[shown["code"] == ""], atlas.places, indicator, dataset)
    return Shown(picture, reason, members, sum(secret), outside, _history(shown, atlas.places))


def keep_clicked(members: Mapping[str, list[str]]) -> None:
    """The tiles clicked become the regions of the perimeter; none clicked, all of them."""
    event = state.get(MAP) or {}
    picked = event["selection"].get(SELECTION, []) if "selection" in event else []
    state.put(state.filter_key(REGION), [v for tile in picked for v in members.get(str(tile[FIELD]), [])])


def _places(view: View) -> pd.DataFrame:
    """Region of each value of the file, its label read when the value itself says nothing."""
    values, dataset = view.opened.values[REGION], view.dataset
    places = recognise_regions(values)
    unread = places["code"] == ""
    labels = places.loc[unread, "valeur"].map(functools.partial(dataset.value_label, REGION))
    again = labels[labels != places.loc[unread, "valeur"]]
    for row, label in again.items():
        places.loc[row, ["code", "nature", "note"]] = recognise_regions([label]).loc[0, ["code", "nature", "note"]]
    return places


def _atlas(view: View) -> Atlas:
    places = _places(view)
    read = places[places["code"] != ""]
    names = {value: f"{_TILE}{code}" for value, code in zip(read["valeur"], read["code"], strict=True)}
    members = {name: tuple(v for v, n in names.items() if n == name) for name in names.values()}
    return Atlas(places, members, regroup(view.dataset, REGION, names), load_regions())


def _by_tile(atlas: Atlas, indicator: Indicator, scope: Selection) -> pd.DataFrame:
    """Indicator by tile or by value that is no region: code, valeur, reference, ecart, evolution, raison, membres."""
    table = compare_periods(atlas.dataset, indicator.key, by=(REGION,), selection=scope)
    return table.assign(
        membres=[atlas.members.get(name, (name,)) for name in table[REGION]],
        code=[name.removeprefix(_TILE) if name in atlas.members else "" for name in table[REGION]],
    )


def _tiles(regions: pd.DataFrame, table: pd.DataFrame, kept: tuple[str, ...]) -> pd.DataFrame:
    """Every tile of the map, with or without data; the overseas grouping only where a file uses it."""
    tiles = regions.merge(table[table["code"] != ""], on="code", how="left")
    tiles["membres"] = [m if isinstance(m, tuple) else () for m in tiles["membres"]]
    tiles["choisie"] = [not set(kept).isdisjoint(m) for m in tiles["membres"]]
    return tiles[(tiles["code"] != "5") | tiles["valeur"].notna()].reset_index(drop=True)


def _outside(rows: pd.DataFrame, places: pd.DataFrame, indicator: Indicator, dataset: Dataset) -> pd.DataFrame:
    """What the map does not draw, with its figures."""
    notes = dict(zip(places["valeur"], places["note"], strict=True))
    values = [dataset.value_label(REGION, v) for v in rows[REGION]]
    told = [format_value(v, indicator.unit) for v in rows["valeur"]]
    return pd.DataFrame(
        {"Valeur du fichier": values, indicator.label: told, "Remarque": [notes.get(v, "") for v in rows[REGION]]}
    )


def _history(shown: pd.DataFrame, places: pd.DataFrame) -> str:
    """The names that are not today's."""
    met = {value for members in shown["membres"] for value in members}
    noted = places[(places["code"] != "") & (places["note"] != "") & places["valeur"].isin(met)]
    return " ; ".join(f"{row.valeur} : {row.note}" for row in noted.itertuples())


def without(selection: Selection, dimension: str) -> Selection:
    """The selection with every value of a dimension: a map of one region would show nothing to compare."""
    return replace(selection, filtres={d: v for d, v in selection.filtres.items() if d != dimension})
