"""What the title of a column says about persons: the kinds of personal data and the words that name them."""

from __future__ import annotations

import re

from data.vocabulary import guess, guesses, normalise

#: Kind -> French plural, as written in « elle contient des … ».
KINDS = {
    "nir": "numéros de sécurité sociale",
    "nia": "numéros d’identification d’attente",
    "iban": "IBAN",
    "courriel": "adresses électroniques",
    "telephone": "numéros de téléphone",
    "nom": "noms de personnes",
    "naissance": "dates de naissance",
    "adresse": "adresses postales",
    "personnelle": "données personnelles",
}
_PERSON = (
    r"assure\w*|adherente?s?|beneficiaires?|benef|patiente?s?|cliente?s?|salarie\w*|titulaire|souscripteurs?|conjoint"
)
_TITLES = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("courriel", r"\b(e ?mails?|mails?|mel|courriels?|adresse electronique)\b"),
        ("nia", r"\bnia\b"),
        (
            "nir",
            r"\b(nir|nirs|nss|niss)\b|\b(num\w*|no|n|immatriculation|matricule) (de )?(secu\w*|ss)\b|^immatriculation$",
        ),
        ("iban", r"\b(iban|bic|rib)\b|\bcoordonnees bancaires\b|\bcompte bancaire\b"),
        ("telephone", r"\b(telephones?|tel|portable|gsm)\b"),
        ("naissance", r"\b(naissance|naiss|ddn|dnaiss|dtnaiss)\b|^nee? (e )?le\b"),
        (
            "nom",
            (
                r"^(nom|noms|prenoms?|nom (et )?prenoms?|prenoms? (et )?nom|patronyme|nom complet|prenoms? \d)$"
                r"|^nom (d )?(usage|famille|marital|patronymique)$|^nom (de )?(famille|jeune fille)$"
                rf"|^(nom|prenom)s? (.* )?({_PERSON})$|^({_PERSON}) (nom|prenom)s?$"
            ),
        ),
        ("adresse", r"^(adresses?|rue|voie)( |$)|^complement adresse|\badresse postale\b"),
    )
)
#: A count, an amount or a rate speaks of persons without naming one; « n » alone is « numéro », not « nombre ».
_FIGURE = re.compile(r"^(nb|nbre|nombre|total|taux|part|montant|mt|prime|forfait|somme|effectif)s?\b")
#: Words of a place of care or of an employer: its address or telephone is not a person's.
_ORGANISATION = re.compile(
    r"\b(etablissements?|etab|cabinet|pharmacie|agence|siege|entreprise|employeur|fournisseur|organisme|finess|clinique)\b"
)
#: Dates that a title says are not a birth.
_OTHER_DATE = re.compile(
    r"\b(soins?|executions?|exec|actes?|paiements?|reglements?|remboursements?|survenances?|effet|adhesion|souscription"
    r"|resiliation|entree|sortie|radiation|debut|fin|creation|maj|export|extraction|edition|prescription|facture|mois"
    r"|traitement|liquidation|comptable|embauche|mariage|deces)\b"
)


def title_kind(header: str) -> str:
    """Kind of personal data that a title names, "" for none."""
    name = normalise(header)
    if _FIGURE.search(name):
        return ""
    kind = next((kind for kind, pattern in _TITLES if pattern.search(name)), "")
    if kind in ("adresse", "telephone") and says_organisation(header):
        return ""
    if kind:
        return kind
    named = guess(header)
    return "personnelle" if named is not None and named.kind == "personal" and not says_organisation(header) else ""


def says_other_date(header: str) -> bool:
    """Whether the title tells a date that is not a birth: care, payment, start of a contract."""
    name = normalise(header)
    return bool(_OTHER_DATE.search(name)) and title_kind(header) != "naissance"


def says_organisation(header: str) -> bool:
    """Whether the title speaks of a place of care or of an employer."""
    return _ORGANISATION.search(normalise(header)) is not None


def says_other(header: str) -> bool:
    """Whether the title names a dimension or a firm, whose words must not be taken for first or family names."""
    return says_organisation(header) or any(
        g.kind == "dimension" for g in guesses(header) if g.confidence >= 0.9
    )
