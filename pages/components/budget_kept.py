"""A budget file read for one perimeter, and what it says of another one."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import openpyxl
import streamlit as st
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.exceptions import InvalidFileException

from analytics.constat import describe_perimeter
from analytics.errors import ReadError
from analytics.predictive.budget import Budget
from analytics.predictive.budget_file import read_budget
from analytics.predictive.reconciliation import WHOLE
from data import read_table
from pages.components.cache import digest
from pages.components.messages import safe
from pages.components.outlook import Outlook
from pages.components.outlook_events import split_of
from pages.components.sidebar import View

MAX_BYTES = 5 * 2**20
LOGGER = logging.getLogger("paliers.budget")
_NOT_KNOWN = (InvalidFileException, BadZipFile, ValueError, KeyError, TypeError, AttributeError)
OWN_FORMATS, EURO = frozenset(BUILTIN_FORMATS.values()), frozenset({"€", "EUR"})
_CURRENCY = re.compile(r"\[\$([^\]-]+)|([$£¥](?![^\[]*\])|\b(?:USD|GBP|CHF|CAD)\b)")


@dataclass(frozen=True)
class Kept:
    """A budget read in this session, for one dataset and perimeter.

    Attributes
    ----------
    token, filtres
        The dataset and the perimeter of its whole.
    par : str or None
        Dimension of its parts.
    perimetre : str
        The perimeter in French.
    nom, empreinte : str
        The file, and the digest of its content.
    budget : Budget
    """

    token: str
    nom: str
    empreinte: str
    budget: Budget
    filtres: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    par: str | None = None
    perimetre: str = "Ensemble"


def keep(view: View, name: str, content: bytes, budget: Budget) -> Kept:
    """A budget with what it was read for."""
    return Kept(
        view.token, name, digest(name, content.hex()), budget, dict(view.selection.filtres), split_of(view),
        describe_perimeter(view.selection, view.dataset),
    )  # fmt: skip


def plain_filters(filters: Mapping[str, tuple[Any, ...]]) -> dict[str, list[str]]:
    """Filters whatever the order in which they were chosen."""
    return {d: sorted(map(str, values)) for d, values in sorted(filters.items())}


def of_perimeter(view: View, kept: Kept) -> tuple[str, Budget] | None:
    """The budget when it is that of the perimeter, its parts inside it when they make it up, else None and why."""
    here, then = plain_filters(view.selection.filtres), plain_filters(kept.filtres)
    if here == then:
        return kept.empreinte, kept.budget
    here_of_parts = here.pop(kept.par, None) if kept.par is not None else None
    then.pop(kept.par, None)
    now = describe_perimeter(view.selection, view.dataset)
    if here_of_parts is not None and here == then:
        names = [view.dataset.value_label(kept.par, v) for v in view.selection.filtres[kept.par]]
        budget = kept.budget.inside(names)
        if not budget.of(WHOLE).empty:
            return digest(kept.empreinte, names), budget
        absent = ", ".join(name for name in names if kept.budget.of(name).empty)
        st.info(f"Le budget ne dit rien de « {safe(absent)} ».", icon=":material/info:")
        return None
    st.info(
        f"Budget lu pour « {safe(kept.perimetre)} » : il n’est pas comparé à « {safe(now)} ». Revenez à son périmètre, "
        "ou retirez-le et déposez celui d’ici.", icon=":material/info:",
    )  # fmt: skip
    return None


def read_file(content: bytes, name: str, parts: dict[str, str]) -> Budget:
    """Budget of a file dropped.

    Raises
    ------
    ReadError
        Too large, or not a table.
    SchemaError
        As :func:`analytics.predictive.budget_file.read_budget`.
    """
    if len(content) > MAX_BYTES:
        raise ReadError("Ce fichier est trop gros pour un budget.", remede="Une ligne par mois et par poste suffit.")
    table = read_table(content, name=name)
    currency = foreign_format(content)
    if currency:
        raise ReadError(
            "Le classeur affiche le budget dans une autre monnaie que l’euro.", valeur=currency,
            remede="Convertissez les montants en euros, et mettez les cellules au format nombre.",
        )  # fmt: skip
    if len(table.rejected):
        row = table.rejected.iloc[0]
        raise ReadError(
            f"Une ligne du budget ne peut pas être lue : {row['raison']}.", ligne=int(row["ligne"]),
            colonne=row["colonne"] or None, valeur=row["valeur"] or None,
            remede="Corrigez-la, puis redéposez le fichier.",
        )  # fmt: skip
    return read_budget(table.tidy, parts=parts, lines=table.lines)


def foreign_format(content: bytes) -> str:
    """Currency in which a workbook (.xlsx) shows a number other than the euro; empty without any.

    The formats that a spreadsheet has of its own show the currency of the machine: they say nothing.
    """
    if not content.startswith(b"PK") or b"xl/workbook.xml" not in content:
        return ""
    try:
        formats = _formats(content)
    except _NOT_KNOWN as error:  # its numbers were read all the same; a format that cannot be read says nothing
        LOGGER.info("Les formats du budget ne se lisent pas (%s).", type(error).__name__)
        return ""
    shown = [mark for text in formats - OWN_FORMATS for pair in _CURRENCY.findall(text) for mark in pair if mark]
    return next((mark for mark in sorted(shown) if mark not in EURO), "")


def _formats(content: bytes) -> set[str]:
    """Formats of the numbers of a workbook."""
    book = openpyxl.load_workbook(BytesIO(content), read_only=True)
    try:
        rows = (row for sheet in book.worksheets for row in sheet.iter_rows())
        return {cell.number_format for row in rows for cell in row if isinstance(cell.value, int | float)}
    finally:
        book.close()


def part_names(view: View, outlook: Outlook) -> dict[str, str]:
    """What a part may be called in a budget, code or label, to the name of its series."""
    by, names = split_of(view), outlook.series.hierarchy.get(WHOLE, ())
    found = {name: name for name in names}
    if by is not None and names:
        found |= {v: view.dataset.value_label(by, v) for v in view.opened.values[by]}
    return {key: name for key, name in found.items() if name in names}
