"""Quality of a dataset: one file per pillar, each a function that returns findings and never stops."""

from __future__ import annotations

import pandas as pd

from analytics.schema import Dataset
from data.checks.accessibilite import check_accessibilite
from data.checks.actualite import check_actualite
from data.checks.conformite import check_conformite
from data.checks.exactitude import check_exactitude
from data.checks.exhaustivite import check_exhaustivite, unlocks
from data.checks.unicite import check_unicite
from data.findings import SEVERITIES, join, to_frame

__all__ = ["PILLARS", "run_checks", "score", "unlocks"]

#: Pillar, as it begins the code of a finding -> its French name and its check.
PILLARS = {
    "unicite": ("Unicité", check_unicite),
    "actualite": ("Actualité", check_actualite),
    "exactitude": ("Exactitude", check_exactitude),
    "exhaustivite": ("Exhaustivité", check_exhaustivite),
    "conformite": ("Conformité", check_conformite),
    "accessibilite": ("Accessibilité", check_accessibilite),
}
#: What is left of the mark of a pillar after one finding of each severity.
KEPT = {"info": 1.0, "attention": 0.85, "grave": 0.6}


def run_checks(dataset: Dataset) -> pd.DataFrame:
    """Every finding about a dataset: those of the reading of the file, then those of the six pillars.

    Returns
    -------
    pandas.DataFrame
        code ("<pilier>.<constat>"), severite ("info", "attention", "grave"), table, colonne, ligne, valeur, message,
        remede, euros; the gravest first, then the largest in euros. No finding is an empty frame.
    """
    found = to_frame(row for _, check in PILLARS.values() for row in check(dataset))
    rows = join(dataset.findings, found).drop_duplicates(["code", "message"], ignore_index=True)
    order = pd.DataFrame({"gravite": rows["severite"].map(SEVERITIES.index), "euros": rows["euros"].abs().fillna(0)})
    order = order.sort_values(["gravite", "euros"], ascending=False, kind="stable")
    return rows.loc[order.index].reset_index(drop=True)


def score(findings: pd.DataFrame) -> pd.DataFrame:
    """Mark of each pillar: 100 × 0.85 per finding to look at × 0.6 per grave finding; information costs nothing.

    Returns
    -------
    pandas.DataFrame
        `pilier` (French name), `note` (0 to 100, whole), `phrase`; one row per pillar, in the order of :data:`PILLARS`.
    """
    pillar = findings["code"].str.partition(".")[0] if len(findings) else pd.Series(dtype="str")
    rows = []
    for key, (name, _) in PILLARS.items():
        severities = findings.loc[pillar == key, "severite"] if len(findings) else pillar
        mark = round(100 * float(severities.map(KEPT).astype("float64").prod()))
        rows.append((name, mark, _sentence((severities == "grave").sum(), (severities == "attention").sum())))
    return pd.DataFrame(rows, columns=["pilier", "note", "phrase"])


def _sentence(grave: int, attention: int) -> str:
    parts = []
    if grave:
        parts.append(f"{grave} constat{'s' if grave > 1 else ''} grave{'s' if grave > 1 else ''}")
    if attention:
        parts.append(f"{attention} point{'s' if attention > 1 else ''} à regarder")
    return (" et ".join(parts) if parts else "Rien à signaler") + "."
