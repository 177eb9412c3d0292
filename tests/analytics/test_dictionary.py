"""The dictionary: the numbers written in a formula give its result back; search forgives accents."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from analytics.bases import DEFINITIONS
from analytics.descriptive import compute_total
from analytics.descriptive.account import LINES
from analytics.dictionary import NO_OWNER, build_dictionary, search, to_table, write_formula
from analytics.indicators import INDICATORS, get_indicator
from analytics.schema import Selection
from charts.export import to_csv

YEAR = Selection(pd.Timestamp(2024, 1, 1), pd.Timestamp(2024, 12, 1))
_NUMBER = re.compile(r"\d[\d\u202f]*(?:,\d+)?(?:\u202f%)?")


def with_costs(dataset):
    return replace(dataset, cotisation=dataset.cotisation.assign(frais_gestion=dataset.cotisation["cotisation"] * 0.2))


def on_a_calculator(formula):
    """Left and right of the last « = », computed from the very characters printed."""
    left, _, right = formula.rpartition(" = ")
    plain = _NUMBER.sub(lambda m: m.group().replace("\u202f", "").replace(",", "."), left)
    plain = plain.replace("÷", "/").replace("−", "-")
    value = eval(re.sub(r"[^\d./()+-]", "", plain))
    shown = _NUMBER.search(right).group().replace("\u202f", "").replace(",", ".")
    return value, float(shown.rstrip("%")) / (100 if shown.endswith("%") else 1), "−" in right


@pytest.mark.parametrize("key", [k for k in INDICATORS if INDICATORS[k].denominator or k == "resultat_technique"])
def test_the_formula_gives_its_result_on_a_calculator(small, key):
    dataset = with_costs(small)
    formula, value, reason = write_formula(dataset, get_indicator(key), YEAR)
    assert reason == ""
    assert value == compute_total(dataset, key, selection=YEAR)["valeur"].iloc[0]
    computed, shown, negative = on_a_calculator(formula)
    assert computed == pytest.approx(value, rel=1e-6, abs=0.02)
    assert (-shown if negative else shown) == pytest.approx(value, abs=0.006)


def test_a_sum_is_its_own_formula(small):
    formula, value, _ = write_formula(small, get_indicator("prestation"), YEAR)
    assert formula.startswith("Prestations ")
    assert "=" not in formula
    assert value == pytest.approx(float(formula.split(" ", 1)[1].replace("\u202f", "").strip("€").replace(",", ".")))


def test_every_indicator_and_every_line_of_the_account_is_there(small):
    entries = build_dictionary(small, YEAR)
    keys = [e.key for e in entries]
    assert set(INDICATORS) <= set(keys)
    assert {f"compte_{k}" for k in LINES} <= set(keys)
    assert len(DEFINITIONS) == sum(e.genre == "Base" for e in entries)
    assert len(keys) == len(set(keys))
    assert all(e.definition and e.source and e.proprietaire for e in entries)
    ratio = next(e for e in entries if e.key == "ratio_pc")
    assert ratio.base == "HT"
    assert "(2024)" in ratio.calcul
    assert next(e for e in entries if e.key == "taux_frais_gestion").raison.startswith("il manque la colonne")


def test_measures_of_the_file_and_their_titles(small):
    own = replace(
        small, prestation=small.prestation.assign(montant_hors_panier=1.0),
        labels={"montant_hors_panier": "Hors panier"},
        mapping={"MT_PREST": "prestation", "Mois": "mois"}, base=None,
    )  # fmt: skip
    entries = {
        e.key: e for e in build_dictionary(own, YEAR, owners={"ratio_pc": " Direction technique ", "actes": " "})
    }
    assert entries["montant_hors_panier"].terme == "Hors panier"
    assert entries["prestation"].colonnes == "MT_PREST"
    assert entries["ratio_pc"].base == "non précisée"
    assert entries["ratio_pc"].proprietaire == "Direction technique"
    assert entries["actes"].proprietaire == NO_OWNER


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("reste a charge", "reste_a_charge_moyen"), ("RESTE À CHARGE", "reste_a_charge_moyen"),
        ("frequence exposition", "frequence"), ("beneficiaires tete", "consommation"), ("Bornhuetter", "part_connue"),
        ("l'annee precedente", "compte_provision_ouverture"), ("cout moyen", "cout_moyen"),
    ],
)  # fmt: skip
def test_search_forgives_accents_and_capitals(small, query, key):
    entries = build_dictionary(small, YEAR)
    assert key in [e.key for e in search(entries, query)]
    assert len(search(entries, query)) < len(entries)


def test_search_wants_every_word(small):
    entries = build_dictionary(small, YEAR)
    assert search(entries, "  ") == entries
    assert search(entries, "dentaire zzz") == ()


def test_the_file_opens_in_a_french_spreadsheet(small):
    table = to_table(build_dictionary(small, YEAR))
    file = to_csv(table)
    assert file.startswith(b"\xef\xbb\xbf")
    head = file.decode("utf-8-sig").splitlines()[0]
    assert head.split(";")[:4] == ["Terme", "Genre", "Définition", "Avec vos chiffres"]
    assert len(table) == len(build_dictionary(small, YEAR))
    missing = table.loc[table["Terme"] == "Taux de frais de gestion", "Avec vos chiffres"].item()
    assert missing.startswith("il manque la colonne")
