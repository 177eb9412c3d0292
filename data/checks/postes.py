"""Conformité: postes that neither the trade nor the return E3 knows."""

from __future__ import annotations

import re

from data.checks.facts import Facts, labels_of
from data.findings import finding
from data.mapping.content import is_poste
from data.mapping.lines import NOT_GIVEN
from data.references import load_damir
from data.vocabulary import normalise

#: Words of postes wherever they stand in the label.
_WORDS = re.compile(
    r"optique|dent|ortho|prothese|auditi|hospi|hopital|soin|medecin|consult|pharma|medicament|biolog|labo|radio"
    r"|transport|cure|kine|infirm|appareil|chambre|forfait|autre|divers|honoraires|indemnit|deces|allocation"
)
_SHOWN = 5


def check_postes(facts: Facts) -> list[dict]:
    """Finding about postes outside the usual lists; they are kept as they are."""
    frame = facts.prestation
    if "poste" not in frame.columns or frame.empty:
        return []
    known = {normalise(name) for *_, name in load_damir().postes}
    unknown = [v for v in labels_of(frame["poste"]) if v != NOT_GIVEN and not _is_known(normalise(v), known)]
    if not unknown:
        return []
    shown = ", ".join(unknown[:_SHOWN]) + ("…" if len(unknown) > _SHOWN else "")
    message = f"Postes hors de la nomenclature usuelle ({len(unknown)}) : {shown}."
    remedy = "Ils sont gardés tels quels ; vérifiez qu’il s’agit bien de postes de soins."
    details = {"table": "prestation", "colonne": "poste", "valeur": shown, "remede": remedy}
    return [finding("conformite.postes", "info", message, **details)]


def _is_known(name: str, known: set[str]) -> bool:
    return is_poste(name) or name in known or _WORDS.search(name) is not None
