"""A check that fires on clean data is a defect: mutuals without a fault, from 300 to 20,000 persons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.schema import Dataset
from data import load_dataset
from data.checks import run_checks
from data.checks.facts import split_strays
from data.findings import finding, to_frame

#: Poste -> acts per person and year, euros per act, spread of its logarithm.
POSTES = {
    "Soins courants": (8, 25, 0.8),
    "Pharmacie": (10, 8, 0.9),
    "Optique": (0.5, 220, 0.7),
    "Dentaire": (0.6, 120, 1.1),
    "Hospitalisation": (0.1, 600, 1.3),
    "Audiologie": (0.02, 500, 0.6),
    "Cures thermales": (0.01, 250, 0.4),
}
REGIONS = {"Bretagne": 0.5, "Normandie": 0.3, "Occitanie": 0.18, "Corse": 0.02}
MONTHS = pd.date_range("2022-01-01", periods=36, freq="MS")


def season_of(poste: str, month: int) -> float:
    if poste == "Cures thermales":
        return 2.0 if 4 <= month <= 10 else 0.0
    return (1 + 0.15 * np.cos(2 * np.pi * (month - 1) / 12)) * (0.6 if (poste, month) == ("Optique", 8) else 1.0)


def quiet(seed: int, members: int, *, paid: bool) -> Dataset:
    """Poisson numbers of acts, lognormal amounts, one in two hundred reversed, seasons, slow growth; payment delays."""
    rng, rows = np.random.default_rng(seed), []
    for i, month in enumerate(MONTHS):
        for region, share in REGIONS.items():
            for poste, (frequency, cost, spread) in POSTES.items():
                rate = members * share * 1.002**i * frequency / 12 * season_of(poste, month.month)
                count = rng.poisson(rate)
                amounts = rng.lognormal(np.log(cost) - spread**2 / 2, spread, count) * (1 + 0.003 * i)
                amounts = np.where(rng.random(count) < 0.005, -amounts, amounts)
                delay = np.minimum(rng.geometric(0.55, count) - 1, 24) if paid else np.zeros(count, dtype=int)
                for late in np.unique(delay[delay + i < len(MONTHS)]):
                    here = delay == late
                    rows.append((month, MONTHS[i + late], region, poste, here.sum(), amounts[here].sum()))
    columns = ["mois", "mois_paiement", "region", "poste", "actes", "prestation"]
    frame = pd.DataFrame(rows, columns=columns).astype({"region": "category", "poste": "category", "actes": "float64"})
    persons = members * 1.002 ** np.arange(len(MONTHS))
    premiums = pd.DataFrame({"mois": MONTHS, "cotisation": 50 * persons, "beneficiaires": persons})
    frame = frame if paid else frame.drop(columns="mois_paiement")
    return Dataset(premiums, frame, base="HT", date_basis="soins" if paid else "paiement", as_of=MONTHS[-1])


def costly(dataset: Dataset) -> list[str]:
    found = run_checks(dataset)
    return found.loc[found["severite"] != "info", "message"].tolist()


@pytest.mark.parametrize("paid", [True, False])
@pytest.mark.parametrize("members", [300, 2000, 20_000])
def test_nothing_fires_on_a_mutual_without_a_fault(members, paid):
    assert [m for seed in range(3) for m in costly(quiet(seed, members, paid=paid))] == []


def seasonal(extra: dict[str, float] | None = None) -> Dataset:
    """Five years of an insurer whose winters cost six times its summers."""
    months = pd.date_range("2019-01-01", periods=60, freq="MS")
    amounts = pd.Series(100 + 20 * np.cos(2 * np.pi * (months.month - 1) / 12), months)
    amounts[months.month == 8] = 30.0
    for month, value in (extra or {}).items():
        amounts[month] = value
    frame = pd.DataFrame({"mois": months, "prestation": amounts.to_numpy()})
    return Dataset(pd.DataFrame({"mois": months[:0]}), frame, date_basis="soins", as_of=months[-1])


def test_a_low_august_every_year_is_a_season():
    assert costly(seasonal()) == []
    assert len(costly(seasonal({"2021-05-01": 20.0}))) == 1


def test_a_file_that_ends_in_its_low_month_is_not_truncated():
    dataset = seasonal()
    short = dataset.prestation[dataset.prestation["mois"] <= "2023-08-01"]
    assert costly(replace(dataset, prestation=short)) == []
    fallen = short.assign(prestation=short["prestation"].where(short["mois"] < "2023-08-01", 10.0))
    assert any("dernier mois" in m for m in costly(replace(dataset, prestation=fallen)))


def test_quarters_are_not_months_with_holes():
    dataset = seasonal()
    quarters = dataset.prestation[dataset.prestation["mois"].dt.month % 3 == 1]
    said = to_frame([finding("accessibilite.trimestres", "info", "Trimestres.")])
    assert costly(replace(dataset, prestation=quarters, findings=said)) == []
    holed = quarters[quarters["mois"] != "2021-04-01"]
    found = run_checks(replace(dataset, prestation=holed, findings=said)).set_index("code")
    assert found.loc["actualite.mois_manquants", "valeur"] == "04/2021"
    assert "actualite.mois_manquants" in set(run_checks(replace(dataset, prestation=quarters))["code"])


@pytest.mark.parametrize(
    ("stray", "code"), [("1999-01", "actualite.dates_anciennes"), ("2050-01", "actualite.dates_futures")]
)
def test_one_month_years_away_is_told_once_and_makes_no_hole(stray, code):
    dataset = seasonal()
    months = dataset.prestation["mois"].where(dataset.prestation.index != 7, pd.Timestamp(f"{stray}-01"))
    found = run_checks(replace(dataset, prestation=dataset.prestation.assign(mois=months))).set_index("code")
    assert found.loc[code, ["severite", "valeur"]].tolist() == ["grave", stray]
    assert found.loc["actualite.mois_manquants", "valeur"] == "08/2019"


def test_strays_are_few_and_far():
    run = pd.date_range("2020-01-01", periods=12, freq="MS")
    kept, before, after = split_strays(run.insert(0, pd.Timestamp("1999-05-01")))
    assert (len(kept), len(before), len(after)) == (12, 1, 0)
    two_periods = run.union(pd.date_range("2030-01-01", periods=12, freq="MS"))
    assert len(split_strays(two_periods)[0]) == 24
    assert len(split_strays(run[:0])[0]) == 0


@pytest.mark.parametrize(
    ("name", "answers", "expected"),
    [
        ("damir_mensuel_france_mois_soins_2019_2024.csv", {"date_basis": "soins"}, {"actualite.derniers_mois"}),
        ("damir_mensuel_age_sexe_mois_traitement_2019_2024.csv", {"date_basis": "paiement"}, set()),
        (
            "damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz",
            {"date_basis": "soins"},
            {"actualite.derniers_mois"},
        ),
    ],
)
def test_national_figures_show_their_truncated_end_and_nothing_else(shared, name, answers, expected):
    """November and December 2024 miss payments, as published; nothing else is wrong, April 2020 included."""
    found = run_checks(load_dataset(shared / "open_damir_mensuel" / name, mapping=answers))
    assert set(found.loc[found["severite"] != "info", "code"]) == expected
