"""Quality of the dataset in use: six pillars, every finding, every line left aside, every column that would help."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.french import format_euros, format_month, format_percent, is_missing
from analytics.schema import LABELS
from charts.export import to_csv
from data.checks import DEFINITION, run_checks, score, score_by, unlocks
from pages.components import figure
from pages.components.cache import cached
from pages.components.cards import freshness
from pages.components.messages import safe
from pages.components.sidebar import View

MAX_LINES = 500
SEVERITIES = {"grave": "Grave", "attention": "À regarder", "info": "Information"}


def findings_of(view: View) -> pd.DataFrame:
    """Findings of the reading and of the six checks, gravest first."""
    return cached("checks", view.key, lambda: run_checks(view.opened.raw))


def show_quality(view: View) -> None:
    """Mark of each pillar, the findings, then the marks by column and by month."""
    findings = findings_of(view)
    st.markdown(f"**{verdict(findings)}**")
    show_marks(score(findings), key="piliers")
    st.caption(freshness(view))
    if findings.empty:
        st.success("Aucune anomalie trouvée.", icon=":material/check_circle:")
    else:
        figure.show_table(findings_table(findings))
    with figure.folded("Notes par colonne et par mois", icon=":material/scoreboard:", key="notes") as is_open:
        if is_open:
            st.caption(DEFINITION)
            _show_marks_by(view, findings)


def verdict(findings: pd.DataFrame) -> str:
    """The quality of a file in one sentence."""
    counts = findings["severite"].value_counts()
    grave, notable = int(counts.get("grave", 0)), int(counts.get("attention", 0))
    if not grave:
        return "Rien de grave." if not notable else f"Rien de grave ; {_plural(notable, 'point')} à regarder."
    stake = findings.loc[findings["severite"] == "grave", "euros"].astype("float64").abs().sum()
    return f"{_plural(grave, 'constat')} grave{'s' if grave > 1 else ''}" + (
        f" : {format_euros(stake)} en jeu." if stake > 0 else "."
    )


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count > 1 else ''}"


def show_marks(marks: pd.DataFrame, *, key: str) -> None:
    """One tile by pillar."""
    with st.grid(6, min_column_width=115, key=key):
        for row in marks.itertuples():
            st.metric(row.pilier, f"{row.note:.0f}", delta_description="sur 100", help=safe(row.phrase), border=True)


def findings_table(findings: pd.DataFrame) -> pd.DataFrame:
    """Findings as they are shown: Gravité, Constat, Remède, and Enjeu when one has an amount."""
    stakes = [format_euros(e) if not is_missing(e) else "" for e in findings["euros"].astype("float64")]
    shown = {
        "Gravité": findings["severite"].map(SEVERITIES),
        "Constat": findings["message"],
        "Remède": findings["remede"],
        **({"Enjeu": stakes} if any(stakes) else {}),
    }
    return pd.DataFrame(shown)


def _show_marks_by(view: View, findings: pd.DataFrame) -> None:
    by = st.segmented_control(
        "Notes", ["colonne", "mois"], default="colonne", required=True, format_func="Par {}".format, key="notes_par",
        label_visibility="collapsed",
    ) or "colonne"  # fmt: skip
    dataset = view.opened.raw
    marks = cached("marks", view.key, lambda: score_by(findings, dataset, by=by), by=by)
    table = marks.pivot(index=by, columns="pilier", values="note")[list(marks["pilier"].unique())].reset_index()
    if by == "mois":
        table = table.iloc[::-1]
    else:
        table[by] = table[by].map(dataset.label)
    figure.show_table(table.rename(columns={by: by.capitalize()}))


def show_unlocks(view: View) -> None:
    """What each missing column would make possible."""
    table = unlocks(view.opened.raw)
    if table.empty:
        return
    with figure.folded(
        "Ce que d’autres colonnes débloqueraient", icon=":material/lock_open:", key="debloquer"
    ) as is_open:
        if not is_open:
            return
        table = table.assign(colonne=[LABELS.get(c, c.replace("_", " ").capitalize()) for c in table["colonne"]])
        figure.show_table(table.rename(columns={"colonne": "Colonne", "debloque": "Ce qu’elle débloque"}))


def show_reading(view: View) -> None:
    """How known each month is, and the lines that are not used."""
    with figure.folded(
        "Mois par mois : ce qui est déjà connu", icon=":material/calendar_month:", key="connu"
    ) as is_open:
        if is_open:
            _show_maturity(view)
    raw = view.opened.raw
    unused = cached("unused", view.key, lambda: unused_lines(raw.rejected, raw.left_out))
    if len(unused):
        with figure.folded(f"Lignes non utilisées : {len(unused)}", icon=":material/rule:", key="rejets") as is_open:
            if is_open:
                _show_unused(unused)


def _show_maturity(view: View) -> None:
    table = view.opened.maturity.tail(24).iloc[::-1]
    shown = {
        "Mois": table["mois"].map(format_month),
        "État": table["statut"].str.capitalize(),
        "Part connue": table["part_connue"].map(format_percent),
    }
    figure.show_table(pd.DataFrame(shown))


def unused_lines(rejected: pd.DataFrame, left_out: pd.DataFrame) -> pd.DataFrame:
    """Lines of a file that are not used, what became of each and why, under French headers."""
    lines = pd.concat([rejected.assign(sort="rejetée"), left_out.assign(sort="laissée de côté")])
    names = {"ligne": "Ligne", "sort": "Sort", "colonne": "Colonne", "valeur": "Valeur", "raison": "Raison"}
    return lines.reindex(columns=list(names)).astype({"ligne": "Int64"}).rename(columns=names)


def _show_unused(unused: pd.DataFrame) -> None:
    figure.show_table(unused.head(MAX_LINES))
    st.download_button(
        "Toutes les lignes non utilisées (CSV)", lambda: to_csv(unused), "lignes-non-utilisees.csv", "text/csv",
        key="rejets_csv", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
