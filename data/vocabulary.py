"""What a column name means in the trade: an ordered list of rules on the name without accents, case or punctuation."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: Kinds of column. month: a date; measure: an additive number; dimension: a text or code to group by;
#: identifier: one value per person or line; average: a number that must not be summed; running: an amount since a
#: date, which holds those of the months before; calendar: a date or period that is not the month of the figures;
#: personal: must not be stored.
KINDS = ("month", "measure", "dimension", "identifier", "average", "running", "calendar", "personal")


@dataclass(frozen=True)
class NameGuess:
    """What a name suggests.

    Attributes
    ----------
    role : str
        Canonical column name, or "" when the rule gives only a kind.
    kind : str
        One of :data:`KINDS`.
    confidence : float
        From 0 to 1.
    """

    role: str
    kind: str
    confidence: float


_PAYMENT = r"paiements?|reglements?|regles?|remboursements?|liquidations?|traitements?|versements?|comptables?|flux|pmt"
_CARE = r"soins?|survenances?|actes?|executions?|consultations?|sinistres?"
_PERSON = r"assure\w*|adherente?s?|beneficiaires?|patiente?s?|cliente?s?|salarie\w*|famille|usage|naissance|titulaire"
_COUNT = r"nb|nbre|nombre|qte|quantites?|denombrement|volume"

_RULES: tuple[tuple[str, str, str, float], ...] = (
    ("", "personal", r"\b(e ?mails?|mail|courriels?|adresse electronique)\b", 1.0),
    (
        "",
        "personal",
        r"\b(nir|nss|nia|iban|bic|rib)\b|\b(num\w*|no|n) (de )?(secu\w*|ss)\b|securite sociale assure",
        1.0,
    ),
    ("", "personal", r"\b(telephones?|tel|portable|gsm)\b", 1.0),
    ("", "personal", rf"^(nom|noms|prenoms?|nom prenoms?|prenom nom)$|^(nom|prenom)s? .*\b({_PERSON})\b", 1.0),
    ("", "personal", r"\b(naissance|naiss|ddn|dnaiss|ne e? ?le)\b|^(adresse|rue|voie)\b", 1.0),
    # Months come before measures: "date de remboursement" is a date.
    ("mois_paiement", "month", rf"\b(date|dt|mois|periode|jour|annee mois)\b.*\b({_PAYMENT})\b", 1.0),
    ("mois_soins", "month", rf"\b(date|dt|mois|periode|jour|annee mois)\b.*\b({_CARE})\b|^survenance$", 1.0),
    (
        "",
        "calendar",
        r"\b(date|dt|jour)\b.*\b(effet|souscription|adhesion|resiliation|entree|sortie|extraction|edition)\b",
        1.0,
    ),
    (
        "",
        "calendar",
        r"\b(date|dt)\b.*\b(export|creation|saisie|integration|reception|maj|modification|fin|prescription)\b",
        1.0,
    ),
    (
        "",
        "calendar",
        r"\b(date|dt|mois)\b.*\b(contrats?|polices?|garanties?|couverture|droits?|anniversaire)\b",
        1.0,
    ),
    ("", "calendar", r"\b(mise a jour|maj)\b", 1.0),
    ("annee", "calendar", r"^(annee|an|exercice|year|annees?|millesime)( .*)?$", 0.9),
    ("", "calendar", r"^(trimestre|semestre|saison|semaine|jour|num\w* (de )?mois)( .*)?$", 0.9),
    ("mois", "month", r"^(date|mois|periode|month|period|an mois|mois annee|aaaamm|yyyymm|anneemois|ds)( .*)?$", 0.9),
    # What must never be summed, nor be taken for a measure.
    (
        "",
        "average",
        r"\b(taux|ratio|moyen|moyenne|moyens|moyennes|pourcentage|pct|frequence|indice|prix|mediane|delais?)\b",
        1.0,
    ),
    ("", "running", r"\b(cumul(e|ee|es|ees)?|ytd|year to date|depuis (le )?(debut|1er janvier))\b", 1.0),
    ("", "average", r"^(p c|s p)$|\bpar (tete|acte|beneficiaire|assure|adherent|an|habitant)\b", 1.0),
    ("", "identifier", r"\b(siret|siren|finess|rpps|uuid|guid|matricule|identifiant|id)\b", 1.0),
    ("", "identifier", r"^(num|numero|no|n|ref|reference|cle)( |$)|\b(numero|num)$", 0.9),
    # Measures, the most precise first.
    (
        "reste_apres_amo",
        "measure",
        r"\b(rac|reste)\b.*\bapres (la )?(amo|ro|secu|securite sociale|regime obligatoire)\b",
        1.0,
    ),
    ("reste_a_charge", "measure", r"\brac\b|\breste a charge\b|\bcharge (du |de l )?(patient|assure|adherent)\b", 1.0),
    ("base_remboursement", "measure", r"\b(brss|br|base (de )?(remb\w*|ss|secu))\b|\btarif (de )?convention\w*\b", 1.0),
    ("", "measure", r"\b(ticket moderateur|tm|depassements?|franchises?|forfaits?)\b|\bconsommants?\b", 0.8),
    ("taxes", "measure", r"^(montant )?(des? )?(taxes?|tsa|tca)\b", 1.0),
    ("frais_gestion", "measure", r"\b(frais (de )?gestion|chargements?|frais generaux)\b", 1.0),
    (
        "beneficiaires",
        "measure",
        r"^(mois|personnes?) (beneficiaires?|assures?|mois|protegees?|couvertes?)$|^exposition\b",
        1.0,
    ),
    ("actes", "measure", rf"\b({_COUNT})\b.*\b(actes?|prestations?|sinistres?|soins|consultations?)\b", 1.0),
    ("actes", "measure", r"^(actes|quantites?|qte)$", 1.0),
    ("adhesions", "measure", r"\b(adhesions?|affaires nouvelles|entrees?)\b", 0.9),
    ("resiliations", "measure", r"\b(resiliations?|sorties?|radiations?|chutes?)\b", 0.9),
    ("cotisation", "measure", r"\b(cotisations?|cotis|primes?)\b", 1.0),
    (
        "remboursement_amo",
        "measure",
        r"\b(amo|ro|secu|securite sociale|regime obligatoire|assurance maladie|cpam)\b",
        1.0,
    ),
    (
        "frais_reels",
        "measure",
        r"\bfrais (reels?|engages?)\b|^fr$|\bhonoraires\b|\b(montants?|mt) (engages?|factures?|depenses?)\b",
        1.0,
    ),
    (
        "frais_reels",
        "measure",
        r"^(montants? )?(de )?(la |des )?depenses?( (payees?|engagees?|reelles?|totales?|presentees?))*$",
        1.0,
    ),
    (
        "prestation",
        "measure",
        r"^(montants? )?(des? )?prestations?( (payees?|versees?|reglees?|rc|amc|complementaires?|nettes?))*$",
        1.0,
    ),
    (
        "prestation",
        "measure",
        r"\b(amc|rc|regime complementaire|part (mutuelle|complementaire)|charge sinistres?)\b",
        0.95,
    ),
    (
        "prestation",
        "measure",
        r"\b(remb|rbt|rembours\w*)\b.*\b(mutuelle|complementaire|mut|oc)\b|^(montants? )?sinistres?$",
        0.95,
    ),
    (
        "prestation",
        "measure",
        r"^(montants? |mt |total )?(des? )?(remb|remboursements?|rembourses?|indemnites?|prestations?)\b",
        0.7,
    ),
    # Dimensions.
    (
        "canal",
        "dimension",
        r"\bcan(al|aux)\b|\breseau (de )?distribution\b|^distribution$|\bapporteurs?\b|\bcourtiers?\b",
        1.0,
    ),
    (
        "tranche_age",
        "dimension",
        r"\b(tranches?|classes?|groupes?) (d )?ages?\b|^ages?( (code|ben snds|atteint))?$",
        1.0,
    ),
    ("sexe", "dimension", r"\b(sexe|genre|civilite)\b|^ben sex cod$", 1.0),
    ("region", "dimension", r"\bregions?\b|^ben res reg$", 1.0),
    ("panier", "dimension", r"\bpaniers?\b|^100 sante$", 1.0),
    ("reseau", "dimension", r"\breseau(x)?\b", 1.0),
    ("formule", "dimension", r"\b(formules?|garanties?|gammes?|produits?|niveau (de )?(couverture|garantie))\b", 0.9),
    ("contrat", "dimension", r"^(type|nature|categorie) (de |du )?contrats?$|^(individuel collectif|ind coll)$", 1.0),
    ("contrat", "dimension", r"^contrats?( code)?$", 0.9),
    ("poste", "dimension", r"^(code |lib |libelle )?postes?( (de )?(soins?|depenses?|prestations?))?( code)?$", 1.0),
    (
        "poste",
        "dimension",
        r"^(grande? )?(natures?|familles?|categories?|types?) (d |de |des )?(prestations?|actes?|soins?)$",
        0.95,
    ),
    ("poste", "dimension", r"^(nature|famille|rubrique|acte|prestation|libelle (de l )?acte|soins?)$", 0.8),
    # Heads last: "sexe du bénéficiaire" is not a number of people.
    (
        "beneficiaires",
        "measure",
        rf"^(({_COUNT}) )?(total )?(d |de |des )?(beneficiaires?|benefs?)( (couverts?|proteges?|mois))?$",
        1.0,
    ),
    (
        "beneficiaires",
        "measure",
        rf"^(({_COUNT}) )?(d |de |des )?(effectifs?|assures?|personnes?( protegees?)?|tetes)( .*)?$",
        0.9,
    ),
    ("beneficiaires", "measure", rf"^(({_COUNT}) )?(d |de |des )?adherents?$", 0.6),
)
_COMPILED = tuple((role, kind, re.compile(pattern), confidence) for role, kind, pattern, confidence in _RULES)
_UNITS = re.compile(r"\b(eur|euros?|en|keur)\b")
_CODE = re.compile(
    r"\b(code|cod|cd|top|flag|type|nature|nat|qualite|qlt|categorie|cat|classe|niveau|rang|id|num|numero)\b"
)
_BASES = (("TTC", r"\b(ttc|toutes taxes)\b"), ("HT", r"\b(ht|hors taxes?)\b"), ("nette", r"\b(net|nette|nettes)\b"))

_SUBTOTAL = re.compile(r"(sous|ss) ?tota(l|ux)( .*)?|s t( .*)?|dont .*|france metro(politaine)?")
_TOTAL = re.compile(
    r"(grand )?(tota(l|ux)|cumul)( .*)?|.* tota(l|ux)|.* confondue?s?|global|somme"
    r"|ensemble( .*)?|tou(t|te|tes|s)( .*)?|(les )?(deux|2) sexes|france( entiere)?|national"
)
_TOTAL_WORDS = ("total", "totaux", "ensemble", "somme", "cumul", "tot")


def normalise(text: str) -> str:
    """A name in lower case, without accents nor punctuation, words separated by one space."""
    flat = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe"))
    letters = "".join(c for c in flat if not unicodedata.combining(c))
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", letters)
    return " ".join(re.sub(r"[^0-9a-z]+", " ", spaced.lower()).split())


def without_units(name: str) -> str:
    """A normalised name without the words that only say "in euros"."""
    return " ".join(_UNITS.sub(" ", name).split()) or name


def guesses(header: str) -> tuple[NameGuess, ...]:
    """Everything that the name of a column suggests, best first; empty when it says nothing."""
    name = without_units(normalise(header))
    found = (NameGuess(role, kind, c) for role, kind, pattern, c in _COMPILED if pattern.search(name))
    return tuple(found)


def guess(header: str) -> NameGuess | None:
    """The first suggestion of :func:`guesses`, or None."""
    return next(iter(guesses(header)), None)


def looks_like_code(header: str) -> bool:
    """Whether the name says that the values are codes, even when they are written with digits."""
    return bool(_CODE.search(normalise(header)))


def says_total(label: str) -> bool:
    """Whether a value, or a title, says that it adds up all the others: « Total », « Tout âge », « France entière »."""
    return _TOTAL.fullmatch(normalise(label)) is not None


def says_subtotal(label: str) -> bool:
    """Whether a value, or a title, says that it adds up some of the others: « Sous-total soins », « S/T »."""
    return _SUBTOTAL.fullmatch(normalise(label)) is not None


def holds_total(header: str) -> bool:
    """Whether a word of a title says that the column adds up others: « Montant total »."""
    return any(word in _TOTAL_WORDS for word in normalise(header).split())


def base_of(header: str) -> str | None:
    """Base of a premium named in its header: TTC, HT, nette, or None."""
    name = normalise(header)
    return next((base for base, pattern in _BASES if re.search(pattern, name)), None)
