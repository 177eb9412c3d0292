"""Addresses of engines: read one way only, never repeated with their password."""

from __future__ import annotations

import subprocess
import sys

import pytest

from analytics.errors import PaliersError, ParameterError
from data.engine import EngineError, connections, open_engine
from data.engine.address import Address, read_address

SECRET = "m0t-de-p@sse/:#?é"
QUOTED = "m0t-de-p%40sse%2F%3A%23%3F%C3%A9"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/donnees/lignes", Address("parquet", "/donnees/lignes")),
        ("lignes.parquet", Address("parquet", "lignes.parquet")),
        ("file:///donnees/a%20b.parquet", Address("parquet", "/donnees/a b.parquet")),
        (
            f"postgres://lecteur:{QUOTED}@serveur:5433/base/soins",
            Address("postgres", "soins", "", "base", "serveur", 5433, "lecteur", SECRET),
        ),
        ("postgresql://h/base/schema/soins", Address("postgres", "soins", "schema", "base", "h")),
        ("postgres://h/base?table=a.b/c&schema=S", Address("postgres", "a.b/c", "S", "base", "h")),
        ("postgres:///base/soins?host=/run/pg", Address("postgres", "soins", "", "base", "/run/pg")),
        (
            "postgres://h/base/t?sslmode=require",
            Address("postgres", "t", "", "base", "h", options={"sslmode": "require"}),
        ),
        ("spark://h:7077/soins", Address("spark", "soins", "", "", "h", 7077)),
        ("spark://h/paliers/soins", Address("spark", "soins", "paliers", "", "h")),
        ("spark://h?parquet=/d/l", Address("spark", "", "", "", "h", options={"parquet": "/d/l"})),
        (
            "clickhouse://u:p@h:8443/base/soins?secure=1",
            Address("clickhouse", "soins", "", "base", "h", 8443, "u", "p", {"secure": "1"}),
        ),
    ],
)
def test_an_address_is_read(text, found):
    assert read_address(text) == found


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://u:{QUOTED}@h/base/t",
        f"postgres://u:{QUOTED}@h",
        f"postgres://u:{QUOTED}@h/base",
        f"postgres://u:{QUOTED}@h/a/b/c/d",
        f"postgres://u:{QUOTED}@h:port/base/t",
        f"postgres://u:{SECRET}@[h/base/t",
        f"postgres://u:{QUOTED}@h/base/t?options=-c%20x",
        f"clickhouse://u:{QUOTED}@h/base/s/t",
        f"spark://u:{QUOTED}@h",
        f"spark://u:{QUOTED}@h/a/b/c",
        "   ",
    ],
)
def test_an_address_that_is_not_understood_is_refused_without_its_password(text):
    with pytest.raises(ParameterError) as error:
        read_address(text)
    told = f"{error.value} {error.value!r} {error.value.__context__ if error.value.__cause__ else ''}"
    assert SECRET not in told
    assert QUOTED not in told
    assert error.value.remede


def test_a_password_is_not_in_what_is_printed():
    address = read_address(f"postgres://u:{QUOTED}@h/base/t")
    assert address.password == SECRET
    assert SECRET not in repr(address)
    assert QUOTED not in repr(address)


@pytest.mark.parametrize("kind", ["postgres", "spark", "clickhouse"])
def test_without_its_libraries_an_engine_says_what_to_install(monkeypatch, kind):
    def absent():
        raise ImportError(f"no module {SECRET}")

    monkeypatch.setitem(connections._FAULTS, kind, absent)
    with pytest.raises(EngineError, match=r"requirements-scale\.txt") as error:
        open_engine(f"{kind}://u:{QUOTED}@h/base/t")
    assert SECRET not in str(error.value)


def test_a_driver_that_fails_does_not_tell_the_password(monkeypatch):
    def fails(_address):
        raise OSError(f"cannot connect to postgres://u:{SECRET}@h")

    monkeypatch.setitem(connections._FAULTS, "postgres", lambda: (OSError,))
    monkeypatch.setattr(connections, "_postgres", fails)
    with pytest.raises(PaliersError) as error:
        open_engine(f"postgres://u:{QUOTED}@h/base/t")
    assert SECRET not in str(error.value)
    assert error.value.__suppress_context__  # nor in the trace that is logged


def test_the_embedded_engine_loads_none_of_the_others():
    script = (
        "import sys, data.engine; "
        "print([m for m in ('ibis', 'pyspark', 'clickhouse_connect', 'psycopg', 'chdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
