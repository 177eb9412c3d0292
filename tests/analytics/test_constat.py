import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.constat import Constat, describe, describe_perimeter, from_param, same_finding, to_param
from analytics.descriptive import build_constat
from analytics.errors import ParameterError
from analytics.schema import Selection

MONTHS = st.sampled_from(list(pd.date_range("2018-01-01", "2026-10-01", freq="MS")))
AMOUNTS = st.floats(-1e12, 1e12, allow_nan=False) | st.just(math.nan)
FILTERS = st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=20), max_size=3).map(tuple), max_size=3)


@given(MONTHS, MONTHS, AMOUNTS, AMOUNTS, AMOUNTS, FILTERS, st.text(max_size=22))
def test_a_finding_survives_the_link(debut, fin, valeur, reference, euros, filters, token):
    constat = Constat(
        "prestation", Selection(debut, fin, filters, "N-1"), fin, valeur, reference, valeur - reference, euros, 0.01,
        0.97, token,
    )  # fmt: skip
    word = to_param(constat)
    assert set(word) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    back = from_param(word)
    assert same_finding(back, constat)
    for name in ("valeur", "reference", "ecart", "euros", "q_value", "maturite"):
        assert getattr(back, name) == pytest.approx(getattr(constat, name), nan_ok=True, rel=0, abs=0)


@pytest.mark.parametrize("word", ["", "x", "e30", "bm9u", "eyJpIjoxfQ", "é", "W10"])
def test_a_forged_link_is_refused_in_french(word):
    with pytest.raises(ParameterError, match="illisible"):
        from_param(word)


def test_every_number_of_the_sentence_is_in_the_table(small):
    selection = Selection(pd.Timestamp("2023-01-01"), pd.Timestamp("2023-12-01"), {"poste": ("dentaire",)})
    care = small.prestation.query("poste == 'dentaire'").groupby(small.prestation["mois"].dt.year)["prestation"].sum()
    constat = build_constat(small, "prestation", selection)
    assert constat.valeur == pytest.approx(care[2023])
    assert constat.reference == pytest.approx(care[2022])
    sentence = describe(constat, small)
    for number in sentence.numbers:
        assert number in sentence.text
    assert "Dentaire" in sentence.text
    assert "2023" in sentence.text


def test_a_ratio_tells_its_weight_in_euros(small):
    selection = Selection(pd.Timestamp("2023-01-01"), pd.Timestamp("2023-12-01"))
    constat = build_constat(small, "ratio_pc", selection)
    premiums = small.cotisation.loc[small.cotisation["mois"].dt.year == 2023, "cotisation"].sum()
    assert constat.euros == pytest.approx(constat.ecart * premiums)
    assert "pt" in describe(constat, small).text


def test_no_reference_is_said(small):
    selection = Selection(pd.Timestamp("2020-01-01"), pd.Timestamp("2020-12-01"))
    constat = build_constat(small, "prestation", selection)
    assert math.isnan(constat.reference)
    assert "sans période de comparaison" in describe(constat, small).text


def test_perimeter(small):
    assert describe_perimeter(Selection(), small) == "Ensemble"
    many = Selection(filtres={"region": ("A", "B", "C", "D", "E")})
    assert describe_perimeter(many, small) == "A, B, C et 2 autres"
