import numpy as np
import pandas as pd
import pytest

from analytics.errors import ParameterError, SchemaError
from analytics.predictive.budget import Budget, compare_budget, read_budget, spread_annual
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
    frame = pd.DataFrame({"mois": [*MONTHS, *MONTHS], "region": "A", "montant": 1.0})
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
        (pd.DataFrame({"mois": MONTHS, "montant": [1.0] * 11 + [np.nan]}), "pas de montant"),
    ],
)
def test_what_cannot_be_read_is_refused(frame, message):
    with pytest.raises(SchemaError, match=message):
        read_budget(frame)


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
    with pytest.raises(ParameterError, match="positif"):
        spread_annual(0.0, 2025, profile)


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
