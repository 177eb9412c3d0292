"""SQL over the lines of a plan: which are regular, and what they add up to."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from data.duck import connect, quote_literal
from data.ingest.forms import FREE, Form
from data.ingest.plan import Field, Plan
from data.ingest.stream import Unsuited
from data.ingest.transcode import Transcoded

#: Memory of the queries: with the interpreter, the sample and a digest per line, a worker stays under 400 MB.
MEMORY = "64MB"
#: Bytes read at once by a thread; the usual 32 MB cost memory and no less time.
_BUFFER = 4_000_000
#: More combinations of months and dimensions than this are not a cube.
MAX_GROUPS = 1_000_000
#: Digests of more lines than this wait in a temporary file.
_IN_MEMORY = 16_000_000
_BATCH = 1 << 17
#: Between two cells checked together; in no cell.
_UNIT = "\x1f"
_TOTAL = "(?i)tota"
#: A cell that nobody writes: an empty cell is not NULL.
_NULL = "\x02"
_DISCARDED = "ecartees.csv"


@dataclass(frozen=True)
class Source:
    """A text, how to read it, and a connection that may read it.

    Attributes
    ----------
    text : Transcoded
    plan : Plan
    connection : duckdb.DuckDBPyConnection
    folder : pathlib.Path
        Where temporary files may be written.
    """

    text: Transcoded
    plan: Plan
    connection: duckdb.DuckDBPyConnection
    folder: Path

    @property
    def rows(self) -> str:
        """SQL of the rows: columns c0, c1…, every cell a text."""
        return self._rows(self.text.path, self.plan.layout.first_line - 1, {})

    def typed(self, path: Path, skipped: int) -> str:
        """SQL of the rows of `path`, plain amounts cast while they are read; what does not fit is no row."""
        plain = [(at, f) for at, f in self.plan.of_role("mesure") if self.is_cast(f)]
        return self._rows(path, skipped, {at: f"DECIMAL(18, {field.form.scale})" for at, field in plain})

    def is_cast(self, field: Field) -> bool:
        """True when the amounts of a column are cast while they are read."""
        return field.form.plain and field.form.decimal in ("", self._decimal)

    @property
    def _decimal(self) -> str:
        signs = [f.form.decimal for _, f in self.plan.of_role("mesure") if f.form.plain and f.form.decimal]
        return signs[0] if signs else "."

    def _rows(self, path: Path, skipped: int, types: dict[int, str]) -> str:
        names = [f"c{at}" for at in range(len(self.plan.fields))]
        columns = ", ".join(f"'{name}': '{types.get(at, 'VARCHAR')}'" for at, name in enumerate(names))
        # An empty amount is NULL; texts are made empty again by the query, since `force_not_null` mixes columns up.
        options = f"nullstr='', decimal_separator='{self._decimal}', " if types else f"nullstr={quote_literal(_NULL)}, "
        quote = self.plan.layout.quote if self.text.quotes else ""
        return _read_csv(path, self.plan.layout.separator, quote, skipped, columns, options)

    @property
    def physical_lines(self) -> str:
        """SQL of the lines as they are, in one column x; a blank one is NULL."""
        return _read_csv(self.text.path, "\x01", "", 0, "'x': 'VARCHAR'")

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


def _read_csv(path: Path, separator: str, quote: str, skipped: int, columns: str, options: str = "") -> str:
    return (
        f"read_csv({quote_literal(str(path.resolve()))}, delim={quote_literal(separator)}, "
        f"quote={quote_literal(quote)}, escape={quote_literal(quote)}, comment='', header=false, skip={skipped}, "
        f"auto_detect=false, null_padding=false, buffer_size={_BUFFER}, max_line_size={_BUFFER // 2}, "
        f"{options}store_rejects=true, rejects_limit=0, columns={{{columns}}})"
    )


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

    def take(self, kept: np.ndarray) -> Groups:
        """Some of the groups, by a mask."""
        where = np.flatnonzero(kept)
        return Groups(
            {name: [cells[i] for i in where] for name, cells in self.keys.items()},
            self.counts[where],
            {name: values[where] for name, values in self.sums.items()},
        )


def open_source(text: Transcoded, plan: Plan, folder: Path, output: Path | None = None) -> Source:
    """A locked connection on a text, allowed to read it and to write in `folder` and `output`."""
    folders = [output] if output is not None else []
    connection = connect(directories=folders, files=[text.path], memory_limit=MEMORY, temp=folder)
    return Source(text, plan, connection, folder)


def scan_lines(source: Source) -> np.ndarray:
    """A digest of each line of the file, 0 for those that SQL may not read as the readers would.

    Raises
    ------
    Unsuited
        The lines cannot be told apart.
    """
    fits = f"regexp_full_match(coalesce(x, ''), {quote_literal(line_pattern(source.plan, quotes=source.text.quotes))})"
    if source.text.totals:
        fits += f" AND NOT regexp_matches(coalesce(x, ''), {quote_literal(_TOTAL)})"
    digests = _room(source, np.uint64)
    _fill(source, f"CASE WHEN {fits} THEN hash(x) ELSE 0 END", digests)
    digests[: source.plan.layout.first_line - 1] = 0
    return digests


def lines_of(source: Source, columns: Collection[int], cells: Collection[tuple[str, ...]]) -> np.ndarray:
    """Numbers of the lines whose cells of some columns are among `cells`, in a text without quotes.

    Raises
    ------
    Unsuited
        The lines cannot be told apart.
    """
    if source.text.quotes:
        raise Unsuited("guillemets parmi des lignes sans mois")
    separator = quote_literal(source.plan.layout.separator)
    told = ", ".join(quote_literal(_UNIT.join(row)) for row in cells)
    parts = [source.plan.fields[at].form.key.format(c=f"string_split(x, {separator})[{at + 1}]") for at in columns]
    found = _room(source, np.uint8)
    _fill(source, f"(concat_ws({quote_literal(_UNIT)}, {', '.join(parts)}) IN ({told}))::UTINYINT", found)
    return np.flatnonzero(found) + 1


def _room(source: Source, kind: type) -> np.ndarray:
    """One value per line, in memory or in a temporary file."""
    if source.text.lines <= _IN_MEMORY:
        return np.empty(source.text.lines, dtype=kind)
    return np.memmap(source.folder / f"lignes-{np.dtype(kind).name}", dtype=kind, mode="w+", shape=source.text.lines)


def _fill(source: Source, expression: str, values: np.ndarray) -> None:
    query = f"SELECT {expression} AS v FROM {source.physical_lines}"  # noqa: S608 - every name and text is quoted
    filled = 0
    for batch in source.connection.sql(query).to_arrow_reader(_BATCH):
        if filled + batch.num_rows > len(values):
            raise Unsuited("lignes impossibles à distinguer")
        column = batch.column(0)
        values[filled : filled + batch.num_rows] = column.fill_null(0).to_numpy() if column.null_count else column
        filled += batch.num_rows
    if filled != len(values):
        raise Unsuited("lignes impossibles à distinguer")


def add_up(source: Source, discarded: Collection[str]) -> Groups:
    """Sums of the regular rows: those of all the lines, less those of the lines discarded.

    Raises
    ------
    Unsuited
        Too many groups.
    """
    plan = source.plan
    keys, measures = [*plan.of_role("mois"), *plan.of_role("dimension")], plan.of_role("mesure")
    query = _sums(source, source.text.path, plan.layout.first_line - 1, counted=bool(discarded))
    if discarded:
        beside = source.folder / _DISCARDED
        beside.write_bytes("".join(line + source.text.newline for line in discarded).encode())
        query = _difference(source, query, _sums(source, beside, 0, counted=True))
    table = source.connection.sql(f"{query} LIMIT {MAX_GROUPS + 1}").to_arrow_table()
    if table.num_rows > MAX_GROUPS:
        raise Unsuited("trop de combinaisons de dimensions")
    if any(table.column(f"k{at}").null_count for at, _ in keys):
        raise Unsuited("caractères de contrôle")
    return Groups(
        {field.name: table.column(f"k{at}").to_pylist() for at, field in keys},
        table.column("n").to_numpy().astype(np.int64),
        {field.name: _euros(table.column(f"s{at}"), field.form.scale) for at, field in measures},
    )


def _sums(source: Source, path: Path, skipped: int, *, counted: bool) -> str:
    keys, measures = [*source.plan.of_role("mois"), *source.plan.of_role("dimension")], source.plan.of_role("mesure")
    cast = any(source.is_cast(field) for _, field in measures)
    cell = "coalesce(c{}, '')" if cast else "c{}"
    chosen = [f"{field.form.key.format(c=cell.format(at))} AS k{at}" for at, field in keys]
    amounts = {at: f"c{at}" if source.is_cast(field) else amount_sql(f"c{at}", field.form) for at, field in measures}
    chosen += ["count(*) AS n", *(f"sum({amount}) AS s{at}" for at, amount in amounts.items())]
    chosen += [f"count({amount}) AS a{at}" for at, amount in amounts.items()] if counted else []
    return f"SELECT {', '.join(chosen)} FROM {source.typed(path, skipped)} GROUP BY ALL"  # noqa: S608 - quoted


def _difference(source: Source, one: str, other: str) -> str:
    """Groups of `one` less those of `other`; exact, since amounts are decimals."""
    keys = [f"k{at}" for at, _ in [*source.plan.of_role("mois"), *source.plan.of_role("dimension")]]
    measures = [at for at, _ in source.plan.of_role("mesure")]
    taken = ", ".join([*keys, "-n AS n", *(f"-s{at}" for at in measures), *(f"-a{at}" for at in measures)])
    chosen = ", ".join(
        [*keys, "sum(n)::BIGINT AS n", *(f"CASE WHEN sum(a{at}) > 0 THEN sum(s{at}) END AS s{at}" for at in measures)]
    )
    return (
        f"SELECT {chosen} FROM (SELECT * FROM ({one}) UNION ALL SELECT {taken} FROM ({other})) "  # noqa: S608 - quoted
        f"GROUP BY {', '.join(keys)} HAVING sum(n) <> 0"
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


def line_pattern(plan: Plan, *, quotes: bool) -> str:
    """Regular expression, for RE2 and for `re`, of a line that the readers read as the plan says."""
    separator = re.escape(plan.layout.separator)
    outside = f'[^{separator}"\n]' if quotes else f"[^{separator}\n]"
    cells = []
    for field in plan.fields:
        pattern = f"(?:{field.form.pattern})" if field.form.pattern else f"{FREE}*"
        bare = pattern.replace(FREE, outside)
        within = pattern.replace(FREE, '[^"\n]')
        cells.append(f'(?:{bare}|"{within}")' if quotes else bare)
    return separator.join(cells)
