"""A thousand random edits of one cell: each changes what is read, and a digit moves its total by exactly its worth."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd
import pytest

from analytics.schema import Dataset
from data import load_dataset, read_table
from data.readers import Table

TITLES = ("Mois de soins", "Région", "Actes", "Prestations")
REGIONS = ("Bretagne", "Corse", "Occitanie")
MONTHS = tuple(f"2023-{m:02d}" for m in range(1, 5))
EDITS = 1000
MEASURES = {2: "actes", 3: "prestation"}


@dataclass(frozen=True)
class Edit:
    """One cell replaced: where, by what, and what the total of its column gains."""

    kind: str
    row: int
    column: int
    text: str
    gain: Decimal | None = None


def make_rows(rng: random.Random) -> list[list[str]]:
    """A dozen lines: month, region, count, amount."""
    return [
        [month, region, str(rng.randint(100, 999)), f"{rng.randint(1000, 9999)},{rng.randint(10, 99)}"]
        for month in MONTHS
        for region in REGIONS
    ]


def to_bytes(rows: list[list[str]]) -> bytes:
    """The file as Excel writes it in France."""
    return "\r\n".join(";".join(row) for row in [list(TITLES), *rows]).encode("cp1252") + b"\r\n"


def change_digit(rng: random.Random, text: str) -> str:
    """Another digit in place of one; a number never starts with zero."""
    place = rng.choice([i for i, char in enumerate(text) if char.isdigit()])
    others = [d for d in "0123456789" if d != text[place] and not (place == 0 and d == "0")]
    return text[:place] + rng.choice(others) + text[place + 1 :]


def amount(text: str) -> Decimal:
    """The worth of a French number."""
    return Decimal(text.replace(",", "."))


def draw_edit(rng: random.Random, rows: list[list[str]]) -> Edit:
    """A digit seven times in ten, else a label, a month, an empty cell, or a cell that is not a number."""
    row, column = rng.randrange(len(rows)), rng.choice([2, 3])
    kind = rng.choices(["chiffre", "region", "mois", "vide", "texte"], [70, 10, 10, 5, 5])[0]
    old = rows[row][column]
    if kind == "chiffre":
        new = change_digit(rng, old)
        return Edit(kind, row, column, new, amount(new) - amount(old))
    if kind == "vide":
        return Edit(kind, row, column, "", -amount(old))
    if kind == "texte":
        return Edit(kind, row, column, rng.choice(["erreur", "1O0", "12,3,4"]))
    column = 1 if kind == "region" else 0
    pool = REGIONS if kind == "region" else MONTHS
    return Edit(kind, row, column, rng.choice([v for v in pool if v != rows[row][column]]))


def totals(frame: pd.DataFrame, names: dict[int, str]) -> dict[int, Decimal]:
    """Sums of the measures, to the cent."""
    return {at: Decimal(str(round(float(frame[name].sum()), 2))) for at, name in names.items()}


def shown(table: Table) -> tuple[object, ...]:
    """What is read of a file: cells, lines, lines set aside."""
    cells = [["" if value != value else value for value in table.tidy[name].tolist()] for name in table.tidy]
    return cells, table.lines.tolist(), table.rejected["ligne"].tolist()


def picture(dataset: Dataset) -> tuple[object, ...]:
    """What is shown of a dataset, without its fingerprint: sums by month and region, lines set aside."""
    measures = list(MEASURES.values())
    cells = dataset.prestation.groupby(["mois", "region"], observed=True)[measures].sum(min_count=1)
    rows = {key: tuple(map(str, values)) for key, values in zip(cells.index, cells.to_numpy().tolist(), strict=True)}
    return rows, tuple(dataset.rejected["ligne"]), tuple(dataset.left_out["ligne"])


def edited(rows: list[list[str]], edit: Edit) -> bytes:
    """The file with one cell replaced."""
    changed = [list(row) for row in rows]
    changed[edit.row][edit.column] = edit.text
    return to_bytes(changed)


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    return make_rows(random.Random(20))


@pytest.fixture(scope="module")
def edits(rows) -> list[Edit]:
    rng = random.Random(21)
    return [draw_edit(rng, rows) for _ in range(EDITS)]


def test_a_thousand_edits_of_one_cell_all_change_what_is_read(rows, edits):
    names = {at: TITLES[at] for at in MEASURES}
    before = read_table(to_bytes(rows))
    base, content = totals(before.tidy, names), shown(before)
    for number, edit in enumerate(edits):
        after = read_table(edited(rows, edit))
        where = f"{number}: {edit}, {rows[edit.row]}"
        assert shown(after) != content, where
        assert not after.frame.equals(before.frame), where
        if edit.gain is not None:
            assert totals(after.tidy, names) == {**base, edit.column: base[edit.column] + edit.gain}, where
        if edit.kind == "texte":
            assert after.rejected["ligne"].tolist() == [edit.row + 2], where
        if edit.kind in ("mois", "region"):
            assert totals(after.tidy, names) == base, where


def test_one_edit_in_fifty_changes_the_dataset_and_its_fingerprint(rows, edits):
    dataset = load_dataset(to_bytes(rows))
    base = totals(dataset.prestation, MEASURES)
    for number, edit in enumerate(edits[::50]):
        after = load_dataset(edited(rows, edit))
        where = f"{number}: {edit}, {rows[edit.row]}"
        assert after.fingerprint != dataset.fingerprint, where
        assert picture(after) != picture(dataset), where
        if edit.gain is not None:
            assert totals(after.prestation, MEASURES) == {**base, edit.column: base[edit.column] + edit.gain}, where


def test_edits_of_a_table_with_months_in_columns_all_change_what_is_read():
    rng = random.Random(22)
    rows = [[region, *(f"{rng.randint(1000, 9999)},{rng.randint(10, 99)}" for _ in MONTHS)] for region in REGIONS]

    def written(cells: list[list[str]]) -> bytes:
        return "\n".join(";".join(row) for row in [["Région", *MONTHS], *cells]).encode()

    before = read_table(written(rows))
    base = Decimal(str(round(before.tidy["valeur"].sum(), 2)))
    for _ in range(EDITS // 10):
        row, column = rng.randrange(len(rows)), rng.randrange(1, len(MONTHS) + 1)
        new = change_digit(rng, rows[row][column])
        cells = [list(r) for r in rows]
        cells[row][column] = new
        after = read_table(written(cells))
        assert shown(after) != shown(before)
        assert Decimal(str(round(after.tidy["valeur"].sum(), 2))) == base + amount(new) - amount(rows[row][column])


def test_the_same_bytes_give_the_same_result(rows):
    first, again = load_dataset(to_bytes(rows)), load_dataset(to_bytes(rows))
    assert again.fingerprint == first.fingerprint
    assert picture(again) == picture(first)
