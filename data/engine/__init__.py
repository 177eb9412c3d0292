"""One small question, the same answer on every engine: DuckDB over Parquet, PostgreSQL, Apache Spark, ClickHouse.

Pages and analyses know :class:`Spec` and :class:`Engine`; which engine answers is the address in ``PALIERS_ENGINE``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from os import PathLike
from typing import Protocol

import pyarrow as pa

from analytics.errors import ParameterError
from data.engine.address import read_address
from data.engine.columns import Column, Columns
from data.engine.embedded import DuckEngine
from data.engine.errors import EngineError
from data.engine.loading import load_from_engine
from data.engine.plan import MAX_ROWS
from data.engine.spec import Axis, Filter, Measure, Month, Order, Period, Spec

__all__ = [
    "MAX_ROWS",
    "VARIABLE",
    "Axis",
    "Column",
    "Engine",
    "EngineError",
    "Filter",
    "Measure",
    "Month",
    "Order",
    "Period",
    "Spec",
    "load_from_engine",
    "open_engine",
]

#: Environment variable that says where the lines are.
VARIABLE = "PALIERS_ENGINE"


class Engine(Protocol):
    """Lines that can be counted, wherever they are; nothing is ever written there."""

    name: str

    def columns(self) -> Columns:
        """Columns of the lines, by name, in their order."""
        ...

    def cube(self, spec: Spec) -> pa.Table:
        """Sums and counts of the lines by combination of the axes met.

        Returns
        -------
        pyarrow.Table
            The axes then the measures, under the names of the spec: text, int64, bool, date32 (a month is its first
            day), decimal128(38, s) for decimals and for every sum, double for the least and greatest of doubles only.
            A sum of nothing but missing is missing. Rows are in the order asked, then in that of the axes, texts by
            their characters, missing last: two engines give the same table.

        Raises
        ------
        ParameterError
            A column is absent or of another type, or the cube has more than :data:`MAX_ROWS` rows.
        ReadError
            Lines hold numbers that cannot be added up exactly.
        EngineError
            The engine does not answer.
        """
        ...

    def lines(
        self, filters: Sequence[Filter] = (), *, columns: Sequence[str] | None = None, limit: int = 1_000
    ) -> pa.Table:
        """Some of the lines that respect every filter, with the types of the engine, in no promised order."""
        ...

    def close(self) -> None:
        """Give back what the engine holds."""
        ...


def open_engine(address: str | PathLike[str] | None = None) -> Engine:
    """Open the engine of an address.

    Parameters
    ----------
    address : str or path, optional
        See :func:`data.engine.address.read_address`; the environment variable ``PALIERS_ENGINE`` by default.

    Raises
    ------
    ParameterError
        There is no address, or it is not understood.
    ReadError
        The Parquet files are absent or damaged.
    EngineError
        The libraries of the engine are absent, or it refuses the connection. No message holds the password.
    """
    text = os.environ.get(VARIABLE, "") if address is None else os.fspath(address)
    if not text:
        raise ParameterError(
            "Aucun moteur n’est désigné.", remede=f"Donnez son adresse dans la variable d’environnement {VARIABLE}."
        )
    found = read_address(text)
    if found.kind == "parquet":
        return DuckEngine(found.table)
    from data.engine.connections import connect

    return connect(found)
