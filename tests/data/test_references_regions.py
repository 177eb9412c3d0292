"""Regions as mutuals write them, and the postes of the market."""

import pandas as pd
import pytest

from data.references import load_market, load_value_labels, regions
from data.references.market import recognise_postes
from data.references.regions import load_regions, recognise_regions
from tests.conftest import SHARED


def code(value, *others):
    return recognise_regions([value, *others]).loc[0, "code"]


def test_the_eighteen_regions_stand_on_tiles_of_their_own():
    frame = load_regions()
    drawn = frame[frame["code"] != "5"]
    labels = load_value_labels()["region"]
    assert dict(zip(drawn["code"], drawn["nom"], strict=True)) == {
        c: n for c, n in labels.items() if c not in ("5", "99")
    }
    assert len(drawn) == 18
    assert not frame.duplicated(["colonne", "ligne"]).any()
    assert frame["colonne"].between(1, 5).all()
    assert frame["court"].str.len().le(11).all()
    assert frame["url"].str.startswith("https://").all()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("ILE DE FRANCE", "11"), ("Île‑de‑France", "11"), ("iledefrance", "11"), ("idf", "11"),
        ("Ile-de-France ", "11"),
        ("PACA", "93"), ("Provence-Alpes-Côte d'Azur", "93"), ("PROVENCE ALPES COTE D AZUR", "93"),
        ("Région Sud", "93"),
        ("Auvergne Rhone Alpes", "84"), ("AURA", "84"), ("84 - Auvergne-Rhône-Alpes", "84"), ("ARA (84)", "84"),
        ("centre val-de-loire", "24"), ("Centre-Val-de-Loire", "24"), ("PAYS DE LA LOIRE", "52"),
        ("Pays-de-Loire", "52"),
        ("Réunion", "04"), ("LA REUNION", "04"), ("974", "04"), ("Région Bretagne", "53"), ("FR-NAQ", "75"),
        ("GRAND EST", "44"), ("Grand-Est", "44"), ("hauts de france", "32"), ("Bourgogne Franche Comté", "27"),
        ("Corse", "94"), ("guyane", "03"), ("Mayotte", "06"), ("Outre-mer", "5"),
    ],
)  # fmt: skip
def test_names_as_they_are_written(written, expected):
    assert code(written) == expected


@pytest.mark.parametrize("form", [str, str.upper, str.lower, lambda s: s.replace("-", " "), lambda s: f"  {s} "])
def test_every_name_is_read_whatever_its_case_and_marks(form):
    frame = load_regions()
    found = recognise_regions([form(name) for name in frame["nom"]])
    assert list(found["code"]) == list(frame["code"])


def test_codes_are_read_with_or_without_their_zero():
    values = ["11", "01", "2", "84", "R93", "28.0", "99"]
    assert list(recognise_regions(values)["code"]) == ["11", "01", "02", "84", "93", "28", ""]


def test_codes_of_departements_are_not_taken_for_regions():
    found = recognise_regions(["75", "92", "93", "94", "13", "33"])
    assert (found["code"] == "").all()
    assert found["note"].str.contains("département").all()


#: Regions before 2016, with their INSEE code then and the region they are part of now.
OLD = {
    "21 Champagne-Ardenne": "44", "22 Picardie": "32", "23 Haute-Normandie": "28", "25 Basse-Normandie": "28",
    "26 Bourgogne": "27", "31 Nord-Pas-de-Calais": "32", "41 Lorraine": "44", "42 Alsace": "44",
    "43 Franche-Comté": "27",
    "54 Poitou-Charentes": "75", "72 Aquitaine": "75", "73 Midi-Pyrénées": "76", "74 Limousin": "75",
    "82 Rhône-Alpes": "84", "83 Auvergne": "84", "91 Languedoc-Roussillon": "76",
}  # fmt: skip


@pytest.mark.parametrize("old", OLD)
def test_old_regions_are_flagged_by_name_and_by_code(old):
    number, name = old.split(" ", 1)
    for written in (name, name.upper(), number, old):
        row = recognise_regions([written]).iloc[0]
        assert row["code"] == OLD[old]
        assert row["nature"] == "ancienne"
        assert "ancienne région" in row["note"]


def test_centre_is_the_old_name_of_todays_region():
    row = recognise_regions(["Centre"]).iloc[0]
    assert (row["code"], row["nature"]) == ("24", "ancienne")


def test_what_is_no_region_is_given_back_not_dropped():
    values = ["Bretagne", "étranger", "", "Saint-Barthélemy", "Alsace Moselle", "inconnue", "Nord", "100"]
    found = recognise_regions(values)
    assert list(found["valeur"]) == values
    assert list(found["code"]) == ["53", *[""] * 7]


def test_open_damir_counts_corsica_in_paca():
    path = SHARED / "open_damir_mensuel" / "damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz"
    codes = ["5", "11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93", "99"]
    if path.exists():
        codes = sorted(pd.read_csv(path, usecols=["region_code"], dtype=str)["region_code"].unique(), key=int)
    found = recognise_regions(codes).set_index("valeur")
    assert found.loc["93", "nature"] == "mélangée"
    assert "Corse" in found.loc["93", "note"]
    assert set(found.index[found["code"] == ""]) <= {"99"}
    assert recognise_regions(["93", "94", "11"]).loc[0, "note"] == ""


def test_two_regions_cannot_share_a_name(monkeypatch):
    entry = {"nom": "X", "court": "X", "colonne": 1, "ligne": 1, "source": "s"}
    content = {"sources": {}, "regions": [{**entry, "code": "1"}, {**entry, "code": "2"}]}
    monkeypatch.setattr(regions, "_read", lambda name: content)
    regions._known.cache_clear()
    with pytest.raises(ValueError, match="même nom"):
        recognise_regions(["X"])
    regions._known.cache_clear()


def test_postes_of_the_market():
    names = {
        "Dentaire": "dentaire", "PROTHESES DENTAIRES": "dentaire", "Optique": "optique",
        "Aides auditives": "audiologie",
        "Audioprothèse": "audiologie", "Hospitalisation": "hospitalisation", "Pharmacie": "pharmacie",
        "Médicaments": "pharmacie", "soins courants": "soins courants",
    }  # fmt: skip
    assert recognise_postes([*names, "Optique et dentaire", "Chirurgie", ""]) == names


def test_the_webinar_figures_are_four_shares_of_different_wholes():
    financed = load_market("part_financee").set_index("libelle")
    assert financed["valeur"].to_dict() == {"optique": 73, "dentaire": 41, "médicaments": 13, "autres": 16}
    assert (financed["annee"] == 2017).all()
    assert (financed["unite"] == "%").all()
    assert financed["valeur"].sum() != 100


def test_the_webinar_figures_round_the_published_ones():
    path = SHARED / "chiffres_drees_ocam" / "chiffres_complementaire_sante.csv"
    if not path.exists():
        pytest.skip(f"chiffres publiés absents : {path}")
    published = pd.read_csv(path)
    published = published[(published["annee"] == 2017) & (published["mesure"] == "part du poste financée par les OC")]
    exact = published.set_index("poste")["valeur"]
    found = load_market("part_financee").set_index("libelle")["valeur"]
    for label, name in (
        ("optique", "Optique"),
        ("dentaire", "Soins dentaires (y c. prothèses)"),
        ("médicaments", "Médicaments"),
    ):
        assert round(exact[name]) == found[label]
        assert published.loc[published["poste"] == name, "source"].item() == load_market("part_financee")["url"].iloc[0]
