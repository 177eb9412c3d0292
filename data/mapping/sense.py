"""Columns that say whether an amount is added or taken away, and in which currency it is."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.errors import MappingError, Question
from data.mapping.questions import check_choice, sense_question
from data.mapping.roles import Role, texts_of
from data.readers import Table
from data.vocabulary import normalise

#: Between the values of an answer.
_AND = " | "
_TITLE = re.compile(r"\b(sens|signe|debit|credit|d c|dc|mouvements?|mvt|ecritures?|operations?|statut|etat)\b|^type\b")
_SIDES = re.compile(r"d|c|db|cr|deb|cred|debit(eur)?s?|credit(eur)?s?")
_TAKEN = re.compile(
    r"(annul\w*|extourn\w*|contre ?pass\w*|avoirs?|reprises?|indus?|recuperations?|recouvrements?|rejet\w*"
    r"|restitutions?)( .*)?"
)
_SIGNS = ({"+", "-"}, {"1", "-1"}, {"+1", "-1"}, {"1.0", "-1.0"}, {"1,0", "-1,0"})
_CURRENCY_TITLE = re.compile(r"\b(devises?|monnaies?|currency|currencies)\b")
_CURRENCIES = frozenset({"eur", "usd", "chf", "gbp", "xpf", "cad", "jpy", "mad", "tnd", "xof", "xaf", "dzd", "pln"})
_EURO = frozenset({"€", "euro", "euros", "eur"})
_MAX_VALUES = 60


def settle_signs(
    table: Table, roles: dict[str, Role], answers: MappingABC[str, str]
) -> tuple[dict[str, Role], list[Question]]:
    """Roles, and a blocking question for each column of senses whose amounts are all written positive."""
    roles, asked = dict(roles), []
    amounts = [r.header for r in roles.values() if r.kind == "mesure"]
    for role in list(roles.values()):
        if role.kind not in ("dimension", "mesure") or f"colonne:{role.header}" in answers:
            continue
        values = _values(table, role.header)
        taken = _taken(role.header, values)
        others = [h for h in amounts if h != role.header]
        if not taken or not others or _already_signed(table, role.header, taken, others):
            continue
        roles[role.header] = replace(role, kind="dimension")
        question = sense_question(role.header, taken, several=_SIDES.fullmatch(normalise(taken[0])) is not None)
        check_choice(question, answers.get(question.key))
        if question.key not in answers:
            asked.append(question)
    return roles, asked


def signs_of(
    table: Table, headers: tuple[str, ...], answers: MappingABC[str, str]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Rows to take away, and those that the user sets aside, by title of the column that says so."""
    taken = np.zeros(len(table.tidy), dtype=bool)
    aside: dict[str, np.ndarray] = {}
    for header in headers:
        action, _, values = answers.get(f"sens:{header}", "").partition(":")
        if action not in ("soustraire", "ecarter"):
            continue
        rows = texts_of(table)[header].str.strip().isin(values.split(_AND)).to_numpy()
        if action == "soustraire":
            taken |= rows
        else:
            aside[header] = rows
    return taken, aside


def refuse_currencies(table: Table, roles: MappingABC[str, Role]) -> None:
    """Refuse amounts of several currencies, which do not add up.

    Raises
    ------
    MappingError
    """
    for role in roles.values():
        if role.kind != "dimension":
            continue
        values = _values(table, role.header)
        named = _CURRENCY_TITLE.search(normalise(role.header)) is not None
        told = {"eur" if v.lower() in _EURO else normalise(v) for v in values}
        if len(told) > 1 and (named or told <= _CURRENCIES):
            shown = ", ".join(f"« {v} »" for v in values[:4])
            raise MappingError(
                f"Les montants sont en plusieurs devises ({shown}) : ils ne s’additionnent pas.",
                colonne=role.header,
                remede="Exportez les lignes d’une seule devise, ou convertissez-les en euros.",
            )


def _values(table: Table, header: str) -> list[str]:
    """Distinct values of a column as written, none when they are too many to be senses."""
    column = table.tidy[header]
    if isinstance(column.dtype, pd.CategoricalDtype):
        found = [str(v) for v in column.cat.categories]
    elif pd.api.types.is_numeric_dtype(column) and column.nunique() <= 2:
        found = [str(v) for v in texts_of(table)[header].str.strip().unique()]
    else:
        return []
    return [v for v in found if v.strip()] if len(found) <= _MAX_VALUES else []


def _taken(header: str, values: list[str]) -> list[str]:
    """Values whose amounts may have to be taken away; [] when the column is not one of senses."""
    names, titled = {v: normalise(v) for v in values}, _TITLE.search(normalise(header)) is not None
    if len(values) == 2 and set(values) in _SIGNS and (titled or "+" in values):
        return [v for v in values if v.startswith("-")]
    if len(values) > 1 and all(_SIDES.fullmatch(n) for n in names.values()):
        return values if titled or all(len(n) > 1 for n in names.values()) else []
    taken = [v for v, n in names.items() if _TAKEN.fullmatch(n)]
    return taken if titled and 0 < len(taken) < len(values) else []


def _already_signed(table: Table, header: str, taken: list[str], amounts: list[str]) -> bool:
    """Whether the amounts of one of these values are already written below zero, most of the time."""
    texts = texts_of(table)[header].str.strip()
    for value in taken:
        cells = table.tidy.loc[(texts == value).to_numpy(), amounts].to_numpy(dtype="float64")
        if (cells < 0).sum() > (cells > 0).sum():
            return True
    return False
