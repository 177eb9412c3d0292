"""What a column of an engine holds, whatever the engine calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

#: What a column may be, in French; the last one cannot be asked for.
KINDS = ("texte", "entier", "decimal", "flottant", "date", "horodatage", "booleen", "autre")


@dataclass(frozen=True)
class Column:
    """A column of the lines.

    Attributes
    ----------
    name : str
    kind : str
        One of :data:`KINDS`.
    scale : int or None
        Decimals of a "decimal"; None when its type does not say them.
    zoned : bool
        Whether a "horodatage" is an instant, which is in Paris the day it is there.
    """

    name: str
    kind: str
    scale: int | None = None
    zoned: bool = False

    @property
    def vague(self) -> bool:
        """Whether the type does not say how many decimals the numbers have."""
        return self.kind == "flottant" or (self.kind == "decimal" and self.scale is None)


Columns: TypeAlias = Mapping[str, Column]


def column_of(name: str, kind: pa.DataType) -> Column:
    """A column by its Arrow type; one that SQL cannot name is of no use."""
    if not name or "\x00" in name:
        return Column(name, "autre")
    if pa.types.is_dictionary(kind):
        return column_of(name, kind.value_type)
    if pa.types.is_decimal(kind) or kind == pa.uint64():
        return Column(name, "decimal", kind.scale if pa.types.is_decimal(kind) else 0)
    if pa.types.is_timestamp(kind):
        return Column(name, "horodatage", zoned=kind.tz is not None)
    tests = {
        "texte": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        "entier": (pa.types.is_integer,),
        "flottant": (pa.types.is_floating,),
        "date": (pa.types.is_date,),
        "booleen": (pa.types.is_boolean,),
    }
    return Column(name, next((k for k, said in tests.items() if any(t(kind) for t in said)), "autre"))


def readable(columns: Columns) -> list[str]:
    """Names of the columns of which something can be asked."""
    return [c.name for c in columns.values() if c.kind != "autre"]
