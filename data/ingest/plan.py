"""What a file of millions of lines is, decided on some of its lines: layout, kinds, roles, and what SQL may read."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ReadError
from data.ingest.forms import FREE, Form, blank_form, date_form, distinct, number_form
from data.ingest.stream import Unsuited
from data.mapping.propose import Mapping, propose_mapping
from data.readers import Table, read_table
from data.readers.dialect import find_text_layout
from data.readers.layout import Layout


@dataclass(frozen=True)
class Field:
    """One column of the file.

    Attributes
    ----------
    name : str
        Title.
    kind : {"texte", "nombre", "date"}
    role : {"mois", "dimension", "mesure", ""}
        What it gives to the cube; "" for nothing.
    form : Form
        How its cells are written.
    """

    name: str
    kind: str
    role: str
    form: Form


@dataclass(frozen=True)
class Plan:
    """How to read every line.

    Attributes
    ----------
    layout : Layout
        Where the table is.
    fields : tuple of Field
        Every column, in the order of the file.
    table : Table
        The sample, read.
    mapping : Mapping
        Its roles.
    """

    layout: Layout
    fields: tuple[Field, ...]
    table: Table
    mapping: Mapping

    def of_role(self, role: str) -> list[tuple[int, Field]]:
        """Positions and columns of a role."""
        return [(at, field) for at, field in enumerate(self.fields) if field.role == role]


def read_reduced(lines: MappingABC[int, str], *, name: str, answers: MappingABC[str, str]) -> tuple[Table, Mapping]:
    """Read some lines of a file as if they were the whole, and give their roles to its columns.

    Parameters
    ----------
    lines : mapping of int to str
        Lines by number, in order.
    name : str
        Name of the file.
    answers : mapping
        Answers to questions.

    Raises
    ------
    Unsuited
        These lines alone are not a table of one line per row.
    MappingError
        A question without an answer, or no month.
    """
    data = "\n".join(lines.values()).encode("utf-8") + b"\n"
    try:
        table = read_table(data, name=name, answers=answers)
    except ReadError as error:
        raise Unsuited("échantillon illisible") from error
    if table.wide is not None or table.tidy.empty:
        raise Unsuited("tableau large")
    return table, propose_mapping(table, answers=answers)


def make_plan(*, quotes: bool, lines: MappingABC[int, str], table: Table, mapping: Mapping) -> Plan:
    """Plan of a file from some of its lines.

    Parameters
    ----------
    quotes : bool
        True when a double quote is somewhere in the file.
    lines : mapping of int to str
    table : Table
        The lines, read.
    mapping : Mapping
        Its roles.

    Raises
    ------
    Unsuited
        Something that only the reading in memory settles.
    """
    layout = find_text_layout("\n".join(lines.values()) + "\n")
    if len(layout.separator) != 1 or not layout.separator.isascii() or layout.escape or layout.doubts:
        raise Unsuited("séparateur ou guillemets inhabituels")
    if quotes and layout.quote != '"':
        raise Unsuited("guillemets inhabituels")
    if tuple(table.frame.columns) != layout.header or layout.first_line not in lines:
        raise Unsuited("titres inhabituels")
    if table.dialect["unites"]:
        raise Unsuited("montants qui ne sont pas en euros")
    fields = tuple(_field(name, table, mapping) for name in layout.header)
    return Plan(layout, fields, table, mapping)


def _field(name: str, table: Table, mapping: Mapping) -> Field:
    column, texts = table.tidy[name], table.frame[name]
    role = mapping.kinds[name] if mapping.kinds[name] != "ignorer" else ""
    blank = texts.str.strip() == ""
    if blank.all():
        return Field(name, "texte", "", blank_form())
    if pd.api.types.is_datetime64_any_dtype(column):
        return Field(name, "date", role, _day_form(texts, column, blank, needed=mapping.columns[name] == "mois"))
    if role == "mois":
        return Field(name, "nombre" if pd.api.types.is_numeric_dtype(column) else "texte", role, Form(f"{FREE}+"))
    if pd.api.types.is_numeric_dtype(column):
        sign = _sign(table, name)
        return Field(name, "nombre", role, number_form(distinct(texts), sign))
    return Field(name, "texte", role, Form())


def _day_form(texts: pd.Series, column: pd.Series, blank: pd.Series, *, needed: bool) -> Form:
    filled = pd.DataFrame({"text": texts[~blank], "date": column[~blank]}).drop_duplicates("text")
    found = date_form(filled["text"], filled["date"].to_numpy().astype("datetime64[D]"), needed=needed)
    if found is not None:
        return found
    if not needed:
        raise Unsuited("dates d’une forme inhabituelle")
    return Form(f"{FREE}+")


def _sign(table: Table, name: str) -> str | None:
    """Decimal sign of a column, from one of its cells that has decimals."""
    values, texts = table.tidy[name].to_numpy(), table.frame[name]
    for at in np.flatnonzero(np.nan_to_num(values) % 1 != 0)[:50]:
        cell = texts.iloc[int(at)]
        if "," in cell and "." not in cell:
            return ","
        if "." in cell and "," not in cell:
            return "."
    return table.dialect["decimal"] if texts.str.contains("[.,]", regex=True).any() else None
