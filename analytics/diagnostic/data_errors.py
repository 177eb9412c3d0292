"""Errors of the data that touch a perimeter, or a comparison of two periods, and what they weigh there.

Findings come as the quality checks write them: `mois_debut`, `mois_fin` ("2023-03"; an empty end is "from then on"),
`filtres` (JSON of {dimension: [values]}) and `effets` (JSON of {"cles": [dimensions], "lignes": [[month, values…,
euros]]}, euros above what the data should hold; an empty text is an effect that nobody can tell).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.schema import MAIN_MEASURES, MONEY_MEASURES, Selection

#: Codes whose euros are those of lines that are there, and not an estimate of what should be.
_EXACT = (
    "unicite.lot_double", "unicite.lignes_identiques", "exactitude.changement_unite", "exactitude.signe_inverse",
    "conformite.recodage", "exhaustivite.valeur_partielle",
)  # fmt: skip
_RECODED, _EMPTY = "conformite.recodage", "exhaustivite.valeurs_manquantes"
#: What another error of the same months, of half their weight or more, is the cause of.
_ECHOES, _HALF = ("exactitude.mois_atypique", "actualite.derniers_mois"), 0.5
#: Share known of a month from which nothing is left to complete.
_KNOWN = 0.999
COLUMNS = ("famille", "code", "severite", "table", "colonne", "message", "remede", "debut", "fin", "euros_ici", "exact")


@dataclass(frozen=True)
class Family:
    """One kind of error of data.

    Attributes
    ----------
    key, label, test : str
        Short name, name on the screen, and what is tested.
    codes : tuple of str
        Codes of its findings.
    """

    key: str
    label: str
    test: str
    codes: tuple[str, ...]


FAMILIES = (
    Family(
        "doublons", "Doublons", "lignes identiques sur toutes leurs colonnes ; lots envoyés deux fois",
        ("unicite.lot_double", "unicite.lignes_identiques"),
    ),
    Family(
        "unites", "Unités", "montants cent fois plus grands ou plus petits que d’habitude, par segment et par mois",
        ("exactitude.changement_unite",),
    ),
    Family(
        "lots", "Lots manquants ou tardifs",
        "mois sans ligne, lots absents ou en retard, montants laissés vides, mois hors de proportion",
        (
            "actualite.mois_manquants", "actualite.lot_en_retard", "actualite.lot_manquant", "actualite.derniers_mois",
            "exactitude.mois_atypique", _EMPTY,
        ),
    ),
    Family(
        "signes", "Signes", "lots d’ordinaire positifs dont le total est négatif",
        ("exactitude.signe_inverse", "exactitude.signe"),
    ),
    Family(
        "recodage", "Postes recodés", "valeurs qui disparaissent quand une autre, de même taille, apparaît",
        (_RECODED,),
    ),
    Family(
        "perimetre", "Périmètre", "sauts du nombre d’assurés ; valeurs qui commencent ou s’arrêtent en cours de route",
        ("exhaustivite.perimetre", "exhaustivite.valeur_partielle"),
    ),
)  # fmt: skip
FAMILY_OF = {code: family.key for family in FAMILIES for code in family.codes}


def errors_within(
    findings: pd.DataFrame,
    filtres: Mapping[str, Sequence[str]],
    debut: pd.Timestamp,
    fin: pd.Timestamp,
    *,
    known: Mapping[pd.Timestamp, float] | None = None,
) -> pd.DataFrame:
    """Errors of data that touch a perimeter between two months.

    Parameters
    ----------
    findings : pandas.DataFrame
        What the quality checks found.
    filtres : mapping of str to sequence of str
        The perimeter.
    debut, fin : pandas.Timestamp
        First and last month.
    known : mapping of month to float, optional
        Share known of each month: what is told of a month that is completed is completed like it.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS`, one row per finding: euros_ici is EUR above what the perimeter should hold (below zero: what is
        missing; NaN when nobody can tell; an upper bound when the perimeter is finer than what is known of the
        finding), exact whether it is no estimate. A change that lasts (a renamed value, a population) touches when it
        begins after `debut`.
    """
    rows = []
    for row in of_families(findings).itertuples(index=False):
        months = _months(row)
        if months is None or not _meet(_json(row.filtres), filtres):
            continue
        first, last = months
        if (last is None and not debut < first <= fin) or (last is not None and (last < debut or first > fin)):
            continue
        euros, exact = _effect(row, filtres, [(debut, fin)], known)
        if euros == 0 and row.code != _RECODED:
            continue
        rows.append(_shown(row, first, last) | {"euros_ici": euros, "exact": exact})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def touching_errors(
    findings: pd.DataFrame,
    selection: Selection,
    before: Selection,
    *,
    known: Mapping[pd.Timestamp, float] | None = None,
    tables: Iterable[str] = ("prestation",),
    measures: Iterable[str] = MAIN_MEASURES,
) -> pd.DataFrame:
    """Errors of data that touch a comparison: what lies between the two periods, compared with nothing, does not.

    Parameters
    ----------
    findings : pandas.DataFrame
        What the quality checks found.
    selection, before : Selection
        The period explained and the one it is compared with, and the perimeter.
    known : mapping of month to float, optional
        As in :func:`errors_within`.
    tables, measures : iterable of str
        Tables and amounts that are compared.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS` without euros_ici, then periode, reference (EUR above what each period should hold; NaN when
        nobody can tell) and en_jeu (EUR), the gravest first.
    """
    rows, periods = [], ((selection.debut, selection.fin), (before.debut, before.fin))
    for row in of_families(findings).itertuples(index=False):
        months = _months(row)
        if months is None or not _meet(_json(row.filtres), selection.filtres):
            continue
        if not _is_about(row, set(tables), set(measures)) or not _touches(months, periods):
            continue
        (now, sure), (then, sure_then) = (_effect(row, selection.filtres, [p], known) for p in periods)
        stake = _stake(row, selection.filtres, periods, known) if row.code == _RECODED else abs(now) + abs(then)
        if now == 0 and then == 0 and not stake:
            continue
        found = {"periode": now, "reference": then, "en_jeu": stake, "exact": sure and sure_then}
        rows.append(_shown(row, *months) | found)
    table = pd.DataFrame(rows, columns=[*(c for c in COLUMNS if c != "euros_ici"), "periode", "reference", "en_jeu"])
    renamed = table.loc[table["code"] == _RECODED, "colonne"]
    twice = (table["code"] == "exhaustivite.valeur_partielle") & table["colonne"].isin(renamed)
    return table[~twice].reset_index(drop=True)


def of_families(findings: pd.DataFrame) -> pd.DataFrame:
    """Findings of one of the families, with their family and their place; those of an older version have none.

    A month out of proportion is left aside when another finding tells why.

    Parameters
    ----------
    findings : pandas.DataFrame
        What the quality checks found.
    """
    if not len(findings) or "effets" not in findings.columns:
        return pd.DataFrame(columns=["code", "severite", "famille", "mois_debut"])
    families = findings["code"].map(FAMILY_OF)
    told = {c: findings[c].fillna("") for c in ("mois_debut", "mois_fin", "filtres", "effets")}
    kept = findings.assign(**told, famille=families)[families.notna().to_numpy()]
    echoes = kept["code"].isin(_ECHOES).to_numpy()
    spots = kept[~echoes & (kept["mois_fin"] != "").to_numpy()]
    own = [not (echo and _is_echo(row, spots)) for echo, row in zip(echoes, kept.itertuples(), strict=True)]
    return kept.loc[np.array(own, dtype=bool)]  # an empty list would choose no column rather than no row


def _is_echo(row, others: pd.DataFrame) -> bool:
    """Whether another finding tells why a month is out of proportion."""
    same = (others["mois_debut"] <= row.mois_fin) & (others["mois_fin"] >= row.mois_debut)
    return bool((others.loc[same, "euros"].abs() >= _HALF * abs(row.euros)).any())


def _months(row) -> tuple[pd.Timestamp, pd.Timestamp | None] | None:
    if not row.mois_debut:
        return None
    return _month(row.mois_debut), _month(row.mois_fin) if row.mois_fin else None


def _month(text: str) -> pd.Timestamp:
    return pd.Timestamp(f"{text}-01")


def _json(text: str) -> dict:
    return json.loads(text) if text else {}


def _meet(own: Mapping[str, Sequence[str]], filtres: Mapping[str, Sequence[str]]) -> bool:
    """Whether two perimeters have anything in common, as far as both say."""
    return all(set(own[d]) & {str(v) for v in filtres[d]} for d in own if filtres.get(d))


def _touches(months: tuple, periods: Sequence[tuple]) -> bool:
    first, last = months
    if last is None:  # a change that lasts parts months of before from months of after
        return min(debut for debut, _ in periods) < first <= max(fin for _, fin in periods)
    return any(first <= fin and last >= debut for debut, fin in periods)


def _is_about(row, tables: set[str], measures: set[str]) -> bool:
    if row.famille == "perimetre":
        return True
    if row.code == _EMPTY:  # the cells of one measure, whatever its table
        return row.colonne in measures
    return row.table in tables and (row.colonne not in MONEY_MEASURES or row.colonne in measures)


def _effect(
    row, filtres: Mapping, periods: Sequence[tuple], known: Mapping[pd.Timestamp, float] | None
) -> tuple[float, bool]:
    """EUR above what the perimeter should hold in these periods, and whether this is no estimate."""
    if not row.effets:
        return math.nan, False
    effets, own = _json(row.effets), _json(row.filtres)
    if row.code == _RECODED:
        return _missing_under_one_name(row, effets, own, filtres, periods, known)
    total, complete = _sum(effets, filtres, periods, known)
    fine = all(d in effets["cles"] or len(own.get(d, ())) == 1 for d, values in filtres.items() if values)
    return total, complete and (total == 0 or (fine and row.code in _EXACT))


def _missing_under_one_name(row, effets: dict, own: Mapping, filtres: Mapping, periods, known) -> tuple[float, bool]:
    """What is missing of a perimeter that holds one name of a renamed value: all that the other name holds."""
    dimension, (old, new) = row.colonne, own[row.colonne]
    chosen = {str(v) for v in filtres.get(dimension) or (old, new)} & {old, new}
    if len(chosen) == 2:
        return 0.0, True
    other = {**filtres, dimension: (new if old in chosen else old,)}
    total, complete = _sum(effets, other, periods, known)
    return -total, complete


def _stake(row, filtres: Mapping, periods: Sequence[tuple], known) -> float:
    """EUR under the new name of a renamed value in the months compared."""
    if not row.effets:
        return math.nan
    new = _json(row.filtres)[row.colonne][1]
    return abs(_sum(_json(row.effets), {**filtres, row.colonne: (new,)}, periods, known)[0])


def _sum(effets: dict, filtres: Mapping, periods: Sequence[tuple], known) -> tuple[float, bool]:
    kept = {effets["cles"].index(d) + 1: {str(v) for v in values} for d, values in filtres.items()
            if values and d in effets["cles"]}  # fmt: skip
    total, complete = 0.0, True
    for line in effets["lignes"]:
        month = _month(line[0])
        if any(debut <= month <= fin for debut, fin in periods) and all(str(line[i]) in v for i, v in kept.items()):
            share = known.get(month, math.nan) if known is not None else math.nan
            partial = 0 < share < _KNOWN
            complete &= not partial
            total += line[-1] / share if partial else line[-1]
    return total, complete


def _shown(row, first: pd.Timestamp, last: pd.Timestamp | None) -> dict:
    told = {c: getattr(row, c) for c in COLUMNS[:7]}
    return told | {"debut": first, "fin": pd.NaT if last is None else last}
