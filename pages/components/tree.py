"""The decomposition tree that the reader drives: one level at a time, on the numbers of the bridge and of the cards."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from analytics.constat import Constat, describe, describe_perimeter, in_sentence, to_param
from analytics.descriptive import comparison_period
from analytics.diagnostic import build_leaves
from analytics.diagnostic.tree import (
    MAX_LEVELS,
    Proposal,
    grow_tree,
    measure_node,
    open_dimensions,
    pick_split,
    rank_splits,
    read_path,
    split_by,
    write_path,
)
from analytics.diagnostic.tree_level import Path, Tree
from analytics.french import format_gap, format_percent, is_missing
from analytics.indicators import get_indicator
from analytics.schema import Selection
from charts.picture import Picture
from charts.tree import FIELD, SELECTION, chart_tree
from pages.components import figure, state
from pages.components.bridge import bridge_of
from pages.components.cache import cached
from pages.components.causes import explained_measure, find_unread
from pages.components.constat import measure, steps
from pages.components.messages import safe, told_in_french
from pages.components.sharing import hidden_among, may_show, say_hidden
from pages.components.sidebar import View

#: The one word of the link: the path, then the dimension that splits its end.
TREE = "arbre"
FOLD, KEPT, MOVES = "arbre_ouvert", "_arbre", "_arbre_pas"
MAX_BARS = 8
PROPOSALS = {
    "hausse": ("Plus forte hausse", ":material/trending_up:"),
    "baisse": ("Plus forte baisse", ":material/trending_down:"),
}
CENT = 0.01
_LONGEST = 60


@dataclass(frozen=True)
class Shown:
    """One level, kept between runs: its bars, the values that can be gone down into with their words, what is hidden,
    what is proposed."""

    picture: Picture | None
    values: dict[str, str]
    hidden: int
    proposals: dict[str, Proposal | None]


def show_tree(view: View, constat: Constat) -> None:
    """The change of a finding, folded until it is asked for or the link stands somewhere in it."""
    if is_missing(constat.ecart) or view.dataset.main_measure is None:
        return  # the answer of the section says why
    word = _mirror(to_param(constat))
    if word and state.get(FOLD) is None:
        state.put(FOLD, True)
    with figure.folded("Chercher soi-même, pas à pas", icon=":material/account_tree:", key=FOLD) as is_open:
        if is_open:
            with told_in_french():
                _show(view, constat, word)


def tree_of(view: View, constat: Constat) -> Tree:
    """The tree of a finding, made once from its bridge."""
    dataset, selection, key = view.dataset, constat.selection, explained_measure(view, constat)

    def compute() -> Tree:
        leaves = build_leaves(dataset, key, selection, comparison_period(selection))
        return grow_tree(bridge_of(view, constat), leaves)

    return cached("tree", view.key, compute, s=selection, k=constat.indicator)


def _show(view: View, constat: Constat, word: str) -> None:
    tree, unit = tree_of(view, constat), get_indicator(constat.indicator, view.dataset).unit
    walk = read_path(tree, word)
    path = _allowed(view, constat, tree, walk.path)
    _say_ignored(walk.ignored, secret=len(path) < len(walk.path))
    _show_crumbs(view, constat, tree, path, unit)
    if path:
        st.markdown(safe(_say_node(view, constat, tree, path, unit)))
    dimensions = open_dimensions(tree, path)
    if dimensions:
        asked = walk.dimension if path == walk.path and walk.dimension in dimensions else None
        _show_level(view, constat, tree, path, dimensions, asked)
    else:
        st.caption(f"Le bout du chemin : {MAX_LEVELS} niveaux au plus." if len(path) >= MAX_LEVELS else
                   "Le bout du chemin : plus aucune dimension ne découpe ce périmètre.")  # fmt: skip
    if path:
        _show_way_up(view, constat, tree, path, unit)


# --- where the reader stands: in the link, and kept for the visit -----------------------------------------------------


def _mirror(subject: str) -> str:
    """The word of the link; coming back to the page, the one left on the same finding."""
    word = st.query_params.get(TREE)
    kept = state.get(KEPT)
    if word is None and kept and kept[0] == subject and kept[1]:
        word = st.query_params[TREE] = kept[1]
    state.put(KEPT, (subject, word or ""))
    return word or ""


def _go(path: Path, dimension: str | None = None) -> None:
    """Stand elsewhere; charts and lists start anew, so that a click made here is not heard again there."""
    word = write_path(path, dimension)
    if word:
        st.query_params[TREE] = word
    else:
        st.query_params.pop(TREE, None)
    state.put(KEPT, None)
    state.put(MOVES, state.get(MOVES, 0) + 1)


def _allowed(view: View, constat: Constat, tree: Tree, path: Path) -> Path:
    """The beginning of a path that this mode may show."""
    for place, (dimension, value) in enumerate(path):
        if value in _hidden(view, constat, tree, path[:place], dimension):
            return path[:place]
        if not may_show(view, narrower(constat, path[: place + 1])):
            return path[:place]
    return path


def _hidden(view: View, constat: Constat, tree: Tree, path: Path, dimension: str) -> frozenset[str]:
    """Values that this mode hides under a path."""
    if not view.shared:
        return frozenset()
    met = split_by(tree, path, dimension).table["valeur"]
    return hidden_among(view, dimension, narrower(constat, path), tuple(met))


def narrower(constat: Constat, path: Path) -> Selection:
    """The selection of a finding under a path."""
    return replace(constat.selection, filtres={**constat.selection.filtres, **{d: (v,) for d, v in path}})


def _say_ignored(ignored: tuple[str, ...], *, secret: bool) -> None:
    if ignored:
        told = ", ".join(f"« {text[:_LONGEST]} »" for text in ignored)
        st.caption(f":material/link_off: Étape du lien absente de ces données, ignorée : {safe(told)}.")
    if secret:
        st.caption(":material/shield_lock: Mode partage : la suite du chemin compte trop peu de personnes.")


# --- the path ---------------------------------------------------------------------------------------------------------


def _show_crumbs(view: View, constat: Constat, tree: Tree, path: Path, unit: str) -> None:
    """Each level of the path with its change, a button that goes back to it, and the way to start again."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="arbre_chemin"):
        for depth in range(len(path) + 1):
            amount = format_gap(measure_node(tree, path[:depth])[0], unit)
            name = safe(_step_name(view, *path[depth - 1]) if depth else _whole_name(view, constat))
            if depth == len(path):
                st.markdown(f"{'› ' if depth else ''}**{name}** {amount}", width="content")
                continue
            st.button(
                f"{name} {amount}", key=f"arbre_niveau_{depth}", on_click=_go, args=(path[:depth],), type="tertiary",
                icon=":material/chevron_right:" if depth else None,
            )  # fmt: skip
        if path:
            st.button("Recommencer", key="arbre_debut", icon=":material/restart_alt:", type="tertiary",
                      on_click=_go, args=((),))  # fmt: skip


def _whole_name(view: View, constat: Constat) -> str:
    return describe_perimeter(constat.selection, view.dataset)


def _step_name(view: View, dimension: str, value: str) -> str:
    return f"{view.dataset.label(dimension)} : {view.dataset.value_label(dimension, value)}"


def _level_name(view: View, constat: Constat, path: Path) -> str:
    """The last value of a path, or the whole."""
    name = view.dataset.value_label(*path[-1]) if path else _whole_name(view, constat)
    return name[:1].upper() + name[1:]


def _say_node(view: View, constat: Constat, tree: Tree, path: Path, unit: str) -> str:
    """What the last value did, beside the level above and beside the whole."""
    split = split_by(tree, path[:-1], path[-1][0])
    row = split.table[split.table["valeur"] == path[-1][1]].iloc[0]
    above, name = _level_name(view, constat, path[:-1]), _step_name(view, *path[-1])
    told = f"{name} : {format_gap(row['montant'], unit)}"
    if not is_missing(row["part"]):
        told += f", soit {format_percent(row['part'])} de l’écart de « {above} »"
    whole = measure_node(tree, path)[1]
    if len(path) > 1 and not is_missing(whole):
        told += f" et {format_percent(whole)} de l’écart expliqué"
    if is_missing(row["ecart"]):
        return f"{told}. Rien avant : pas de rythme auquel le comparer."
    side = "au-dessus" if row["ecart"] > 0 else "au-dessous"
    return (
        f"{told}. Au rythme de « {above} », ce serait {format_gap(row['attendu'], unit)} : "
        f"{format_gap(abs(row['ecart']), unit).lstrip('+')} {side}."
    )


# --- the level --------------------------------------------------------------------------------------------------------


def _show_level(
    view: View, constat: Constat, tree: Tree, path: Path, dimensions: tuple[str, ...], asked: str | None
) -> None:
    """The next split: proposed, or chosen by dimension then by value, on the bars or in a list."""
    options = {"c": to_param(constat), "path": path, "partage": view.shared}
    ranked = cached("tree_rank", view.key, lambda: rank_splits(tree, path), c=options["c"], path=path)
    first = asked or _first(ranked, dimensions, _hider(view, constat, tree, path))
    shown = cached(
        "tree_level", view.key, lambda: _drawn(view, constat, tree, path, first, ranked), dimension=first, **options
    )
    _show_proposals(view, constat, path, shown)
    moves = state.get(MOVES, 0)
    by, into = f"arbre_par_{moves}", f"arbre_vers_{moves}"
    state.put(by, first)
    st.segmented_control(
        "Découper par", dimensions, required=True, format_func=lambda d: safe(view.dataset.label(d)), key=by,
        on_change=lambda: _go(path, state.get(by)),
    )  # fmt: skip
    if shown.picture is not None:
        bars = f"arbre_image_{moves}"
        figure.show(
            shown.picture, key=bars, is_demo=view.dataset.is_demo,
            on_select=functools.partial(_follow_bar, bars, path, first, frozenset(shown.values)),
        )  # fmt: skip
    say_hidden(shown.hidden)
    if shown.values:
        st.selectbox(
            f"Descendre dans : {in_sentence(view.dataset.label(first))}", list(shown.values), index=None, key=into,
            placeholder="Choisir une valeur, ou cliquer sur une barre", format_func=shown.values.get,
            on_change=lambda: _follow_value(into, path, first),
        )  # fmt: skip


def _show_proposals(view: View, constat: Constat, path: Path, shown: Shown) -> None:
    """Two buttons that go down where the change stands out most, and say where."""
    with st.container(horizontal=True):
        for sens, (label, icon) in PROPOSALS.items():
            found = shown.proposals[sens]
            where = f" · {safe(_step_name(view, found.dimension, found.valeur))}" if found else ""
            st.button(
                f"{label}{where}", key=f"arbre_{sens}", icon=icon, disabled=found is None,
                on_click=_go, args=((*path, (found.dimension, found.valeur)) if found else path,),
                help="Parmi toutes les dimensions, la valeur dont le changement, en euros, s’éloigne le plus de ce "
                f"qu’il aurait été au rythme de « {safe(_level_name(view, constat, path))} ».",
            )  # fmt: skip
    if not any(shown.proposals.values()):
        st.caption("À ce niveau, rien ne s’écarte du rythme d’ensemble plus que le hasard ne l’explique.")


def _follow_bar(key: str, path: Path, dimension: str, values: frozenset[str]) -> None:
    """What a click on the bars chose; the bar of the others leads nowhere."""
    points = (state.get(key) or {})["selection"].get(SELECTION) or []
    value = str(points[0].get(FIELD, "")) if points else ""
    if value in values:
        _go((*path, (dimension, value)))


def _follow_value(key: str, path: Path, dimension: str) -> None:
    value = state.get(key)
    if value is not None:
        _go((*path, (dimension, value)))


def _first(ranked: pd.DataFrame, dimensions: tuple[str, ...], hider: Callable[[str], frozenset[str]]) -> str:
    """The dimension shown first: the one where something stands out most, that may be shown."""
    found = (row.dimension for row in ranked.itertuples() if row.valeur not in hider(row.dimension))
    return next(found, dimensions[0])


def _hider(view: View, constat: Constat, tree: Tree, path: Path) -> Callable[[str], frozenset[str]]:
    return lambda dimension: _hidden(view, constat, tree, path, dimension)


def _drawn(view: View, constat: Constat, tree: Tree, path: Path, dimension: str, ranked: pd.DataFrame) -> Shown:
    """The bars of a level, those that may not be shown summed with the others."""
    unit, dataset = get_indicator(constat.indicator, view.dataset).unit, view.dataset
    table, hider = split_by(tree, path, dimension).table, _hider(view, constat, tree, path)
    secret = table["valeur"].isin(hider(dimension))
    names = [dataset.value_label(dimension, v) for v in table["valeur"]]
    table = table.rename(columns={"valeur": "code"}).assign(valeur=names)
    seen, level = table[~secret], _level_name(view, constat, path)
    where = " · ".join([*([_whole_name(view, constat)] if not path else []), *(
        dataset.value_label(d, v) for d, v in path)])  # fmt: skip
    picture = None
    if len(seen):
        picture = chart_tree(
            _with_others(seen, table[secret]), group=dataset.label(dimension), level=level, unit=unit,
            title=f"{where[:1].upper()}{where[1:]}, par {in_sentence(dataset.label(dimension))}",
            is_demo=dataset.is_demo,
        )  # fmt: skip
    values = {row.code: f"{row.valeur} ({format_gap(row.montant, unit)})" for row in seen.itertuples()}
    proposals = {sens: pick_split(ranked, sens, hidden=hider) for sens in PROPOSALS}
    return Shown(picture, values, int(secret.sum()), proposals)


def _with_others(seen: pd.DataFrame, secret: pd.DataFrame) -> pd.DataFrame:
    """The rows that move most, in order, then the sum of all the others."""
    size = seen[["montant", "ecart"]].abs().max(axis=1)
    room = len(seen) if len(seen) + bool(len(secret)) <= MAX_BARS + 1 else MAX_BARS
    kept = seen.loc[size.sort_values(ascending=False, kind="stable").index[:room]]
    kept = kept.sort_values("montant", ascending=False, kind="stable")
    rest = pd.concat([seen.drop(kept.index), secret])
    columns = ["code", "valeur", "montant", "part", "attendu", "ecart"]
    if rest.empty:
        return kept[columns].reset_index(drop=True)
    sums = rest[["montant", "part", "attendu", "ecart"]].sum(min_count=1)
    others = pd.DataFrame([{"code": "", "valeur": f"Autres ({len(rest)})", **sums}])
    return pd.concat([kept[columns], others], ignore_index=True)


# --- the way up the ladder --------------------------------------------------------------------------------------------


def _show_way_up(view: View, constat: Constat, tree: Tree, path: Path, unit: str) -> None:
    """The perimeter reached, as a finding that climbs with the same number."""
    st.markdown("**Voir ce périmètre**")
    unread = find_unread(view, dict(path))
    if unread:
        st.caption(unread)
        return
    found = measure(view.opened, explained_measure(view, constat), narrower(constat, path))
    st.markdown(safe(describe(found, view.dataset).text))
    gap = abs(found.ecart - measure_node(tree, path)[0])
    if unit == "EUR" and gap >= CENT:
        st.caption(f"L’arbre laisse de côté des montants inconnus sur une des périodes ({format_gap(gap, unit)}).")
    steps(found, key="arbre")
