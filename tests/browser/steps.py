"""What the journeys have in common: going from page to page, dropping a file, answering, accepting."""

import re

from playwright.sync_api import expect

TITLES = ("Accueil", "Données", "Descriptif", "Diagnostic", "Prédictif", "Prescriptif")
ENGLISH = re.compile(
    r"\b(None|nan|NaN|NaT|undefined|Upload|Browse|Drag and drop|Choose|Loading|Download|Search|Show|Hide|No results"
    r"|per file|Running|Stop|Rerun|Select)\b|\b[a-z]{2,}_[a-z_]{2,}\b"
)


def assert_french(text):
    """No English of the framework, no programmer's word, no raw name of a column (names of files apart)."""
    found = ENGLISH.search(re.sub(r"damir_[a-z_0-9.]+", "", text))
    assert found is None, text[max(0, found.start() - 60) : found.end() + 60]


def forecast_done(page):
    """Wait for the forecast, when the page shows its progress."""
    expect(page.locator("[data-testid='stProgress']")).to_have_count(0, timeout=90_000)


def settle(visit):
    visit.idle()
    forecast_done(visit.page)
    return visit.idle()


def go(visit, title):
    """Follow the navigation of the sidebar."""
    visit.page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
    expect(visit.page.locator("h1")).to_have_text(title)
    return settle(visit)


def upload(visit, path_or_file):
    """Drop a file and wait for what was understood of it."""
    visit.page.locator("input[type=file]").set_input_files(path_or_file)
    box = visit.page.locator(".st-key-depot")
    expect(box.get_by_test_id("stFileUploader")).to_have_count(0, timeout=60_000)
    expect(box.get_by_test_id("stProgress")).to_have_count(0, timeout=60_000)
    return visit.idle()


def answer(visit, *choices):
    """Choose answers, then have the file read again."""
    for words in choices:
        visit.page.locator(".st-key-depot").get_by_text(words, exact=True).click()
    visit.page.get_by_role("button", name="Relire avec ces réponses").click()
    return visit.idle()


def accept(visit):
    """Use the file that was dropped."""
    visit.page.get_by_role("button", name="Utiliser ces données").click()
    expect(visit.page.get_by_text("est utilisé par toutes les pages")).to_be_visible(timeout=60_000)
    return visit.idle()


def csv(name, text, encoding="utf-8"):
    """A file to drop."""
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode(encoding)}


GOOD = "Mois;Poste;Région;Prestations versées;Cotisations HT;Bénéficiaires\n" + "".join(
    f"01/{m:02d}/{y};{p};Bretagne;{1000 + 10 * m},50;2 500,00;100\n"
    for y in (2021, 2022, 2023, 2024)
    for m in range(1, 13)
    for p in ("Dentaire", "Optique")
)
