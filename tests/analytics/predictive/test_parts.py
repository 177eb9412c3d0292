"""The change between two years shared between components: exact sums, and known answers."""

import numpy as np
import pandas as pd
import pytest

from analytics.predictive.calendar import WORKING_DAYS, log_working_days
from analytics.predictive.estimated import estimated_months
from analytics.predictive.parts import ABERRANT, DAYS, SEASON, TREND, explain_change
from analytics.uncertainty import Z_80

MONTHS = pd.date_range("2019-01-01", periods=84, freq="MS")
N = 72
STEP = pd.DataFrame(
    {"evenement": ["Grille"], "debut": [pd.Timestamp("2024-07-01")], "fin": [pd.NaT], "forme": ["palier"]}
)


def effects(*rows):
    columns = ["effet", "beta", "variation", "retenu", "raison"]
    return pd.DataFrame(rows, columns=columns)


def frames(values):
    table = pd.DataFrame({"mois": MONTHS, "valeur": values})
    return table.head(N), table.tail(12)


def test_a_step_of_half_a_year_counts_for_its_other_half():
    column = (pd.Timestamp("2024-07-01") <= MONTHS).astype(float)
    y = 100 * np.exp(0.1 * column)
    parts = explain_change(*frames(y), effects(("Grille", 0.1, np.expm1(0.1), True, "")), serie="E", events=STEP,
                           calendar=None)  # fmt: skip
    table = parts.table.set_index("composante")
    gain = 100 * np.expm1(0.1)
    assert table.loc["Grille", "contribution"] == pytest.approx(6 * gain)
    assert table.loc["Grille", "derniers"] == pytest.approx(6 * gain)
    assert table.loc[TREND, "contribution"] == pytest.approx(0, abs=1e-9)
    assert table.loc[SEASON, "contribution"] == 0
    assert parts.prochains - parts.derniers == pytest.approx(6 * gain)


@pytest.mark.parametrize("log", [True, False])
def test_the_parts_sum_to_the_change_and_days_are_counted_by_month(log):
    rng = np.random.default_rng(1)
    days = log_working_days(MONTHS)
    y = 1000 + 3 * np.arange(84) + rng.normal(0, 20, 84)
    y = y * np.exp(0.6 * days) if log else y + 600 * days
    rows = effects(
        (WORKING_DAYS, 0.6, np.expm1(0.6) if log else np.nan, True, ""),
        ("Grille", 0.05, 0.05 if log else np.nan, True, "effet donné"),
        ("mois aberrant (2024-03)", -0.2, -0.18 if log else np.nan, True, "détecté"),
        ("écarté", 9.0, 9.0, False, "trop faible"),
    )
    parts = explain_change(*frames(y), rows, serie="E", events=STEP)
    table = parts.table.set_index("composante")
    assert table["contribution"].sum() == pytest.approx(parts.prochains - parts.derniers, abs=1e-9)
    assert parts.prochains - parts.derniers == pytest.approx(y[-12:].sum() - y[-24:-12].sum())
    assert set(table.index) == {TREND, SEASON, DAYS, "Grille", ABERRANT}
    assert table.loc["Grille", "nature"] == "hypothèse"
    assert table.loc[ABERRANT, "prochains"] == 0
    assert table.loc[ABERRANT, "contribution"] > 0  # a hollow month of last year will not come back
    if not log:
        scale = np.abs(y[:N]).mean()
        assert table.loc[DAYS, "prochains"] == pytest.approx(0.6 * scale * days[-12:].sum())
    assert set(parts.profile["composante"]) >= {TREND, SEASON, DAYS}
    assert parts.profile["mois"].min() == MONTHS[-36]


def test_a_hole_in_the_last_year_is_said():
    y = np.full(84, 10.0)
    y[N - 3] = np.nan
    assert "manque" in explain_change(*frames(y), effects(), serie="E").raison


def test_estimated_months_carry_the_relative_error_of_the_whole():
    months = MONTHS[:3]
    values = pd.DataFrame({"mois": months, "valeur": [10.0, 20.0, 30.0]})
    maturity = pd.DataFrame(
        {"mois": months, "part_connue": [1, 0.9, 0.4], "statut": ["complet", "provisoire", "incomplet"]}
    )
    errors = pd.DataFrame({"mois": months, "ultime": [100.0, 200.0, 300.0], "se": [0.0, 10.0, np.nan]})
    table = estimated_months(values, maturity, errors)
    assert table["mois"].tolist() == list(months[1:])
    assert table["haut_80"].iloc[0] == pytest.approx(20 * (1 + Z_80 * 0.05))
    assert np.isnan(table["bas_80"].iloc[1])
    assert estimated_months(values, maturity, None)["bas_80"].isna().all()
