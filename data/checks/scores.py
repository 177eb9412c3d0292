"""Marks of quality: what they are made of, by pillar, by column and by month."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pandas as pd

from analytics.errors import ParameterError
from analytics.schema import Dataset, dimensions_of, measures_of

#: Pillar, as it begins the code of a finding -> its French name.
NAMES = {
    "unicite": "Unicité",
    "actualite": "Actualité",
    "exactitude": "Exactitude",
    "exhaustivite": "Exhaustivité",
    "conformite": "Conformité",
    "accessibilite": "Accessibilité",
}
#: What each pillar looks at, as it is shown beside its mark.
WHAT = {
    "unicite": "Chaque ligne, chaque lot d’envoi n’est compté qu’une fois.",
    "actualite": "Tous les mois attendus sont là, à leur date, et l’on sait lesquels ne sont pas encore complets.",
    "exactitude": "Les montants et les effectifs sont plausibles : unité, signe, niveau, ordre des dates, plafond des "
    "frais réels.",
    "exhaustivite": "Les cellules sont remplies, le périmètre est stable, aucune valeur ne commence ni ne s’arrête en "
    "cours de route.",
    "conformite": "Les valeurs suivent les formes et les listes attendues ; peu de lignes sont rejetées.",
    "accessibilite": "Ce qu’il faut savoir pour lire les chiffres est dit : type de date, base des cotisations.",
}
#: What is left of a mark after one finding of each severity.
KEPT = {"info": 1.0, "attention": 0.85, "grave": 0.6}
#: The definition of the mark, as it is shown beside it.
DEFINITION = (
    "Chaque note part de 100. Un point à regarder lui retire 15\u00a0%, un constat grave 40\u00a0%, une information "
    "rien ; les retraits se multiplient (deux constats graves : 100 × 0,6 × 0,6 = 36). La note d’une colonne ou d’un "
    "mois ne compte que les constats qui le nomment."
)
BY = ("colonne", "mois")
_MONTH = re.compile(
    r"\b(?:(?P<y1>(?:19|20|21)\d{2})-(?P<m1>0[1-9]|1[0-2])|(?P<m2>0[1-9]|1[0-2])/(?P<y2>(?:19|20|21)\d{2}))\b"
)


def score(findings: pd.DataFrame) -> pd.DataFrame:
    """Mark of each pillar: 100 × 0.85 per finding to look at × 0.6 per grave finding; information costs nothing.

    Returns
    -------
    pandas.DataFrame
        `pilier` (French name), `note` (0 to 100, whole), `phrase`, `definition` (what the pillar looks at); one row per
        pillar, in the order of :data:`NAMES`.
    """
    told: dict[str, list[str]] = {}
    for code, severity in _codes(findings):
        told.setdefault(code, []).append(severity)
    rows = []
    for key, name in NAMES.items():
        severities = told.get(key, [])
        rows.append((name, _mark(severities), _sentence(severities), WHAT[key]))
    return pd.DataFrame(rows, columns=["pilier", "note", "phrase", "definition"])


def score_by(findings: pd.DataFrame, dataset: Dataset, *, by: str = "colonne") -> pd.DataFrame:
    """Mark of each pillar for each column of the data, or for each of its months.

    Only the findings that name the column (its title in the file or its canonical name), or the month, count for it.

    Parameters
    ----------
    findings : pandas.DataFrame
        What :func:`data.checks.run_checks` returned.
    dataset : Dataset
        The data it is about.
    by : {"colonne", "mois"}

    Returns
    -------
    pandas.DataFrame
        `pilier`, `colonne` (canonical name) or `mois` (datetime64), `note`, `constats` (findings that cost something),
        `phrase`; every pillar × column (or month) of the data.

    Raises
    ------
    ParameterError
        `by` is something else.
    """
    if by not in BY:
        raise ParameterError("Une note se donne par colonne ou par mois.", valeur=by)
    keys = _columns(dataset) if by == "colonne" else list(dataset.months)
    named = _named_columns(findings, dataset) if by == "colonne" else _named_months(findings)
    told: dict[tuple[str, object], list[str]] = {}
    for (pillar, severity), names in zip(_codes(findings), named, strict=True):
        for key in names:
            told.setdefault((pillar, key), []).append(severity)
    rows = []
    for pillar, name in NAMES.items():
        for key in keys:
            severities = told.get((pillar, key), [])
            costly = sum(s != "info" for s in severities)
            rows.append((name, key, _mark(severities), costly, _sentence(severities)))
    return pd.DataFrame(rows, columns=["pilier", by, "note", "constats", "phrase"])


def _columns(dataset: Dataset) -> list[str]:
    tables = (dataset.prestation, dataset.cotisation)
    found = (c for t in tables for c in ("mois", "mois_paiement", *dimensions_of(t), *measures_of(t)) if c in t.columns)
    return list(dict.fromkeys(found))


def _named_columns(findings: pd.DataFrame, dataset: Dataset) -> list[set[str]]:
    """Canonical columns that each finding names; a finding about a table only names none."""
    return [{c, dataset.mapping.get(c, c)} - {""} for c in findings["colonne"]] if len(findings) else []


def _named_months(findings: pd.DataFrame) -> list[set[pd.Timestamp]]:
    return [_months_in(v) for v in findings["valeur"]] if len(findings) else []


def _codes(findings: pd.DataFrame) -> list[tuple[str, str]]:
    """Pillar and severity of each finding."""
    if not len(findings):
        return []
    return [(c.partition(".")[0], s) for c, s in zip(findings["code"], findings["severite"], strict=True)]


def _months_in(text: str) -> set[pd.Timestamp]:
    found = (m.groupdict() for m in _MONTH.finditer(str(text)))
    return {pd.Timestamp(int(g["y1"] or g["y2"]), int(g["m1"] or g["m2"]), 1) for g in found}


def _mark(severities: Sequence[str]) -> int:
    return round(100 * math.prod(KEPT[s] for s in severities))


def _sentence(severities: Sequence[str]) -> str:
    grave, attention = severities.count("grave"), severities.count("attention")
    parts = []
    if grave:
        parts.append(f"{grave} constat{'s' if grave > 1 else ''} grave{'s' if grave > 1 else ''}")
    if attention:
        parts.append(f"{attention} point{'s' if attention > 1 else ''} à regarder")
    return (" et ".join(parts) if parts else "Rien à signaler") + "."
