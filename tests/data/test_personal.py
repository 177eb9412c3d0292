"""Personal data found by column: on labelled columns, on others made otherwise, and on hand-written ones.

Change that must turn this red: `SOME = 0.05` → `0.99` in data/personal/texts.py, or `_born_at_random` → always true.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from stdnum.fr import nir as nir_oracle

from data.personal import KINDS, certain_identifiers, detect, masked, outline, personal_content, quasi_identifiers
from data.personal.identifiers import _with_valid_key, nir_share
from tests.data.personal_columns import labelled_columns, nir13, spaced, with_key
from tests.data.personal_heldout import heldout_columns

#: What the specification names apart: at most 2 % of these taken for personal data.
LOOK_ALIKES = ("finess", "siret", "rpps", "cip13", "montant")
#: The kind that each labelled family must be called when it is found.
CALLED = {
    "nir 15": "nir", "nir 13": "nir", "nia": "nia", "iban": "iban", "courriel": "courriel", "telephone": "telephone",
    "naissance": "naissance", "adresse": "adresse", "nom complet": "nom", "prenom": "nom", "nom de famille": "nom",
}  # fmt: skip


@pytest.fixture(scope="module", params=[101])
def found(request):
    """Columns of a seed that the detector was not made with, and what is found in each."""
    columns = labelled_columns(request.param)
    return pd.DataFrame(
        {
            "kind": [c.kind for c in columns],
            "header": [c.header for c in columns],
            "personal": [c.personal for c in columns],
            "found": [getattr(detect(c.header, c.texts), "kind", "") for c in columns],
        }
    )


def test_identifiers_are_found(found):
    hits = found[found["personal"]].assign(hit=lambda f: f["found"] != "")
    assert len(found) == 300
    assert hits["hit"].mean() >= 0.99
    assert hits[~hits["kind"].isin(["nom de famille"])]["hit"].all()
    assert hits[hits["kind"] == "nir 13"]["hit"].all()


def test_what_only_looks_like_an_identifier_is_left(found):
    wrong = found[~found["personal"]].assign(wrong=lambda f: f["found"] != "")
    assert wrong["wrong"].mean() <= 0.02
    assert wrong[wrong["kind"].isin(LOOK_ALIKES)]["wrong"].mean() <= 0.02


def test_each_kind_has_its_name(found):
    named = found[found["personal"] & (found["found"] != "")]
    # A title may only say « personnelle » or another kind: the cells decide when they can.
    right = named["found"] == named["kind"].map(CALLED)
    assert right.mean() >= 0.98


def test_other_populations_and_writings():
    columns = heldout_columns(501)
    assert len(columns) > 200
    hits = pd.DataFrame(
        [(c.kind, c.personal, detect(c.header, c.texts) is not None) for c in columns],
        columns=["kind", "personal", "hit"],
    )
    # Rare family names alone, under a title that says nothing, are out of reach of a list of frequent ones.
    within_reach = hits[hits["personal"] & (hits["kind"] != "noms rares")]
    assert within_reach["hit"].mean() >= 0.98
    assert hits.loc[~hits["personal"], "hit"].mean() <= 0.02


def cells(*values: str, n: int = 40) -> pd.Series:
    rng = np.random.default_rng(3)
    return pd.Series([value.format(n=rng.integers(10, 99), m=i) for i in range(n) for value in values], dtype="str")


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (cells("1 84 12 76 451 0{n} 46"), "nir"),  # read aloud, whatever the key
        (cells("1 84 12 2A 451 0{n}"), "nir"),
        (cells("DUPONT Jean", "Zoé Le Goff", "M. Quelquun"), "nom"),
        (cells("Jade", "Saphir", "Tempo {m}"), ""),
        (cells("06 12 34 56 {n}"), "telephone"),
        (cells("+33 6 12 34 56 {n}"), "telephone"),
        (cells("a{m}@exemple.fr", "inconnu", "-"), "courriel"),
        (cells("FR7630006000011234567890{n}1"), "iban"),
        (cells("3400930{n}00{m}"), ""),  # CIP 13
        (cells("13000{n}00{m:02d}000{n}"), ""),  # SIRET
        (cells("1{m:012d}"), ""),  # references that follow each other
        (cells("01/{n}/2024"), ""),
        (cells("{n},{n} €"), ""),
        (cells("Saint-Denis", "Villeurbanne", "Tours"), ""),
        (cells("12 rue des Lilas {n}"), "adresse"),
        (cells("Clinique Pasteur", "Pharmacie Martin"), ""),
        (pd.Series([], dtype="str"), ""),
        (pd.Series([None, "", " "], dtype="str"), ""),
    ],
)
def test_by_hand_under_a_title_that_says_nothing(texts, kind):
    answer = detect("x", texts)
    assert (answer.kind if answer else "") == kind


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("NIR", "nir"), ("n° sécu", "nir"), ("Date de naissance", "personnelle"), ("Nom de l’assuré", "nom"),
        ("RIB", "iban"),
        ("Tél. portable", "telephone"), ("e-mail", "courriel"), ("Nb de bénéficiaires", ""), ("Nom de la formule", ""),
        ("Téléphone de la pharmacie", ""), ("FINESS", ""), ("SIRET", ""), ("Montant remboursé", ""), ("Mois", ""),
    ],
)  # fmt: skip
def test_a_title_is_enough_when_the_cells_do_not_contradict(title, kind):
    answer = detect(title, pd.Series(["abc", "def"], dtype="str"))
    assert (answer.kind if answer else "") == kind


def test_a_title_is_contradicted_by_amounts():
    assert detect("Téléphonie (tel)", pd.Series([f"{i},50" for i in range(50)], dtype="str")) is None


def test_keys_agree_with_stdnum():
    """Every 15-character number is judged as stdnum judges it, Corsica included."""
    rng = np.random.default_rng(11)
    numbers = [with_key(nir13(rng, home)) for home in ("2A", "75", "974") for _ in range(300)]
    broken = [n[:13] + f"{int(n[13:]) % 97 + 1:02d}" for n in numbers]
    for number in (*numbers, *broken):
        valid = _with_valid_key(pa.array([number]))[0]
        assert valid == nir_oracle.is_valid(number)
    assert nir_share(pa.array(numbers)) == ("nir", 1.0)


def test_the_reason_holds_no_value():
    rng = np.random.default_rng(5)
    numbers = [with_key(nir13(rng, "35")) for _ in range(60)]
    answer = detect("x", pd.Series(numbers, dtype="str"))
    assert answer.label == KINDS["nir"] == personal_content("x", pd.Series(numbers, dtype="str"))
    assert "100\u202f% des valeurs distinctes" in answer.reason
    assert not any(number[:5] in answer.reason for number in numbers)


def test_a_date_or_an_address_has_no_pseudonym():
    births = pd.Series([f"{1 + i % 28:02d}/03/{1935 + i}" for i in range(60)], dtype="str")
    assert detect("Date de naissance", births).actions == ("supprimer",)
    assert detect("mail", pd.Series(["a@b.fr"], dtype="str")).actions == ("supprimer", "pseudonymiser")


@pytest.mark.parametrize("seed", range(5))
def test_masked_texts_keep_no_identifier(seed):
    rng = np.random.default_rng(seed)
    body = nir13(rng, "69")
    secrets = [
        with_key(body), body, spaced(with_key(body)), "FR76 3000 6000 0112 3456 7890 189", "jean.dupont@exemple.fr",
        "06 12 34 56 78", "+33612345678", "12/03/1964", "1964-03-12", "19640312", "DUPONT", "Camille",
        "12 rue des Lilas",
    ]  # fmt: skip
    shown = masked(pd.Series([f"2024-05;{secret};45,20" for secret in secrets], dtype="str"))
    for secret, text in zip(secrets, shown, strict=True):
        assert secret not in text
        assert text.startswith("2024-05;")
        assert text.endswith("45,20") or secret.startswith("12 rue")


def test_masked_texts_keep_the_rest():
    plain = pd.Series(["2024-05;Optique;1\u202f234,50;35000", None], dtype="str")
    assert masked(plain).tolist()[0] == plain[0]
    assert masked(plain).isna().tolist() == [False, True]


def test_an_outline_keeps_separators_only():
    assert outline(pd.Series(["Éric;1 84,5", None], dtype="str")).tolist()[0] == "xxxx;9 99,9"


def test_place_birth_and_sex_single_people_out():
    frame = pd.DataFrame(
        {
            "Code postal": ["35000"] * 12 + ["22000"] * 3,
            "Date de naissance": [f"0{1 + i % 9}/03/1964" for i in range(12)] + ["01/01/1990", "01/01/1990", ""],
            "Sexe": ["F"] * 15,
        }
    )
    classes = quasi_identifiers(frame)
    assert (classes.lines, classes.rare, classes.smallest) == (14, 2, 2)
    assert classes.columns == ("Code postal", "Date de naissance", "Sexe")
    assert "14,3\u202f% des lignes (2)" in classes.sentence
    assert quasi_identifiers(frame[["Sexe"]]) is None


@pytest.mark.parametrize(
    "text",
    [
        "cf. dossier 2760375123456", "NIR 1 84 12 76 451 089 46", "2 76 03 75 123 456 97", "2 76 03 75 123 456",
        "rappeler au 06 12 34 56 78", "tél. +33 6 12 34 56 78", "voir jean.dupont@example.fr",
    ],
)  # fmt: skip
def test_a_person_named_among_words_is_certain(text):
    assert certain_identifiers(pa.array([text])).tolist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "2760375123456", "3400936403114", "facture 12345678901234", "SIRET 552 100 554 00013",
        "du 01 02 2024 au 03 04 2024",
        "Dentaire", "lot 2026-01-12-034", "montant 1 234 567,89", "contrat 12 34 56 78 90 12", "FINESS 750712184",
    ],
)  # fmt: skip
def test_a_code_alone_or_a_number_among_words_is_not(text):
    assert certain_identifiers(pa.array([text])).tolist() == [False]
