"""SQL over the lines of a plan: which are regular, what they add up to, which physical lines are not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from data.duck import connect, quote_literal
from data.ingest.forms import FREE, Form
from data.ingest.plan import Plan
from data.ingest.stream import Unsuited
from data.ingest.transcode import Transcoded

#: Memory of the queries: with the interpreter and the reading buffers, a worker stays under 400 MB.
MEMORY = "160MB"
#: More combinations of months and dimensions than this are not a cube.
MAX_GROUPS = 1_000_000
#: Between two cells checked together; in no cell.
_UNIT = "\x1f"
_TOTAL = "(?i)tota"
#: A cell that nobody writes: an empty cell is not NULL.
_NULL = "\x02"


@dataclass(frozen=True)
class Source:
    """A text, how to read it, and a connection that may read it.

    Attributes
    ----------
    text : Transcoded
    plan : Plan
    connection : duckdb.DuckDBPyConnection
    """

    text: Transcoded
    plan: Plan
    connection: duckdb.DuckDBPyConnection

    @property
    def rows(self) -> str:
        """SQL of the rows: columns c0, c1…, every cell a text."""
        quote = self.plan.layout.quote if self.text.quotes else ""
        columns = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(self.plan.fields)))
        skipped = self.plan.layout.first_line - 1
        return self._read_csv(self.plan.layout.separator, quote, skipped, columns, f"nullstr={quote_literal(_NULL)}, ")

    @property
    def physical_lines(self) -> str:
        """SQL of the lines as they are, in one column x."""
        return self._read_csv("\x01", "", 0, "'x': 'VARCHAR'")

    def _read_csv(self, separator: str, quote: str, skipped: int, columns: str, options: str = "") -> str:
        return (
            f"read_csv({quote_literal(str(self.text.path.resolve()))}, delim={quote_literal(separator)}, "
            f"quote={quote_literal(quote)}, escape={quote_literal(quote)}, comment='', header=false, skip={skipped}, "
            f"auto_detect=false, null_padding=false, "
            f"{options}store_rejects=true, rejects_limit=0, columns={{{columns}}})"
        )

    @property
    def regular(self) -> str:
        """SQL condition of the rows that SQL reads as the readers would."""
        checked = [(at, field.form.pattern) for at, field in enumerate(self.plan.fields) if field.form.pattern]
        cells = ", ".join(f"c{at}" for at, _ in checked)
        pattern = _UNIT.join(f"(?:{pattern})" for _, pattern in checked)
        unit = quote_literal(_UNIT)
        parts = [f"regexp_full_match(concat_ws({unit}, {cells}), {quote_literal(pattern)})"]
        free = ", ".join(f"c{at}" for at, field in enumerate(self.plan.fields) if not field.form.pattern)
        refused = "|".join(([_TOTAL] if self.text.totals else []) + (['["\\n]'] if self.text.quotes else []))
        if free and refused:
            parts.append(f"NOT regexp_matches(concat_ws({unit}, {free}), {quote_literal(refused)})")
        return " AND ".join(parts)


@dataclass(frozen=True)
class Groups:
    """Regular rows added up by month and dimensions.

    Attributes
    ----------
    keys : dict of str to list of str
        Title -> cell of each group: a date of its month, or a value of the dimension as written.
    counts : numpy.ndarray of int
        Rows of each group.
    sums : dict of str to numpy.ndarray of float
        Title -> exact sum of each group, NaN when no row holds an amount.
    """

    keys: dict[str, list[str]]
    counts: np.ndarray
    sums: dict[str, np.ndarray]


def open_source(text: Transcoded, plan: Plan, folder: Path, output: Path | None = None) -> Source:
    """A locked connection on a text, allowed to read it and to write in `folder` and `output`."""
    folders = [output] if output is not None else []
    return Source(text, plan, connect(directories=folders, files=[text.path], memory_limit=MEMORY, temp=folder))


def add_up(source: Source) -> Groups:
    """Sums of the regular rows.

    Raises
    ------
    Unsuited
        Too many groups.
    """
    plan = source.plan
    keys = [*plan.of_role("mois"), *plan.of_role("dimension")]
    measures = plan.of_role("mesure")
    chosen = [f"{field.form.key.format(c=f'c{at}')} AS k{at}" for at, field in keys]
    sums = [f"sum({amount_sql(f'c{at}', field.form)}) AS s{at}" for at, field in measures]
    query = (
        f"SELECT {', '.join([*chosen, 'count(*) AS n', *sums])} FROM {source.rows} WHERE {source.regular} "  # noqa: S608 - quoted
        f"GROUP BY ALL LIMIT {MAX_GROUPS + 1}"
    )
    table = source.connection.sql(query).to_arrow_table()
    if table.num_rows > MAX_GROUPS:
        raise Unsuited("trop de combinaisons de dimensions")
    if any(table.column(f"k{at}").null_count for at, _ in keys):
        raise Unsuited("caractères de contrôle")
    return Groups(
        {field.name: table.column(f"k{at}").to_pylist() for at, field in keys},
        table.column("n").to_numpy(),
        {field.name: _euros(table.column(f"s{at}"), field.form.scale) for at, field in measures},
    )


def amount_sql(cell: str, form: Form) -> str:
    """A regular cell of amount as a decimal, NULL when it says that there is none."""
    text = cell
    for sign in form.removed:
        text = f"replace({text}, {quote_literal(sign)}, '')"
    if form.decimal == ",":
        text = f"replace({text}, ',', '.')"
    return f"TRY_CAST({text} AS DECIMAL(18, {form.scale}))"


def _euros(sums: pa.ChunkedArray, scale: int) -> np.ndarray:
    """Floats nearest to exact decimals; the last division is the only rounding."""
    values = [np.nan if v is None else float(v) for v in sums.to_pylist()]
    return np.round(np.array(values, dtype=np.float64), scale)


def irregular_lines(source: Source) -> np.ndarray:
    """Numbers of the physical lines from the first row on that are not regular rows.

    Raises
    ------
    Unsuited
        The lines cannot be told apart.
    """
    query = f"SELECT regexp_full_match(coalesce(x, ''), {quote_literal(_line_pattern(source))})"
    if source.text.totals:
        query += f" AND NOT regexp_matches(coalesce(x, ''), {quote_literal(_TOTAL)})"
    found = source.connection.execute(f"{query} AS fits FROM {source.physical_lines}").fetchnumpy()["fits"]
    found = np.asarray(found, dtype=bool)
    if len(found) != source.text.lines:
        raise Unsuited("lignes impossibles à distinguer")
    numbers = np.flatnonzero(~found) + 1
    return numbers[numbers >= source.plan.layout.first_line]


def _line_pattern(source: Source) -> str:
    separator = re.escape(source.plan.layout.separator)
    quotes = source.text.quotes
    outside = f'[^{separator}"\n]' if quotes else f"[^{separator}\n]"
    cells = []
    for field in source.plan.fields:
        pattern = f"(?:{field.form.pattern})" if field.form.pattern else f"{FREE}*"
        bare = pattern.replace(FREE, outside)
        within = pattern.replace(FREE, '[^"\n]')
        cells.append(f'(?:{bare}|"{within}")' if quotes else bare)
    return separator.join(cells)
