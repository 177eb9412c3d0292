"""The engines that an insurer already has, asked through Ibis: they group, and only the cube comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from data.engine.columns import Column, Columns, column_of
from data.engine.errors import failed
from data.engine.expressions import Habits, keep, make_expression
from data.engine.plan import make_conditions, make_plan, names_to_read
from data.engine.result import finish
from data.engine.spec import Filter, Spec


class IbisEngine:
    """A table of another engine, read and never written.

    Parameters
    ----------
    name : str
        Name of the engine, as it is shown.
    lines : ibis Table
        The lines.
    compile, run : callable
        An expression to its SQL; SQL, and the names of its columns, to an Arrow table.
    habits : Habits
    faults : tuple of exception classes
        What its driver raises.
    close : callable
        Gives the connection back.
    """

    def __init__(
        self,
        name: str,
        lines: Any,
        *,
        compile: Callable[[Any], str],
        run: Callable[[str], pa.Table],
        habits: Habits,
        faults: tuple[type[Exception], ...],
        close: Callable[[], None],
    ) -> None:
        self.name = name
        self._lines, self._compile, self._run, self._habits = lines, compile, run, habits
        self._faults, self._close = faults, close
        self._columns = {n: _column(n, kind) for n, kind in lines.schema().items()}
        # One connection, one question at a time: drivers do not share theirs between threads.
        self._lock = threading.Lock()

    def columns(self) -> Columns:
        """Columns of the lines, by name."""
        return dict(self._columns)

    def cube(self, spec: Spec) -> pa.Table:
        """Answer a spec: see :class:`data.engine.Engine`."""
        plan = make_plan(spec, self._columns)
        return finish(self._ask(make_expression(plan, self._lines, self._habits)), plan)

    def lines(
        self, filters: Sequence[Filter] = (), *, columns: Sequence[str] | None = None, limit: int = 1_000
    ) -> pa.Table:
        """Some lines: see :class:`data.engine.Engine`."""
        names = names_to_read(filters, columns, limit, self._columns)
        kept = keep(self._lines, make_conditions(filters, self._columns), self._habits)
        return self._ask(kept.select(*names).limit(limit))

    def query_of(self, spec: Spec) -> str:
        """The SQL that a spec becomes, for those who run the engine."""
        return self._compile(make_expression(make_plan(spec, self._columns), self._lines, self._habits))

    def close(self) -> None:
        """Give the connection back."""
        self._close()

    def _ask(self, expression: Any) -> pa.Table:
        with self._lock:
            try:
                return self._run(self._compile(expression))
            except self._faults as error:  # their message may quote values
                raise failed(self.name, error) from None


def _column(name: str, kind: Any) -> Column:
    """A column by its type in Ibis."""
    if kind.is_decimal():
        return Column(name, "decimal", kind.scale)
    if kind.is_timestamp():
        return Column(name, "horodatage", zoned=kind.timezone is not None)
    if kind.is_unknown() or kind.is_nested() or kind.is_interval() or kind.is_time():
        return Column(name, "autre")
    if kind.is_uuid():
        return Column(name, "texte")
    return column_of(name, kind.to_pyarrow())
