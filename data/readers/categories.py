"""Header cells that are values of a known variable (poste, âge, sexe, région), and the words that say "total"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from data.vocabulary import normalise

#: Words of a column or of a line that adds up the others.
TOTAL = re.compile(
    r"(grand |sous )?(tota(l|ux)|cumul)( .*)?|ensemble( .*)?|tou(s|te|tes)( .*)?|(les )?deux sexes|.* tota(l|ux)"
)

_UNIT = re.compile(
    r"(en )?((milliers|millions|milliards|k|m|md) (d )?)?(eur|euros?|nombre|nb|unites?|pourcentages?|pct|points?"
    r"|jours?|ans|mois|effectifs?|valeurs?|keur|meur|personnes|actes)( constants| courants)?|€|%|k€|m€|md€"
)
_POSTES = re.compile(
    r"(autres? )?(frais |soins |prestations? |actes )?(d |de |des )?("
    r"optiques?|dentaires?|hospitali(sations?|ers?|eres?)|hopital|pharmacie|medicaments?|soins courants|audio\w*"
    r"|aides? auditives?|medecine( de ville| generale| douce)?|medicaux|(medecins? )?(generalistes?|specialistes?)"
    r"|consultations?( visites?)?|analyses|biologie|laboratoires?|(radiologie|imagerie)( medicale)?|kine\w*"
    r"|(auxiliaires? |para)medica(l|ux)|transports?( sanitaires?)?|cures?( thermales?)?"
    r"|protheses?( dentaires?| auditives?)?|orthodontie|implant\w*|prevention|maternite|naissance|appareillages?"
    r"|orthopedie|medecines? (douces?|naturelles?)|bien etre|chambres? particulieres?|forfait journalier|obseques"
    r"|divers|autres?( postes?)?)"
    r"( ville| et .*| ou .*)?"
)
_AGES = re.compile(
    r"(de )?\d{1,3} (a )?\d{1,3}( ans)?|\d{1,3} ans( et plus| et| ou plus)?"
    r"|(moins|plus) de \d{1,3} ans|\d{1,3} (et|ou) plus"
)
_SEXES = re.compile(r"(hommes?|femmes?|masculin|feminin|garcons?|filles?|h|f|m)")
_REGIONS = re.compile(
    r"auvergne rhone alpes|bourgogne franche comte|bretagne|centre val de loire|corse|grand est|hauts de france"
    r"|ile de france|normandie|nouvelle aquitaine|occitanie|pays de la loire|provence alpes cote d azur|paca"
    r"|guadeloupe|martinique|guyane|(la )?reunion|mayotte|dom|outre mer"
)
_FAMILIES = {"poste": _POSTES, "tranche_age": _AGES, "region": _REGIONS, "sexe": _SEXES}


def is_total(text: str) -> bool:
    """Whether a name says that it adds up the others."""
    return TOTAL.fullmatch(normalise(text)) is not None


def is_unit(text: str) -> bool:
    """Whether a header cell only says in what the column is counted."""
    bare = text.strip().strip("()[]").strip().lower()
    return _UNIT.fullmatch(bare) is not None or _UNIT.fullmatch(normalise(bare)) is not None


def belongs(label: str, family: str) -> bool:
    """Whether a label may be a value of "poste", "tranche_age", "region" or "sexe", beside others that surely are."""
    words = normalise(label)
    return _FAMILIES[family].fullmatch(words) is not None and TOTAL.fullmatch(words) is None


def variable_of(labels: Sequence[str]) -> str:
    """Variable that all these labels are values of: "poste", "tranche_age", "sexe", "region", or "" when unknown."""
    words = {normalise(label) for label in labels if not is_total(label)}
    if len(words) >= 2 and all(_SEXES.fullmatch(w) for w in words):
        return "sexe"
    if len(words) < 3:
        return ""
    if all(_AGES.fullmatch(w) for w in words) and any("ans" in w or "plus" in w for w in words):
        return "tranche_age"
    if all(_POSTES.fullmatch(w) for w in words) and not all(re.match("autre|divers", w) for w in words):
        return "poste"
    return "region" if all(_REGIONS.fullmatch(w) for w in words) else ""
