"""The map of the regions: a tile each, a click to keep one, and a list of what is no region."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import streamlit as st

from analytics.descriptive.compare import compare_periods
from analytics.descriptive.regroup import UNSAID, regroup
from analytics.french import format_value
from analytics.indicators import Indicator
from analytics.schema import Dataset, Selection
from charts.regions import FIELD, SELECTION, chart_regions
from data.references.regions import load_regions, recognise_regions
from pages.components import figure, state
from pages.components.cache import cached
from pages.components.cards import label_with_base
from pages.components.messages import safe, show_unlocks, told_in_french
from pages.components.sharing import hidden_values, may_show, say_hidden
from pages.components.sidebar import View

REGION, MAP = "region", "carte"
_TILE = "tuile "  # before a code, so that a value of the file that looks like a code is not taken for it


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
        places = _places(view)
        table = cached(
            "regions", view.key, lambda: _by_tile(dataset, indicator, scope, places), key=indicator.key, scope=scope
        )
        shown = table[~table["membres"].map(lambda m: bool(hidden.intersection(m)) or (view.shared and UNSAID in m))]
        tiles = _tiles(shown, view.selection.filtres.get(REGION, ()))
        if tiles["valeur"].notna().any():
            _show_tiles(view, indicator, tiles, hidden)
        elif len(shown):
            reason = shown["raison"].iloc[0] or "aucune région reconnue dans la colonne des régions"
            st.info(f"Carte, {indicator.label} : {safe(reason)}.", icon=":material/info:")
        say_hidden(len(table) - len(shown))
        _say_places(shown, places, indicator, dataset)


def _show_tiles(view: View, indicator: Indicator, tiles: pd.DataFrame, hidden: frozenset[str]) -> None:
    title = f"{label_with_base(indicator, view.dataset)} par région"
    picture = cached(
        "map", view.key,
        lambda: chart_regions(tiles, title=title, unit=indicator.unit, is_demo=view.dataset.is_demo),
        key=indicator.key, selection=view.selection, secret=sorted(hidden),
    )  # fmt: skip
    members = {code: list(m) for code, m in zip(tiles["code"], tiles["membres"], strict=True) if m}
    figure.show(picture, key=MAP, is_demo=view.dataset.is_demo, on_select=lambda: keep_clicked(members))
    with st.container(horizontal=True):
        st.caption("Un clic sur une tuile filtre toute l’application sur cette région.")
        if view.selection.filtres.get(REGION):
            st.button(
                "Toutes les régions", key="carte_toutes", icon=":material/close:", type="tertiary",
                on_click=state.put, args=(state.filter_key(REGION), []),
            )  # fmt: skip


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


def _by_tile(dataset: Dataset, indicator: Indicator, scope: Selection, places: pd.DataFrame) -> pd.DataFrame:
    """Indicator by tile or by value that is no region: code, valeur, reference, ecart, evolution, raison, membres."""
    read = places[places["code"] != ""]
    names = {value: f"{_TILE}{code}" for value, code in zip(read["valeur"], read["code"], strict=True)}
    table = compare_periods(regroup(dataset, REGION, names), indicator.key, by=(REGION,), selection=scope)
    members = {name: tuple(v for v, n in names.items() if n == name) for name in names.values()}
    table["membres"] = table[REGION].map(lambda name: members.get(name, (name,)))
    table["code"] = table[REGION].map(lambda name: name.removeprefix(_TILE) if name in members else "")
    return table


def _tiles(table: pd.DataFrame, kept: tuple[str, ...]) -> pd.DataFrame:
    """Every tile of the map, with or without data; the overseas grouping only where a file uses it."""
    tiles = load_regions().merge(table[table["code"] != ""], on="code", how="left")
    tiles["membres"] = tiles["membres"].map(lambda m: m if isinstance(m, tuple) else ())
    tiles["choisie"] = tiles["membres"].map(lambda m: bool(set(m) & set(kept)))
    return tiles[(tiles["code"] != "5") | tiles["valeur"].notna()].reset_index(drop=True)


def _say_places(shown: pd.DataFrame, places: pd.DataFrame, indicator: Indicator, dataset: Dataset) -> None:
    """What the map does not draw, with its figures, and the names that are not today's."""
    outside = shown[shown["code"] == ""]
    notes = places.set_index("valeur")["note"]
    if len(outside):
        st.markdown("**Hors de la carte**, valeurs qui ne sont pas une région reconnue :")
        values = [dataset.value_label(REGION, v) for v in outside[REGION]]
        told = outside["valeur"].map(lambda v: format_value(v, indicator.unit))
        remarks = [notes.get(v, "") for v in outside[REGION]]
        figure.show_table(
            pd.DataFrame({"Valeur du fichier": values, indicator.label: told.to_numpy(), "Remarque": remarks})
        )
    met = {value for members in shown["membres"] for value in members}
    noted = places[(places["code"] != "") & (places["note"] != "") & places["valeur"].isin(met)]
    if len(noted):
        lines = " ; ".join(f"{row.valeur} : {row.note}" for row in noted.itertuples())
        st.caption(f":material/history: {safe(lines)}.")


def without(selection: Selection, dimension: str) -> Selection:
    """The selection with every value of a dimension: a map of one region would show nothing to compare."""
    return replace(selection, filtres={d: v for d, v in selection.filtres.items() if d != dimension})
