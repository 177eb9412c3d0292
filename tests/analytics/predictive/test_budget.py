import numpy as np
import pandas as pd
import pytest

from analytics.errors import ParameterError, SchemaError
from analytics.predictive.budget import Budget, compare_budget, spread_annual
from analytics.predictive.budget_file import read_budget
from analytics.predictive.landing import land
from analytics.predictive.reconciliation import WHOLE

MONTHS = pd.date_range("2025-01-01", periods=12, freq="MS")
PARTS = {"Dentaire": "Dentaire", "DEN": "Dentaire", "Optique": "Optique"}


def make_year():
    history = pd.DataFrame({"mois": pd.date_range("2024-01-01", periods=20, freq="MS"), "valeur": 10.0})
    ahead = pd.DataFrame({"mois": pd.date_range("2025-09-01", periods=12, freq="MS"), "valeur": 11.0})
    ahead = ahead.assign(bas_80=9.0, haut_80=13.0)
    return history, ahead, land(history, ahead)


def test_a_budget_by_month():
    frame = pd.DataFrame({"Mois": MONTHS + pd.Timedelta(days=14), "Budget": 9.0})
    budget = read_budget(frame)
    assert budget.of(WHOLE)["valeur"].tolist() == [9.0] * 12
    assert (budget.of(WHOLE)["mois"] == MONTHS).all()
    assert budget.remarques == ()


def test_a_budget_by_poste_adds_up_and_says_what_does_not_match():
    names = ["dentaire ", "DEN", "Prévention"]
    frame = pd.DataFrame([(m, p, v) for m in MONTHS for p, v in zip(names, (3.0, 2.0, 1.0), strict=True)],
                         columns=["mois", "poste", "montant"])  # fmt: skip
    budget = read_budget(frame, parts=PARTS)
    assert budget.of("Dentaire")["valeur"].tolist() == [5.0] * 12
    assert budget.of(WHOLE)["valeur"].tolist() == [6.0] * 12
    assert "Prévention" in budget.remarques[0]
    assert "Optique" in budget.remarques[1]
    assert budget.of("Optique").empty
    total = pd.concat([frame, pd.DataFrame({"mois": MONTHS, "poste": "Total", "montant": 7.0})])
    assert read_budget(total.reset_index(drop=True), parts=PARTS).of(WHOLE)["valeur"].tolist() == [7.0] * 12


def test_lines_of_a_month_are_added_and_said():
    frame = pd.DataFrame({"mois": [*MONTHS, *MONTHS], "region": ["A"] * 12 + ["B"] * 12, "montant": 1.0})
    budget = read_budget(frame, parts=PARTS)
    assert budget.of(WHOLE)["valeur"].tolist() == [2.0] * 12
    assert any("additionnées" in line for line in budget.remarques)
    assert any("region" in line for line in budget.remarques)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"mois": ["a"], "montant": [1.0]}), "colonne de mois"),
        (pd.DataFrame({"mois": MONTHS[:2], "libelle": ["a", "b"]}), "colonne de montants"),
        (pd.DataFrame({"mois": MONTHS, "fin": MONTHS, "montant": 1.0}), "Plusieurs colonnes de mois"),
        (pd.DataFrame({"mois": MONTHS, "A": 1.0, "B": 2.0}), "Plusieurs colonnes de montants"),
        (pd.DataFrame({"mois": MONTHS[::3], "montant": 1.0}), "par trimestre"),
        (pd.DataFrame({"mois": MONTHS[::6], "montant": 1.0}), "par semestre"),
        (pd.DataFrame({"mois": [MONTHS[0], MONTHS[0] + pd.DateOffset(years=1)], "montant": 1.0}), "par an"),
        (pd.DataFrame({"mois": MONTHS[[0, 2, 7]], "montant": 1.0}), "pas une ligne par mois"),
        (pd.DataFrame({"mois": [pd.Timestamp("2025-12-31")], "montant": 1.0}), "décembre.2025 : est-ce .* année"),
        (pd.DataFrame({"mois": MONTHS, "Budget USD": 1.0}), "pas en euros"),
        (pd.DataFrame({"mois": MONTHS, "Budget ($)": 1.0}), "pas en euros"),
        (pd.DataFrame({"mois": MONTHS, "montant": 1.0, "Devise": "CHF"}), "pas en euros"),
        (pd.DataFrame({"mois": MONTHS, "Budget cumulé": np.arange(12.0) + 1}), "cumulé"),
        (pd.DataFrame({"mois": MONTHS, "Budget de cotisations": 1.0}), "pas un budget de prestations"),
        (pd.DataFrame({"mois": MONTHS, "montant": -1.0}), "nul ou négatif"),
        (pd.DataFrame({"mois": MONTHS, "montant": 0.0}), "nul ou négatif"),
        (pd.DataFrame({"mois": [*MONTHS, *MONTHS], "region": "A", "montant": 1.0}), "deux fois janvier"),
        (pd.DataFrame({"mois": MONTHS, "montant": [1.0] * 11 + [np.nan]}), "pas de montant"),
    ],
)
def test_what_cannot_be_read_is_refused(frame, message):
    with pytest.raises(SchemaError, match=message):
        read_budget(frame)


def by_poste(*names, months=MONTHS):
    lines = [(m, p, v) for m in months for v, p in enumerate(names, 1)]
    return pd.DataFrame(lines, columns=["mois", "poste", "montant"])


def test_a_poste_said_twice_in_a_month_is_asked_about_with_its_lines():
    twice = pd.concat([by_poste("Dentaire"), by_poste(" dentaire")], ignore_index=True)
    with pytest.raises(SchemaError, match=r"janvier.2025, « dentaire » : lignes 2 et 14\. Faut") as caught:
        read_budget(twice, parts=PARTS)
    assert caught.value.ligne == 14
    assert "une ligne par mois et par poste" in caught.value.remede


def test_lines_of_a_week_are_added_and_said():
    weeks = pd.DataFrame({"mois": [d for m in MONTHS for d in (m, m + pd.Timedelta(days=14))], "poste": "Dentaire",
                          "montant": 1.0})  # fmt: skip
    budget = read_budget(weeks, parts=PARTS)
    assert budget.of("Dentaire")["valeur"].tolist() == [2.0] * 12
    assert any("additionnées" in line for line in budget.remarques)


@pytest.mark.parametrize(
    "name", ["Total général hors taxes", "Sous-total soins", "TOTAUX TTC", "Tous les postes réunis"]
)
def test_a_total_of_nobody_knows_what_is_refused(name):
    with pytest.raises(SchemaError, match="est un total"):
        read_budget(by_poste("Dentaire", "Optique", name), parts=PARTS)
    assert read_budget(by_poste("Dentaire", name), parts={**PARTS, name: name}).of(name)["valeur"].sum() == 24


def test_two_totals_are_not_added():
    with pytest.raises(SchemaError, match="est un total"):
        read_budget(by_poste("Dentaire", "Total", "Ensemble"), parts=PARTS)


def test_a_total_of_some_months_leaves_the_sum_of_the_parts_to_the_others():
    frame = pd.concat([by_poste("Dentaire", "Optique"), by_poste("Total", months=MONTHS[:1]).assign(montant=7.0)])
    budget = read_budget(frame.reset_index(drop=True), parts=PARTS)
    assert budget.of(WHOLE)["valeur"].tolist() == [7.0] + [3.0] * 11


def test_the_budget_of_some_parts_is_their_sum():
    budget = read_budget(by_poste("Dentaire", "Optique", "Prévention"), parts=PARTS)
    assert budget.of(WHOLE)["valeur"].tolist() == [6.0] * 12
    assert budget.inside(["Optique"]).of(WHOLE)["valeur"].tolist() == [2.0] * 12
    assert budget.inside(["Dentaire", "Optique"]).of(WHOLE)["valeur"].tolist() == [3.0] * 12
    assert budget.inside(["Dentaire"]).of("Optique").empty
    for unknown in (["Dentaire", "Pharmacie"], ["Pharmacie"], []):
        assert budget.inside(unknown).of(WHOLE).empty


def test_the_line_of_the_fault_is_named():
    frame = pd.DataFrame({"mois": [MONTHS[0], pd.NaT], "montant": 1.0})
    with pytest.raises(SchemaError) as caught:
        read_budget(frame, lines=pd.Series([5, 9]))
    assert caught.value.place() == "ligne 9, colonne « mois »"


def test_an_annual_amount_follows_the_season():
    profile = pd.DataFrame({"mois": MONTHS, "valeur": np.arange(1, 13)})
    budget = spread_annual(780.0, 2025, profile)
    assert budget.of(WHOLE)["valeur"].tolist() == pytest.approx(list(10.0 * np.arange(1, 13)))
    assert budget.reparti
    flat = spread_annual(120.0, 2025, profile.head(3))
    assert flat.of(WHOLE)["valeur"].tolist() == pytest.approx([10.0] * 12)
    with pytest.raises(ParameterError, match="positif") as caught:
        spread_annual(-5.0, 2025, profile)
    assert caught.value.place() == "valeur « −5 »"
    with pytest.raises(ParameterError, match="positif") as caught:
        spread_annual(float("inf"), 2025, profile)
    assert caught.value.place() == ""


def test_gaps_to_date_and_at_landing():
    history, ahead, landing = make_year()
    gap = compare_budget(pd.DataFrame({"mois": MONTHS, "valeur": 10.25}), history, ahead, landing)
    assert gap.budget == pytest.approx(123)
    assert (gap.a_date, gap.mois_a_date) == (pytest.approx(-2), 8)
    assert gap.atterrissage == pytest.approx(1)
    assert gap.table["cumul"].iloc[-1] == pytest.approx(gap.atterrissage)
    assert gap.table["prevu"].tolist() == [False] * 8 + [True] * 4
    assert gap.depassement == pytest.approx(float((landing.tirages > 123).mean()))
    assert gap.bas_80 == pytest.approx(landing.bas_80 - 123)
    assert gap.remarques == ()


def test_the_chance_of_overrun_falls_with_the_budget():
    history, ahead, landing = make_year()
    found = [
        compare_budget(pd.DataFrame({"mois": MONTHS, "valeur": v}), history, ahead, landing).depassement
        for v in (9.5, 10.0, 10.33, 11.0)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.9
    assert found[-1] < 0.1


def test_a_budget_that_lacks_months_is_compared_on_its_own():
    history, ahead, landing = make_year()
    half = pd.DataFrame({"mois": MONTHS[4:10], "valeur": 10.0})
    gap = compare_budget(half, history, ahead, landing)
    assert gap.atterrissage == pytest.approx(4 * 0 + 2 * 1)
    assert gap.haut_80 - gap.bas_80 == pytest.approx((landing.haut_80 - landing.bas_80) / 2)
    assert "janv." in gap.remarques[0]
    assert "déc." in gap.remarques[0]


def test_a_budget_of_another_year_is_refused():
    history, ahead, landing = make_year()
    other = pd.DataFrame({"mois": MONTHS + pd.DateOffset(years=-1), "valeur": 10.0})
    with pytest.raises(ParameterError, match="porte sur 2024"):
        compare_budget(other, history, ahead, landing)
    assert Budget(pd.DataFrame(columns=["serie", "mois", "valeur"])).of(WHOLE).empty
