"""From one deposit to the next: what a dataset was, in a few kilobytes, and what has changed since."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analytics.french import format_month, format_number
from analytics.schema import LABELS, Dataset, measures_of
from data.checks.facts import labels_of
from data.checks.scores import NAMES, score
from data.keys import sum_by

#: Shape of a summary; one of another shape is not compared.
VERSION = 1
#: A dimension with more values than this keeps only how many.
_MAX_VALUES = 300
#: A past month has changed beyond this share of its total, and beyond a cent.
_MOVED, _CENT = 1e-6, 0.01
#: Two values whose monthly level differs by less than this share may be one value renamed.
_SAME = 0.1


def quality_summary(dataset: Dataset, findings: pd.DataFrame) -> dict[str, Any]:
    """What must be kept of a dataset to compare the next deposit with it; no line, no person.

    Parameters
    ----------
    dataset : Dataset
    findings : pandas.DataFrame
        What :func:`data.checks.run_checks` returned.

    Returns
    -------
    dict
        Ready for JSON: `version`, `source`, `empreinte`, `as_of`, `notes` (pillar -> 0 to 100), `constats` (code ->
        number), `lignes` (table -> rows of the cube), `rejetees`, `ecartees`, `mois`, `totaux` (table.measure -> month
        -> total or null), `dimensions`, `valeurs` (dimension -> values), `niveaux` (dimension -> value -> main measure
        by month on average).
    """
    notes = score(findings).set_index("pilier")["note"]
    tables = {"prestation": dataset.prestation, "cotisation": dataset.cotisation}
    costly = findings.loc[findings["severite"] != "info", "code"] if len(findings) else pd.Series(dtype="str")
    return {
        "version": VERSION,
        "source": dataset.source,
        "empreinte": dataset.fingerprint,
        "as_of": None if pd.isna(dataset.as_of) else f"{dataset.as_of:%Y-%m}",
        "notes": {key: int(notes[name]) for key, name in NAMES.items()},
        "constats": {str(code): int(n) for code, n in costly.value_counts().sort_index().items()},
        "lignes": {name: len(frame) for name, frame in tables.items()},
        "rejetees": len(dataset.rejected),
        "ecartees": len(dataset.left_out),
        "mois": [f"{m:%Y-%m}" for m in dataset.months],
        "totaux": {f"{t}.{m}": _by_month(f, m) for t, f in tables.items() if len(f) for m in measures_of(f)},
        "dimensions": list(dataset.dimensions),
        "valeurs": _values(dataset),
        "niveaux": _levels(dataset),
    }


def compare_quality(before: Mapping[str, Any], after: Mapping[str, Any]) -> pd.DataFrame:
    """How the mark of each pillar moved between two deposits.

    Parameters
    ----------
    before, after : mapping
        Two :func:`quality_summary`.

    Returns
    -------
    pandas.DataFrame
        `pilier` (French name), `avant`, `apres`, `ecart` (points), `nouveaux`, `resolus` (codes of findings, comma
        separated), `phrase`.
    """
    rows = []
    for key, name in NAMES.items():
        old, new = before["notes"].get(key, np.nan), after["notes"].get(key, np.nan)
        codes = [{c for c in s["constats"] if c.startswith(f"{key}.")} for s in (before, after)]
        added, gone = sorted(codes[1] - codes[0]), sorted(codes[0] - codes[1])
        gap = new - old
        verb = "inchangée" if gap == 0 else f"{'en hausse' if gap > 0 else 'en baisse'} de {format_number(abs(gap))}"
        rows.append((name, old, new, gap, ", ".join(added), ", ".join(gone), f"{name} : note {verb}."))
    columns = ["pilier", "avant", "apres", "ecart", "nouveaux", "resolus", "phrase"]
    return pd.DataFrame(rows, columns=columns)


def compare_deposits(before: Mapping[str, Any], after: Mapping[str, Any]) -> pd.DataFrame:
    """What the second deposit adds to the first, and what it changes of the past.

    Parameters
    ----------
    before, after : mapping
        Two :func:`quality_summary`.

    Returns
    -------
    pandas.DataFrame
        `nature` ("mois disparu", "mois ajouté", "total modifié", "mesure disparue", "mesure apparue", "colonne
        disparue", "colonne apparue", "valeur recodée", "valeur disparue", "valeur apparue"), `colonne` (table.measure
        or dimension), `valeur` (month "2024-05", value, or "old → new"), `avant`, `apres`, `ecart`, `part` (change
        over what was before), `phrase`; the largest changes first in each nature.
    """
    rows = [*_months(before, after), *_totals(before, after), *_dimensions(before, after)]
    frame = pd.DataFrame(rows, columns=["nature", "colonne", "valeur", "avant", "apres", "ecart", "part", "phrase"])
    numbers = dict.fromkeys(("avant", "apres", "ecart", "part"), "float64")
    frame = frame.astype({"nature": "str", "colonne": "str", "valeur": "str", "phrase": "str"} | numbers)
    frame["rang"] = pd.Categorical(frame["nature"], list(dict.fromkeys(frame["nature"]))).codes
    frame["poids"] = -frame["ecart"].abs().fillna(0)
    return frame.sort_values(["rang", "poids"], kind="stable", ignore_index=True).drop(columns=["rang", "poids"])


def _by_month(frame: pd.DataFrame, measure: str) -> dict[str, float | None]:
    totals = frame.groupby("mois")[measure].sum(min_count=1)
    return {f"{m:%Y-%m}": None if math.isnan(v) else round(float(v), 2) for m, v in totals.items()}


def _values(dataset: Dataset) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for frame in (dataset.prestation, dataset.cotisation):
        for dimension in (d for d in dataset.dimensions if d in frame.columns and len(frame)):
            found.setdefault(dimension, set()).update(labels_of(frame[dimension]))
    return {d: sorted(v) for d, v in found.items() if len(v) <= _MAX_VALUES}


def _levels(dataset: Dataset) -> dict[str, dict[str, float]]:
    """Main measure of each value of the dimensions of the prestations, by month on average."""
    frame, measure = dataset.prestation, dataset.main_measure
    if measure is None or frame.empty:
        return {}
    count, levels = frame["mois"].nunique(), {}
    for dimension in (d for d in dataset.dimensions if d in frame.columns):
        totals = sum_by(frame, [dimension], [measure]).dropna()
        if len(totals) <= _MAX_VALUES:
            pairs = zip(totals[dimension], totals[measure] / count, strict=True)
            levels[dimension] = {str(value): round(float(level), 2) for value, level in pairs}
    return levels


def _months(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple]:
    old, new = set(before["mois"]), set(after["mois"])
    added = [_row("mois ajouté", "mois", m, f"{_french(m)} est ajouté.") for m in sorted(new - old)]
    gone = [_row("mois disparu", "mois", m, f"{_french(m)} n’est plus dans le fichier.") for m in sorted(old - new)]
    return [*gone, *added]


def _totals(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple]:
    rows = []
    old, new = before["totaux"], after["totaux"]
    for name in sorted(set(old) & set(new)):
        for month in sorted(set(old[name]) & set(new[name])):
            was, now = old[name][month], new[name][month]
            if was is None and now is None:
                continue
            gap = math.nan if was is None or now is None else now - was
            if abs(gap) <= max(_CENT, _MOVED * abs(was or 0)):
                continue
            part = gap / was if was else math.nan
            label = name.partition(".")[2].replace("_", " ")
            size = f" ({'+' if gap > 0 else '−'}{format_number(abs(part) * 100, 1)}\u00a0%)" if part == part else ""
            words = f"{_french(month)}, {label} : {_shown(was)} devient {_shown(now)}{size}."
            rows.append(_row("total modifié", name, month, words, _number(was), _number(now)))
    for nature, names in (("mesure disparue", set(old) - set(new)), ("mesure apparue", set(new) - set(old))):
        rows += [_row(nature, n, "", f"{nature.capitalize()} : {n}.") for n in sorted(names)]
    return rows


def _dimensions(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple]:
    rows = []
    old, new = set(before["dimensions"]), set(after["dimensions"])
    for nature, names in (("colonne disparue", old - new), ("colonne apparue", new - old)):
        rows += [_row(nature, n, "", f"{nature.capitalize()} : {_label(n)}.") for n in sorted(names)]
    for name in sorted(set(before["valeurs"]) & set(after["valeurs"])):
        rows += _values_changed(name, before, after)
    return rows


def _values_changed(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple]:
    """Values of a dimension that came and went; two of them with about the same level are one, renamed."""
    had, has = set(before["valeurs"][name]), set(after["valeurs"][name])
    gone, added = had - has, has - had
    was, now = ({v: s["niveaux"].get(name, {}).get(v, 0.0) for v in s["valeurs"][name]} for s in (before, after))
    rows = []
    for value in sorted(gone, key=lambda v: (-abs(was[v]), v)):
        twin = min(sorted(added), key=lambda v: abs(now[v] - was[value]), default=None)
        if twin is None or was[value] <= 0 or abs(now[twin] - was[value]) > _SAME * was[value]:
            rows.append(_row("valeur disparue", name, value, f"{_label(name)} : « {value} » n’est plus là."))
            continue
        added.remove(twin)
        words = f"{_label(name)} : « {value} » est devenu « {twin} », pour les mêmes montants."
        rows.append(_row("valeur recodée", name, f"{value} → {twin}", words, was[value], now[twin]))
    new = [_row("valeur apparue", name, v, f"{_label(name)} : « {v} » est nouveau.") for v in sorted(added)]
    return sorted(rows, key=lambda r: r[0], reverse=True) + new


def _row(
    nature: str, column: str, value: str, words: str, was: float = math.nan, now: float = math.nan
) -> tuple[str, str, str, float, float, float, float, str]:
    return (nature, column, value, was, now, now - was, (now - was) / was if was else math.nan, words)


def _label(dimension: str) -> str:
    return LABELS.get(dimension, dimension.replace("_", " ").capitalize())


def _french(month: str) -> str:
    text = format_month(pd.Timestamp(f"{month}-01"))
    return text[:1].upper() + text[1:]


def _shown(value: float | None) -> str:
    return "rien" if value is None else format_number(value)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
