"""The page Données: a file dropped, questioned, accepted, taken back, compared, deleted."""

import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browser.steps import GOOD, TITLES, accept, answer, csv, go, upload


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_simple_french_file_is_used_by_every_page(visit, encoding):
    one = upload(visit("/donnees"), csv("export.csv", GOOD, encoding))
    assert "96 lignes lues" in one.text()
    accept(one)
    for title in TITLES:
        go(one, title)
        assert not one.page.locator("[data-testid='stException']").count()
    one.page.goto(one.server.url + "/donnees?" + one.page.url.split("?")[1])
    one.idle().page.get_by_role("button", name="Supprimer ces données").click()
    one.page.get_by_role("button", name="Supprimer définitivement").click()
    expect(one.page.get_by_text("Les données ont été supprimées")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("vide.csv", b"", "vide"),
        ("image.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), ""),
        ("texte.csv", b"bonjour\nceci n'est pas un tableau\n", ""),
        ("sans_montant.csv", b"Mois;Poste\n01/2024;Dentaire\n02/2024;Optique\n", "montant"),
        ("classeur.csv", b"PK\x03\x04" + bytes(300), ""),
    ],
)
def test_a_wrong_file_is_refused_in_french_and_the_data_stay(visit, name, body, words):
    one = upload(visit("/donnees"), {"name": name, "mimeType": "text/csv", "buffer": body})
    alert = one.page.get_by_test_id("stAlert").first
    expect(alert).to_be_visible()
    text = alert.inner_text()
    assert "Que faire" in text or "Répondez" in text
    assert words in text.lower()
    assert "Les données précédentes restent en place" in one.text() or "Répondez" in text
    assert "données simulées" in go(one, "Accueil").text()


def test_lines_that_cannot_be_read_are_kept_with_their_reason(visit):
    body = GOOD + "pas une date;Dentaire;Bretagne;10,00;2500;100\n01/13/2024;Dentaire;Bretagne;douze;2500;100\n"
    one = upload(visit("/donnees"), csv("mauvaises_lignes.csv", body))
    assert "2 rejetées" in one.text()
    accept(one).page.get_by_text("Lignes non utilisées : 2").click()
    text = one.idle().text()
    assert "98" in text
    assert "99" in text


def test_a_question_that_comes_after_the_others_can_be_answered(visit):
    """The same premium on several lines of a poste: repeated, or shared out? The page asks, hears, and goes on."""
    rows = "".join(
        f"01/{m:02d}/{y};{p};{100 + m + rank};1000\n"
        for y in (2022, 2023)
        for m in range(1, 13)
        for rank, p in enumerate(("Dentaire", "Optique", "Dentaire"))
    )
    one = upload(visit("/donnees"), csv("primes.csv", f"Mois;Poste;Prestations;Cotisations\n{rows}"))
    assert "répété" in one.text()
    assert one.page.get_by_role("button", name="Utiliser ces données").count() == 0
    accept(answer(one, "Réparti : les lignes s’additionnent"))
    assert one.page.get_by_role("button", name="Utiliser ces données").count() == 0


def test_a_hostile_file_runs_nothing_and_calls_no_one(visit):
    """Names that would be markup: the fixture fails the test on any request elsewhere, any console error."""
    evil = "![x](http://exemple.invalid/a.png)<script>alert(1)</script>"
    rows = "".join(f"01/{m:02d}/{y};{evil};{m},5\n" for y in (2022, 2023, 2024) for m in range(1, 13))
    one = upload(visit("/donnees"), csv(f"{evil.replace('/', '')}.csv", f"Mois;Poste;Prestations\n{rows}"))
    accept(one)
    for title in TITLES:
        go(one, title)
    assert one.page.locator("img[src*='exemple']").count() == 0


def test_a_deposit_can_be_taken_back(visit):
    one = accept(upload(visit("/donnees"), csv("export.csv", GOOD)))
    assert "export.csv" in one.text()
    one.page.get_by_role("button", name="Annuler ce dépôt").click()
    expect(one.page.get_by_text("Le dépôt est annulé")).to_be_visible(timeout=30_000)
    assert "données simulées" in one.idle().text()
    assert "d=" not in one.page.url


def test_a_second_deposit_says_what_moved(visit):
    one = accept(upload(visit("/donnees"), csv("janvier.csv", GOOD)))
    later = GOOD.replace("01/06/2024;Dentaire;Bretagne;1060,50", "01/06/2024;Dentaire;Bretagne;1160,50")
    later += "".join(f"01/01/2025;{p};Bretagne;1100,50;2 500,00;100\n" for p in ("Dentaire", "Optique"))
    assert later.count("1160,50") == 1
    text = accept(upload(one, csv("fevrier.csv", later))).text()
    assert "Depuis le dépôt précédent" in text
    assert "1 mois ajouté" in text
    assert "1 total d’un mois passé modifié" in text
    assert "janvier.csv" in text


def test_what_was_deleted_has_a_proof(visit):
    body = GOOD.replace("Bretagne", "Normandie")  # its own: a file that another dataset has too is not erased
    one = visit("/donnees")
    before = set((one.server.home / "depots").glob("*/source"))
    link = accept(upload(one, csv("export.csv", body))).page.url
    one.page.get_by_role("button", name="Supprimer ces données").click()
    one.page.get_by_role("button", name="Supprimer définitivement").click()
    expect(one.page.get_by_text("Les données ont été supprimées")).to_be_visible(timeout=30_000)
    with one.idle().page.expect_download() as download:
        one.page.get_by_role("button", name="Preuve d’effacement").click()
    proof = download.value.path().read_text("utf-8")
    assert "Fichier déposé : export.csv" in proof
    assert "Ce qui restait à la vérification : rien" in proof
    assert re.search(r"^[0-9a-f]{64}$", proof, re.MULTILINE)
    assert set((one.server.home / "depots").glob("*/source")) == before  # the file itself went when it was accepted
    other = visit(link.removeprefix(one.server.url))
    assert "supprimé ou inconnu" in other.text()


def test_a_question_answered_once_is_not_asked_again(visit):
    one = upload(visit("/donnees"), csv("mars.csv", GOOD.replace("Région", "Territoire")))
    accept(answer(one, "Mois de paiement"))
    text = upload(one, csv("avril.csv", GOOD.replace("Région", "Territoire"))).text()
    assert "96 lignes lues" in text
    chosen = one.page.locator(".st-key-depot label").filter(has_text="Mois de paiement").locator("input")
    expect(chosen).to_be_checked()


def test_personal_columns_are_named_and_never_shown(visit):
    lines = GOOD.splitlines()
    nirs = [
        f"{1 + i % 2}{50 + i % 45:02d}{1 + i % 12:02d}{1 + i % 95:02d}{i % 900:03d}{i % 999:03d}" for i in range(96)
    ]
    body = "\n".join([f"{lines[0]};NIR", *(f"{line};{nir}" for line, nir in zip(lines[1:], nirs, strict=True))])
    one = upload(visit("/donnees"), csv("adherents.csv", body))
    text = one.text()
    assert "données personnelles" in text
    assert "NIR" in text
    assert not any(nir in one.page.content() for nir in nirs)


def test_a_workbook_is_read(visit):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Prestations"
    sheet.append(["Mois", "Poste", "Prestations"])
    for year in (2022, 2023, 2024):
        for month in range(1, 13):
            sheet.append([f"{month:02d}/{year}", "Optique", 1000.5 + month])
    content = io.BytesIO()
    book.save(content)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    one = upload(visit("/donnees"), {"name": "classeur.xlsx", "mimeType": kind, "buffer": content.getvalue()})
    assert "36 lignes lues" in one.text()
    accept(one)


def test_a_large_file_goes_by_its_own_page(visit, tmp_path):
    """The page of the large files sends to the disk of the server, then comes back to what was understood."""
    path = tmp_path / "gros.csv"
    path.write_bytes(GOOD.encode("cp1252"))
    one = visit("/donnees")
    with one.page.context.expect_page() as opened:
        one.page.get_by_role("link", name="déposez un gros fichier").click()
    page = opened.value
    page.wait_for_load_state("load")
    expect(page.locator("h1")).to_have_text("Déposer un gros fichier", timeout=30_000)
    assert page.locator("html").get_attribute("lang") == "fr"
    page.locator("#fichier").set_input_files(path)
    expect(page.get_by_text("96 lignes lues")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Utiliser ces données").click()
    expect(page.get_by_text("est utilisé par toutes les pages")).to_be_visible(timeout=60_000)


def test_an_upload_under_way_survives_a_reload_and_can_be_left(visit):
    one = upload(visit("/donnees"), csv("export.csv", GOOD))
    assert "depot=" in one.page.url
    one.page.reload()
    assert "96 lignes lues" in one.idle().text()
    one.page.get_by_role("button", name="Retirer ce fichier").click()
    expect(one.page.get_by_test_id("stFileUploader")).to_be_visible(timeout=30_000)
    assert "depot=" not in one.idle().page.url
