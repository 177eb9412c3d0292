"""What a newcomer does: climb from an alert, drop a file, read a refusal, share a link."""

import gzip
import re

import pandas as pd
import pytest
from playwright.sync_api import expect

from tests.browser.steps import TITLES, accept, answer, assert_french, go, settle, upload
from tests.conftest import SHARED

PAGES = {
    "accueil": "/",
    "donnees": "/donnees",
    "descriptif": "/descriptif",
    "diagnostic": "/diagnostic",
    "predictif": "/predictif",
    "prescriptif": "/prescriptif",
}
DAMIR = SHARED / "open_damir_mensuel" / "damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_in_every_dress(visit, name, theme, width):
    """Drawn in French, within the window, without a fault of accessibility of ours; its picture is kept."""
    one = settle(visit(PAGES[name], theme=theme, width=width))
    one.screenshot(f"{name}-{'clair' if theme == 'light' else 'sombre'}-{width}")
    text = one.text() + (one.text("stSidebar") if width > 1000 else "")
    assert_french(text)
    assert "données simulées" in text.lower()
    assert one.overflow() == 0
    assert one.axe() == []
    charts = one.page.locator("[data-testid='stVegaLiteChart']")
    for i in range(charts.count()):
        assert charts.nth(i).locator("[aria-label]").count() > 0


@pytest.mark.parametrize("page", PAGES.values())
def test_an_english_browser_sees_the_same_french(visit, page):
    text = settle(visit(page, locale="en-US")).text()
    assert_french(text)
    assert not re.search(r"\d,\d{3}\b|\d\.\d+\s?[%€]", text)


def test_a_constat_climbs_with_the_same_number(visit, locale):
    one = visit("/", locale=locale)
    card = one.page.locator(".st-key-alerte_0")
    sentence = card.locator("strong").first.inner_text()
    assert "Occitanie" in sentence
    card.get_by_role("button", name="Pourquoi ?").click()
    for title, step in (("Diagnostic", "Et ensuite ?"), ("Prédictif", "Que faire ?"), ("Prescriptif", None)):
        expect(one.page.locator("h1")).to_have_text(title)
        settle(one)
        banner = one.page.locator(".st-key-constat")
        expect(banner).to_contain_text(sentence)
        if title == "Diagnostic":
            gap = re.search(r"\(([+−][^,]+),", sentence).group(1)
            expect(one.page.get_by_text("La somme des barres est exactement")).to_contain_text(gap)
        if step:
            banner.get_by_role("button", name=step).click()
    link = one.page.url
    one.page.reload()
    settle(one)
    assert one.page.url == link
    expect(one.page.locator(".st-key-constat")).to_contain_text(sentence)
    other = visit(link.removeprefix(one.server.url), locale=locale)
    expect(other.page.locator(".st-key-constat")).to_contain_text(sentence)
    assert "Vous avez changé la sélection" not in other.text()


def test_a_constat_can_be_left(visit):
    one = visit("/")
    one.page.locator(".st-key-alerte_0").get_by_role("button", name="Pourquoi ?").click()
    expect(one.page.locator("h1")).to_have_text("Diagnostic")
    one.idle().page.get_by_role("button", name="Quitter le constat").click()
    expect(one.page.locator(".st-key-constat")).to_have_count(0)
    assert "constat=" not in one.idle().page.url


def test_the_selection_is_in_the_link_and_survives_a_reload(visit):
    one = visit("/descriptif")
    one.page.get_by_test_id("stSidebar").get_by_text("Juste avant").click()
    one.idle()
    one.page.get_by_test_id("stSidebar").get_by_text("Périmètre").click()
    one.idle().choose("Poste", "optique").idle()
    assert "f_poste=optique" in one.page.url
    assert "comparaison=" in one.page.url
    before = one.text()
    one.page.reload()
    assert one.idle().text() == before
    go(one, "Diagnostic")
    assert "Optique" in one.text()
    assert "f_poste=optique" in one.page.url


def test_the_real_file_of_the_health_insurance(visit):
    """Open DAMIR: dropped, questioned, accepted, then walked through the six pages."""
    if not DAMIR.is_file():
        pytest.skip(f"real data not found: {DAMIR}")
    one = upload(visit("/donnees"), DAMIR)
    text = one.text()
    for words in ("17\u202f561 lignes lues", "Frais réels", "Remboursements AMO", "Reste après AMO", "Région"):
        assert words in text
    accept(answer(one, "Mois de soins"))
    assert re.search(r"d=[\w-]{22}", one.page.url)
    seen = {}
    for title in TITLES:
        seen[title] = settle(one).text() if title == "Données" else go(one, title).text()
        assert not one.page.locator("[data-testid='stException']").count()
        assert "données simulées" not in seen[title].lower()
        assert_french(seen[title])
    assert "en mois de soins" in seen["Accueil"]
    assert "Encore incomplets, donc hors des comparaisons : nov.\u00a02024, déc.\u00a02024" in seen["Accueil"]
    assert "Premier confinement (Covid-19), mars\u00a02020 à mai\u00a02020" in seen["Descriptif"]
    assert "Cotisations" in seen["Prescriptif"]
    check_totals(one)
    check_forecast(seen["Prédictif"])


def check_totals(one):
    """The total of each year, as exported by the page, is that of the file, to the cent."""
    with gzip.open(DAMIR, "rt") as stream:
        frame = pd.read_csv(stream, parse_dates=["date"])
    expected = (frame["depense_payee_eur"] * 100).round().astype("int64").groupby(frame["date"].dt.to_period("M")).sum()
    go(one, "Descriptif")
    one.page.locator(".st-key-serie_more").get_by_text("Chiffres et téléchargements").click()
    one.idle()
    with one.page.expect_download() as download:
        one.page.locator(".st-key-serie_csv button").click()
    table = pd.read_csv(download.value.path(), sep=";", decimal=",", encoding="utf-8-sig")
    months = pd.to_datetime(table["Mois"], format="%m/%Y").dt.to_period("M")
    cents = (table["Frais réels"] * 100).round().astype("int64").set_axis(months)
    assert len(cents) == 72
    for year in range(2019, 2025):
        assert cents[cents.index.year == year].sum() == expected[expected.index.year == year].sum()


def check_forecast(text):
    """The truncated months do not drag the forecast down: the year ahead stays near the year known."""
    change = re.search(r"derniers mois connus \(([+−]?[\d,]+)", text).group(1)
    assert abs(float(change.replace("−", "-").replace(",", "."))) < 6


def test_the_csv_of_a_figure_says_that_the_data_are_simulated(visit):
    one = visit("/descriptif")
    one.page.locator(".st-key-ventilation_more").get_by_text("Chiffres et téléchargements").click()
    one.idle()
    with one.page.expect_download() as download:
        one.page.locator(".st-key-ventilation_csv button").click()
    text = download.value.path().read_bytes().decode("utf-8-sig")
    assert text.splitlines()[0].endswith(";Origine")
    assert all(line.endswith("Données simulées") for line in text.splitlines()[1:])
    with one.page.expect_download() as download:
        one.page.locator(".st-key-ventilation_png button").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
