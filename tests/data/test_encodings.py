"""Decoding: every encoding French software writes, and the bytes that are not text."""

from __future__ import annotations

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


@pytest.mark.parametrize("data", [b"a;b\n1;\x00\x01\x02\n", b"a;b\n" + b"1;2\n" * 400_000 + b"\x00\x00\x07;1\n"])
def test_binary_content_is_refused_with_its_line(data):
    with pytest.raises(ReadError, match="octets binaires") as caught:
        decode(data)
    assert caught.value.ligne == data.count(b"\n", 0, data.index(b"\x00")) + 1
    assert caught.value.remede


def test_utf16_cut_in_the_middle_is_refused():
    with pytest.raises(ReadError, match="encodage utf-16"):
        decode("Région;Poste\n".encode("utf-16")[:-1])
