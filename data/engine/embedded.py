"""The embedded engine: DuckDB over Parquet, a file or a folder of files."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import duckdb
import pyarrow as pa

from analytics.errors import ReadError
from data import duck
from data.engine.columns import Columns, column_of
from data.engine.errors import failed
from data.engine.plan import make_conditions, make_plan, names_to_read
from data.engine.result import finish
from data.engine.spec import Filter, Spec
from data.engine.sql import Query, write_query, write_where

_VIEW = duck.quote_identifier("paliers_source")
_NAME = "Le moteur embarqué"


class DuckEngine:
    """Lines of Parquet files asked through DuckDB, which reads them and nothing else.

    Parameters
    ----------
    path : path
        A Parquet file, or a folder whose Parquet files hold the same columns.
    memory_limit : str
        Memory of a query, beyond which it writes temporary files that no one else can read.
    threads : int, optional

    Raises
    ------
    ReadError
        No such file, no Parquet file in the folder, or a damaged one.
    """

    def __init__(self, path: str | PathLike[str], *, memory_limit: str = "1GB", threads: int | None = None) -> None:
        source = Path(path)
        files = _files(source)
        self.name = "DuckDB"
        temp = tempfile.mkdtemp(prefix="paliers-moteur-")
        self._clean = weakref.finalize(self, shutil.rmtree, temp, ignore_errors=True)
        folder = source if source.is_dir() else source.parent
        self._connection = duck.connect(directories=[folder], memory_limit=memory_limit, threads=threads, temp=temp)
        try:
            lines = self._connection.read_parquet(files, union_by_name=len(files) > 1)
            lines.create_view("paliers_source")
            schema = lines.limit(0).to_arrow_table().schema
        except duckdb.Error as error:
            self.close()
            raise _unreadable(source) from error
        self._columns = {f.name: column_of(f.name, f.type) for f in schema}

    def columns(self) -> Columns:
        """Columns of the lines, by name."""
        return dict(self._columns)

    def cube(self, spec: Spec) -> pa.Table:
        """Answer a spec: see :class:`data.engine.Engine`."""
        plan = make_plan(spec, self._columns)
        return finish(self._run(write_query(plan, _VIEW)), plan)

    def lines(
        self, filters: Sequence[Filter] = (), *, columns: Sequence[str] | None = None, limit: int = 1_000
    ) -> pa.Table:
        """Some lines: see :class:`data.engine.Engine`."""
        names = names_to_read(filters, columns, limit, self._columns)
        where, values = write_where(make_conditions(filters, self._columns))
        texts = ["SELECT", ", ".join(map(duck.quote_identifier, names)), "FROM", _VIEW, *where, "LIMIT ?"]
        return self._run(Query(" ".join(texts), (*values, limit)))

    def close(self) -> None:
        """Give back the memory and the temporary files."""
        self._connection.close()
        self._clean()

    def _run(self, query: Query) -> pa.Table:
        # A cursor per query: pages ask from several threads.
        with self._connection.cursor() as cursor:
            try:
                return cursor.sql(query.text, params=list(query.values)).to_arrow_table()
            except duckdb.Error as error:
                raise failed(_NAME, error) from error


def _files(source: Path) -> list[str]:
    if source.is_dir():
        found = [str(f.resolve()) for f in sorted(source.rglob("*.parquet")) if f.is_file()]
        if not found:
            raise ReadError("Ce dossier ne contient aucun fichier Parquet.", valeur=source.name)
        return found
    if not source.is_file():
        raise ReadError(
            "Ce fichier Parquet n’existe pas.",
            valeur=source.name,
            remede="Vérifiez l’adresse donnée par PALIERS_ENGINE.",
        )
    return [str(source.resolve())]


def _unreadable(source: Path) -> ReadError:
    return ReadError(
        "Ces fichiers Parquet ne sont pas lisibles ensemble.",
        valeur=source.name,
        remede="Vérifiez qu’ils sont entiers et qu’une colonne y a partout le même type.",
    )
