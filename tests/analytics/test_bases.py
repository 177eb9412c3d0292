"""Bases of premiums: the market of 2024 in three bases, round trips, dated taxes, nothing assumed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.bases import Rates, by_base, convert, convert_dataset, file_rates, tax_rate
from analytics.descriptive import compute_total
from analytics.errors import ParameterError
from analytics.schema import BASES, Dataset, Selection
from data.references import load_taxes

# DREES, 2024: 36,8 Md€ of benefits for 46,5 Md€ of premiums HT, of which 8,8 Md€ of management; tax of 13,27 %.
MARKET = Rates(0.1327, 8.8 / 46.5, "Urssaf", "DREES")


def test_the_market_of_2024_is_70_79_or_98():
    table = by_base(46.5, 36.8, "HT", MARKET).set_index("base")["ratio"]
    assert table.round(2).to_dict() == {"TTC": 0.70, "HT": 0.79, "nette": 0.98}


@given(
    st.floats(0.01, 1e9), st.sampled_from(BASES), st.sampled_from(BASES), st.floats(0, 0.5), st.floats(0, 0.5)
)  # fmt: skip
def test_round_trip(amount, source, target, taxe, chargement):
    rates = Rates(taxe, chargement)
    there = convert(amount, source=source, target=target, rates=rates)
    assert convert(there, source=target, target=source, rates=rates) == pytest.approx(amount)
    order = {"nette": 0, "HT": 1, "TTC": 2}
    if order[target] >= order[source]:
        assert there >= amount * (1 - 1e-12)


def test_each_step_is_its_definition():
    assert convert(100.0, source="HT", target="TTC", rates=MARKET) == pytest.approx(113.27)
    assert convert(113.27, source="TTC", target="HT", rates=MARKET) == pytest.approx(100)
    assert convert(100.0, source="HT", target="nette", rates=Rates(chargement=0.2)) == 80
    assert convert(np.array([113.27]), source="TTC", target="nette", rates=Rates(0.1327, 0.2))[0] == pytest.approx(80)


@pytest.mark.parametrize(
    ("source", "target", "rates", "word"),
    [
        (None, "HT", MARKET, "pas précisée"),
        ("HT", "brute", MARKET, "inconnue"),
        ("HT", "TTC", Rates(chargement=0.2), "taxe"),
        ("TTC", "HT", Rates(chargement=0.2), "taxe"),
        ("HT", "nette", Rates(taxe=0.1), "chargement"),
    ],
)
def test_nothing_is_assumed(source, target, rates, word):
    with pytest.raises(ParameterError, match=word):
        convert(1.0, source=source, target=target, rates=rates)
    row = by_base(100.0, 50.0, source, rates)
    assert row["ratio"].isna().any() == (target != "brute")
    assert (row.loc[row["ratio"].isna(), "raison"] != "").all()


def test_a_loading_of_everything_is_refused():
    with pytest.raises(ParameterError, match="chargement"):
        Rates(chargement=1.0)
    with pytest.raises(ParameterError, match="taxe"):
        Rates(taxe=-1.0)


def test_taxes_have_their_dates_and_their_source():
    taxes = load_taxes()
    month = pd.Timestamp(2024, 5, 1)
    assert tax_rate(taxes, month)[0] == 0.1327
    assert tax_rate(taxes, month, contrat="non responsable")[0] == 0.2027
    assert "Urssaf" in tax_rate(taxes, month)[1]
    assert np.isnan(tax_rate(taxes, pd.Timestamp(2012, 1, 1))[0])
    # The contribution of 2020 is borne by insurers, that of 2026 is not settled: neither is in a price.
    assert tax_rate(taxes, pd.Timestamp(2020, 6, 1))[0] == 0.1327
    assert tax_rate(taxes, pd.Timestamp(2026, 6, 1))[0] == 0.1327
    stopped = taxes.assign(fin=pd.Timestamp(2023, 12, 1))
    assert np.isnan(tax_rate(stopped, month)[0])


def test_a_converted_dataset_changes_its_premiums_alone(small):
    taxed = convert_dataset(small, "TTC", MARKET)
    assert taxed.base == "TTC"
    assert taxed.prestation is small.prestation
    before, after = (compute_total(d, "ratio_pc")["valeur"].iloc[0] for d in (small, taxed))
    assert after == pytest.approx(before / 1.1327)
    assert convert_dataset(small, "HT", Rates()) is small
    with pytest.raises(ParameterError):
        convert_dataset(replace(small, base=None), "HT", MARKET)


@pytest.mark.parametrize("base", ["HT", "TTC"])
def test_rates_of_the_file(small, base):
    premiums = small.cotisation["cotisation"]
    without = premiums / 1.15 if base == "TTC" else premiums
    own = replace(
        small, base=base, cotisation=small.cotisation.assign(taxes=without * 0.15, frais_gestion=without * 0.18)
    )
    found = file_rates(own, Selection(filtres={"poste": ("dentaire",), "region": ("A",)}))
    assert (found.taxe, found.chargement) == pytest.approx((0.15, 0.18))
    assert np.isnan(file_rates(small).taxe)
    assert np.isnan(file_rates(replace(own, base=None)).taxe)


def taxed_mutual(base="TTC"):
    """100 € HT a month by contract; tax of 7 % until 2021, 13,27 % since."""
    months = pd.date_range("2020-01-01", "2023-12-01", freq="MS")
    rows = pd.DataFrame([(m, c) for m in months for c in "AB"], columns=["mois", "contrat"])
    taxes = np.where(rows["mois"].dt.year <= 2021, 7.0, 13.27)
    premiums = 100.0 + (taxes if base == "TTC" else 0.0)
    return Dataset(rows.assign(cotisation=premiums, taxes=taxes), pd.DataFrame({"mois": months}), base=base)


@pytest.mark.parametrize("year", [2020, 2023, None])
def test_taxes_of_the_file_are_those_of_each_line_whatever_the_period(year):
    """The rate shown is that of the period; the premium of each year has its own."""
    dataset = taxed_mutual()
    period = Selection(pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 1)) if year else None
    rates = file_rates(dataset, period)
    assert rates.taxe == pytest.approx({2020: 0.07, 2023: 0.1327, None: 0.10135}[year])
    found = convert_dataset(dataset, "HT", rates)
    np.testing.assert_allclose(found.cotisation["cotisation"], 100.0)
    back = convert_dataset(taxed_mutual("HT"), "TTC", rates)
    np.testing.assert_allclose(back.cotisation["cotisation"], dataset.cotisation["cotisation"])
    net = convert_dataset(dataset, "nette", replace(rates, chargement=0.2))
    np.testing.assert_allclose(net.cotisation["cotisation"], 80.0)
    np.testing.assert_allclose(
        convert_dataset(net, "TTC", replace(rates, chargement=0.2)).cotisation["cotisation"],
        dataset.cotisation["cotisation"],
    )


def test_a_rate_with_a_source_is_preferred_to_the_taxes_of_the_file():
    found = convert_dataset(taxed_mutual(), "HT", Rates(0.07, source_taxe="votre saisie")).cotisation["cotisation"]
    assert found.iloc[-1] == pytest.approx(113.27 / 1.07)


@pytest.mark.parametrize("base", ["TTC", "HT"])
def test_an_unknown_tax_is_neither_zero_nor_a_premium_lost(base):
    dataset = taxed_mutual(base)
    few = dataset.cotisation.assign(taxes=dataset.cotisation["taxes"].mask(dataset.cotisation.index == 3))
    few = replace(dataset, cotisation=few)
    target = "HT" if base == "TTC" else "TTC"
    assert file_rates(few, Selection(fin=pd.Timestamp(2021, 12, 1))).taxe == pytest.approx(0.07)
    converted = convert_dataset(few, target, Rates()).cotisation["cotisation"]
    expected = convert_dataset(dataset, target, Rates()).cotisation["cotisation"]
    np.testing.assert_allclose(converted, expected)


def test_taxes_known_for_too_few_premiums_are_refused_with_the_reason():
    dataset = taxed_mutual()
    rows = dataset.cotisation.assign(taxes=dataset.cotisation["taxes"].mask(dataset.cotisation.index % 10 == 0))
    poor = replace(dataset, cotisation=rows)
    assert np.isnan(file_rates(poor).taxe)
    with pytest.raises(ParameterError, match="connues que pour 9"):
        convert_dataset(poor, "HT", Rates())
    given = convert_dataset(poor, "HT", Rates(0.1, source_taxe="votre saisie"))
    np.testing.assert_allclose(given.cotisation["cotisation"], rows["cotisation"] / 1.1)
