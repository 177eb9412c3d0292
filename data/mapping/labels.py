"""Canonical names and French labels made from the titles of a file."""

from __future__ import annotations

import re

from data.vocabulary import normalise, without_units

#: Labels of the extra measures that the vocabulary knows.
KNOWN_LABELS = {
    "reste_apres_amo": "Reste après AMO",
    "reste_a_charge": "Reste à charge",
    "base_remboursement": "Base de remboursement",
}
_WORDS = {
    "age": "âge", "amc": "AMC", "amo": "AMO", "annee": "année", "apres": "après", "assures": "assurés",
    "beneficiaire": "bénéficiaire", "beneficiaires": "bénéficiaires", "cmu": "CMU", "code": "code", "cout": "coût",
    "departement": "département", "depassement": "dépassement", "depassements": "dépassements", "depense": "dépense",
    "depenses": "dépenses", "duree": "durée", "etablissement": "établissement", "mt": "montant", "nb": "nombre",
    "nbre": "nombre", "numero": "numéro", "paye": "payé", "payee": "payée", "periode": "période", "qte": "quantité",
    "qualite": "qualité", "quantite": "quantité", "rac": "reste à charge", "rc": "RC", "reel": "réel", "reels": "réels",
    "regle": "réglé", "remb": "remboursement", "ro": "RO", "sante": "santé", "specialite": "spécialité",
}  # fmt: skip


def slug(header: str) -> str:
    """Canonical name of a column that the schema does not know: words without accents, joined by underscores."""
    return without_units(normalise(header)).replace(" ", "_") or "colonne"


def french_label(header: str) -> str:
    """Label shown for such a column: the title itself when it is written for people, else words put into French."""
    text = re.sub(r"\s*[(\[](en\s+)?(€|euros?|eur)[)\]]", "", header.strip(), flags=re.IGNORECASE)
    if "_" not in text and not text.isupper() and (not text.isascii() or " " in text):
        return text[0].upper() + text[1:]
    words = [_WORDS.get(w, w) for w in without_units(normalise(text)).split()] or [text]
    sentence = " ".join(words)
    return sentence[0].upper() + sentence[1:]
