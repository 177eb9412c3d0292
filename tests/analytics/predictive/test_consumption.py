"""Expected consumption: known relativities recovered, judged out of time, refused in words, never off the total."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

from analytics.descriptive.indicator import compute_total
from analytics.predictive.consumption import fit_consumption
from analytics.predictive.consumption_check import Calibration, conclude
from analytics.predictive.consumption_models import AMOUNT, FREQUENCY_COST
from analytics.predictive.consumption_structure import Change, project_structure
from analytics.schema import Dataset, Selection

AGES = {"0-19": 0.6, "20-39": 0.8, "40-59": 1.0, "60-79": 1.5}
FORMULES = {"Base": 0.8, "Confort": 1.0, "Plus": 1.3}
COSTS = {"Base": 0.9, "Confort": 1.0, "Plus": 1.2}  # of one act
POSTES = {"dentaire": (0.03, 90.0), "pharmacie": (0.8, 9.0)}  # acts per month, cost of one
HEADS = {"0-19": 500, "20-39": 600, "40-59": 900, "60-79": 400}


def simulated(months: int = 48, seed: int = 0, *, wrong: bool = False, size: float = 1.0) -> Dataset:
    """Acts and costs by age and formule, multiplicative; `wrong` turns the ages around in the last year."""
    rng, calendar = np.random.default_rng(seed), pd.date_range("2021-01-01", periods=months, freq="MS")
    members, care = [], []
    for i, mois in enumerate(calendar):
        ages = dict(zip(AGES, reversed(AGES.values()), strict=True)) if wrong and i >= months - 12 else AGES
        for age, by_age in ages.items():
            for formule, by_formule in FORMULES.items():
                people = size * HEADS[age] * {"Base": 0.5, "Confort": 1.0, "Plus": 0.4}[formule]
                members.append((mois, age, formule, people, people * 40.0))
                for poste, (rate, cost) in POSTES.items():
                    acts = rng.poisson(people * rate * by_age * by_formule)
                    paid = rng.gamma(2.0 * acts, cost * COSTS[formule] / 2.0) if acts else 0.0
                    care.append((mois, age, formule, poste, acts, paid))
    return Dataset(
        pd.DataFrame(members, columns=["mois", "tranche_age", "formule", "beneficiaires", "cotisation"]),
        pd.DataFrame(care, columns=["mois", "tranche_age", "formule", "poste", "actes", "prestation"]),
        base="HT", date_basis="soins", as_of=calendar[-1], source="essai",
    )  # fmt: skip


def fitted(dataset: Dataset, **options):
    return fit_consumption(dataset, months=dataset.months, **options)


def without(dataset: Dataset, *columns: str) -> Dataset:
    keys = [c for c in ("mois", "tranche_age", "formule", "poste") if c not in columns]
    care = dataset.prestation.drop(columns=list(columns), errors="ignore").groupby(keys, as_index=False).sum()
    members = dataset.cotisation.drop(columns=list(columns), errors="ignore")
    members = members.groupby([k for k in keys if k != "poste"], as_index=False).sum()
    return replace(dataset, cotisation=members, prestation=care)


@pytest.fixture(scope="module")
def known():
    return fitted(simulated())


# --- what is estimated ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("acts", [True, False], ids=["acts", "amounts"])
def test_known_relativities_are_inside_their_intervals(acts):
    inside, methods = [], set()
    for seed in range(4):
        dataset = simulated(seed=seed)
        found = fitted(dataset if acts else without(dataset, "actes"))
        methods |= set(found.modeles["methode"])
        for row in found.relativites.itertuples():
            truth = {"tranche_age": AGES, "formule": {f: FORMULES[f] * COSTS[f] for f in FORMULES}}[row.dimension]
            if row.valeur != row.reference:
                inside.append(row.bas <= truth[row.valeur] / truth[row.reference] <= row.haut)
    assert methods == {FREQUENCY_COST if acts else AMOUNT}
    assert len(inside) == 4 * 5 * 3
    assert 0.88 <= np.mean(inside) <= 1  # 95 % nominal, 60 draws that are not independent


def test_relativities_are_sharp(known):
    table = known.relativites[known.relativites["poste"] == "ensemble"]
    assert ((table["haut"] - table["bas"]) / table["relativite"] < 0.08).all()
    assert set(table.loc[table["relativite"] == 1, "valeur"]) == {"40-59", "Confort"}


def test_frequency_is_the_maximum_of_the_likelihood(known):
    """Poisson's log-likelihood maximised by a general optimiser, without any GLM."""
    cells, p = known.cells, known.cells.postes.index("pharmacie")
    blocks, count = cells.exposure.shape
    effects = np.tile(cells.factors.design(cells.codes), (blocks, 1))
    x = np.hstack([np.repeat(np.eye(blocks), count, axis=0), effects])
    y, n = cells.acts[p].ravel(), cells.exposure.ravel()

    def minus(beta):
        mean = n * np.exp(x @ beta)
        return (mean - special.xlogy(y, mean)).sum() / y.sum(), x.T @ (mean - y) / y.sum()

    start = np.r_[np.full(blocks, np.log(y.sum() / n.sum())), np.zeros(effects.shape[1])]
    best = optimize.minimize(minus, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(known.models[p].frequency, best.x[blocks:], atol=1e-6)


def test_the_margins_of_a_poisson_frequency_are_kept(known):
    """At the maximum, expected acts equal observed acts for each value of each dimension."""
    cells, p = known.cells, known.cells.postes.index("dentaire")
    design = cells.factors.design(cells.codes)
    relative = np.exp(design @ known.models[p].frequency)
    level = cells.acts[p].sum(axis=1) / (cells.exposure * relative).sum(axis=1)
    expected = (level[:, None] * cells.exposure * relative).sum(axis=0)
    np.testing.assert_allclose(design.T @ expected, design.T @ cells.acts[p].sum(axis=0), rtol=1e-6)


def test_amounts_solve_their_estimating_equations():
    """Without acts: Σ weight × residual × mean^(1 − power) × column = 0."""
    dataset = without(simulated(), "actes")
    found = fitted(dataset)
    cells, model = found.cells, found.models[0]
    rows = np.tile(cells.factors.design(cells.codes), (len(cells.blocks), 1))
    x = np.hstack([np.repeat(np.eye(len(cells.blocks)), len(cells.codes), axis=0), rows])
    y, n = cells.amounts[0].ravel() / cells.exposure.ravel(), cells.exposure.ravel()
    mean = np.exp(x @ np.r_[model.levels, model.beta])
    scores = x.T @ (n * (y - mean) * mean ** (1 - model.power))
    assert np.abs(scores).max() < 1e-6 * (n * y).sum()  # the estimating equations hold


def test_expected_amounts_sum_to_those_observed(known):
    sums = known.table.groupby("poste")[["observe", "attendu"]].sum()
    np.testing.assert_allclose(sums["attendu"], sums["observe"], rtol=1e-12)
    assert (known.modeles["part_expliquee"] > 0.8).all()


def test_the_present_total_is_that_of_the_indicator_even_with_amounts_of_nobody():
    dataset = simulated()
    extra = dataset.prestation.tail(1).assign(tranche_age="inconnu", prestation=50_000.0, actes=3.0)
    blank = dataset.prestation.tail(1).assign(tranche_age=None, poste=None, prestation=7_000.0)
    dataset = replace(dataset, prestation=pd.concat([dataset.prestation, extra, blank], ignore_index=True))
    found = fitted(dataset)
    last = Selection(*found.cells.blocks[-1])
    whole = float(compute_total(dataset, "prestation", selection=last)["valeur"].iloc[0])
    table = project_structure(found, Change())
    assert table["actuel"].iloc[-1] == pytest.approx(whole, rel=1e-12)
    assert any("personne n’est couvert" in note for note in found.notes)
    moved = project_structure(found, Change("tranche_age", ("60-79",), 0.05))
    untouched = project_structure(fitted(simulated()), Change("tranche_age", ("60-79",), 0.05))
    assert moved["effet"].iloc[-1] == pytest.approx(untouched["effet"].iloc[-1], rel=1e-9)


# --- judged out of time -----------------------------------------------------------------------------------------------


def test_the_model_is_judged_on_months_it_has_not_seen(known):
    found = known.calibration
    assert found.debut == pd.Timestamp("2024-01-01")
    assert found.fin == pd.Timestamp("2024-12-01")
    assert known.verdict.reponse == "oui"
    assert found.total == pytest.approx(1, abs=0.03)
    assert found.table["beneficiaires"].sum() == pytest.approx(known.cells.heads)
    assert found.table["attendu"].is_monotonic_increasing
    assert found.gini > 0.15
    assert found.lift > 1.7
    assert found.with_trend


def test_a_last_year_never_seen_does_not_move_what_was_expected():
    """The expectation is made of earlier years: tripling the last one only moves what is observed."""
    dataset = simulated()
    care = dataset.prestation.copy()
    late = care["mois"] >= "2024-01-01"
    care.loc[late, ["actes", "prestation"]] *= 3
    a, b = (fitted(d).calibration for d in (dataset, replace(dataset, prestation=care)))
    np.testing.assert_allclose(a.table["attendu"], b.table["attendu"], rtol=1e-9)
    np.testing.assert_allclose(3 * a.table["observe"], b.table["observe"], rtol=1e-9)
    assert b.total == pytest.approx(3 * a.total)


def test_a_model_that_mistakes_groups_says_no():
    found = fitted(simulated(wrong=True))
    assert found.verdict.reponse == "non"
    assert found.verdict.phrase.startswith("Non")


def test_too_few_persons_to_see_a_miss_cannot_tell():
    found = fitted(simulated(size=0.02))
    assert found.verdict.reponse == "on ne peut pas dire"
    assert found.verdict.score > 0


@pytest.mark.parametrize(
    ("ratios", "half", "answer"),
    [
        ([1.0] * 10, 0.02, "oui"),
        ([1.2] * 10, 0.02, "oui"),  # a level missed is told, groups hold beside each other
        ([1.0] * 8 + [0.8, 1.2], 0.02, "oui"),
        ([1.0] * 7 + [0.8, 1.2, 1.2], 0.02, "non"),
        ([1.0] * 10, 0.3, "on ne peut pas dire"),
        ([1.0] * 2, 0.02, "on ne peut pas dire"),
    ],
)
def test_the_verdict_follows_the_groups(ratios, half, answer):
    table = pd.DataFrame({"rapport": ratios, "rapport_bas": np.array(ratios) - half,
                          "rapport_haut": np.array(ratios) + half})  # fmt: skip
    month = pd.Timestamp("2025-01-01")
    found = Calibration(table, float(np.mean(ratios)), 0.9, 1.1, 0.2, 1.5, month, month, with_trend=True)
    assert conclude(found).reponse == answer


def test_intervals_of_the_groups_hold_what_is_expected():
    """Over draws of the same world, the level being known, the interval of a group covers its expectation."""
    held = [
        ((t["rapport_bas"] <= 1) & (t["rapport_haut"] >= 1)).mean()
        for t in (fitted(simulated(seed=s)).calibration.table for s in range(10, 15))
    ]
    assert np.mean(held) > 0.85
