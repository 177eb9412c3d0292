"""What the Prédictif page forecasts: the whole of the perimeter and its parts, by a dimension that may be chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analytics.completion import Development
from analytics.predictive.completed import COLUMN
from analytics.predictive.reconciliation import MAX_SERIES, WHOLE
from analytics.predictive.series import Series, build_series, part_name
from pages.components import state
from pages.components.cache import cached
from pages.components.messages import safe
from pages.components.outlook_secret import hidden_parts
from pages.components.sharing import hide_months, say_hidden
from pages.components.sidebar import View

#: In the link: the dimension of the parts, by its label.
PARTS, AUTOMATIC = "parties", "Automatique"
#: Most parts of a dimension that is asked for: some minutes in the job pool.
MANY = 150
HIDDEN = "mode partage : des mois du périmètre comptent trop peu de personnes"


def perimeter_series(view: View) -> Series:
    """The whole of the perimeter and its parts, up to the last complete month.

    The parts are those of the dimension asked for, else of the first that splits the perimeter into few parts. In
    « partage » mode, a perimeter with a month that may not be shown has no parts, and not that month.
    """
    asked = _asked_dimension(view)
    return cached(
        "series", view.key, lambda: _build(view, asked), filtres=view.selection.filtres, partage=view.shared,
        parties=asked,
    )  # fmt: skip


def split_of(view: View) -> str | None:
    """The dimension of the parts; None without parts."""
    return perimeter_series(view).by


def names_shown(view: View, series: Series) -> list[str]:
    """The whole and those of its parts that may be shown."""
    hidden = hidden_parts(view, series)
    return [WHOLE, *(name for name in series.parts if name not in hidden)]


def choose_series(view: View, series: Series) -> str:
    """The whole or one of its parts, and the dimension of the parts; a caption says why there are none."""
    names = names_shown(view, series)
    chosen = WHOLE
    if len(names) > 1:
        chosen = st.selectbox("Série", names, format_func=capital, key="serie", bind="query-params")
    labels = [view.dataset.label(d) for d in _dimensions(view)]
    if labels:
        st.selectbox(
            "Détail par", [AUTOMATIC, *labels], key=PARTS, bind="query-params",
            help=f"Dimension des parties, prévues avec l’ensemble et ajustées à lui. « {AUTOMATIC} » : la première qui "
            f"a {MAX_SERIES} parties au plus. Au-delà, le calcul dure quelques minutes.",
        )  # fmt: skip
    return chosen


def explain_parts(view: View, series: Series) -> None:
    """Why some dimension gives no parts, and how many parts are hidden."""
    if series.raison:
        told = "Pas de détail" if series.by is None else f"Détail par {_named(view, series.by)}"
        st.caption(f"{safe(told)} ({safe(series.raison)}).")
    say_hidden(len(hidden_parts(view, series)))


def capital(name: str) -> str:
    """A name as it begins a sentence."""
    return name[:1].upper() + name[1:]


def part_values(view: View, by: str, name: str) -> tuple[str, ...]:
    """Values of a dimension that a part is made of; none for what the file does not name."""
    return tuple(v for v in view.opened.values[by] if part_name(view.dataset, by, v) == name)


def month_errors(view: View, history: pd.DataFrame, *, by: str | None = None, name: str = WHOLE) -> pd.DataFrame | None:
    """mois, se (EUR) of the known months that are not all paid; None when nothing tells it.

    The relative error is that of the postes of the perimeter, or of the part, all its months together.

    Parameters
    ----------
    view : View
    history : pandas.DataFrame
        mois, valeur of the series.
    by, name : str
        Dimension of the parts, and the part.
    """
    if view.opened.development is None:
        return None
    months = _development(view, by, name).by_month()
    share = (months["se"] / months["ultime"].where(months["ultime"] > 0)).set_axis(months["mois"])
    rows = history[history["mois"].isin(_estimated_months(view))]
    return pd.DataFrame({"mois": rows["mois"], "se": rows["valeur"].abs().to_numpy() * rows["mois"].map(share)})


def _development(view: View, by: str | None, name: str) -> Development:
    """How care months are developed, for the postes of the perimeter or of one of its parts."""
    development = view.opened.development
    if "poste" not in development.by:
        return development
    own = part_values(view, by, name) if by == "poste" and name != WHOLE else ()
    kept = own or view.selection.filtres.get("poste")
    if not kept:
        return development
    table = development.table
    return replace(development, table=table[table["poste"].astype("str").isin(list(kept))])


def _estimated_months(view: View) -> pd.Series:
    maturity = view.opened.maturity
    return maturity.loc[maturity["statut"] == "provisoire", "mois"]


def _build(view: View, asked: str | None) -> Series:
    found = _split(view, asked)
    whole = found.frame[found.frame["serie"] == WHOLE]
    shown = hide_months(view, whole, ["valeur"], filtres=view.selection.filtres)
    if not shown["valeur"].equals(whole["valeur"]):
        found = Series(shown, {}, raison=HIDDEN if found.parts else found.raison)
    months = found.frame["mois"]
    estimated = tuple(sorted(set(_estimated_months(view)) & set(months)))
    return replace(found, frame=_with_errors(view, found), estimes=estimated)


def _split(view: View, asked: str | None) -> Series:
    """The series by the dimension asked for, else by the first that gives parts; why the others gave none."""
    dataset, reasons, found = view.dataset, [], None
    for by in (asked,) if asked else (*_dimensions(view), None):
        found = build_series(
            dataset, dataset.main_measure, view.opened.complete_months, view.selection.filtres, by=by,
            most=MANY if asked else MAX_SERIES,
        )  # fmt: skip
        if found.parts:
            break
        if found.raison:
            reasons.append(f"{_named(view, by)} : {found.raison}")
    return replace(found, raison=" ; ".join(reasons))


def _with_errors(view: View, series: Series) -> pd.DataFrame:
    """The frame with the standard error of its months that are still an estimate, when something tells it."""
    frame, found = series.frame, []
    for name in (WHOLE, *series.parts):
        own = frame[frame["serie"] == name]
        errors = month_errors(view, own, by=series.by, name=name)
        if errors is None:
            return frame
        found.append(errors["se"])
    errors = pd.concat(found).reindex(frame.index)
    errors = errors.where(np.isfinite(errors), 0.0)
    return frame.assign(**{COLUMN: errors}) if (errors > 0).any() else frame


def _dimensions(view: View) -> list[str]:
    """Dimensions that may split the perimeter, in the order of the file."""
    known, filters, opened = view.dataset.prestation.columns, view.selection.filtres, view.opened
    return [
        d
        for d in opened.readable_dimensions
        if d in known and len(filters.get(d, ())) != 1 and len(filters.get(d) or opened.values[d]) <= MANY
    ]


def _asked_dimension(view: View) -> str | None:
    """The dimension named by the link, when it splits the perimeter; None = the first that does."""
    label = state.get(PARTS) or st.query_params.get(PARTS)
    return next((d for d in _dimensions(view) if view.dataset.label(d) == label), None)


def _named(view: View, dimension: str) -> str:
    return view.dataset.label(dimension).lower()
