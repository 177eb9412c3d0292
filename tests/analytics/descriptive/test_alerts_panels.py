"""The quick forms of the alerts beside the plain pandas ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analytics.descriptive.alerts.candidates import MIN_DRIFT, MIN_FREEDOM, _strength, drifts
from analytics.descriptive.alerts.panels import MIN_SHARE, YEAR, build_panels
from analytics.diagnostic.onestep import NORMAL_MAD
from analytics.schema import CARE_DIMENSIONS, Selection
from tests.samples import allocate_premiums, make_dataset


def with_holes(months=60):
    """Missing values of every kind, a region seen late, another without care, texts as unsorted categories."""
    rng, base = np.random.default_rng(1), make_dataset(months, seed=1)
    care, cover = base.prestation.copy(), base.cotisation.copy()
    care["reseau"] = np.where(rng.random(len(care)) < 0.5, "oui", "non")
    for column in ("region", "poste"):
        care.loc[rng.random(len(care)) < 0.05, column] = None
    care.loc[rng.random(len(care)) < 0.02, "prestation"] = np.nan
    care = care[(care["region"] != "C") | (care["mois"] >= "2022-03-01")]
    cover.loc[rng.random(len(cover)) < 0.02, "beneficiaires"] = np.nan
    cover = cover[(cover["region"] != "A") | (cover["mois"] != "2021-05-01")]
    kind = pd.CategoricalDtype(["C", "A", "B", "D"])
    return replace(
        base,
        prestation=care.astype({"region": kind, "poste": "category"}),
        cotisation=pd.concat([cover, cover[cover["region"] == "C"].assign(region="D")]).astype({"region": kind}),
    )


def large():
    """Enough lines to be summed first and remembered."""
    base = make_dataset(60, seed=2)
    care = pd.concat([base.prestation] * 12, ignore_index=True)
    towns = np.array([f"ville {i:02d}" for i in range(60)])[np.arange(len(care)) % 60]
    return replace(base, prestation=care.assign(ville=np.where(care["region"] == "A", "chef-lieu", towns)))


DATASETS = {
    "plain": make_dataset(60),
    "holes": with_holes(),
    "large": large(),
    "premiums by poste": allocate_premiums(make_dataset(60)),
    "no member": replace(make_dataset(60), cotisation=make_dataset(60).cotisation.drop(columns="beneficiaires")),
    "another measure": replace(make_dataset(60), prestation=make_dataset(60).prestation.drop(columns="prestation")),
}
PERIMETERS = [
    {},
    {"region": ("B",)},
    {"poste": ("dentaire", "optique"), "region": ("A", "C")},
    {"region": ("nulle part",)},
]
PERIMETERS.append({"ville": ("ville 01", "ville 02")})


def wide(frame, by, measure, months):
    """Months × segments, plainly; a missing value is no segment."""
    if not by:
        return frame.groupby("mois")[measure].sum(min_count=1).reindex(months).to_frame("ensemble")
    keys = frame[list(by)].astype(object)
    sums = frame[measure].groupby([*(keys[d] for d in by), frame["mois"]]).sum(min_count=1)
    return sums.unstack(list(range(len(by)))).reindex(months)


def plain_panels(dataset, months, selection):
    """By grouping, the amounts and the series of every segment that is large enough, from the filtered tables."""
    scope = dataset.filtered(selection)
    care, measure = scope.prestation, dataset.main_measure
    yearly = care[measure].sum() * YEAR / len(months)
    readable = [d for d in dataset.dimensions if d in care and 1 < care[d].nunique() <= 40]
    pairs = [("poste", d) for d in readable if d != "poste"] if "poste" in readable else []
    found = {}
    for by in [(), *((d,) for d in readable), *pairs]:
        amounts = wide(care, by, measure, months)
        amounts = amounts.loc[:, (amounts.iloc[-YEAR:].sum() >= MIN_SHARE * yearly) & amounts.notna().any()]
        own = tuple(d for d in by if d not in CARE_DIMENSIONS)
        cover = scope.cotisation
        series = amounts
        if measure == "prestation" and "beneficiaires" in cover and set(own) <= set(cover.columns):
            exposure = wide(cover, own, "beneficiaires", months)
            names = [n if isinstance(n, tuple) else (n,) for n in amounts.columns]
            keys = [tuple(v for v, d in zip(n, by, strict=False) if d in own) for n in names]
            per = [exposure.get(k[0] if len(k) == 1 else k or "ensemble", np.nan) for k in keys]
            divisors = pd.DataFrame(dict(enumerate(per)), index=months).set_axis(amounts.columns, axis=1)
            series = amounts / divisors.where(divisors != 0)
        if len(amounts.columns):
            found[by] = amounts, series
    return found


@pytest.mark.parametrize("filters", PERIMETERS, ids=str)
@pytest.mark.parametrize("name", DATASETS)
def test_panels_are_those_of_plain_sums(name, filters):
    dataset = DATASETS[name]
    months = dataset.months[6:-3]
    selection = Selection(months[0], months[-1], filters)
    expected = plain_panels(dataset, months, selection)
    found = {panel.by: panel for panel in build_panels(dataset, months, selection)}
    assert list(found) == list(expected)
    growth = {}
    for by, (amounts, series) in expected.items():
        panel = found[by]
        assert set(panel.series.columns) == set(amounts.columns)
        assert panel.amounts.index.equals(months)
        np.testing.assert_allclose(panel.amounts[list(amounts.columns)], amounts, rtol=1e-12)
        np.testing.assert_allclose(panel.series[list(amounts.columns)], series, rtol=1e-12)
        growth[by] = np.log(series.where(series > 0)).diff(YEAR)
        for segment in panel.series.columns if by else ():
            whole = growth[by[:-1]]
            parent = whole["ensemble" if len(by) == 1 else segment[0]] if len(whole.columns) else np.nan
            np.testing.assert_allclose(panel.growth_of_parents[segment], parent, atol=1e-12)


def test_a_table_changed_in_place_is_read_again():
    dataset = large()
    before = next(build_panels(dataset, dataset.months)).amounts
    dataset.prestation["prestation"] *= 2
    np.testing.assert_allclose(next(build_panels(dataset, dataset.months)).amounts, 2 * before)


def plain_drifts(panel):
    """The p-value of each segment and its gap, in pandas."""
    logs = np.log(panel.series.where(panel.series > 0))
    gaps = logs - logs.shift(YEAR) - panel.growth_of_parents
    recent, past = gaps.iloc[-YEAR:], gaps.iloc[YEAR:-YEAR]
    drift = recent.mean() - past.median()
    noise = NORMAL_MAD * (past - past.median()).abs().median()
    correlation = past.corrwith(past.shift(1)).clip(0, 0.8).fillna(0)
    inflation = (1 + correlation) / (1 - correlation)
    centre = drift.median() if len(drift) > 2 else 0.0
    spread = NORMAL_MAD * (drift - centre).abs().median() if len(drift) > 2 else 0.0
    z = (drift - centre) / np.sqrt(noise**2 * inflation / YEAR + spread**2)
    p_values = 2 * stats.t.sf(z.abs(), df=np.maximum(past.count() / inflation - 1, MIN_FREEDOM))
    return pd.DataFrame({"p": p_values, "drift": drift, "whole": panel.series.iloc[-2 * YEAR :].notna().all()})


@pytest.mark.parametrize("name", ["plain", "holes", "large"])
def test_drifts_are_those_of_pandas(name):
    dataset = DATASETS[name]
    count = 0
    for panel in build_panels(dataset, dataset.months):
        if not panel.by:
            continue
        table = plain_drifts(panel)
        table = table[table["p"].notna() & (table["drift"].abs() >= MIN_DRIFT) & table["whole"]]
        found = drifts(panel, dataset.months)
        assert [c.filters for c in found] == [panel.filters(s) for s in table.index]
        np.testing.assert_allclose([c.p_value for c in found], table["p"], rtol=1e-10)
        count += len(found)
    assert count > 1


def test_the_strength_of_a_break_is_that_of_each_window():
    rng = np.random.default_rng(3)
    errors, trace = rng.normal(size=(4, 60)), np.array([1.0, 0.6, 0.3, 0.1])
    for row, found in zip(errors, _strength(errors, trace), strict=True):
        match = np.array([row[i : i + 4] @ trace for i in range(57)]) / np.sqrt((trace**2).sum())
        past = match[:-4]
        spread = NORMAL_MAD * np.median(np.abs(past - np.median(past)))
        assert found == pytest.approx((match[-1] - np.median(past)) / max(spread, 1.0))
