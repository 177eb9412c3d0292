"""The landing, the road of the P/C and the budget on a page of their own."""

from __future__ import annotations

import time
from dataclasses import replace
from io import BytesIO

import openpyxl
import pandas as pd
import pytest
from openpyxl.styles.numbers import BUILTIN_FORMATS
from streamlit.testing.v1 import AppTest

from analytics.errors import PaliersError
from data import store
from pages.components.budget import AMOUNT, KEPT
from pages.components.budget_kept import Kept, foreign_format, read_file
from pages.components.jobs import get_jobs
from pages.components.rates import read_rate
from tests.pages.conftest import UNWANTED, words
from tests.pages.job_functions import divide_by_zero
from tests.samples import make_dataset, with_small_region

PARTS = {"dentaire": "dentaire", "optique": "optique", "pharmacie": "pharmacie"}
SECONDS = 60


def _page():
    import streamlit as st

    from pages.components.budget import show_budget
    from pages.components.forecast import choose_series, perimeter_series, wait_forecast
    from pages.components.landing import show_landing
    from pages.components.messages import told_in_french
    from pages.components.outlook import Ask
    from pages.components.path import show_path
    from pages.components.sharing import stop_if_secret
    from pages.components.sidebar import show_sidebar

    view = show_sidebar()
    stop_if_secret(view)
    with told_in_french():
        series = perimeter_series(view)
        name = choose_series(view, series)
        outlook = wait_forecast(view, series, Ask())
        if outlook is not None:
            show_landing(view, outlook, name)
            show_path(view, outlook)
            show_budget(view, outlook, name)
            st.caption("fin de page")


def drawn(app: AppTest) -> AppTest:
    """The page once its computations, the forecast of the premiums included, have ended."""
    until = time.monotonic() + SECONDS
    app.run()
    while time.monotonic() < until and not _is_over(app):
        time.sleep(0.2)
        app.run()
    return app


def _is_over(app: AppTest) -> bool:
    text = words(app)
    if "Mode partage :" in text:
        return True
    told = ("P/C calculé", "ne se calcule pas", "chemin du P/C demande", "Les cotisations de", "Les prestations de")
    return "fin de page" in text and any(words_ in text for words_ in told)


def open_page(**query: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    return drawn(app)


def plain(app: AppTest) -> str:
    return words(app).replace("\\", "").replace("\u202f", " ").replace("\u00a0", " ")


@pytest.fixture(scope="module")
def held(home):
    return store.save(make_dataset(68, seed=3))  # to August 2025


def test_the_year_lands_and_its_parts_add_up(held):
    app = open_page(d=held)
    assert not app.exception
    text = plain(app)
    assert "Atterrissage 2025" in text
    assert "8 mois connus" in text
    assert "4 mois prévus" in text
    assert "dans la fourchette" in text
    assert "P/C des 12 derniers mois connus" in text
    assert "Année 2025 (8 mois connus)" in text
    assert "Tapez un montant" in text
    assert not UNWANTED.search(text)


def test_a_typed_target_and_a_typed_budget(held):
    app = typed(open_page(d=held, cible="300 %"), "1 000 €")
    text = plain(app)
    assert not app.exception
    assert "plus de 99 %" in text
    assert "entre 10 % et 200 %" in text  # refused, and the default stands


@pytest.mark.parametrize("text", ["beaucoup", "nan", "inf", "12 000 k€"])
def test_a_budget_that_is_no_amount_is_refused_without_an_echo(held, text):
    wrong = typed(open_page(d=held), text)
    (error,) = wrong.error
    assert "Le budget tapé n’est pas un montant" in error.value
    assert text not in error.value


def test_a_negative_budget_is_written_in_french(held):
    wrong = typed(open_page(d=held), "-5")
    assert "valeur « −5 »" in plain(wrong)


def typed(app: AppTest, amount: str) -> AppTest:
    """The page with an amount in the field of its budget."""
    budget_field(app).set_value(amount)
    return drawn(app)


def budget_field(app: AppTest):
    (field,) = (t for t in app.text_input if t.key.startswith(AMOUNT))
    return field


def test_an_amount_belongs_to_its_perimeter_and_its_data(held, home):
    app = typed(open_page(d=held), "2 600 000")
    assert "Écart à l’atterrissage 2025" in plain(app)
    link = {budget_field(app).key: "2 600 000"}
    assert budget_field(open_page(d=held, **link)).value == "2 600 000"
    for other in ({"d": held, "f_region": "A"}, {"d": store.save(make_dataset(68, seed=4))}):
        elsewhere = open_page(**other, **link)
        assert budget_field(elsewhere).value == ""
        assert "Tapez un montant" in plain(elsewhere)


def test_a_budget_file_is_compared_by_poste(held):
    months = pd.date_range("2025-01-01", periods=12, freq="MS")
    lines = ["Mois;Poste;Budget"]
    lines += [f"{m:%d/%m/%Y};{p};{v}" for m in months for p, v in (("Dentaire", "90 000,50"), ("Optique", "50 000,00"))]
    budget = read_file("\n".join(lines).encode("cp1252"), "budget.csv", PARTS)
    assert budget.of("dentaire")["valeur"].sum() == pytest.approx(12 * 90_000.5)
    app = with_budget(Kept(held, "budget.csv", "x", budget), d=held)
    text = plain(app)
    assert not app.exception
    assert "Budget lu : budget.csv" in text
    assert "absents du budget : pharmacie" in text
    assert "Écart à l’atterrissage" in text
    assert "Par poste, le plus fort dépassement" in text


def with_budget(kept: Kept, **query: str) -> AppTest:
    """The page of somebody who has dropped a budget."""
    app = AppTest.from_function(_page, default_timeout=90)
    for key, value in ({"budget_source": "Fichier"} | query).items():
        app.query_params[key] = value
    app.session_state[KEPT] = kept
    return drawn(app)


@pytest.fixture(scope="module")
def dropped(held):
    """A budget of the whole, by poste, the postes very unlike each other."""
    months = pd.date_range("2025-01-01", periods=12, freq="MS")
    lines = [f"{m:%d/%m/%Y};{p};{v}" for m in months for p, v in (("dentaire", 80000), ("optique", 20000))]
    budget = read_file("\n".join(["Mois;Poste;Budget", *lines]).encode(), "budget.csv", PARTS)
    return Kept(held, "budget.csv", "x", budget, {}, "poste", "Ensemble")


def test_a_budget_of_another_perimeter_is_not_compared(held, dropped):
    app = with_budget(dropped, d=held, f_region="A")
    assert not app.exception
    assert "Budget lu pour « Ensemble » : il n’est pas comparé à « A »" in plain(app)
    assert "Écart à l’atterrissage" not in plain(app)
    narrow = with_budget(replace(dropped, filtres={"region": ("A",)}, perimetre="A"), d=held)
    assert "Budget lu pour « A » : il n’est pas comparé à « Ensemble »" in plain(narrow)
    assert "Écart à l’atterrissage" not in plain(narrow)


def test_a_budget_narrowed_to_its_own_parts_is_their_sum(held, dropped):
    whole = with_budget(dropped, d=held)
    one = with_budget(dropped, d=held, f_poste="optique")
    part = with_budget(dropped, d=held, serie="Optique")
    assert "somme de ses parts (optique)" in plain(one)
    assert gap_of(one) == gap_of(part) != gap_of(whole)
    none = with_budget(dropped, d=held, f_poste="pharmacie")
    assert "Le budget ne dit rien de « pharmacie »" in plain(none)
    assert "Écart à l’atterrissage" not in plain(none)


def gap_of(app: AppTest) -> str:
    (metric,) = (m for m in app.metric if m.label == "Écart à date")
    return metric.value


def test_a_budget_of_other_data_is_said_not_to_be_compared(held, dropped):
    app = with_budget(replace(dropped, token="autre"), d=held)
    assert "a été lu pour d’autres données" in plain(app)
    assert "Écart à l’atterrissage" not in plain(app)


def workbook(number_format: str) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["Mois", "Budget"])
    for month in pd.date_range("2025-01-01", periods=12, freq="MS"):
        book.active.append([month.date(), 100])
        book.active.cell(book.active.max_row, 2).number_format = number_format
    content = BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("text", ["#,##0.00 [$$-409]", "[$£-809]#,##0", '#,##0 "USD"', "$#,##0.0"])
def test_a_workbook_in_another_currency_is_refused(text):
    with pytest.raises(PaliersError, match="autre monnaie"):
        read_file(workbook(text), "budget.xlsx", PARTS)


@pytest.mark.parametrize("text", ["General", "#,##0.00 [$€-40C]", "#,##0 [$EUR]", '#,##0 "€"', "[Red][$-40C]0.00"])
def test_a_workbook_in_euros_is_read(text):
    assert read_file(workbook(text), "budget.xlsx", PARTS).of("Ensemble")["valeur"].sum() == 1200


def test_the_accounting_format_of_the_machine_says_no_currency():
    assert foreign_format(workbook(BUILTIN_FORMATS[44])) == ""
    assert foreign_format(b"PK xl/workbook.xml") == "", "ce qui ne s’ouvre pas ne dit rien"


@pytest.mark.parametrize("text", ["abc", "", "-3", "nan", "1000", "0,8"])
def test_a_target_of_the_link_that_cannot_be_used_is_passed_over(held, text):
    app = open_page(d=held, h_cible=text)
    assert not app.exception
    assert not app.warning
    assert not app.error
    (target,) = (t for t in app.text_input if t.key == "cible")
    assert read_rate(target.value, (0.1, 2.0)) == pytest.approx(0.48, abs=0.1), "le niveau d’aujourd’hui"


def test_the_target_of_the_other_page_is_proposed(held):
    (target,) = (t for t in open_page(d=held, h_cible="82").text_input if t.key == "cible")
    assert target.value == "82 %"


def test_a_rate_is_read_once_and_for_all():
    assert read_rate("80") == read_rate("80 %") == pytest.approx(0.8)
    assert read_rate("0,8", (0.1, 2.0)) is None
    assert read_rate("nan") is None


@pytest.mark.parametrize(
    ("change", "words_"),
    [
        (lambda d: replace(d, cotisation=d.cotisation.assign(cotisation=0.0)), "cotisations de douze mois"),
        (
            lambda d: replace(d, prestation=d.prestation.assign(prestation=-d.prestation["prestation"])),
            "prestations de",
        ),
    ],
)
def test_a_ratio_without_meaning_is_refused_in_words(home, change, words_):
    app = open_page(d=store.save(replace(change(make_dataset(40)), source=words_)))
    assert not app.exception
    assert not app.error
    assert words_ in "".join(i.value for i in app.info)


@pytest.mark.parametrize("months", [1, 2, 10, 11])
def test_less_than_a_year_is_never_a_confident_range(home, months):
    app = open_page(d=store.save(make_dataset(months)))
    assert not app.exception
    assert not app.error
    text = plain(app)
    assert "Le chemin du P/C demande 12 mois connus" in text
    assert "Fourchette (8 chances sur 10)" not in text
    assert "— à —" not in text
    if months >= 10:
        assert "Fourchette indicative" in text
        assert "Chances de dépasser le budget (indicatif)" in plain(typed(app, "1 000 000"))


def test_a_hole_in_the_past_leaves_the_road(home):
    whole = make_dataset(60)
    hole = whole.months[[20, 21, 22]]
    token = store.save(replace(whole, prestation=whole.prestation[~whole.prestation["mois"].isin(hole)]))
    text = plain(open_page(d=token))
    assert "P/C calculé" in text
    assert "Les mois jusqu’à août 2021 ne servent pas" in text


def test_past_points_are_made_as_the_last_one_is(held):
    asked = []
    submit = type(get_jobs()).submit

    def note(self, key, function, *args, **options):
        asked.append((function.__name__, options))
        return submit(self, key, function, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(get_jobs()), "submit", note)
        app = AppTest.from_function(_page, default_timeout=90)
        app.query_params["d"] = held
        app.session_state["atterrissage_suivi"] = True
        drawn(app)
    (options,) = (o for name, o in asked if name == "refresh_landings")
    assert "mode" not in options
    assert options["memory"] is not None


@pytest.mark.parametrize("function", ["refresh_landings", "forecast"])
def test_a_failure_offers_to_start_again(home, function):
    token = store.save(replace(make_dataset(30), source=function))
    submit, failing = type(get_jobs()).submit, [True]

    def fail(self, key, asked, *args, **options):
        broken = (
            failing[0]
            and asked.__name__ == function
            and (function != "forecast" or options.get("calendar", "FR") is None)
        )
        if broken:
            return submit(self, key, divide_by_zero, owner=token)
        return submit(self, key, asked, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(get_jobs()), "submit", fail)
        app = AppTest.from_function(_page, default_timeout=90)
        app.query_params["d"] = token
        app.session_state["atterrissage_suivi"] = True
        for _ in range(300):
            app.run()
            if app.error:
                break
            time.sleep(0.2)
        assert "a échoué" in app.error[0].value
        failing[0] = False
        app.button(key=next(b.key for b in app.button if b.label == "Relancer")).click().run()
        drawn(app)
    assert not app.error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Mois;Budget\njanvier;12\n", "colonne de mois|ne peut pas|mois"),
        (b"\x00\x01\x02", "."),
        (b"a;b\n", "."),
    ],
)
def test_a_file_that_is_no_budget_is_refused_in_french(content, message):
    with pytest.raises(PaliersError, match=message):
        read_file(content, "b.csv", PARTS)


def test_a_wide_budget_is_read():
    text = "Poste;janv. 2025;févr. 2025;mars 2025\nDentaire;10;20;30\nOptique;1;2;3\n"
    budget = read_file(text.encode(), "budget.csv", PARTS)
    assert budget.of("dentaire")["valeur"].tolist() == [10, 20, 30]
    assert budget.of("Ensemble")["valeur"].tolist() == [11, 22, 33]


def test_a_perimeter_of_one_poste_has_no_ratio(held):
    app = open_page(d=held, f_poste="dentaire")
    assert not app.exception
    assert "ne se calcule pas sur ce périmètre" in plain(app)
    assert "Atterrissage 2025" in plain(app)


def test_small_groups_are_not_shown_in_shared_mode(home):
    small = "commune de quatre"
    token = store.save(with_small_region(small, 44))
    app = open_page(d=token, f_region=small, partage="true")
    assert not app.exception
    assert "Atterrissage" not in plain(app)
