"""Cubes of the embedded engine against a count line by line, and everything that it refuses."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.errors import ParameterError, ReadError
from data.engine import Axis, EngineError, Filter, Measure, Month, Order, Period, Spec, open_engine
from data.engine import plan as plans
from data.engine import result as results
from data.engine.embedded import DuckEngine
from data.engine.plan import make_plan
from data.engine.sql import write_query
from tests.data.engine_cases import SCHEMA, make_rows, specs
from tests.data.engine_oracle import expected


@pytest.fixture(scope="module")
def rows():
    return make_rows(400)


@pytest.fixture(scope="module")
def engine(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("lignes") / "lignes.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path, row_group_size=37)
    opened = DuckEngine(path, threads=1)
    yield opened
    opened.close()


def found(engine, spec: Spec) -> list[tuple]:
    return [tuple(r.values()) for r in engine.cube(spec).to_pylist()]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=specs())
def test_any_cube_is_what_a_count_line_by_line_finds(engine, rows, spec):
    assert found(engine, spec) == expected(rows, spec)


def test_types_of_a_cube_are_those_promised(engine):
    spec = Spec(
        ["texte", "code", Month("jour"), "vrai"],
        [Measure("somme", "montant"), Measure("somme", "centimes"), Measure("somme", "personne"), Measure("lignes")],
    )
    kinds = [pa.string(), pa.int64(), pa.date32(), pa.bool_(), pa.decimal128(38, 2), pa.decimal128(38, 2)]
    assert engine.cube(spec).schema.types == [*kinds, pa.decimal128(38, 0), pa.int64()]
    # The same without a single line.
    none = Spec(spec.dimensions, spec.measures, [Filter("texte", "egal", ("absent",))])
    assert engine.cube(none).schema == engine.cube(spec).schema


def test_nothing_added_up_is_missing_and_not_zero(engine):
    spec = Spec([], [Measure("somme", "montant"), Measure("lignes")], [Filter("texte", "egal", ("absent",))])
    assert found(engine, spec) == [(None, 0)]


def test_cents_stored_as_doubles_add_up_to_the_cent(tmp_path):
    pq.write_table(pa.table({"m": [0.1] * 1_000_003}), tmp_path / "m.parquet")
    assert found(open_engine(tmp_path), Spec([], [Measure("somme", "m")])) == [(Decimal("100000.30"),)]


@pytest.mark.parametrize(
    ("value", "measure", "said"),
    [
        (0.125, Measure("somme", "m"), "plus de 2 décimales"),
        (math.nan, Measure("somme", "m"), "n’est pas un nombre"),
        (math.inf, Measure("somme", "m", scale=2), "n’est pas un nombre"),
        (1e300, Measure("somme", "m", scale=2), "trop grand"),
        (math.nan, Measure("minimum", "m"), "n’est pas un nombre"),
        (-math.inf, Measure("maximum", "m"), "n’est pas un nombre"),
        (0.5, Measure("distincts", "m"), "n’est pas un nombre entier"),
    ],
)
def test_a_single_number_that_cannot_be_counted_exactly_is_refused(tmp_path, value, measure, said):
    pq.write_table(pa.table({"m": [1.0, None, value, 3.0]}), tmp_path / "m.parquet")
    engine = open_engine(tmp_path / "m.parquet")
    for limit in (None, 1):
        with pytest.raises(ReadError, match=said) as error:
            engine.cube(Spec([], [measure], limit=limit))
        assert error.value.colonne == "m"
        assert error.value.remede
    with pytest.raises(ReadError, match="nombre entier"):
        engine.cube(Spec(["m"], [Measure("lignes")]))


def test_a_sum_with_too_many_digits_is_refused(tmp_path):
    most = Decimal("9" * 38)
    pq.write_table(pa.table({"m": pa.array([most, most], pa.decimal128(38, 0))}), tmp_path / "m.parquet")
    with pytest.raises((EngineError, ReadError)):
        open_engine(tmp_path).cube(Spec([], [Measure("somme", "m")]))


def test_a_cube_too_large_is_refused_and_its_first_rows_are_not(engine, monkeypatch):
    for module in (plans, results):
        monkeypatch.setattr(module, "MAX_ROWS", 5)
    with pytest.raises(ParameterError, match="plus de 5 lignes"):
        engine.cube(Spec(["texte"], [Measure("lignes")]))
    assert engine.cube(Spec(["texte"], [Measure("lignes")], limit=3)).num_rows == 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Spec(), "au moins un axe"),
        (lambda: Spec("texte"), "dans une liste"),
        (lambda: Spec([3]), "n’en est pas un"),
        (lambda: Spec(["a"] * 2), "même nom"),
        (lambda: Spec(["m"], [Measure("somme", "m")]), "même nom"),
        (lambda: Spec([f"a{i}" for i in range(25)]), "au plus"),
        (lambda: Spec([], ["lignes"]), "pas une mesure"),
        (lambda: Spec([], [Measure("moyenne", "m")]), "opération n’existe pas"),
        (lambda: Spec([], [Measure("somme")]), "porte sur une colonne"),
        (lambda: Spec([], [Measure("lignes", "m")]), "ne porte sur aucune"),
        (lambda: Spec([], [Measure("somme", "m", scale=13)]), "décimales"),
        (lambda: Spec([], [Measure("distincts", "m", scale=2)]), "décimales"),
        (lambda: Spec(["a"], [], ["a"]), "pas un filtre"),
        (lambda: Spec(["a"], [], [Filter("a", "contient", ("b",))]), "filtre n’existe pas"),
        (lambda: Spec(["a"], [], [Filter("a", "egal", ())]), "bon nombre"),
        (lambda: Spec(["a"], [], [Filter("a", "entre", (1,))]), "bon nombre"),
        (lambda: Spec(["a"], [], [Filter("a", "manquant", (1,))]), "bon nombre"),
        (lambda: Spec(["a"], [], [Filter("a", "parmi", "texte")]), "dans une liste"),
        (lambda: Spec(["a"], [], [Filter("a", "parmi", tuple(range(1_001)))]), "bon nombre"),
        (lambda: Spec(["a"], order=["a"]), "pas un tri"),
        (lambda: Spec(["a"], order=[Order("b")]), "absente du résultat"),
        (lambda: Spec(["a"], limit=0), "nombre de lignes"),
        (lambda: Spec(["a"], limit=True), "nombre de lignes"),
        (lambda: Spec(["a"], limit=1_000_001), "nombre de lignes"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused_in_french(make, said):
    with pytest.raises(ParameterError, match=said):
        make()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (Spec(["absente"]), "n’existe pas"),
        (Spec([Month("texte")]), "pas une date"),
        (Spec([Period("texte", "mois")]), "pas une année"),
        (Spec([], [Measure("somme", "texte")]), "pas un nombre"),
        (Spec([], [Measure("somme", "vrai")]), "pas un nombre"),
        (Spec([], [Measure("minimum", "texte")]), "nombre ou une date"),
        (Spec([], [Measure("somme", "montant", scale=3)]), "déjà un nombre de décimales"),
        (Spec(["texte"], [], [Filter("texte", "egal", (3,))]), "un texte"),
        (Spec(["texte"], [], [Filter("texte", "egal", ("a\x00b",))]), "caractère"),
        (Spec(["texte"], [], [Filter("texte", "egal", ("\ud800",))]), "caractère"),
        (Spec(["texte"], [], [Filter("texte", "entre", ("a", "b"))]), "dépend du moteur"),
        (Spec(["vrai"], [], [Filter("vrai", "egal", (1,))]), "vrai ou faux"),
        (Spec(["vrai"], [], [Filter("personne", "egal", (True,))]), "nombre entier"),
        (Spec(["vrai"], [], [Filter("personne", "egal", (2**63,))]), "nombre entier"),
        (Spec(["vrai"], [], [Filter("montant", "egal", (0.1,))]), "nombre exact"),
        (Spec(["vrai"], [], [Filter("montant", "egal", (Decimal("0.001"),))]), "2 décimales"),
        (Spec(["vrai"], [], [Filter("montant", "egal", (Decimal("1e36"),))]), "2 décimales"),
        (Spec(["vrai"], [], [Filter("montant", "egal", (Decimal("NaN"),))]), "nombre exact"),
        (Spec(["vrai"], [], [Filter("libre", "entre", (math.nan, None))]), "pas un nombre"),
        (Spec(["vrai"], [], [Filter("jour", "egal", ("2024-01-01",))]), "pas une date"),
        (Spec(["vrai"], [], [Filter(Month("jour"), "egal", (202401,))]), "pas une date"),
    ],
)
def test_a_spec_that_does_not_fit_the_columns_is_refused_in_french(engine, spec, said):
    with pytest.raises(ParameterError, match=said):
        engine.cube(spec)


def test_lines_come_back_filtered_and_limited(engine, rows):
    kept = engine.lines([Filter("texte", "egal", ("Été",))], columns=["texte", "montant"], limit=1_000)
    wanted = [(r["texte"], r["montant"]) for r in rows if r["texte"] == "Été"]
    assert sorted(kept.to_pylist(), key=str) == sorted(({"texte": t, "montant": m} for t, m in wanted), key=str)
    assert engine.lines(limit=3).num_rows == 3
    assert engine.lines(limit=3).column_names == SCHEMA.names
    for wrong in (0, 1_000_001, "3"):
        with pytest.raises(ParameterError):
            engine.lines(limit=wrong)


NAMES = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=20
) | st.sampled_from(
    [
        '"',
        '""',
        "'; DROP TABLE paliers_source; --",
        "SELECT",
        "a.b",
        "?",
        "$1",
        "paliers_d0",
        "paliers_source",
        "*",
        "\\",
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(NAMES, min_size=50, max_size=50, unique_by=lambda n: n.casefold().upper().lower()))
def test_columns_of_any_name_are_asked_for_by_that_name(tmp_path_factory, names):
    """Two thousand names over the examples, each used as a measure and a filter, half of them as an axis."""
    path = tmp_path_factory.mktemp("noms") / "noms.parquet"
    pq.write_table(pa.table({n: pa.array([i, i + 1], pa.int64()) for i, n in enumerate(names)}), path)
    engine = DuckEngine(path, threads=1)
    try:
        assert list(engine.columns()) == names
        axes = [Axis(n, f"d{i}") for i, n in enumerate(names[:24])]
        sums = [Measure("somme", n, f"s{i}") for i, n in enumerate(names)]
        kept = [Filter(n, "egal", (i,)) for i, n in enumerate(names)]
        assert found(engine, Spec(axes, sums, kept)) == [(*range(24), *map(Decimal, range(50)))]
    finally:
        engine.close()


def test_names_that_sql_cannot_write_are_shown_and_refused(tmp_path):
    pq.write_table(pa.table({"a": [1], "b": pa.array([[1]])}), tmp_path / "x.parquet")
    engine = open_engine(tmp_path)
    assert engine.columns()["b"].kind == "autre"
    assert engine.lines().column_names == ["a"]
    with pytest.raises(ParameterError, match="ni un texte"):
        engine.cube(Spec(["b"]))


@settings(max_examples=100, deadline=None)
@given(spec=specs())
def test_no_query_estimates_nor_holds_a_value(spec):
    """Values are bound; nothing is approximate, sampled, or added up as doubles."""
    from data.engine.columns import column_of

    plan = make_plan(spec, {f.name: column_of(f.name, f.type) for f in SCHEMA})
    query = write_query(plan, '"lignes"')
    text = query.text.lower()
    assert not [w for w in ("approx", "hll", "sample", "uniq", "fsum", "avg", "sketch") if w in text]
    assert "Été" not in query.text
    assert "brien" not in text
    assert query.text.count("?") == len(query.values)


def test_several_files_are_one_table(tmp_path):
    (tmp_path / "mois=2024-01").mkdir()
    pq.write_table(pa.table({"a": ["x"], "m": pa.array([Decimal("1.10")])}), tmp_path / "mois=2024-01" / "1.parquet")
    pq.write_table(pa.table({"m": pa.array([Decimal("2.20")]), "a": ["y"]}), tmp_path / "2.parquet")
    (tmp_path / "lisez-moi.txt").write_text("rien")
    with_both = open_engine(tmp_path).cube(Spec(["a"], [Measure("somme", "m")]))
    assert with_both.to_pylist() == [{"a": "x", "m": Decimal("1.10")}, {"a": "y", "m": Decimal("2.20")}]


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(ReadError, match="n’existe pas"):
        open_engine(tmp_path / "absent.parquet")
    with pytest.raises(ReadError, match="aucun fichier"):
        open_engine(tmp_path)
    (tmp_path / "faux.parquet").write_bytes(b"PAR1 rien PAR1")
    with pytest.raises(ReadError, match="pas lisibles"):
        open_engine(tmp_path / "faux.parquet")
    assert not list(Path(tmp_path).glob("*.duckdb"))


def test_the_engine_is_the_one_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("PALIERS_ENGINE", raising=False)
    with pytest.raises(ParameterError, match="Aucun moteur"):
        open_engine()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    monkeypatch.setenv("PALIERS_ENGINE", str(tmp_path))
    assert open_engine().cube(Spec(["a"])).to_pylist() == [{"a": 1}]
