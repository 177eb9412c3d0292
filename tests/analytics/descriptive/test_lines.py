"""Lines, months and groups found on integers are those of plain pandas, whatever is missing, and are never stale."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.descriptive import comparison_period, compute_indicator, compute_total
from analytics.descriptive.comparable import compare_constant_scope
from analytics.descriptive.lines import lines_of
from analytics.descriptive.memory import remember
from analytics.descriptive.reduced import monthly_of
from analytics.indicators import INDICATORS, table_of
from analytics.schema import Selection
from tests.analytics.descriptive.test_reduced import MONTHS, patchy

VALUES = {"region": ["A", "B", "vide", None], "tranche_age": ["0-19", "absente"], "sexe": ["F", "H"],
          "poste": ["optique", None], "inconnue": ["x"]}  # fmt: skip
PERIMETERS = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none()).flatmap(
    lambda keys: st.fixed_dictionaries({k: st.lists(st.sampled_from(VALUES[k]), max_size=2).map(tuple) for k in keys})
)
PERIODS = st.tuples(st.none() | st.sampled_from(list(MONTHS)), st.none() | st.sampled_from(list(MONTHS)))
KEYS = ["actes", "prestation", "ratio_pc", "frequence", "frais_reels", "resultat_technique", "cout_moyen"]


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), lines=st.integers(4, 300), filtres=PERIMETERS, period=PERIODS)
def test_lines_and_months_are_those_of_plain_pandas(seed, lines, filtres, period):
    selection = Selection(*period, filtres)
    dataset = patchy(seed, lines)
    for frame in (dataset.prestation, dataset.cotisation):
        mask = selection.mask(frame)
        kept = pd.Series(True, index=frame.index)
        for dimension, values in filtres.items():
            kept &= frame[dimension].isin(list(values)) if dimension in frame else True
        kept &= (frame["mois"] >= (period[0] or MONTHS[0])) & (frame["mois"] <= (period[1] or MONTHS[-1]))
        pd.testing.assert_series_equal(mask, kept, check_names=False)
        found = lines_of(frame, selection)
        assert sorted(found) == list(np.flatnonzero(kept))
        assert frame["mois"].iloc[found].is_monotonic_increasing
        monthly = monthly_of(frame, filtres)
        whole = frame[replace(selection, debut=None, fin=None).mask(frame)]
        expected = whole.groupby("mois")[list(monthly.sums)].sum(min_count=1)
        assert list(monthly.mois) == list(expected.index)
        for measure, sums in monthly.sums.items():
            assert sums.dtype == expected[measure].dtype
            np.testing.assert_allclose(sums, expected[measure], rtol=1e-12, atol=1e-9)


def plain(dataset, key, selection, by):
    """The definition by the months of `by`, or for the whole, on masks and groups of pandas."""
    sums = {}
    indicator = INDICATORS[key]
    for measure in indicator.measures:
        table = table_of(measure, dataset)
        if measure in table.columns:
            scope = selection.without_care() if measure == "beneficiaires" else selection
            rows = table[scope.mask(table)]
            grouped = rows.groupby("mois")[measure].sum(min_count=1) if by else rows[measure].sum(min_count=1)
            sums[measure] = grouped
    above, below = (
        [sums[m] * w for m, w in terms if m in sums] for terms in (indicator.numerator, indicator.denominator)
    )
    total = sum(above[1:], start=above[0])
    if not below:
        return total
    divisor = sum(below[1:], start=below[0])
    return total / (divisor.where(divisor != 0) if by else divisor if divisor != 0 else np.nan)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6), lines=st.integers(4, 300), key=st.sampled_from(KEYS), period=PERIODS,
    region=st.sampled_from([None, "A", "vide", "absente"]),
)  # fmt: skip
def test_indicators_are_the_definition_on_plain_pandas(seed, lines, key, period, region):
    dataset = patchy(seed, lines)
    selection = Selection(*period, {} if region is None else {"region": (region,)})
    months = plain(dataset, key, selection, by=True)
    found = compute_indicator(dataset, key, selection=selection)
    assert list(found["mois"]) == list(months.index)
    np.testing.assert_allclose(found["valeur"], months.to_numpy(dtype=float), rtol=1e-12, atol=1e-9)
    assert (found["valeur"].isna() == (found["raison"] != "")).all()
    total = compute_total(dataset, key, selection=selection)["valeur"].item()
    assert total == pytest.approx(plain(dataset, key, selection, by=False), rel=1e-12, abs=1e-9, nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), lines=st.integers(200, 1500), span=st.integers(1, 14),
       filtres=st.sampled_from([{}, {"region": ("A", "C")}, {"poste": ("optique",)}]))  # fmt: skip
def test_constant_scope_is_that_of_pairs_of_group_and_month(seed, lines, span, filtres):
    dataset = patchy(seed, lines)
    period = Selection(MONTHS[max(12, 24 - span)], MONTHS[23], filtres)
    found = compare_constant_scope(dataset, "prestation", selection=period)
    if found.raison and not found.moved:
        return
    dims = list(found.dimensions)

    def pairs(table, side):
        """Group and rank of the month of each line."""
        rank = (table["mois"].dt.year - side.debut.year) * 12 + table["mois"].dt.month - side.debut.month
        columns = [table[d].astype(object).where(table[d].notna(), "(manquant)") for d in dims]
        return pd.Series(list(zip(*columns, rank, strict=True)), index=table.index, dtype=object)

    sides = (period, comparison_period(period))
    covered = []
    for side in sides:
        rows = dataset.cotisation[side.without_care().mask(dataset.cotisation)]
        covered.append(set(pairs(rows, side)[rows["beneficiaires"] != 0]))
    both = covered[0] & covered[1]
    assert (found.arrives, found.partis) == tuple(len({p[:-1] for p in c - both}) for c in covered)
    kept = []
    for side in sides:
        care = dataset.prestation[side.without_care().mask(dataset.prestation)]
        care = care[pairs(care, side).isin(both)]
        whole = care["mois"].nunique() == len(pd.date_range(side.debut, side.fin, freq="MS"))
        kept.append(care.loc[side.mask(care), "prestation"].sum(min_count=1) if whole else np.nan)
    if found.moved:
        assert [found.valeur, found.reference] == pytest.approx(kept, rel=1e-12, abs=1e-9, nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), lines=st.integers(20, 200), span=st.integers(1, 14))
def test_without_members_constant_scope_is_that_of_the_values_met_twice(seed, lines, span):
    """A value alone on its side counts for every dimension, even where another value already left its lines out."""
    dataset = patchy(seed, lines)
    dataset = replace(dataset, cotisation=pd.DataFrame({"mois": MONTHS[:0]}))
    period = Selection(MONTHS[max(12, 24 - span)], MONTHS[23])
    found = compare_constant_scope(dataset, "actes", selection=period)
    if found.raison and not found.moved:
        return
    assert found.dimensions == ("poste", "region", "tranche_age", "sexe")
    sides = (period, comparison_period(period))
    care = [dataset.prestation[side.mask(dataset.prestation)] for side in sides]
    met = {d: [set(rows[d].dropna().astype(str)) for rows in care] for d in found.dimensions}
    assert found.arrives == sum(len(now - past) for now, past in met.values())
    assert found.partis == sum(len(past - now) for now, past in met.values())
    if found.moved:
        kept = []
        for rows in care:
            for dimension, (now, past) in met.items():
                rows = rows[~rows[dimension].isin(now ^ past)]
            whole = rows["mois"].nunique() == len(pd.date_range(period.debut, period.fin, freq="MS"))
            kept.append(rows["actes"].sum() if whole else np.nan)
        assert [found.valeur, found.reference] == pytest.approx(kept, nan_ok=True)


def test_numbers_with_their_own_missing_value_become_floats():
    frame = patchy(5, 200).prestation
    frame["actes"] = frame["actes"].astype("Int64").mask(frame["mois"] == MONTHS[3])
    sums = pd.Series(monthly_of(frame, {}).sums["actes"], index=monthly_of(frame, {}).mois)
    assert np.isnan(sums[MONTHS[3]])
    assert sums.drop(MONTHS[3]).tolist() == frame[frame["mois"] != MONTHS[3]].groupby("mois")["actes"].sum().tolist()


@pytest.mark.parametrize("change", [
    lambda f: f.__setitem__("prestation", 2.0), lambda f: f.loc.__setitem__((3, "prestation"), 7.0),
    lambda f: f.iat.__setitem__((3, 0), MONTHS[0]), lambda f: setattr(f, "columns", [c.upper() for c in f]),
    lambda f: f.__delitem__("prestation"), lambda f: f.insert(0, "neuve", 1.0),
])  # fmt: skip
def test_a_table_changed_in_place_is_read_again(change):
    frame = patchy(6, 100).prestation
    ask = lambda: remember(frame, "somme", lambda: frame.select_dtypes("number").sum().to_dict())  # noqa: E731
    first, before = ask(), frame.copy()
    assert ask() is first
    change(frame)
    assert not frame.equals(before)
    assert ask() is not first
    assert ask() == frame.select_dtypes("number").sum().to_dict()


def test_what_comes_from_two_tables_follows_both():
    left, right = patchy(7, 50).prestation, patchy(8, 50).prestation
    ask = lambda other: remember(left, "deux", lambda: (len(left), other["actes"].sum()), beside=other)  # noqa: E731
    first = ask(right)
    assert ask(right) is first
    right.loc[0, "actes"] += 1
    assert ask(right) == (first[0], first[1] + 1)
    assert ask(patchy(9, 80).prestation)[1] != first[1]
