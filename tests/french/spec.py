"""What a generated file is: its recipe, its bytes, and what a French analyst reads in it."""

from __future__ import annotations

from dataclasses import dataclass, field

#: What must happen to a file.
READ, ASK, REFUSE, PERSONAL = "lu", "questionne", "refuse", "personnel"


@dataclass(frozen=True)
class Style:
    """How the cells and the lines of a file are written."""

    encoding: str = "utf-8"
    separator: str = ";"
    quoting: str = "minimal"
    decimal: str = ","
    thousands: str = ""
    negative: str = "-{}"
    unit: str = ""
    percent: str = " %"
    date: str = "%d/%m/%Y"
    mois: str = "%Y-%m"
    missing: str = ""
    end: str = "\r\n"
    final_newline: bool = True
    trailing: str = ""
    strip_zeros: bool = False
    pack: str = ""


@dataclass(frozen=True)
class Spec:
    """The recipe: `make_case(famille, graine)` makes the same bytes again."""

    famille: str
    graine: int
    style: Style | None = None
    options: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.famille} graine={self.graine}"]
        if self.style is not None:
            plain = Style()
            changed = {k: v for k, v in vars(self.style).items() if v != getattr(plain, k)}
            parts += [f"{k}={v!r}" for k, v in changed.items()]
        return " ".join([*parts, *(f"{k}={v!r}" for k, v in self.options)])


@dataclass(frozen=True)
class Column:
    """A column of the truth: title, kind (mois, date, nombre, taux, texte, code, libre, annee, trimestre), values."""

    title: str
    kind: str
    values: tuple[object, ...]


@dataclass(frozen=True)
class Truth:
    """One right reading: columns of equal length; `lines` are the file lines of its rows when it is not long.

    `optional` names columns that may stay beside a long reading.
    """

    columns: tuple[Column, ...]
    lines: tuple[int, ...] = ()
    long: bool = False
    optional: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """Number of cells to get right."""
        return sum(len(c.values) for c in self.columns)


@dataclass(frozen=True)
class Case:
    """A file and its verdict to come."""

    spec: Spec
    content: bytes
    expected: str = READ
    truths: tuple[Truth, ...] = ()
    #: first physical line of every record; None when the balance cannot be known from outside
    records: tuple[int, ...] | None = None
    rejected: tuple[int, ...] = ()
    #: lines and cells as written, under the header, when the file is text
    frame: tuple[tuple[str, ...], ...] = ()
    #: columns that must be asked about or told (ASK, PERSONAL); empty means the whole file
    about: tuple[str, ...] = ()
    sheet: str | None = None
    name: str = "export.csv"
    notes: str = field(default="", compare=False)
