"""Decoding: every encoding French software writes, and the bytes that are not text."""

from __future__ import annotations

import random

import pytest

from analytics.errors import ReadError
from data.readers.encodings import decode

SENTENCE = "Région;Poste;Libellé\nÎle-de-France;Hospitalisation à domicile;Forfait journalier, chambre particulière\n"
#: Written after the rule, none of them was used to tune it.
HELD_OUT = (
    "Mutuelle des Écoles;Prévoyance santé;Août\n",
    "Hérault;Soins dentaires remboursés;Pâques\n",
    "Côtes-d’Armor;Appareillage auditif;Noël\n",
    "Ardèche;Dépassement d’honoraires (maîtrisé);réglé\n",
    "Corrèze;Médecine générale;période reçue\n",
)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman", "cp850"]
)
def test_reads_the_text_whatever_the_encoding(encoding):
    decoded = decode(SENTENCE.encode(encoding))
    assert decoded.text == SENTENCE
    assert decoded.doubtful == ()


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp850"])
@pytest.mark.parametrize("text", HELD_OUT)
def test_reads_one_short_line_never_seen(encoding, text):
    text = text if encoding != "cp850" else text.replace("’", "'")
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Montant;12,50 €\n", "cp1252"), ("Montant;12,50 €\n", "iso-8859-15"), ("cœur;sœur\n", "iso-8859-15")],
)
def test_euro_and_ligature_settle_the_variant(text, encoding):
    assert decode(text.encode(encoding)).text == text


def test_two_encodings_in_one_file_are_read_line_by_line_and_said():
    data = "poste;é\n".encode() + "hôpital;1\n".encode("cp1252") + "santé;2\n".encode()
    decoded = decode(data)
    assert decoded.text == "poste;é\nhôpital;1\nsanté;2\n"
    assert decoded.encoding == "utf-8+cp1252"
    assert decoded.doubtful == (2,)


@pytest.mark.parametrize("rest", ["cp1252", "mac_roman", "cp850"])
def test_whatever_the_other_encoding_of_a_mixed_file(rest):
    good = [f"2024-{i % 12 + 1:02d};Hôpital général;réglé à temps\n" for i in range(40)]
    bad = "2024-01;Médecine;déjà reçu à Béziers\n"
    decoded = decode("".join(good).encode() + bad.encode(rest) + "".join(good).encode())
    assert decoded.text == "".join(good) + bad + "".join(good)
    assert decoded.doubtful == (41,)


@pytest.mark.parametrize("rest", ["cp1252", "mac_roman", "cp850"])
@pytest.mark.parametrize("word", ["Anesthésie", "à l'Évêché", "ÉTÉ", "Île-de-France", "ÁGNES", "réglé"])
def test_a_line_that_holds_both_encodings_is_read_character_by_character(word, rest):
    good = [f"2024-{i % 12 + 1:02d};Hôpital général;réglé à temps\n" for i in range(40)]
    ends = "Médecine;déjà reçu à Béziers;", ";été\n"
    line = ends[0].encode(rest) + word.encode() + ends[1].encode(rest)
    decoded = decode("".join(good).encode() + line)
    assert decoded.text == "".join(good) + ends[0] + word + ends[1]
    assert decoded.doubtful == (41,)


def test_one_line_that_happens_to_be_utf8_does_not_make_a_file_mixed():
    text = "poste;libellé\nmode d’état;1\nsanté;relevé d’été\n" * 3
    assert decode(text.encode("mac_roman")).text == text


@pytest.mark.parametrize("data", [b"a;b\n1;\x00\x01\x02\n", b"a;b\n" + b"1;2\n" * 400_000 + b"\x00\x00\x07;1\n"])
def test_binary_content_is_refused_with_its_line(data):
    with pytest.raises(ReadError, match="octets binaires") as caught:
        decode(data)
    assert caught.value.ligne == data.count(b"\n", 0, data.index(b"\x00")) + 1
    assert caught.value.remede


def test_utf16_cut_in_the_middle_is_refused():
    with pytest.raises(ReadError, match="encodage utf-16"):
        decode("Région;Poste\n".encode("utf-16")[:-1])


#: Never looked at while the rule was written.
PLACES = (
    "Ardèche", "Ariège", "Bouches-du-Rhône", "Corrèze", "Côte-d’Or", "Côtes-d’Armor", "Drôme", "Finistère", "Hérault",
    "Isère", "Lozère", "Nièvre", "Puy-de-Dôme", "Pyrénées-Atlantiques", "Rhône", "Saône-et-Loire", "Haute-Saône",
    "Deux-Sèvres", "Vendée", "Val-d’Oise", "La Réunion", "Mayotte", "Guadeloupe", "Île-d’Aix", "Épernay", "Évry",
    "Œuilly", "Âges", "Besançon", "Nîmes", "Châteauroux", "Fréjus", "Orléans", "Laôn", "Angoulême", "Noël", "Moëlan",
    "Haÿ-les-Roses", "Saint-Étienne", "Compiègne", "Périgueux", "Bégard", "Mâcon", "Béthune", "Sète", "Alès", "Dôle",
)  # fmt: skip
TITLES = ("Département;Échéance;Réglé (€)", "Dept;Echeance;Regle", "Libellé;Période;Montant payé", "DÉPT;MOIS;NB")
REMARKS = (
    "réglé en août", "trop-perçu", "à vérifier", "où ?", "n° 12", "10 % à 20 %", "reçu – voir « dossier »", "sœur",
    "œil gauche…", "maïs", "dû à l’hôpital", "soin d’urgence", "DÉJÀ PAYÉ", "PRÉVOYANCE", "", "", "",
)  # fmt: skip
ABSENT = {
    "cp850": {"’": "'", "Ÿ": "Y", "€": "EUR", "œ": "oe", "Œ": "OE", "–": "-", "…": "..."},
    "iso-8859-15": {"’": "'", "–": "-", "…": "..."},
}


def write_file(rng: random.Random, encoding: str) -> str:
    """A file of 3 to 400 lines, with many different words or few."""
    places = rng.sample(PLACES, rng.choice([1, 2, 4, 12, len(PLACES)]))
    remarks = rng.sample(REMARKS, rng.choice([1, 3, len(REMARKS)]))
    rows = (
        f"{rng.choice(places)};{rng.choice(remarks)};{rng.randint(1, 9999)},50{rng.choice(['', ' €'])}"
        for _ in range(rng.choice([3, 4, 6, 10, 25, 80, 400]))
    )
    text = "\r\n".join([rng.choice(TITLES), *rows])
    text = text.upper() if rng.random() < 0.15 else text
    for char, other in ABSENT.get(encoding, {}).items():
        text = text.replace(char, other)
    return text


def test_files_never_seen_are_decoded_exactly():
    rng = random.Random(20240229)
    wrong, count = [], 0
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252", "iso-8859-15", "mac_roman", "cp850"):
        for _ in range(60):
            text = write_file(rng, encoding)
            count += 1
            if decode(text.encode(encoding)).text != text:
                wrong.append((encoding, text[:200]))
    assert len(wrong) <= 0.01 * count, wrong
