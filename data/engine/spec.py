"""What is asked of an engine, as data: axes, measures, filters, order, limit.

The operations are few on purpose, and each gives the same answer on every engine:

- axes: the values of a column (:class:`Axis`), the month of a date (:class:`Month`), the month made of a year and of a
  number of month (:class:`Period`);
- measures: ``somme``, ``lignes``, ``renseignes``, ``distincts``, ``minimum``, ``maximum``. There is no ratio: a ratio
  is made from sums, by :mod:`analytics.indicators`, once they are exact;
- filters: ``egal``, ``parmi``, ``entre``, ``manquant``, ``renseigne``, all of them true at once.

An empty text is a missing value, on every engine: in an axis, in a filter, in a count. Texts are otherwise compared as
they are written, case, accents and blanks included. A date with a time counts for its day, in Paris when it has a zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from analytics.errors import ParameterError

OPERATIONS = ("somme", "lignes", "renseignes", "distincts", "minimum", "maximum")
TESTS = ("egal", "parmi", "entre", "manquant", "renseigne")
#: Decimals that a sum may keep.
MAX_SCALE = 12
MAX_AXES = 24
MAX_MEASURES = 64
MAX_VALUES = 1_000
MAX_LIMIT = 1_000_000

Value: TypeAlias = str | int | bool | Decimal | float | date | None


@dataclass(frozen=True)
class Axis:
    """The values of a column; `name` is that of the result, the column's by default."""

    column: str
    name: str = ""


@dataclass(frozen=True)
class Month:
    """The first day of the month of a date, or of a date with a time."""

    column: str
    name: str = ""


@dataclass(frozen=True)
class Period:
    """The first day of the month given by a year and a number of month; missing when they make no month."""

    year: str
    month: str
    name: str = "mois"


Dimension: TypeAlias = Axis | Month | Period


@dataclass(frozen=True)
class Measure:
    """A number for each combination of the axes.

    Attributes
    ----------
    operation : str
        One of :data:`OPERATIONS`.
    column : str
        "" for ``lignes``.
    name : str
        Name in the result; by default the column for a sum, else "operation_column".
    scale : int, optional
        Decimals to which each line is rounded (half up) before it is added: only for a column whose type does not say
        them. Without it such a column is taken in cents, and refused when a line has more decimals.
    """

    operation: str
    column: str = ""
    name: str = ""
    scale: int | None = None


@dataclass(frozen=True)
class Filter:
    """Lines kept.

    Attributes
    ----------
    column : str or Month or Period
    test : str
        One of :data:`TESTS`.
    values : tuple
        One for ``egal``, any number for ``parmi`` (None is a missing value), two for ``entre`` (both kept, None is no
        bound), none for the others.
    """

    column: str | Dimension
    test: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Order:
    """Sort of the result by one of its columns, missing values last; ties follow the axes."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class Spec:
    """A cube.

    Attributes
    ----------
    dimensions : sequence of Axis, Month, Period or str
        A name alone is the values of that column; none gives a single row.
    measures : sequence of Measure
    filters : sequence of Filter
    order : sequence of Order
        The axes in their order by default.
    limit : int, optional
        First rows only.
    """

    dimensions: Sequence[Dimension | str] = ()
    measures: Sequence[Measure] = ()
    filters: Sequence[Filter] = ()
    order: Sequence[Order] = ()
    limit: int | None = None
    names: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """Lists become tuples, names alone become axes.

        Raises
        ------
        ParameterError
            What is asked makes no sense whatever the columns.
        """
        axes = tuple(as_dimension(d) for d in _listed(self.dimensions, "les axes"))
        measures = _of_kind(_listed(self.measures, "les mesures"), Measure, "mesure")
        object.__setattr__(self, "dimensions", axes)
        object.__setattr__(self, "measures", measures)
        object.__setattr__(self, "filters", _of_kind(_listed(self.filters, "les filtres"), Filter, "filtre"))
        object.__setattr__(self, "order", _of_kind(_listed(self.order, "les tris"), Order, "tri"))
        object.__setattr__(self, "names", (*map(name_of, axes), *map(name_of, measures)))
        self._check()

    def _check(self) -> None:
        if not self.names:
            raise ParameterError("Un cube a au moins un axe ou une mesure.")
        if len(self.dimensions) > MAX_AXES or len(self.measures) > MAX_MEASURES:
            raise ParameterError(f"Un cube a au plus {MAX_AXES} axes et {MAX_MEASURES} mesures.")
        twice = sorted({n for n in self.names if self.names.count(n) > 1})
        if twice:
            raise ParameterError(
                "Deux colonnes du résultat auraient le même nom.", colonne=twice[0], remede="Donnez un nom à l’une."
            )
        for measure in self.measures:
            check_measure(measure)
        for item in self.filters:
            check_filter(item)
        for order in self.order:
            if order.name not in self.names:
                raise ParameterError("Le tri porte sur une colonne absente du résultat.", colonne=str(order.name))
        check_limit(self.limit)


def as_dimension(asked: Dimension | str) -> Dimension:
    """An axis, a name alone being the values of that column.

    Raises
    ------
    ParameterError
        Neither a name nor an axis.
    """
    found = Axis(asked) if isinstance(asked, str) else asked
    if not isinstance(found, (Axis, Month, Period)):
        raise ParameterError("Cet axe n’en est pas un.", valeur=type(asked).__name__)
    return found


def name_of(item: Dimension | Measure) -> str:
    """Name of an axis or of a measure in the result."""
    if item.name:
        return item.name
    if isinstance(item, Measure):
        return item.column if item.operation == "somme" else "_".join(filter(None, (item.operation, item.column)))
    return "mois" if isinstance(item, Period) else item.column


def check_measure(measure: Measure) -> None:
    """Refuse a measure that makes no sense whatever the columns."""
    if measure.operation not in OPERATIONS:
        raise ParameterError(
            "Cette opération n’existe pas.", valeur=measure.operation, remede=f"Choisissez : {', '.join(OPERATIONS)}."
        )
    if (measure.operation == "lignes") == bool(measure.column):
        told = "ne porte sur aucune colonne" if measure.column else "porte sur une colonne"
        raise ParameterError(f"L’opération « {measure.operation} » {told}.", colonne=measure.column or None)
    scale = measure.scale
    if scale is None:
        return
    if measure.operation != "somme" or isinstance(scale, bool) or not 0 <= scale <= MAX_SCALE:
        raise ParameterError(
            f"Seule une somme a un nombre de décimales, de 0 à {MAX_SCALE}.", colonne=measure.column, valeur=scale
        )


def check_filter(item: Filter) -> None:
    """Refuse a filter that makes no sense whatever the columns."""
    if item.test not in TESTS:
        raise ParameterError("Ce filtre n’existe pas.", valeur=item.test, remede=f"Choisissez : {', '.join(TESTS)}.")
    values = _listed(item.values, "les valeurs d’un filtre")
    wanted = {"egal": (1, 1), "parmi": (1, MAX_VALUES), "entre": (2, 2)}.get(item.test, (0, 0))
    if not wanted[0] <= len(values) <= wanted[1]:
        raise ParameterError(
            f"Le filtre « {item.test} » n’a pas le bon nombre de valeurs ({len(values)}).",
            remede=f"Il en faut {wanted[0]}." if wanted[0] == wanted[1] else f"Il en faut de 1 à {MAX_VALUES}.",
        )


def check_limit(limit: int | None) -> None:
    """Refuse a limit that is not a number of rows."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT):
        raise ParameterError("Le nombre de lignes demandé n’est pas possible.", valeur=limit)


def _listed(items: object, what: str) -> tuple:
    if isinstance(items, (str, bytes)) or not isinstance(items, Sequence):
        raise ParameterError(f"Donnez {what} dans une liste.", valeur=type(items).__name__)
    return tuple(items)


def _of_kind(items: tuple, kind: type, what: str) -> tuple:
    wrong = next((i for i in items if not isinstance(i, kind)), None)
    if wrong is not None:
        raise ParameterError(f"Ce n’est pas un {what}." if what != "mesure" else "Ce n’est pas une mesure.")
    return items
