"""What the only amount of a file is, when its title does not say it but that of the file, or of its sheet, does."""

from __future__ import annotations

import re

from data.readers import Table
from data.vocabulary import normalise

#: Words of a title of file -> canonical measure, the most precise first; a title with two of them says nothing.
_SENSES = (
    ("remboursement_amo", r"\b(remb\w* )?(amo|ro|regime obligatoire|assurance maladie obligatoire)\b"),
    ("prestation", r"\b(prestations?|remboursements?|rembourses?|sinistres?|charge de sinistres)\b"),
    ("cotisation", r"\b(cotisations?|primes?)\b"),
    ("frais_reels", r"\b(frais reels?|depenses?|honoraires)\b"),
    ("actes", r"\b(nombre|nb|nbre|quantite) (d |de )?(actes?|consultations?)\b"),
    ("beneficiaires", r"\b(effectifs?|beneficiaires|personnes protegees)\b"),
)
#: "Taux de remboursement", "prestations moyennes": not amounts that add up.
_RATES = re.compile(r"\b(taux|moyen\w*|ratio|part|pourcentage|indice|par (tete|acte|beneficiaire|assure))\b")
_MAX_TITLES = 12


def sense_of_title(table: Table) -> tuple[str, str] | None:
    """Canonical measure said by the sheet, the lines above the table or the name of the file; None when they do not.

    Returns
    -------
    tuple of (str, str) or None
        Canonical name, and the title that says it.
    """
    for title in _titles(table):
        name = normalise(title)
        if _RATES.search(name):
            continue
        senses = [role for role, pattern in _SENSES if re.search(pattern, name)]
        if senses and senses[0] == "remboursement_amo":
            senses = [s for s in senses if s != "prestation"]
        if len(senses) == 1:
            return senses[0], title.strip()
        if senses:
            return None
    return None


def _titles(table: Table) -> list[str]:
    above = []
    if len(table.left_out) and len(table.lines):
        first = int(table.lines.min())
        above = [str(v) for v in table.left_out.loc[table.left_out["ligne"] < first, "valeur"] if str(v).strip()]
    sheet = table.dialect.get("sheet")
    stem = table.name.rsplit(".", 1)[0] if table.name else ""
    return [*above[:_MAX_TITLES], *([str(sheet)] if sheet else []), *([stem] if stem else [])]
