"""The errors of the completion carried to the effects: against the data moved by hand, and by simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.completion import Development
from analytics.descriptive import comparison_period
from analytics.diagnostic import build_leaves, decompose, explain_change, explain_ratio
from analytics.diagnostic.bounds import Bounds
from analytics.diagnostic.gap import can_detail, explain_gap
from analytics.schema import Selection
from analytics.uncertainty import CORRELATION, Z_80
from tests.samples import allocate_premiums, make_dataset

NOW = Selection(pd.Timestamp("2024-03-01"), pd.Timestamp("2024-12-01"))
NEXT = Selection(pd.Timestamp("2024-11-01"), pd.Timestamp("2024-12-01"), comparaison="M-1")
POSTES = ("dentaire", "optique", "pharmacie")
ERRORS = {"2024-10-01": 0.01, "2024-11-01": 0.03, "2024-12-01": 0.08}


def developed(errors=ERRORS, postes=POSTES):
    """A development whose last months are estimates; only the ratios of the table matter."""
    months = pd.date_range("2024-01-01", "2024-12-01", freq="MS")
    table = pd.MultiIndex.from_product([postes, months], names=["poste", "mois"]).to_frame(index=False)
    error = table["mois"].map({pd.Timestamp(m): e for m, e in errors.items()}).fillna(0.0)
    table["ultime"] = 1e6
    table["part_connue"] = np.where(error > 0, 0.9, 1.0)
    table["paye"] = table["ultime"] * table["part_connue"]
    table["se"] = error * table["ultime"]
    return Development(table, pd.DataFrame(), (), months[-1], "prestation", ("poste",))


@pytest.fixture(scope="module")
def small():
    whole, start = make_dataset(60, seed=4, drift=0.3), pd.Timestamp("2023-01-01")
    tables = {name: getattr(whole, name) for name in ("cotisation", "prestation")}
    return replace(whole, **{name: table[table["mois"] >= start] for name, table in tables.items()})


def moved(dataset, mois, poste, part):
    """The dataset if the care of a month and poste had been higher: money and actes alike, as completion does."""
    care = dataset.prestation
    hit = (care["mois"] == pd.Timestamp(mois)) & (care["poste"] == poste)
    factor = np.where(hit, 1.0 + part, 1.0)
    return replace(
        dataset, prestation=care.assign(**{m: care[m] * factor for m in care.columns if care[m].dtype.kind in "fi"})
    )


def effects_of(bridge):
    return bridge.by().groupby("effet")["montant"].sum()


@pytest.mark.parametrize("selection", [NOW, NEXT], ids=["a year before", "just before"])
@pytest.mark.parametrize("kind", ["prestation", "detailed", "ratio_pc", "premiums by poste"])
def test_each_source_moves_the_effects_as_the_data_moved_by_hand(small, kind, selection):
    dataset = allocate_premiums(small) if kind == "premiums by poste" else small
    key = "prestation" if kind in ("prestation", "detailed") else "ratio_pc"
    before, options = comparison_period(selection), {"detailed": kind == "detailed"}
    gap = explain_gap(dataset, key, selection, before, development=developed(), **options)
    usual = effects_of(gap.bridge)
    moves = dict(zip(gap.bounds.effects, gap.bounds.moves.T.sum(axis=0), strict=True))
    expected = pd.Series(0.0, usual.index)
    for mois, error in ERRORS.items():
        for poste in POSTES:
            step = 1e-4
            bumped = explain_gap(moved(dataset, mois, poste, step), key, selection, before, **options)
            expected = expected.add((effects_of(bumped.bridge) - usual) / step * error, fill_value=0.0)
    scale = expected.abs().max()
    for effect, value in expected.items():
        assert moves.get(effect, 0.0) == pytest.approx(value, abs=2e-3 * scale)


def test_the_intervals_hold_eight_times_out_of_ten(small):
    """Truths drawn around the completed data, errors tied as assumed: each interval must hold 75 to 85 % of them."""
    before, rng, draws = comparison_period(NOW), np.random.default_rng(8), 400
    gap = explain_gap(small, "prestation", NOW, before, development=developed())
    usual, leaves = effects_of(gap.bridge), build_leaves(small, "prestation", NOW, before)
    keys, care = list(leaves.keys), small.prestation
    after = leaves.after.set_index(keys)
    cells = [(m, p) for m in ERRORS for p in POSTES]
    part = {
        cell: care[(care["mois"] == cell[0]) & (care["poste"] == cell[1])]
        .groupby(keys)[["prestation", "actes"]].sum().reindex(after.index, fill_value=0.0)
        for cell in cells
    }  # fmt: skip
    # Each draw is a value of one more key: heads are the same in all, so that their effects do not mix.
    truths = []
    for draw in range(draws):
        common, truth = rng.normal(), after.assign(tirage=str(draw))
        for cell in cells:
            z = np.sqrt(CORRELATION) * common + np.sqrt(1 - CORRELATION) * rng.normal()
            truth[["prestation", "actes"]] += z * ERRORS[cell[0]] * part[cell]
        truths.append(truth.reset_index())
    same = pd.concat([leaves.before.assign(tirage=str(draw)) for draw in range(draws)])
    exposed = [*leaves.exposure_keys, "tirage"]
    found = decompose(same, pd.concat(truths), keys=[*keys, "tirage"], exposure_keys=exposed).by("tirage")
    found = found.pivot(index="tirage", columns="effet", values="montant")
    for effect in ("frequence", "cout_moyen"):
        low, high = gap.bounds.interval(usual[effect], {effect: 1.0})
        assert 0.75 <= found[effect].between(low, high).mean() <= 0.85, effect
    low, high = gap.bounds.interval(gap.bridge.total)
    assert 0.75 <= found.sum(axis=1).between(low, high).mean() <= 0.85


def test_effects_that_a_source_pushes_apart_make_up_for_one_another():
    bounds = Bounds(("a", "b"), np.array([[10.0, 0.0], [-10.0, 0.0]]))
    assert bounds.error({"a": 1.0}) == pytest.approx(10.0)
    assert bounds.error() == 0.0
    assert bounds.interval(5.0, {"b": 1.0}) == pytest.approx((5.0 - 10 * Z_80, 5.0 + 10 * Z_80))
    two = Bounds(("a",), np.array([[3.0, 4.0]]))
    assert two.error() == pytest.approx(np.sqrt(0.5 * 49 + 0.5 * 25))


def test_everything_paid_leaves_no_doubt(small):
    for development in (None, developed({})):
        gap = explain_gap(small, "prestation", NOW, comparison_period(NOW), development=development)
        assert gap.bounds.error() == 0.0
        assert gap.bounds.interval(gap.bridge.total) == (gap.bridge.total, gap.bridge.total)


def test_an_error_that_cannot_be_measured_gives_no_interval_unless_it_is_tiny(small):
    for poste, is_heavy in (("dentaire", True), ("absent", False)):
        told = developed()
        table = told.table.assign(se=told.table["se"].where(told.table["poste"] != poste))
        gap = explain_gap(small, "prestation", NOW, comparison_period(NOW), development=replace(told, table=table))
        assert gap.bounds.unmeasured is is_heavy
        assert np.isnan(gap.bounds.error()) == is_heavy


def test_the_gap_is_that_of_the_public_functions(small):
    before = comparison_period(NOW)
    gap = explain_gap(small, "prestation", NOW, before)
    pd.testing.assert_frame_equal(gap.bridge.table, explain_change(small, "prestation", NOW, before).table)
    detailed = explain_gap(small, "prestation", NOW, before, detailed=True).bridge
    assert detailed.total == pytest.approx(gap.bridge.total)
    assert effects_of(detailed)[["frais_moyens", "part_amc"]].sum() == pytest.approx(
        effects_of(gap.bridge)["cout_moyen"], rel=0.02
    )
    ratio, plain = explain_gap(small, "ratio_pc", NOW, before).bridge, explain_ratio(small, NOW, before)
    assert ratio.total == pytest.approx(plain.total)
    assert effects_of(ratio)["mix"] == pytest.approx(effects_of(plain)["mix"])
    assert can_detail(small, "prestation")
    assert not can_detail(small, "frais_reels")
    assert not can_detail(replace(small, cotisation=small.cotisation[["mois", "cotisation"]]), "prestation")


def test_a_file_without_dimension_has_its_interval_too(small):
    care = small.prestation.groupby("mois", as_index=False)[["actes", "prestation"]].sum()
    heads = small.cotisation.groupby("mois", as_index=False)[["beneficiaires", "cotisation"]].sum()
    table = developed().table.groupby("mois", as_index=False)[["ultime", "paye", "se"]].sum()
    table["part_connue"] = table["paye"] / table["ultime"]
    whole = replace(developed(), table=table, by=())
    for key in ("prestation", "ratio_pc"):
        bare = replace(small, prestation=care, cotisation=heads)
        gap = explain_gap(bare, key, NOW, comparison_period(NOW), development=whole)
        assert gap.bounds.error() > 0
        assert gap.bounds.error({"frequence": 1.0}) == pytest.approx(gap.bounds.error(), rel=0.2)
