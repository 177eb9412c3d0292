"""Closed formulas against the worked example of the actuarial memoir (CNP 2019, table 4.7)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import ParameterError
from analytics.prescriptive import project, redressement
from analytics.prescriptive.redressement import redressement_table

CADRE = (24_022.98 + 336.32, 22_079.33)
NON_CADRE = (127_897.06 + 1_790.56, 145_220.93)


@pytest.mark.parametrize(
    ("claims", "premiums", "sp", "alpha"),
    [
        (*CADRE, 110.33, 11.43),
        (*NON_CADRE, 89.30, -9.80),
        (CADRE[0] + NON_CADRE[0], CADRE[1] + NON_CADRE[1], 92.08, -7.00),
    ],
)
def test_memoir(claims, premiums, sp, alpha):
    assert round(100 * claims / premiums, 2) == sp
    assert 100 * redressement(claims / premiums, 0.01) == pytest.approx(alpha, abs=0.0101)


def test_by_category_or_pooled_the_total_is_the_same():
    apart = sum(premiums * (1 + redressement(claims / premiums, 0.01)) for claims, premiums in (CADRE, NON_CADRE))
    claims, premiums = CADRE[0] + NON_CADRE[0], CADRE[1] + NON_CADRE[1]
    pooled = premiums * (1 + redressement(claims / premiums, 0.01))
    assert apart == pytest.approx(pooled)
    assert pooled == pytest.approx(155_587.39, abs=0.01)


@given(st.floats(0.3, 2), st.floats(-0.2, 0.3), st.floats(-0.3, 0.3), st.floats(0.5, 1.2))
def test_the_increase_reaches_the_target(sp, derive, garanties, cible):
    alpha = redressement(sp, derive, garanties, cible=cible)
    assert sp * (1 + derive) * (1 + garanties) / (1 + alpha) == pytest.approx(cible)


def test_projection_by_hand():
    result = project(1_000_000, 0.9, chute=0.1, revalo=0.05, derive=0.03, affaires_nouvelles=20_000)
    assert result.cotisation == pytest.approx(965_000)
    assert result.sp == pytest.approx(0.9 * 1.03 / 1.05)
    assert result.prestation == pytest.approx(965_000 * 0.9 * 1.03 / 1.05)


@given(st.floats(0.3, 2), st.floats(-0.2, 0.3))
def test_projection_and_increase_agree(sp, derive):
    alpha = redressement(sp, derive)
    assert project(1.0, sp, chute=0.0, revalo=alpha, derive=derive).sp == pytest.approx(1.0)


@pytest.mark.parametrize("sp", [0.0, -1.0, float("nan")])
def test_refused(sp):
    with pytest.raises(ParameterError):
        redressement(sp, 0.01)


@pytest.mark.parametrize("option", [{"chute": 1.2}, {"revalo": -1.0}, {"derive": -1.5}, {"affaires_nouvelles": -1.0}])
def test_projection_refused(option):
    with pytest.raises(ParameterError):
        project(1000, 0.9, **{"chute": 0.1, "revalo": 0.05, "derive": 0.03, **option})


MEMOIR = pd.DataFrame(
    {
        "categorie": ["cadre", "non-cadre"], "prestation": [24_022.98, 127_897.06], "provision": [336.32, 1_790.56],
        "cotisation": [22_079.33, 145_220.93],
    }
)  # fmt: skip


def test_table_of_the_memoir():
    table = redressement_table(MEMOIR, derive=0.01).set_index("categorie")
    assert (100 * table["sp"]).round(2).tolist() == [110.33, 89.30, 92.08]
    assert (100 * table["redressement"]).round(2).tolist() == [11.43, -9.80, -7.00]
    np.testing.assert_allclose(table["sp_projete"], 1.0, rtol=1e-12)
    assert table.loc["Ensemble", "cotisation_redressee"] == pytest.approx(155_587.39, abs=0.01)
    apart = table.drop("Ensemble")
    assert apart["cotisation_redressee"].sum() == pytest.approx(table.loc["Ensemble", "cotisation_redressee"])
    assert apart["solidarite"].sum() == pytest.approx(0.0, abs=1e-8)
    assert table.loc["cadre", "solidarite"] < 0 < table.loc["non-cadre", "solidarite"]


def test_projecting_again_gives_the_target():
    table = redressement_table(MEMOIR, derive=0.01).set_index("categorie")
    for row in table.itertuples():
        again = project(row.cotisation, row.sp, chute=0.0, revalo=row.redressement, derive=row.derive)
        assert again.sp == pytest.approx(1.0)


@given(st.floats(-0.1, 0.2), st.floats(-0.1, 0.2), st.floats(-0.2, 0.2), st.floats(0.6, 1.1))
def test_table_with_rates_by_category(drift, other, cover, target):
    table = redressement_table(
        MEMOIR, derive={"cadre": drift, "non-cadre": other}, garanties={"cadre": cover, "non-cadre": 0.0}, cible=target
    ).set_index("categorie")
    np.testing.assert_allclose(table["sp_projete"], target, rtol=1e-10)
    apart = table.drop("Ensemble")["cotisation_redressee"].sum()
    assert table.loc["Ensemble", "cotisation_redressee"] == pytest.approx(apart)


def test_table_refused():
    with pytest.raises(ParameterError, match="cotisation"):
        redressement_table(MEMOIR.drop(columns="cotisation"))
    with pytest.raises(ParameterError, match="taux"):
        redressement_table(MEMOIR, derive={"cadre": 0.01})
    with pytest.raises(ParameterError):
        redressement_table(MEMOIR.head(0))
