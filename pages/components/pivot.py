"""The ad-hoc report: an indicator crossed by up to three axes, kept in the link; a click filters every page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from pandas.io.formats.style import Styler

from analytics.constat import describe_perimeter, in_sentence
from analytics.descriptive.pivot import compute_grid
from analytics.descriptive.pivot_cube import QUARTER, TIME, YEAR, Cube, build_cube
from analytics.descriptive.pivot_layout import BY_NAME, Pivot, lay_out
from analytics.descriptive.pivot_secrecy import secret_pattern
from analytics.disclosure import K
from analytics.french import format_period
from analytics.indicators import INDICATORS, MONTHS_PER_YEAR, Indicator, base_words, label_with_base
from charts.export import to_png
from charts.picture import Picture
from pages.components import figure
from pages.components.cache import cached, digest
from pages.components.header import DATE_WORDS
from pages.components.messages import safe, told_in_french
from pages.components.pivot_table import draw, not_drawn, picture_of, screen_of, show_levels
from pages.components.sharing import say_hidden
from pages.components.sidebar import View

ROWS, COLUMN, SORT, INVERSE, KEEP = "croise_lignes", "croise_colonne", "croise_tri", "croise_inverse", "croise_garder"
NONE, BY_TOTAL, EVERYTHING = "aucune", "total", "Tout"
KEPT = {EVERYTHING: None, "5 premiers": 5, "10 premiers": 10, "20 premiers": 20, "5 derniers": -5, "10 derniers": -10}
_BOOK_CELLS = 100_000
FREQUENCY_UNIT = "actes par personne et par an"
_TOTALS = (
    "Un total est la somme de ses cases ; un ratio divise des sommes, il ne se moyenne ni ne s’additionne. Les "
    "bénéficiaires sont exposés à chaque poste : leur total par poste n’est pas une somme."
)


@dataclass(frozen=True)
class Asked:
    """What the user crosses, and how it is laid out."""

    lignes: tuple[str, ...]
    colonne: str | None
    tri: str
    inverse: bool
    garder: int | None

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes of the lines, then that of the columns."""
        return (*self.lignes, *([self.colonne] if self.colonne else []))


@dataclass(frozen=True)
class Shown:
    """What is drawn of a table, kept between runs: the picture, the words under it, the table with its totals."""

    picture: Picture
    words: tuple[str, ...]
    screen: Styler


def show_pivot(view: View, indicator: Indicator) -> None:
    """Controls, heat map, table with its totals, files."""
    cube = cube_of(view)
    asked = choose_axes(view, cube)
    if asked is None:
        return
    with told_in_french():
        pivot = pivot_of(view, indicator, asked)
        if len(pivot.lines) < 2:
            say_hidden(pivot.caches)
            st.info("Aucune valeur à croiser dans ce périmètre.", icon=":material/info:")
            return
        options = {"asked": asked, "key": indicator.key, "selection": view.selection, "shared": view.shared}
        shown = cached("pivot_shown", view.key, lambda: _drawn(view, cube, pivot, asked), **options)
        name = digest(options)[:12]  # a click leaves its mark on this very table, not on the next one
        draw(view, pivot, shown.picture, key=f"croise_image_{name}")
        for text in shown.words:
            st.caption(text)
        show_levels(view, pivot, shown.screen, key=f"croise_tableau_{name}")
        _say_secrets(pivot)
        _show_files(view, cube, pivot, shown.picture)


def cube_of(view: View) -> Cube:
    """The dataset coded once for every pivot."""
    return cached("pivot_cube", view.key, lambda: build_cube(view.dataset))


def pivot_of(view: View, indicator: Indicator, asked: Asked) -> Pivot:
    """The table asked for, masked when the screen is shared."""

    def compute() -> Pivot:
        cube, selection = cube_of(view), view.selection
        pattern = None
        if view.shared:
            keys = sorted({*asked.axes, *selection.filtres})
            pattern = cached("pivot_secret", view.key, lambda: secret_pattern(cube, keys), keys=keys)
        grid = compute_grid(cube, indicator.key, asked.axes, selection, pattern=pattern)
        tri = None if asked.tri == BY_TOTAL else asked.tri
        return lay_out(grid, colonne=asked.colonne is not None, tri=tri, inverse=asked.inverse, garder=asked.garder)

    return cached(
        "pivot", view.key, compute, key=indicator.key, asked=asked, selection=view.selection, shared=view.shared
    )


def _drawn(view: View, cube: Cube, pivot: Pivot, asked: Asked) -> Shown:
    words = (not_drawn(pivot), _partial_words(pivot), _estimated_words(view))
    picture = picture_of(pivot, cube, _title(view, cube, pivot.indicator, asked))
    return Shown(picture, tuple(filter(None, words)), screen_of(pivot, cube))


def choose_axes(view: View, cube: Cube) -> Asked | None:
    """What to cross, how to sort it and how much of it to keep; all of it in the link."""
    options = [*view.opened.readable_dimensions, *TIME]
    with st.grid(2, min_column_width=260, key="croise_axes"):
        rows = st.multiselect(
            "Lignes", options, default=options[:1], max_selections=2, key=ROWS, bind="query-params",
            format_func=lambda a: safe(cube.label(a)), placeholder="Une ou deux",
        )[:2]  # fmt: skip
        left = [NONE, *(a for a in options if a not in rows)]
        column = st.selectbox(
            "Colonne", left, index=left.index(YEAR) if YEAR in left and _has_years(view) else 0,
            key=COLUMN, bind="query-params", format_func=lambda a: "Aucune" if a == NONE else cube.label(a),
        )  # fmt: skip
    if not rows:
        st.info("Choisissez au moins une dimension en ligne.", icon=":material/info:")
        return None
    colonne = None if column == NONE else column
    tri, inverse, garder = _choose_order(cube, colonne)
    return Asked(tuple(rows), colonne, tri, inverse, garder)


def _has_years(view: View) -> bool:
    """Whether the period holds several whole years, that can be read side by side."""
    months = view.dataset.months
    years = months[months.slice_indexer(view.selection.debut, view.selection.fin)].year
    return np.count_nonzero(np.unique(years, return_counts=True)[1] == MONTHS_PER_YEAR) > 1


def _partial_words(pivot: Pivot) -> str:
    """A warning when a year or a quarter is only there in part; its name says for how many months."""
    partial = any(
        line.labels[rank].endswith(" mois)")
        for axes, lines in ((pivot.lignes, pivot.lines), ((pivot.colonne,), pivot.columns))
        for rank, axis in enumerate(axes)
        if axis in (QUARTER, YEAR)
        for line in lines
    )
    return (
        "« (n mois) » : année ou trimestre en partie dans la période ; son montant ne se compare pas."
        if partial
        else ""
    )


def _estimated_words(view: View) -> str:
    """Said when the care of the period is not all paid: its last months are completed."""
    table = view.opened.maturity
    inside = (table["mois"] >= view.selection.debut) & (table["mois"] <= view.selection.fin)
    if view.opened.development is None or not (table.loc[inside, "part_connue"] < 1).any():
        return ""
    return "Derniers mois complétés : montants estimés, chaque case exportée est arrondie au centime."


def _choose_order(cube: Cube, colonne: str | None) -> tuple[str, bool, int | None]:
    values = [v for v in cube.levels[colonne] if v is not None] if colonne else []
    names = {BY_TOTAL: "Total" if colonne else "Valeur", BY_NAME: "Nom de la ligne"}
    if colonne:
        names |= {v: n for v, n in zip(cube.levels[colonne], cube.value_labels(colonne), strict=True) if v is not None}
    with st.grid(3, min_column_width=180, vertical_alignment="bottom", key="croise_ordre"):
        tri = st.selectbox(
            "Trier par", [BY_TOTAL, BY_NAME, *values], key=SORT, bind="query-params", format_func=lambda v: names[v]
        )
        kept = st.selectbox(
            "Garder", list(KEPT), key=KEEP, bind="query-params",
            help="Les plus grandes, ou les plus petites, valeurs de la colonne de tri. Le reste est sommé dans "
            "« Autres », au centime.",
        )  # fmt: skip
        inverse = st.toggle("Ordre inverse", key=INVERSE, bind="query-params")
    return tri or BY_TOTAL, bool(inverse), KEPT.get(kept)


def _title(view: View, cube: Cube, indicator: Indicator, asked: Asked) -> str:
    *first, last = (in_sentence(cube.label(a)) for a in asked.axes)
    names = f"{', '.join(first)} et par {last}" if first else last
    return f"{label_with_base(indicator, view.dataset)}{_unit_words(indicator)} par {names}"


def _unit_words(indicator: Indicator) -> str:
    """The unit of a number that its name does not give."""
    return f" ({FREQUENCY_UNIT})" if indicator.key == "frequence" else ""


def _say_secrets(pivot: Pivot) -> None:
    say_hidden(pivot.caches)
    if pivot.masque.any():
        st.caption(
            f":material/shield_lock: « secret » : la case porte sur moins de {K} personnes, ou la ferait retrouver par "
            "différence avec un autre tableau."
        )


def _show_files(view: View, cube: Cube, pivot: Pivot, picture: Picture) -> None:
    """CSV and workbook of the whole table; the workbook is only made when it is asked for."""
    from reports.table import pivot_to_csv
    from reports.workbook import Words, pivot_to_xlsx

    heads = tuple(cube.label(a) for a in pivot.lignes)
    is_demo, name = view.dataset.is_demo, figure.slug(picture.title)

    def book() -> bytes:
        measures = {m: INDICATORS[m].label if m in INDICATORS else view.dataset.label(m) for m in pivot.mesures}
        return pivot_to_xlsx(pivot, Words(picture.title, heads, measures, _notes(view, pivot), is_demo))

    with st.container(horizontal=True):
        st.download_button(
            "CSV", lambda: pivot_to_csv(pivot, heads, is_demo=is_demo), f"{name}.csv", "text/csv",
            key="croise_csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        big = pivot.valeur.size > _BOOK_CELLS
        st.download_button(
            "Excel, formules vivantes", book, f"{name}.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            key="croise_xlsx", icon=":material/table_view:", on_click="ignore", disabled=big,
            help="Ce tableau est trop grand pour un classeur : gardez moins de lignes." if big else None,
        )  # fmt: skip
        st.download_button(
            "Image", lambda: to_png(picture), f"{name}.png", "image/png",
            key="croise_png", icon=":material/image:", on_click="ignore",
        )  # fmt: skip


def _notes(view: View, pivot: Pivot) -> list[tuple[str, str]]:
    """The sheet of definitions: what the figures are, on what, and how the totals are made."""
    dataset, indicator = view.dataset, pivot.indicator
    notes = [
        ("Indicateur", f"{indicator.label}{_unit_words(indicator)}"),
        ("Définition", indicator.definition),
        ("Source de la définition", indicator.reference),
        ("Périmètre", describe_perimeter(view.selection, dataset)),
        ("Période", format_period(view.selection.debut, view.selection.fin)),
        ("Mois", DATE_WORDS[dataset.date_basis]),
        ("Fichier", dataset.source),
        ("Totaux", _TOTALS),
        ("Périodes incomplètes", _partial_words(pivot)),
        ("Estimé", _estimated_words(view)),
    ]
    if "cotisation" in indicator.measures:
        notes.insert(3, ("Base des cotisations", base_words(dataset)))
    if view.shared:
        notes.append(
            ("Mode partage", f"« secret statistique » : moins de {K} personnes, ou ce qui les ferait retrouver.")
        )
    return [note for note in notes if note[1]]
