from dataclasses import replace

import pandas as pd
import pytest

from analytics.errors import InsufficientData
from analytics.predictive.landing import describe_ahead
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import build_series


def test_parts_sum_to_the_whole(small):
    series = build_series(small, "prestation", small.months, {}, by="poste")
    wide = series.frame.pivot(index="mois", columns="serie", values="valeur")
    assert series.hierarchy == {WHOLE: ("dentaire", "optique", "pharmacie")}
    pd.testing.assert_series_equal(wide[list(series.hierarchy[WHOLE])].sum(axis=1), wide[WHOLE], check_names=False)


def test_only_the_months_and_the_perimeter_asked(small):
    months = small.months[:24]
    series = build_series(small, "prestation", months, {"region": ("A",)}, by="contrat")
    care = small.prestation[(small.prestation["region"] == "A") & small.prestation["mois"].isin(months)]
    whole = series.frame[series.frame["serie"] == WHOLE]
    assert whole["valeur"].sum() == pytest.approx(care["prestation"].sum())
    assert len(whole) == 24


def test_a_part_with_a_hole_gives_the_whole_alone(small):
    care = small.prestation[~((small.prestation["poste"] == "optique") & (small.prestation["mois"] == "2021-03-01"))]
    series = build_series(replace(small, prestation=care), "prestation", small.months, {}, by="poste")
    assert series.hierarchy == {}
    assert set(series.frame["serie"]) == {WHOLE}


def test_nothing_to_forecast(small):
    with pytest.raises(InsufficientData, match="Aucun mois complet"):
        build_series(small, "prestation", small.months[:0], {}, by=None)
    with pytest.raises(InsufficientData, match="aucun montant"):
        build_series(small, "prestation", small.months, {"region": ("Z",)}, by=None)


def frames(known_months):
    history = pd.DataFrame({"mois": pd.date_range("2024-01-01", periods=known_months, freq="MS"), "valeur": 10.0})
    start = history["mois"].iloc[-1] + pd.DateOffset(months=1)
    ahead = pd.DataFrame({"mois": pd.date_range(start, periods=12, freq="MS"), "valeur": 11.0})
    return history, ahead.assign(bas_80=9.0, haut_80=13.0)


def test_the_sentence_prints_sums_of_the_tables():
    history, ahead = frames(20)
    sentence = describe_ahead(history, ahead, subject="Dentaire", measure="prestations")
    assert sentence.numbers == ("132\u202f€", "120\u202f€", "+10,0\u202f%")
    assert all(number in sentence.text for number in sentence.numbers)
    short = describe_ahead(history.head(5), ahead, subject="Dentaire", measure="prestations")
    assert short.numbers == ("132\u202f€",)
