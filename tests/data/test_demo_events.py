"""The demonstration without events: nothing ever happens to it, and the default one has not moved."""

import pandas as pd
import pytest

from data.demo import SEED, generate

UNTIL = "2021-12"


@pytest.fixture(scope="module")
def usual():
    return generate(until=UNTIL, planted=False)


@pytest.fixture(scope="module")
def quiet():
    return generate(until=UNTIL, planted=False, events=False)


def test_the_default_demonstration_is_told_apart_by_nothing_new():
    """Fingerprint computed before the option existed: links and kept results stay good."""
    known = "90d7e2ccf9b0a53a56f480d160f4b5182a082561c3acf86dbb708e7bb8e45991"
    with_events, without = generate(until="2017-01"), generate(until="2017-01", events=False)
    assert with_events.fingerprint != without.fingerprint
    assert with_events.prestation.equals(without.prestation)  # nothing had happened yet
    assert generate(SEED, until="2026-10").fingerprint == known


def test_months_before_the_first_event_are_the_same(usual, quiet):
    before = pd.Timestamp("2020-01-01")
    left, right = (d.prestation[d.prestation["mois"] < before].reset_index(drop=True) for d in (usual, quiet))
    assert left.equals(right)
    assert usual.cotisation[usual.cotisation["mois"] < before].equals(
        quiet.cotisation[quiet.cotisation["mois"] < before]
    )


def test_there_is_no_reform(quiet):
    assert set(quiet.prestation["panier"]) == {"sans panier", "maîtrisé", "libre"}
    moves = quiet.cotisation.groupby("mois")["resiliations"].sum()
    yearly = moves.groupby(moves.index.year).sum()
    january = moves[moves.index.month == 1].groupby(lambda m: m.year).first() / yearly
    assert january.between(0.42, 0.50).all()


def test_there_is_no_lockdown(usual, quiet):
    acts = {n: d.prestation.groupby("mois")["actes"].sum() for n, d in {"usual": usual, "quiet": quiet}.items()}
    for year in (2020, 2021):
        spring = pd.date_range(f"{year}-03-01", periods=3, freq="MS")
        ratio = acts["quiet"][spring].sum() / acts["quiet"][spring - pd.DateOffset(years=1)].sum()
        assert ratio == pytest.approx(1, abs=0.05)
    spring = pd.date_range("2020-03-01", periods=3, freq="MS")
    assert acts["usual"][spring].sum() < 0.75 * acts["quiet"][spring].sum()


def test_dental_care_follows_inflation_alone(usual, quiet):
    """Cost per act, one year against the one before: +12 % then +15 % by the reforms, some 1 % a year without them."""
    for dataset, low, high in ((usual, 1.08, 1.20), (quiet, 0.98, 1.04)):
        frame = dataset.prestation[dataset.prestation["poste"] == "dentaire"]
        sums = frame.groupby(frame["mois"].dt.year)[["prestation", "actes"]].sum()
        growth = (sums["prestation"] / sums["actes"]).pct_change() + 1
        assert growth[[2020, 2021]].between(low, high).all()
