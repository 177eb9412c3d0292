"""A change of population: the identity, its parts, its oracles, what cannot be reached."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import data
from analytics.errors import ParameterError
from analytics.predictive.consumption import fit_consumption
from analytics.predictive.consumption_structure import (
    Change,
    age_bands,
    describe_change,
    doubts,
    project_structure,
    restructure,
)
from tests.analytics.predictive.test_consumption import AGES, COSTS, FORMULES, POSTES, fitted, simulated

OLD = Change("tranche_age", ("60-79",), 0.05)


@pytest.fixture(scope="module")
def known():
    return fitted(simulated())


def shares(found, people: np.ndarray, codes: np.ndarray, dimension: str) -> dict[str, float]:
    d = found.by.index(dimension)
    sums = np.bincount(codes[:, d], weights=people, minlength=len(found.cells.factors.values[d])) / people.sum()
    return dict(zip(found.cells.factors.values[d], sums, strict=True))


def truth(by: dict[tuple[str, str], float], poste: str) -> float:
    """Yearly spending of a population in the simulated world, by its formula."""
    rate, cost = POSTES[poste]
    return sum(n * 12 * rate * cost * AGES[a] * FORMULES[f] * COSTS[f] for (a, f), n in by.items())


def population(found) -> dict[tuple[str, str], float]:
    ages, formules = found.cells.factors.values
    return {(ages[a], formules[f]): n / 12 for (a, f), n in zip(found.cells.codes, found.cells.people, strict=True)}


# --- identities -------------------------------------------------------------------------------------------------------


def test_no_change_is_exactly_the_present(known):
    for change in (Change(), Change("tranche_age", ("60-79",), 0.0)):
        table = project_structure(known, change)
        assert (table["projete"] == table["actuel"]).all()
        assert (table[["effet", "bas", "haut", "effet_tete"]] == 0).all(axis=None)


def test_the_present_is_what_was_paid(known):
    dataset = simulated()
    last = dataset.prestation[dataset.prestation["mois"] >= "2024-01-01"].groupby("poste")["prestation"].sum()
    table = project_structure(known, Change()).set_index("poste")["actuel"]
    np.testing.assert_allclose(table[last.index], last, rtol=1e-12)


@given(age=st.sampled_from(sorted(AGES)), points=st.floats(-0.1, 0.4), growth=st.floats(-0.5, 2), formule=st.booleans())
def test_parts_add_up_and_the_interval_holds_the_effect(known, age, points, growth, formule):
    change = Change("formule", ("Plus",), points, effectif=growth) if formule else Change(
        "tranche_age", (age,), points, effectif=growth)  # fmt: skip
    table = project_structure(known, change)
    parts, whole = table.iloc[:-1], table.iloc[-1]
    for column in ("actuel", "projete", "effet", "tete_actuel", "tete_projete", "effet_tete"):
        assert parts[column].sum() == pytest.approx(whole[column], rel=1e-9, abs=1e-6)
    assert ((table["bas"] <= table["effet"] + 1e-6) & (table["effet"] <= table["haut"] + 1e-6)).all()
    assert (
        (table["bas_tete"] <= table["effet_tete"] + 1e-9) & (table["effet_tete"] <= table["haut_tete"] + 1e-9)
    ).all()
    _, people = restructure(known.cells, change)
    assert people.sum() == pytest.approx(known.cells.people.sum() * (1 + growth))
    assert (people >= 0).all()


def test_more_persons_alike_only_multiply(known):
    table = project_structure(known, Change(effectif=0.1))
    np.testing.assert_allclose(table["projete"], 1.1 * table["actuel"])
    np.testing.assert_allclose(table["effet_tete"], 0, atol=1e-9)


def test_opposite_changes_cancel_to_first_order(known):
    up, down = (project_structure(known, Change("formule", ("Plus",), p))["effet"] for p in (0.01, -0.01))
    np.testing.assert_allclose(up, -down, rtol=1e-6)  # shares are linear in points


# --- oracles ----------------------------------------------------------------------------------------------------------


def test_the_share_asked_is_the_share_got_and_others_keep_theirs(known):
    before = shares(known, known.cells.people, known.cells.codes, "tranche_age")
    codes, people = restructure(known.cells, OLD)
    after = shares(known, people, codes, "tranche_age")
    assert after["60-79"] == pytest.approx(before["60-79"] + 0.05)
    assert after["0-19"] / after["40-59"] == pytest.approx(before["0-19"] / before["40-59"])


def test_the_effect_is_that_of_the_simulated_world():
    """Four worlds, two changes, two postes: the true effect, from the formula alone, is inside."""
    held = []
    for seed in range(4):
        found = fitted(simulated(seed=20 + seed))
        now = population(found)
        whole = sum(now.values())
        part = sum(n for (a, _), n in now.items() if a == "60-79") / whole
        older = {(a, f): n * ((part + 0.05) / part if a == "60-79" else (0.95 - part) / (1 - part))
                 for (a, f), n in now.items()}  # fmt: skip
        base = sum(n for (_, f), n in now.items() if f == "Base")
        taken = 0.05 * whole / base
        moved = {(a, f): n + taken * now[a, "Base"] * {"Base": -1, "Plus": 1}.get(f, 0) for (a, f), n in now.items()}
        for change, then in ((OLD, older), (Change("formule", ("Plus",), 0.05, ("Base",)), moved)):
            table = project_structure(found, change).set_index("poste")
            for poste in POSTES:
                # The level is the one observed: the true effect is that of the structure on it.
                true = table.loc[poste, "actuel"] * (truth(then, poste) / truth(now, poste) - 1)
                held.append(table.loc[poste, "bas"] <= true <= table.loc[poste, "haut"])
    assert np.mean(held) > 0.8


def test_a_change_of_one_dimension_is_direct_standardisation():
    """One dimension only, brute force: last year's own spending per head of each age, reweighted."""
    dataset = simulated(size=20)
    found = fitted(dataset, by=["tranche_age"])
    last = dataset.prestation[dataset.prestation["mois"] >= "2024-01-01"]
    spent = last.groupby(["poste", "tranche_age"])["prestation"].sum().unstack()
    heads = dataset.cotisation[dataset.cotisation["mois"] == "2024-12-01"].groupby("tranche_age")["beneficiaires"].sum()
    part = heads["60-79"] / heads.sum()
    weights = pd.Series({a: (part + 0.05) / part if a == "60-79" else (0.95 - part) / (1 - part) for a in AGES})
    brute = (spent * weights).sum(axis=1) - spent.sum(axis=1)
    table = project_structure(found, OLD).set_index("poste")
    np.testing.assert_allclose(table.loc[brute.index, "effet"], brute, rtol=0.05)


def test_the_error_of_an_effect_is_that_of_its_gradient(known):
    """The delta method against small numerical steps of every coefficient, on one poste."""
    change = OLD
    cells, model = known.cells, known.models[0]
    codes, people = restructure(cells, change)
    before, after = cells.factors.design(cells.codes), cells.factors.design(codes)

    def factor(beta, ratio):
        then = people * np.exp(after @ beta) * ratio[cells.places(codes)]
        return then.sum() / (cells.people * np.exp(before @ beta) * ratio).sum()

    ratio, step = model.kept.ratio, 1e-6
    slopes = [(factor(model.beta + step * e, ratio) - factor(model.beta - step * e, ratio)) / (2 * step)
              for e in np.eye(len(model.beta))]  # fmt: skip
    own = [(factor(model.beta, ratio * (1 + step * e)) - factor(model.beta, ratio * (1 - step * e))) / (2 * step)
           for e in np.eye(len(ratio))]  # fmt: skip
    variance = slopes @ model.cov @ slopes + (np.square(own) * model.kept.variance).sum()
    row = project_structure(known, change).iloc[0]
    assert (row["haut"] - row["bas"]) / 2 == pytest.approx(1.959964 * cells.spent[0] * np.sqrt(variance), rel=1e-4)


def test_ageing_moves_a_part_of_each_band(known):
    """By hand: bands of twenty years give a twentieth to the next; the last keeps everybody."""
    before = shares(known, known.cells.people, known.cells.codes, "tranche_age")
    codes, people = restructure(known.cells, Change(annees=1))
    after = shares(known, people, codes, "tranche_age")
    assert after["0-19"] == pytest.approx(before["0-19"] * 0.95)
    assert after["20-39"] == pytest.approx(before["20-39"] * 0.95 + before["0-19"] * 0.05)
    assert after["60-79"] == pytest.approx(before["60-79"] + before["40-59"] * 0.05)
    formules = shares(known, people, codes, "formule")
    assert formules == pytest.approx(shares(known, known.cells.people, known.cells.codes, "formule"))
    table = project_structure(known, Change(annees=1))
    assert table["effet"].iloc[-1] > 0
    assert table["bas"].iloc[-1] > 0


def test_who_moves_keeps_the_rest(known):
    codes, people = restructure(known.cells, Change("formule", ("Plus",), 0.1, ("Confort",)))
    assert shares(known, people, codes, "tranche_age") == pytest.approx(
        shares(known, known.cells.people, known.cells.codes, "tranche_age"))  # fmt: skip
    gained = shares(known, people, codes, "formule")["Plus"]
    assert gained == pytest.approx(shares(known, known.cells.people, known.cells.codes, "formule")["Plus"] + 0.1)


def test_the_demo_effect_is_near_its_own_cells():
    """Against every cell kept as it was last year: the model changes the effect by a few per cents at most."""
    found = fit_consumption(data.demo_dataset(until="2024-06"))
    cells, (codes, people) = found.cells, restructure(found.cells, Change("tranche_age", ("60-74", "75 et +"), 0.05))
    assert (codes == cells.codes).all()
    brute = (
        cells.amounts[:, -1] * (people / np.where(cells.people > 0, cells.people, np.inf))
    ).sum() - cells.spent.sum()
    effect = project_structure(found, Change("tranche_age", ("60-74", "75 et +"), 0.05))["effet"].iloc[-1]
    assert effect == pytest.approx(brute, rel=0.06)


# --- words and refusals -----------------------------------------------------------------------------------------------

IMPOSSIBLE = {
    "dimension": (Change("region", ("A",), 0.05), "pas dans le modèle"),
    "value": (Change("formule", ("Or",), 0.05), "valeur présente"),
    "no value": (Change("formule", (), 0.05), "valeur présente"),
    "too much": (Change("formule", ("Plus",), 0.95), "ne peut pas devenir"),
    "too little": (Change("formule", ("Plus",), -0.6), "ne peut pas devenir"),
    "everybody": (Change("formule", tuple(FORMULES), 0.05), "tout le monde"),
    "more than are": (Change("formule", ("Plus",), 0.9, ("Base",)), "peuvent faire ce passage"),
    "to itself": (Change("formule", ("Plus",), 0.1, ("Plus",)), "passage va"),
    "years": (Change(annees=30), "vieillir"),
    "nobody": (Change(effectif=-1), "100"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_be_reached_says_why(known, case):
    change, reason = IMPOSSIBLE[case]
    with pytest.raises(ParameterError, match=reason):
        project_structure(known, change)


@pytest.mark.parametrize(
    ("labels", "starts"),
    [
        (("0-19", "20-39", "75 et +"), [0, 20, 75]),
        (("75 ans et plus", "moins de 20 ans", "20 à 74 ans"), [0, 20, 75]),
        (("<20", "20+", "inconnu"), [0, 20]),
        (("jeune", "vieux"), []),
        (("20-39", "20-59"), []),
    ],
)
def test_bands_of_ages_are_read(labels, starts):
    bands = age_bands(labels)
    assert [start for _, start in bands] == starts
    assert [place for place, _ in bands] == sorted((p for p, _ in bands), key=lambda p: dict(bands)[p])


def test_a_change_is_told_in_words(known):
    assert describe_change(known, OLD) == "+5,0\u202fpoints de « 60-79 »"
    assert describe_change(known, Change("formule", ("Plus",), 0.01, ("Base",))).endswith(
        "point de « Plus » venus de « Base »"
    )
    assert describe_change(known, Change(annees=1, effectif=0.02)) == "1 an de plus pour tous, effectif +2,0\u202f%"
    assert describe_change(known, Change()) == "population inchangée"


def test_small_groups_are_told():
    found = fitted(simulated(size=0.1))
    assert any("moins de 100 personnes" in line for line in doubts(found, Change("formule", ("Plus",), 0.05)))
    assert doubts(found, Change()) == ()
