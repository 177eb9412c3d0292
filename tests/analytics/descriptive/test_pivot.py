"""Crossed tables: every total to the cent, the rest exact, and nothing about fewer than 11 persons once shared.

Change that must turn this red: cents not rounded in `pivot_cube._amounts`, `min` → `max` in `pivot_secrecy._persons`,
or `within < all_masked` dropped in `pivot_secrecy._level_mask`.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.descriptive import compute_total
from analytics.descriptive.pivot import compute_grid
from analytics.descriptive.pivot_cube import MONTH, QUARTER, UNKNOWN, YEAR, build_cube
from analytics.descriptive.pivot_layout import BY_NAME, TOTAL, lay_out
from analytics.descriptive.pivot_secrecy import secret_pattern
from analytics.disclosure import K
from analytics.errors import ParameterError
from analytics.schema import Dataset, Selection
from tests.samples import allocate_premiums, make_dataset

QUIET = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
AXES = ("region", "poste", "canal", MONTH, QUARTER, YEAR)
BUCKETS = {
    MONTH: lambda m: f"{m:%Y-%m}",
    QUARTER: lambda m: f"{m.year}-T{m.quarter}",
    YEAR: lambda m: str(m.year),
}


def random_dataset(seed: int) -> Dataset:
    """Amounts in cents of any size and sign, values left empty, months missing here and there."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 300))
    months = pd.date_range("2023-11-01", periods=6, freq="MS")
    care = pd.DataFrame(
        {
            "mois": rng.choice(months, n),
            "region": rng.choice(np.array(["A", "B", "=C", None], dtype=object), n),
            "poste": rng.choice(np.array(["dentaire", "optique"], dtype=object), n),
            "canal": rng.choice(np.array(["web", None], dtype=object), n),
            "prestation": np.round(rng.normal(0, 10.0 ** rng.integers(0, 7, n)), 2),
        }
    )
    care.loc[rng.random(n) < 0.05, "prestation"] = np.nan
    care["region"] = care["region"].astype("category" if seed % 2 else "object")
    return Dataset(pd.DataFrame({"mois": months[:0]}), care, source="essai")


def bucket(frame: pd.DataFrame, axis: str) -> pd.Series:
    if axis in BUCKETS:
        return frame["mois"].map(BUCKETS[axis])
    return frame[axis].astype("object").where(frame[axis].notna(), None)


def in_cents(values: pd.Series) -> Decimal:
    return sum((Decimal(str(round(v, 2))) for v in values.dropna()), Decimal(0))


@QUIET
@given(
    seed=st.integers(0, 10_000),
    axes=st.lists(st.sampled_from(AXES), min_size=1, max_size=3, unique=True),
    regions=st.sets(st.sampled_from(["A", "B", "=C", "absente"])),
    postes=st.sets(st.sampled_from(["dentaire", "optique"])),
    first=st.integers(0, 5),
    length=st.integers(1, 6),
)
def test_every_level_is_the_sum_of_its_lines_to_the_cent(seed, axes, regions, postes, first, length):
    dataset = random_dataset(seed)
    months = pd.date_range("2023-11-01", periods=6, freq="MS")
    chosen = {d: tuple(v) for d, v in (("region", regions), ("poste", postes)) if v}
    selection = Selection(months[first], months[min(first + length - 1, 5)], chosen)
    grid = compute_grid(build_cube(dataset), "prestation", axes, selection)
    care = dataset.prestation[selection.mask(dataset.prestation)]
    buckets = [bucket(care, a) for a in axes]
    for place in itertools.product(*(range(len(v) + 1) for v in grid.levels)):
        kept = pd.Series(True, index=care.index)
        for values, level, i in zip(buckets, grid.levels, place, strict=True):
            if i < len(level):
                kept &= values.isna() if level[i] is None else values == level[i]
        expected = care.loc[kept, "prestation"]
        assert grid.known["prestation"][place] == expected.notna().any()
        assert Decimal(int(grid.cents["prestation"][place])) / 100 == in_cents(expected)
        assert grid.cents["prestation"][place] == round(grid.cents["prestation"][place])


@pytest.mark.parametrize("key", ["prestation", "ratio_pc", "consommation", "frequence", "reste_a_charge_moyen"])
@pytest.mark.parametrize("axes", [("region",), ("contrat", "region"), ("region", "contrat", YEAR)])
def test_a_ratio_is_recomputed_from_sums_at_every_level(key, axes):
    dataset = make_dataset(30, seed=4)
    selection = Selection(pd.Timestamp("2020-03-01"), pd.Timestamp("2022-02-01"), {"region": ("A", "C")})
    pivot = lay_out(compute_grid(build_cube(dataset), key, axes, selection), colonne=YEAR in axes)
    for line, row in zip(pivot.lines, pivot.valeur, strict=True):
        for column, value in zip(pivot.columns, row, strict=True):
            filters = {**line.filtres, **column.filtres}
            year = filters.pop(YEAR, None)
            scope = Selection(
                selection.debut, selection.fin, {**selection.filtres, **{d: (v,) for d, v in filters.items()}}
            )
            if year:
                first, last = pd.Timestamp(f"{year}-01-01"), pd.Timestamp(f"{year}-12-01")
                scope = replace(scope, debut=max(first, scope.debut), fin=min(last, scope.fin))
            expected = compute_total(dataset, key, selection=scope)["valeur"].iloc[0]
            assert value == pytest.approx(expected, rel=1e-12)


def test_members_are_exposed_to_each_poste_and_not_summed_over_them():
    dataset = make_dataset(12)
    pivot = lay_out(compute_grid(build_cube(dataset), "consommation", ("poste",)))
    exposure = dataset.cotisation["beneficiaires"].sum()
    assert pivot.mesures["beneficiaires"].ravel().tolist() == [exposure] * 4
    assert pivot.valeur[-1, 0] == pytest.approx(dataset.prestation["prestation"].sum() / exposure)
    kept = lay_out(compute_grid(build_cube(dataset), "consommation", ("poste",)), garder=1)
    assert kept.mesures["beneficiaires"].ravel().tolist() == [exposure] * 3


def test_premiums_shared_out_by_poste():
    dataset = allocate_premiums(make_dataset(12))
    pivot = lay_out(compute_grid(build_cube(dataset), "ratio_pc", ("poste", "region")))
    assert pivot.lines[-1].niveau == "total"
    assert pivot.mesures["cotisation"][-1, 0] == pytest.approx(dataset.cotisation["cotisation"].sum(), abs=0.004)
    assert len(pivot.lines) == 3 * (3 + 1) + 1


def test_a_formula_that_cannot_be_split_says_so():
    cube = build_cube(make_dataset(12))
    with pytest.raises(ParameterError, match="n’est pas ventilé par poste"):
        compute_grid(cube, "ratio_pc", ("poste",))
    with pytest.raises(ParameterError, match="Dimension absente"):
        compute_grid(cube, "prestation", ("ville",))
    with pytest.raises(ParameterError, match="trois dimensions"):
        compute_grid(cube, "prestation", ("poste", "region", "contrat", MONTH))


def test_a_term_without_line_adds_nothing_and_a_missing_one_leaves_the_cell_empty():
    dataset = make_dataset(12)
    care = dataset.prestation[dataset.prestation["region"] != "C"]
    pivot = lay_out(compute_grid(build_cube(replace(dataset, prestation=care)), "resultat_technique", ("region",)))
    by_name = {line.labels[0]: v for line, v in zip(pivot.lines, pivot.valeur[:, 0], strict=True)}
    assert by_name["A"] + by_name["B"] + by_name["C"] == pytest.approx(by_name[TOTAL], abs=0.001)
    empty = dataset.prestation.assign(
        prestation=dataset.prestation["prestation"].where(dataset.prestation["region"] != "C")
    )
    pivot = lay_out(compute_grid(build_cube(replace(dataset, prestation=empty)), "resultat_technique", ("region",)))
    by_name = {line.labels[0]: v for line, v in zip(pivot.lines, pivot.valeur[:, 0], strict=True)}
    assert np.isnan(by_name["C"])


# --- years and quarters met in part -------------------------------------------------------------------------------


def names(dataset, axis, first, last, key="prestation"):
    grid = compute_grid(build_cube(dataset), key, (axis,), Selection(pd.Timestamp(first), pd.Timestamp(last)))
    return list(grid.labels[0])


def test_a_year_or_a_quarter_met_in_part_says_its_months():
    dataset = make_dataset(30)  # January 2020 to June 2022
    assert names(dataset, YEAR, "2020-09-01", "2021-08-01") == ["2020 (4 mois)", "2021 (8 mois)"]
    assert names(dataset, YEAR, "2020-01-01", "2021-12-01") == ["2020", "2021"]
    assert names(dataset, YEAR, "2021-01-01", "2022-12-01") == ["2021", "2022 (6 mois)"]  # the data stop there
    assert names(dataset, QUARTER, "2020-02-01", "2020-07-01") == ["T1 2020 (2 mois)", "T2 2020", "T3 2020 (1 mois)"]
    assert names(dataset, MONTH, "2020-02-01", "2020-02-01") == ["févr.\u00a02020"]


def test_a_year_is_partial_when_one_table_of_the_formula_stops():
    dataset = make_dataset(24)
    care = dataset.prestation[dataset.prestation["mois"] <= "2021-08-01"]
    dataset = replace(dataset, prestation=care)
    assert names(dataset, YEAR, "2020-01-01", "2021-12-01", "ratio_pc") == ["2020", "2021 (8 mois)"]
    assert names(dataset, YEAR, "2020-01-01", "2021-12-01", "cotisation") == ["2020", "2021"]


# --- lay-out ------------------------------------------------------------------------------------------------------


@QUIET
@given(
    seed=st.integers(0, 10_000),
    garder=st.integers(-3, 3).filter(bool),
    inverse=st.booleans(),
    tri=st.sampled_from([None, BY_NAME, "2023-11", "2024-02", "absente"]),
    second=st.booleans(),
)
def test_the_rest_is_exact_whatever_the_order(seed, garder, inverse, tri, second):
    dataset = random_dataset(seed)
    axes = ("region", *(["canal"] if second else []), MONTH)
    grid = compute_grid(build_cube(dataset), "prestation", axes)
    pivot = lay_out(grid, colonne=True, tri=tri, inverse=inverse, garder=garder)
    details = [i for i, line in enumerate(pivot.lines) if line.niveau == "detail"]
    assert np.allclose(np.nansum(pivot.valeur[details], axis=0), np.nan_to_num(pivot.valeur[-1]), atol=1e-6, rtol=0)
    whole = lay_out(grid, colonne=True)
    assert np.array_equal(pivot.valeur[-1], whole.valeur[-1], equal_nan=True)
    assert pivot.valeur[-1, -1] == pytest.approx(dataset.prestation["prestation"].sum(), abs=0.004)
    groups = [line for line in pivot.lines if line.niveau == ("sous_total" if second else "detail")]
    named = [line for line in groups if not line.labels[0].startswith("Autres")]
    assert len(named) <= max(abs(garder), 1) or len(named) == len(grid.levels[0]) <= abs(garder) + 1


def test_sorted_by_any_column_inside_each_group():
    dataset = make_dataset(24, seed=2)
    grid = compute_grid(build_cube(dataset), "prestation", ("region", "poste", YEAR))
    for tri, column in ((None, -1), ("2020", 0), ("2021", 1)):
        for inverse in (False, True):
            pivot = lay_out(grid, colonne=True, tri=tri, inverse=inverse)
            groups = [
                v for line, v in zip(pivot.lines, pivot.valeur[:, column], strict=True) if line.niveau == "sous_total"
            ]
            assert groups == sorted(groups, reverse=not inverse)
            inside = pivot.valeur[:3, column].tolist()
            assert inside == sorted(inside, reverse=not inverse)
    names = [line.labels for line in lay_out(grid, colonne=True, tri=BY_NAME).lines]
    assert names[:4] == [("A", "dentaire"), ("A", "optique"), ("A", "pharmacie"), ("A", TOTAL)]


def test_an_empty_value_has_a_name_and_filters_nothing():
    dataset = random_dataset(8)
    pivot = lay_out(compute_grid(build_cube(dataset), "prestation", ("region",)))
    empty = next(line for line in pivot.lines if line.labels == (UNKNOWN,))
    assert empty.filtres == {}


def test_two_values_of_the_same_name_are_told_apart():
    dataset = replace(make_dataset(6), value_labels={"region": {"A": "Nord", "B": "Nord"}})
    assert build_cube(dataset).value_labels("region") == ("Nord (A)", "Nord (B)", "C")


# --- « partage » mode ---------------------------------------------------------------------------------------------

DIMENSIONS = ("formule", "region", "tranche_age")


def small_mutual(seed: int) -> Dataset:
    """Cells of 0 to 60 persons that come and go over three months, one act of a random amount each."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2024-01-01", periods=3, freq="MS")
    values = [["E", "P"], ["A", "B", "C"][: rng.integers(2, 4)], ["0-19", "20-59", "60+"][: rng.integers(2, 4)]]
    cells = pd.DataFrame(itertools.product(*values), columns=DIMENSIONS)
    few = rng.random(len(cells)) < 0.15
    heads = np.where(few, rng.integers(1, K, len(cells)), rng.integers(K, 60, len(cells)))
    rows = []
    for mois in months:
        moved = np.maximum(heads + rng.integers(-4, 5, len(cells)), 0)
        rows.append(cells.assign(mois=mois, beneficiaires=np.where(rng.random(len(cells)) < 0.05, 0, moved)))
    members = pd.concat(rows, ignore_index=True)
    care = members[members["beneficiaires"] > 0].drop(columns="beneficiaires")
    care["prestation"] = np.round(rng.uniform(10, 1e4, len(care)), 2)
    return Dataset(members, care, source="essai")


def shown_cells(dataset, axes, selection, *, garder=None, shared=True):
    """What a table tells: for each cell shown, the cells and months of the mutual that it is known to add up."""
    cube = build_cube(dataset)
    pattern = secret_pattern(cube, (*axes, *selection.filtres)) if shared else None
    colonne = len(axes) > 1
    pivot = lay_out(compute_grid(cube, "prestation", axes, selection, pattern=pattern), colonne=colonne, garder=garder)
    members = dataset.cotisation
    paid = members.merge(dataset.prestation, on=[*DIMENSIONS, "mois"], how="left")["prestation"].fillna(0)
    base, buckets = selection.mask(members), {a: bucket(members, a) for a in axes}
    told, named = [], set()
    for i, line in enumerate(pivot.lines):
        others = line.labels[0].startswith("Autres")
        for j, column in enumerate(pivot.columns):
            kept = base.copy()
            for axis, value in {**line.filtres, **column.filtres}.items():
                kept &= buckets[axis] == value
            if others:
                kept &= ~buckets[axes[0]].isin(named)
            value = pivot.valeur[i, j]
            if value == value:
                assert value == pytest.approx(paid[kept].sum(), abs=0.004)
                told.append(kept.to_numpy())
        if not others and line.niveau != "total":
            named.add(line.filtres.get(axes[0]))
    return told


def heads_of(dataset):
    """Persons of each cell and month, and the rank of its month."""
    members = dataset.cotisation
    return members["beneficiaires"].to_numpy(dtype=float), dataset.months.get_indexer(members["mois"])


def smallest(heads, cells):
    """Fewest persons, over the months that have somebody, that a set of cells speaks of."""
    persons, month = heads
    found = np.bincount(month[cells], weights=persons[cells]).astype(float)
    return found[found > 0].min(initial=np.inf)


tables = st.tuples(
    st.lists(st.sampled_from([*DIMENSIONS, MONTH]), min_size=1, max_size=3, unique=True).map(tuple),
    st.dictionaries(st.sampled_from(DIMENSIONS), st.sets(st.integers(0, 2), min_size=1, max_size=2), max_size=2),
    st.sampled_from([(0, 2), (0, 1), (0, 0), (1, 2), (2, 2)]),
    st.sampled_from([None, 1, 2, -1]),
)


def exported(dataset, asked, **options):
    axes, filters, (first, last), garder = asked
    months, cube = dataset.months, build_cube(dataset)
    chosen = {d: tuple(cube.levels[d][i] for i in v if i < len(cube.levels[d])) for d, v in filters.items()}
    selection = Selection(months[first], months[last], {d: v for d, v in chosen.items() if v})
    return shown_cells(dataset, axes, selection, garder=garder, **options)


@settings(parent=QUIET, max_examples=20)
@given(seed=st.integers(0, 10_000), one=tables, two=tables)
def test_no_subtraction_of_two_tables_speaks_of_fewer_than_11_persons(seed, one, two):
    dataset = small_mutual(seed)
    cells, heads = [*exported(dataset, one), *exported(dataset, two)], heads_of(dataset)
    for cell in cells:
        assert smallest(heads, cell) >= K
    for left, right in itertools.permutations(cells, 2):
        if not (right & ~left).any():
            assert smallest(heads, left & ~right) >= K


@settings(parent=QUIET, max_examples=10)
@given(seed=st.integers(0, 10_000), one=tables, two=tables)
def test_no_combination_of_two_tables_gives_a_small_cell(seed, one, two):
    """Linear algebra, not only differences: no small cell is determined by everything that is shown."""
    dataset = small_mutual(seed)
    told = np.array([*exported(dataset, one), *exported(dataset, two)], dtype=float)
    if not len(told):
        return
    _, sizes, rows = np.linalg.svd(told, full_matrices=False)
    space = rows[sizes > 1e-9 * sizes[0]]
    members, heads = dataset.cotisation, heads_of(dataset)
    for n in range(1, 4):
        for kept in itertools.combinations(DIMENSIONS, n):
            for lines in members.groupby([*kept, "mois"]).groups.values():
                target = np.zeros(len(members))
                target[lines] = 1
                if smallest(heads, target > 0) < K:
                    assert np.linalg.norm(target - space.T @ (space @ target)) > 1e-6, (kept, lines)


def test_the_attack_wins_without_the_mode():
    dataset = small_mutual(5)
    cells = exported(dataset, (("region", "tranche_age", "formule"), {}, (0, 2), None), shared=False)
    assert any(smallest(heads_of(dataset), cell) < K for cell in cells)


def test_most_cells_stay_shown():
    """Hiding everything would be easy."""
    dataset = make_dataset(24)
    cube = build_cube(dataset)
    axes = ("region", "contrat", YEAR)
    pivot = lay_out(compute_grid(cube, "ratio_pc", axes, pattern=secret_pattern(cube, axes)), colonne=True)
    assert not pivot.masque.any()
    assert pivot.caches == 0


def test_the_pattern_does_not_depend_on_the_period_nor_on_the_indicator():
    dataset = small_mutual(11)
    cube = build_cube(dataset)
    axes = ("region", "tranche_age")
    pattern = secret_pattern(cube, axes)
    months = dataset.months
    masks = [
        compute_grid(cube, key, axes, Selection(first, last), pattern=pattern).masked.tolist()
        for key in ("prestation", "beneficiaires")
        for first, last in ((months[0], months[2]), (months[1], months[1]))
    ]
    assert all(mask == masks[0] for mask in masks)
    assert np.array(masks[0]).any()


def test_without_insured_persons_everything_is_masked():
    dataset = small_mutual(1)
    cube = build_cube(replace(dataset, cotisation=dataset.cotisation.drop(columns="beneficiaires")))
    grid = compute_grid(cube, "prestation", ("region",), pattern=secret_pattern(cube, ("region",)))
    assert grid.masked.all()
