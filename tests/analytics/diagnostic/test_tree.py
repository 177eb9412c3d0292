import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.descriptive import build_constat, comparison_period
from analytics.diagnostic import build_leaves, decompose, decompose_ratio, explain_change, explain_ratio
from analytics.diagnostic.explain import Leaves
from analytics.diagnostic.tree import (
    MAX_LEVELS,
    Walk,
    grow_tree,
    measure_node,
    open_dimensions,
    propose,
    rank_splits,
    read_path,
    split_by,
    write_path,
)
from analytics.errors import InsufficientData, ParameterError
from analytics.schema import Selection

NOW = Selection(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"))
BEFORE = comparison_period(NOW)


def tree_of(dataset, measure="prestation", now=NOW):
    before = comparison_period(now)
    return grow_tree(explain_change(dataset, measure, now, before), build_leaves(dataset, measure, now, before))


def grow(before, after, keys):
    """A tree of hand-made frames."""
    leaves = Leaves(before, after, tuple(keys), None)
    return grow_tree(decompose(before, after, keys=keys), leaves)


def cube(seed=0, sizes=(4, 5, 3), growth=1.0, noise=0.0):
    """Two periods over every combination of values: dimensions a, b, c."""
    rng = np.random.default_rng(seed)
    cells = [[f"{name}{i}" for i in range(n)] for name, n in zip("abc", sizes, strict=False)]
    before = pd.DataFrame(list(itertools.product(*cells)), columns=list("abc")[: len(sizes)])
    before["prestation"] = rng.uniform(500, 1500, len(before))
    moved = growth * (1 + noise * rng.standard_normal(len(before)))
    return before, before.assign(prestation=before["prestation"] * moved)


def brute(before, after, path, dimension):
    """Levels of each value under a path, by filtering the two periods."""
    inside = [frame[np.logical_and.reduce([frame[d] == v for d, v in path] or [np.full(len(frame), True)])]
              for frame in (before, after)]  # fmt: skip
    return [frame.groupby(dimension)["prestation"].sum() for frame in inside]


@pytest.mark.parametrize("measure", ["prestation", "frais_reels"])
@pytest.mark.parametrize("path", [(), (("poste", "dentaire"),), (("poste", "dentaire"), ("contrat", "collectif"))])
def test_every_number_is_the_change_of_the_finding_of_the_same_selection(small, measure, path):
    tree = tree_of(small, measure)
    filters = {d: (v,) for d, v in path}
    found = build_constat(small, measure, Selection(NOW.debut, NOW.fin, filters))
    assert measure_node(tree, path)[0] == pytest.approx(found.ecart, abs=0.005)
    for row in split_by(tree, path, "region").table.itertuples():
        child = build_constat(small, measure, Selection(NOW.debut, NOW.fin, {**filters, "region": (row.valeur,)}))
        assert row.montant == pytest.approx(child.ecart, abs=0.005)
        assert row.avant == pytest.approx(child.reference, abs=0.005)


def test_values_sum_to_their_level_whatever_the_order_of_the_dimensions(small):
    tree = tree_of(small)
    for order in itertools.permutations(("poste", "region", "contrat")):
        path = ()
        for dimension in order:
            split = split_by(tree, path, dimension)
            total = measure_node(tree, path)[0]
            assert split.table["montant"].sum() == pytest.approx(total, rel=1e-12)
            assert split.total == pytest.approx(total, rel=1e-12)
            assert split.table["part"].sum() == pytest.approx(1.0)
            assert split.table["attendu"].sum() == pytest.approx(total)
            assert split.table["ecart"].sum() == pytest.approx(0.0, abs=1e-6)
            path = (*path, (dimension, split.table["valeur"].iloc[0]))
    ends = {measure_node(tree, p)[0] for p in itertools.permutations((("poste", "dentaire"), ("region", "A")))}
    assert len(ends) == 1


def test_the_root_is_the_bridge_and_the_ratio_adds_up_too(small):
    bridge, leaves = explain_ratio(small, NOW, BEFORE), build_leaves(small, "prestation", NOW, BEFORE)
    tree = grow_tree(bridge, leaves)
    assert measure_node(tree, ())[0] == pytest.approx(bridge.total, abs=1e-14)
    split = split_by(tree, (), "poste").table.set_index("valeur")
    by = bridge.by("poste").groupby("poste")["montant"].sum()
    for value, row in split.iterrows():
        assert row["montant"] == pytest.approx(by[value], abs=1e-14)
    care = small.prestation[BEFORE.mask(small.prestation)].groupby("poste")["prestation"].sum()
    weights = care / care.sum()
    assert split["attendu"].to_dict() == pytest.approx((bridge.total * weights).to_dict())


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_split_is_what_filtering_the_two_periods_gives(data):
    seed = data.draw(st.integers(0, 10_000))
    before, after = cube(seed, noise=0.3)
    rng = np.random.default_rng(seed)
    after = after[rng.random(len(after)) > 0.15]  # closings; and openings:
    before = before[rng.random(len(before)) > 0.15]
    tree = grow(before, after, ["a", "b", "c"])
    path = (("a", data.draw(st.sampled_from(tree.values["a"]))),) if data.draw(st.booleans()) else ()
    table = split_by(tree, path, "b").table.set_index("valeur")
    past, now = brute(before, after, path, "b")
    change = now.sub(past, fill_value=0.0)
    assert table["montant"].to_dict() == pytest.approx(change.to_dict())
    if past.sum() > 0:
        expected = (change.sum() / past.sum() * past.reindex(change.index, fill_value=0.0)).to_dict()
        assert table["attendu"].to_dict() == pytest.approx(expected)


def test_order_of_rows_changes_nothing():
    before, after = cube(3, noise=0.2)
    straight = grow(before, after, ["a", "b", "c"])
    mixed = grow(before.sample(frac=1, random_state=1), after.sample(frac=1, random_state=2), ["c", "a", "b"])
    pd.testing.assert_frame_equal(split_by(straight, (), "b").table, split_by(mixed, (), "b").table)


def test_the_largest_is_not_proposed_when_it_only_follows():
    """a0 is ten times the others and moves most in euros, at the pace of the whole; b2 alone does not follow."""
    before, after = cube(5, growth=1.05, noise=0.01)
    for frame in (before, after):
        frame.loc[frame["a"] == "a0", "prestation"] *= 10
    after.loc[after["b"] == "b2", "prestation"] *= 1.2
    after.loc[after["c"] == "c1", "prestation"] *= 0.93
    tree = grow(before, after, ["a", "b", "c"])
    assert split_by(tree, (), "a").table["valeur"].iloc[0] == "a0"
    up, down = propose(tree, (), "hausse"), propose(tree, (), "baisse")
    assert (up.dimension, up.valeur) == ("b", "b2")
    assert (down.dimension, down.valeur) == ("c", "c1")
    row = split_by(tree, (), "b").table.set_index("valeur").loc["b2"]
    assert (up.montant, up.attendu, up.ecart) == pytest.approx(tuple(row[["montant", "attendu", "ecart"]]))
    assert up.ecart == pytest.approx(up.montant - up.attendu)


def test_a_cause_in_one_cell_of_a_small_file_is_found_in_two_steps():
    """A cause must not pass for its own noise: one cell of 7 × 13 jumps, the others stray by 1 %."""
    before, after = cube(8, sizes=(7, 13), growth=1.03, noise=0.01)
    cause = (after["a"] == "a3") & (after["b"] == "b7")
    after.loc[cause, "prestation"] *= 1.6
    tree = grow(before, after, ["a", "b"])
    first = propose(tree, (), "hausse")
    second = propose(tree, ((first.dimension, first.valeur),), "hausse")
    assert {(first.dimension, first.valeur), (second.dimension, second.valeur)} == {("a", "a3"), ("b", "b7")}


def test_nothing_is_proposed_when_nothing_stands_out():
    before, after = cube(2, growth=1.05)  # to the cent at the pace of the whole
    tree = grow(before, after, ["a", "b", "c"])
    assert rank_splits(tree, ()).empty
    assert propose(tree, (), "hausse") is None
    same = grow(before, before, ["a", "b", "c"])
    assert propose(same, (), "baisse") is None
    assert split_by(same, (), "a").table["part"].isna().all()


def test_pure_noise_is_seldom_proposed():
    """Poisson counts that move by chance alone: at most one cube in six shows a proposal at its first level."""
    shown = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        before, _ = cube(seed, sizes=(6, 8, 5))
        mean = rng.uniform(1, 60, len(before))
        first, then = (before.assign(prestation=40.0 * rng.poisson(mean)) for _ in range(2))
        shown += not rank_splits(grow(first, then, ["a", "b", "c"]), ()).empty
    assert shown <= 5


def test_a_tiny_value_is_not_proposed():
    before, after = cube(4, growth=1.0, noise=0.01)
    for frame in (before, after):
        frame.loc[frame["a"] == "a1", "prestation"] *= 1e-3
    after.loc[after["a"] == "a1", "prestation"] *= 3
    ranked = rank_splits(grow(before, after, ["a", "b", "c"]), ())
    assert ("a", "a1") not in set(zip(ranked["dimension"], ranked["valeur"], strict=True))


def test_what_may_not_be_shown_is_not_proposed():
    before, after = cube(5, growth=1.05, noise=0.01)
    after.loc[after["b"] == "b2", "prestation"] *= 1.3
    after.loc[after["b"] == "b4", "prestation"] *= 1.2
    tree = grow(before, after, ["a", "b", "c"])
    assert propose(tree, (), "hausse").valeur == "b2"
    assert propose(tree, (), "hausse", hidden=lambda d: {"b2"} if d == "b" else ()).valeur == "b4"


def test_a_level_without_anything_before_has_no_pace():
    before, after = cube(6)
    before = before[before["a"] != "a0"]
    tree = grow(before, after, ["a", "b", "c"])
    table = split_by(tree, (("a", "a0"),), "b").table
    assert table["ecart"].isna().all()
    assert table["attendu"].isna().all()
    assert table["part"].sum() == pytest.approx(1.0)
    assert propose(tree, (("a", "a0"),), "hausse") is None


def test_leaves_that_the_bridge_set_aside_are_not_in_the_tree():
    before, after = cube(7)
    after.loc[0, "prestation"] = np.nan
    bridge = decompose(before, after, keys=["a", "b", "c"])
    tree = grow_tree(bridge, Leaves(before, after, ("a", "b", "c"), None))
    assert tree.montant.sum() == pytest.approx(bridge.total)
    assert tree.avant.sum() == pytest.approx(before["prestation"][1:].sum())


def test_a_path_survives_its_link_and_its_strange_values():
    before, after = cube(1, noise=0.1)
    odd = {"a0": "100 % ~ : x", "a1": "%7E", "a2": "é ü/&?#"}
    for frame in (before, after):
        frame["a"] = frame["a"].replace(odd)
    tree = grow(before, after, ["a", "b", "c"])
    for value in odd.values():
        path = (("b", "b1"), ("a", value))
        assert read_path(tree, write_path(path)) == Walk(path, None, ())
        assert read_path(tree, write_path(path, "c")) == Walk(path, "c", ())
    assert write_path((("poste", "dentaire"), ("region", "Occitanie"))) == "poste:dentaire~region:Occitanie"


def test_what_a_link_does_not_know_is_left_out_and_told():
    before, after = cube(1, noise=0.1)
    gone = (before["a"] == "a1") & (before["b"] == "b1")
    tree = grow(before[~gone], after[~gone], ["a", "b", "c"])
    walk = read_path(tree, "zz:1~a:a1~a:a2~b:b1~b:nul~c")
    assert walk.path == (("a", "a1"),)
    assert walk.dimension == "c"
    assert walk.ignored == ("zz : 1", "a : a2", "b : b1", "b : nul")
    assert read_path(tree, "a:a1~a").ignored == ("a",)
    assert read_path(tree, "b~a:a1").path == (("a", "a1"),)
    for word in ("", "~~", ":", "%%%", "a:a1~" * 50, "\x00:\x00"):
        read_path(tree, word)


def test_a_dimension_is_used_once_and_six_levels_are_the_most():
    keys = list("abcdefg")
    cells = pd.DataFrame(list(itertools.product("xy", repeat=7)), columns=keys)
    before, after = cells.assign(prestation=100.0), cells.assign(prestation=np.arange(len(cells), dtype=float))
    tree = grow(before, after, keys)
    path = tuple((k, "x") for k in keys[:MAX_LEVELS])
    assert open_dimensions(tree, path[:2]) == tuple(keys[2:])
    assert open_dimensions(tree, path) == ()
    assert propose(tree, path, "hausse") is None
    assert read_path(tree, write_path((*path, ("g", "x")))).path == path


def test_a_dimension_with_one_value_left_does_not_split():
    before, after = cube(0, noise=0.1)
    one = before["a"] != "a0"
    only = one | (before["b"] == "b0")
    tree = grow(before[only], after[only], ["a", "b", "c"])
    assert open_dimensions(tree, (("a", "a0"),)) == ("c",)


def test_what_cannot_be_done_is_refused():
    before, after = cube(0, noise=0.1)
    tree = grow(before, after, ["a", "b", "c"])
    with pytest.raises(ParameterError, match="dimension"):
        split_by(tree, (), "zz")
    with pytest.raises(ParameterError, match="valeur"):
        split_by(tree, (("a", "zz"),), "b")
    with pytest.raises(ParameterError, match="Sens"):
        propose(tree, (), "up")
    bare = pd.DataFrame({"prestation": [1.0]})
    with pytest.raises(InsufficientData, match="dimension"):
        grow_tree(decompose(bare, bare, keys=[]), Leaves(bare, bare, (), None))


def test_premiums_of_the_cell_carry_the_parts_of_a_ratio():
    before, after = cube(9, sizes=(3, 4), noise=0.2)
    premium = {"a0": 9000.0, "a1": 8000.0, "a2": 7000.0}
    frames = [f.assign(cotisation=f["a"].map(premium) * g) for f, g in ((before, 1.0), (after, 1.1))]
    bridge = decompose_ratio(*frames, keys=["a", "b"], exposure_keys=["a"])
    tree = grow_tree(bridge, Leaves(*frames, ("a", "b"), ("a",)))
    ratios = [f["prestation"].sum() / sum(premium.values()) / g for f, g in zip(frames, (1.0, 1.1), strict=True)]
    assert measure_node(tree, ()) == pytest.approx((ratios[1] - ratios[0], 1.0))
    assert split_by(tree, (), "b").table["montant"].sum() == pytest.approx(ratios[1] - ratios[0])
