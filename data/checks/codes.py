"""Conformité: codes without a label in a dimension whose other codes have one."""

from __future__ import annotations

from data.checks.facts import Facts, labels_of
from data.findings import finding
from data.mapping.lines import NOT_GIVEN

_SHOWN = 8


def check_codes(facts: Facts) -> list[dict]:
    """Findings about codes outside the published lists."""
    rows, dataset = [], facts.dataset
    for dimension, labels in dataset.value_labels.items():
        frames = (f for f in (dataset.prestation, dataset.cotisation) if dimension in f.columns and len(f))
        frame = next(frames, None)
        if frame is None:
            continue
        unknown = [v for v in labels_of(frame[dimension]) if v not in labels and v != NOT_GIVEN]
        if unknown:
            shown = ", ".join(unknown[:_SHOWN])
            message = f"« {dataset.label(dimension)} » a des codes sans libellé connu : {shown}."
            remedy = "Ils sont gardés tels quels ; vérifiez-les dans la nomenclature de la source."
            details = {"colonne": dimension, "valeur": shown, "remede": remedy}
            rows.append(finding("conformite.codes", "info", message, **details))
    return rows
