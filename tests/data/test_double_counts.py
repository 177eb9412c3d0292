"""Margins of a cube, reversed entries, running totals: what would be counted twice is left out, asked or refused."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import MappingError
from data import load_dataset

AGES = {"0-19": 1013, "20-39": 2509, "40 et plus": 3707}
SEXES = {"H": 101, "F": 137}


def cube(ages, sexes, every_age=None, every_sex=None, *, months=6, keep=lambda age, sex: True, label=False):
    """A file of cents and its true total: each value of an axis, and the whole of it under a name."""
    lines = ["mois;âge;sexe;libellé;montant remboursé" if label else "mois;âge;sexe;montant remboursé"]
    by_age, by_sex = {**ages, every_age: sum(ages.values())}, {**sexes, every_sex: sum(sexes.values())}
    for month in range(1, months + 1):
        for age, sex in product([*ages, every_age], [*sexes, every_sex]):
            if age is None or sex is None or not keep(age, sex):
                continue
            cents = by_age[age] * by_sex[sex] * (10 + month)
            named = ["9" if sex == every_sex else str(list(sexes).index(sex) + 1), sex] if label else [sex]
            lines.append(";".join([f"{month:02d}/2024", age, *named, f"{cents // 100},{cents % 100:02d}"]))
    true = sum(a * s * (10 + m) for a in ages.values() for s in sexes.values() for m in range(1, months + 1)) / 100
    return "\n".join(lines) + "\n", true


def asked(text: str, **options) -> list[str]:
    with pytest.raises(MappingError) as caught:
        load_dataset(text.encode(), **options)
    return [q.key for q in caught.value.questions]


def total(text: str, **answers: str) -> float:
    return load_dataset(text.encode(), mapping=answers or None).prestation["prestation"].sum()


@pytest.mark.parametrize(
    ("every_age", "every_sex"),
    [
        ("tout âge", "tout sexe"),
        ("Tous", "Tous"),
        ("Ensemble", "Les deux sexes"),
        ("Tous âges", "Hommes et femmes confondus"),
    ],
)
@pytest.mark.parametrize("label", [False, True])
@pytest.mark.parametrize("months", [1, 6])
def test_margins_of_two_axes_are_counted_once(every_age, every_sex, label, months):
    text, true = cube(AGES, SEXES, every_age, every_sex, months=months, label=label)
    dataset = load_dataset(text.encode())
    assert dataset.prestation["prestation"].sum() == pytest.approx(true)
    assert len(dataset.left_out) == 6 * months
    assert dataset.left_out["raison"].str.contains("total").all()
    assert len(dataset.prestation) == 6 * months


@pytest.mark.parametrize(
    "keep",
    [
        pytest.param(lambda age, sex: (age == "tout âge") == (sex == "tout sexe"), id="total général seul"),
        pytest.param(lambda age, sex: age != "tout âge" or sex == "tout sexe", id="sans total par sexe"),
        pytest.param(lambda age, sex: age != "tout âge", id="total par âge seul"),
    ],
)
def test_margins_that_are_partly_published_are_counted_once(keep):
    text, true = cube(AGES, SEXES, "tout âge", "tout sexe", keep=keep)
    assert total(text) == pytest.approx(true)


def test_a_total_without_its_details_is_kept():
    text, _true = cube(
        AGES,
        SEXES,
        "tout âge",
        "tout sexe",
        keep=lambda a, s: (a == "20-39" and s == "tout sexe") or (a == "0-19" and s in SEXES),
    )
    assert total(text) == pytest.approx(sum(238 * (1013 + 2509) * (10 + m) for m in range(1, 7)) / 100)


def test_breakdowns_that_do_not_cross_are_asked_about():
    text, true = cube(AGES, SEXES, "tout âge", "tout sexe", keep=lambda a, s: a == "tout âge" or s == "tout sexe")
    assert asked(text) == ["total:axes"]
    for axis in ("âge", "sexe"):
        assert total(text, **{"total:axes": axis}) == pytest.approx(true)


def test_a_total_without_a_word_is_asked_about():
    text, true = cube(AGES, SEXES, None, "9")
    assert asked(text) == ["total:sexe=9"]
    assert total(text, **{"total:sexe=9": "total"}) == pytest.approx(true)
    assert total(text, **{"total:sexe=9": "garder"}) == pytest.approx(2 * true)


@pytest.mark.parametrize("word", ["France", "France entière", "ENSEMBLE", "Toutes régions"])
def test_the_country_beside_its_regions(word):
    regions = {"Bretagne": 11, "Corse": 23, "Normandie": 41, "Occitanie": 67}
    rows = [(m, r, v * m) for m in range(1, 7) for r, v in {**regions, word: sum(regions.values())}.items()]
    text = "mois;région;montant remboursé\n" + "".join(f"{m:02d}/2024;{r};{v},00\n" for m, r, v in rows)
    assert total(text) == sum(regions.values()) * 21


def test_subtotals_are_left_out_when_they_add_up_and_asked_about_otherwise():
    postes = (
        ("Généraliste", 3),
        ("Spécialiste", 5),
        ("Ss-total soins", 8),
        ("Optique", 7),
        ("Dentaire", 6),
        ("S/T", 13),
    )
    text = "mois;poste;montant remboursé\n" + "".join(
        f"{m:02d}/2024;{p};{v * m},00\n" for m in range(1, 7) for p, v in postes
    )
    assert total(text) == 21 * 21
    assert asked(text.replace(";13,00", ";14,00")) == ["total:poste=S/T"]


def test_a_value_that_only_looks_like_a_total_is_kept_and_said():
    text = "mois;formule;montant remboursé\n" + "".join(
        f"{m:02d}/2024;{f};{v * m},00\n"
        for m in range(1, 7)
        for f, v in (("Tous risques", 40), ("Éco", 7), ("Confort", 9))
    )
    dataset = load_dataset(text.encode())
    assert dataset.prestation["prestation"].sum() == 56 * 21
    (said,) = dataset.findings.query("code == 'exactitude.total_douteux'").to_dict("records")
    assert (said["severite"], said["valeur"]) == ("attention", "Tous risques")


def test_a_nearly_right_total_is_asked_about():
    text, _ = cube(AGES, SEXES, None, "tout sexe")
    wrong = text.replace("01/2024;0-19;tout sexe;", "01/2024;0-19;tout sexe;1")
    assert asked(wrong) == ["total:sexe=tout sexe"]


def test_a_measure_that_only_the_total_has_is_kept():
    rows = "".join(
        f"0{m}/2024;Optique;{m}0;\n0{m}/2024;Dentaire;{m}5;\n0{m}/2024;Tous postes;{2 * m}5;{m}00\n"
        for m in range(1, 4)
    )
    dataset = load_dataset(("mois;poste;montant remboursé;nombre d'actes\n" + rows).encode())
    assert dataset.prestation["prestation"].sum() == 10 + 15 + 20 + 25 + 30 + 35
    assert dataset.prestation["actes"].sum() == 600


amounts = st.lists(st.integers(1, 10**7), min_size=2, max_size=4, unique=True)


@settings(max_examples=25, deadline=None)
@given(ages=amounts, sexes=amounts, months=st.integers(1, 4))
def test_adding_the_margins_to_any_cube_changes_nothing(ages, sexes, months):
    names = {f"tranche {i}": v for i, v in enumerate(ages)}, {f"groupe {i}": v for i, v in enumerate(sexes)}
    text, true = cube(*names, "Tous", "Ensemble", months=months)
    assert total(text) == pytest.approx(true, rel=1e-9)


# --- entries that are taken away ----------------------------------------------------------------------------------


def entries(title: str, values: tuple[str, str]) -> str:
    rows = [f"{m:02d}/2024;Optique;{v};{a},50" for m in range(1, 7) for v, a in zip(values, (100, 30), strict=True)]
    return f"mois;poste;{title};montant remboursé\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("sens", ("D", "C")),
        ("Débit/Crédit", ("D", "C")),
        ("écriture", ("Débit", "Crédit")),
        ("type mouvement", ("paiement", "Annulation")),
        ("signe", ("+", "-")),
        ("sens", ("1", "-1")),
    ],
)
def test_a_column_of_senses_over_positive_amounts_is_asked_about(title, values):
    text = entries(title, values)
    key = f"sens:{title}"
    assert asked(text) == [key]
    assert total(text, **{key: f"soustraire:{values[1]}"}) == 6 * 70
    assert total(text, **{key: "additionner"}) == 6 * 131


def test_amounts_already_signed_are_not_asked_about():
    assert total(entries("type mouvement", ("paiement", "annulation")).replace(";30,50", ";-30,50")) == 6 * 70


def test_lines_cancelled_can_be_set_aside():
    text = entries("statut", ("payé", "annulé"))
    dataset = load_dataset(text.encode(), mapping={"sens:statut": "ecarter:annulé"})
    assert dataset.prestation["prestation"].sum() == 6 * 100.5
    assert len(dataset.left_out) == 6


@pytest.mark.parametrize(("title", "values"), [("formule", ("C", "D")), ("statut", ("salarié", "retraité"))])
def test_other_columns_are_dimensions(title, values):
    assert total(entries(title, values)) == 6 * 131


def test_several_currencies_are_refused():
    with pytest.raises(MappingError, match="devises"):
        total(entries("devise", ("EUR", "CHF")))
    assert total(entries("devise", ("EUR", "€"))) == 6 * 131


# --- dates and columns that are not those of the amounts ----------------------------------------------------------


@pytest.mark.parametrize(
    "title", ["date adhésion", "date début contrat", "date de saisie", "Date d'effet", "date export"]
)
def test_a_date_that_is_not_that_of_the_amounts_is_asked_about(title):
    text = f"{title};poste;montant remboursé\n" + "".join(f"25/{m:02d}/2024;Optique;{m}0,50\n" for m in range(1, 7))
    assert asked(text) == ["role:mois"]
    assert total(text, **{"role:mois": title}) == 213


def test_two_such_dates_are_a_choice():
    text = "date début contrat;date fin contrat;montant remboursé\n" + "".join(
        f"25/{m:02d}/2024;24/{m:02d}/2025;{m}0,50\n" for m in range(1, 7)
    )
    with pytest.raises(MappingError) as caught:
        load_dataset(text.encode())
    (question,) = caught.value.questions
    assert set(question.choices) == {"date début contrat", "date fin contrat"}


def test_a_date_of_birth_alone_is_refused():
    text = "date de naissance;montant remboursé\n" + "".join(f"25/{m:02d}/1984;{m}0,50\n" for m in range(1, 7))
    with pytest.raises(MappingError, match="Aucune colonne ne contient de date"):
        load_dataset(text.encode())


@pytest.mark.parametrize("title", ["montant remboursé cumulé", "Remboursements YTD", "Cumul prestations"])
def test_a_running_total_is_not_added_up(title):
    text = f"mois;poste;montant remboursé;{title}\n" + "".join(
        f"{m:02d}/2024;Optique;{10 * m},50;{5 * m * (m + 1)},25\n" for m in range(1, 7)
    )
    dataset = load_dataset(text.encode())
    assert list(dataset.prestation.select_dtypes("float")) == ["prestation"]
    assert dataset.findings.query("code == 'exactitude.cumul'")["colonne"].tolist() == [title]


def test_an_order_of_day_and_month_that_nothing_settles_is_asked_about():
    text = "date;poste;montant remboursé\n03/04/2024;Optique;1,50\n05/06/2024;Optique;2,50\n02/03/2024;Optique;3,50\n"
    assert asked(text) == ["ordre_date:date"]
    assert total(text, **{"ordre_date:date": "mois_jour"}) == 7.5
