"""What a column holds by its values alone: postes, regions, ages, sexes, contracts, care baskets."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable

from data.references import load_postes_e3, load_value_labels
from data.vocabulary import normalise

#: Share of the distinct values that must be of a kind for the column to be of that kind.
SHARE = 0.6
#: The same for postes: their wording is the freest.
SHARE_POSTES = 0.5
#: More distinct values than this and the content says nothing.
MAX_VALUES = 60
#: Region codes are also plain numbers: this many different ones are needed, and nothing else beside them.
MIN_REGION_CODES = 6

_AGES = re.compile(
    r"(de )?(\d{1,3}) ?(ans )?(a |et |- ?)?(\d{1,3})( ans)?( inclus)?"
    r"|(moins de|jusqu a|0 a|inf a) (\d{1,3})( ans)?"
    r"|(\d{1,3})( ans)? (et (plus|au dela)|ou plus)|(plus de|sup a|a partir de) (\d{1,3})( ans)?"
)
_WORDS = (
    ("sexe", {"h", "f", "m", "homme", "femme", "hommes", "femmes", "masculin", "feminin", "garcons", "filles"}),
    ("contrat", {"individuel", "collectif", "individuels", "collectifs", "ind", "coll", "indiv", "individuelle"}),
    ("panier", {"100 sante", "maitrise", "libre", "rac 0", "tarif libre", "tarif maitrise", "panier libre"}),
    ("formule", {"eco", "economique", "essentielle", "essentiel", "confort", "premium", "equilibre", "integrale"}),
)
#: Ways of writing the values of a dimension, beyond which a column is not one.
_MOST_WRITTEN = 20 * MAX_VALUES
#: Values that say nothing of the kind of a column.
_NEUTRAL = re.compile(
    r"(inconnu\w*|indetermine\w*|non (renseigne|precise)\w*|autres?|divers|nc|nr|ns|total|tous|toutes|ensemble)( .*)?"
)
#: Regions before 2016 and usual short names, which the official list no longer has.
_OTHER_REGIONS = (
    "alsace", "aquitaine", "auvergne", "basse normandie", "bourgogne", "centre", "champagne ardenne", "corse",
    "dom", "dom tom", "drom", "franche comte", "haute normandie", "idf", "ile de france", "languedoc roussillon",
    "limousin", "lorraine", "midi pyrenees", "nord pas de calais", "outre mer", "paca", "picardie",
    "poitou charentes", "reunion", "rhone alpes",
)  # fmt: skip


def role_of_values(values: Iterable[str]) -> tuple[str, float] | None:
    """Dimension that the distinct values of a column are, with a confidence; None when they do not say.

    Parameters
    ----------
    values : iterable of str
        Distinct values, as written.
    """
    written = set(values)
    if len(written) > _MOST_WRITTEN:  # identifiers: a million of them are not worth a look
        return None
    told = {normalise(v) for v in written} - {""}
    told = {v for v in told if not _NEUTRAL.fullmatch(v)}
    if not told or len(told) > MAX_VALUES:
        return None
    if len(told) > 1 and _share(told, _is_region_name) >= SHARE:
        return "region", 0.7
    if len(told) > 1 and _share(told, is_age_band) >= 0.8:
        return "tranche_age", 0.7
    for role, words in _WORDS:
        if len(told) > 1 and told <= words:
            return role, 0.6
    if _share(told, is_poste) >= SHARE_POSTES:
        return "poste", 0.6
    return None


def are_region_codes(values: Collection[str]) -> bool:
    """Whether numbers are the INSEE codes of regions: many of them, and nothing else."""
    codes = {v.strip().removesuffix(".0").zfill(2) for v in values}
    known = {c.zfill(2) for c in load_value_labels()["region"]}
    return len(codes) >= MIN_REGION_CODES and codes <= known


def is_age_band(value: str) -> bool:
    """Whether a normalised value is a band of ages: « 20 a 39 ans », « 0 19 », « 75 ans et plus »."""
    found = _AGES.fullmatch(value)
    if found is None:
        return False
    ages = [int(n) for n in re.findall(r"\d+", value)]
    return max(ages) <= 125 and ages == sorted(ages)


def is_poste(value: str) -> bool:
    """Whether a normalised value begins as the trade, or the return E3, names a poste."""
    return value.startswith(_poste_words())


def _is_region_name(value: str) -> bool:
    return value in _region_names() or value.removeprefix("region ") in _region_names()


def _share(values: set[str], test) -> float:
    return sum(map(test, values)) / len(values)


@functools.cache
def _poste_words() -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for words in load_postes_e3()["mots"] for word in words if word not in _VAGUE))


#: Words of the return E3 that too many other columns also hold.
_VAGUE = frozenset({"autre", "divers", "suppleme", "forfait", "visite", "appareil"})


@functools.cache
def _region_names() -> frozenset[str]:
    official = {normalise(v) for v in load_value_labels()["region"].values()} - {"region inconnue"}
    return frozenset({*official, *_OTHER_REGIONS})
