"""The picture of a replay, drawn by a real Vega engine."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import vl_convert

from charts.development import ESTIMATED, PAID, TODAY, chart_development
from charts.theme import MAX_MARKS

AS_OF = pd.Timestamp("2025-12-01")


def table() -> pd.DataFrame:
    months = pd.date_range("2024-01-01", periods=24, freq="MS")
    now = np.linspace(10e6, 12e6, 24)
    paid, ultimate = now.copy(), now.copy()
    paid[-3:] *= [0.97, 0.9, 0.5]
    ultimate[-3:] *= [1.0, 1.01, 0.98]
    open_ = np.arange(24) >= 21
    return pd.DataFrame(
        {"mois": months, "paye": paid, "ultime": ultimate, "bas_80": np.where(open_, ultimate * 0.95, np.nan),
         "haut_80": np.where(open_, ultimate * 1.05, np.nan), "aujourd_hui": now, "statut": "complet"}
    )  # fmt: skip


def draw(frame: pd.DataFrame, **options):
    return chart_development(frame, as_of=AS_OF, title="Prestations", unit="EUR", **options)


def test_the_drawing_says_what_was_known_and_when():
    drawing = vl_convert.vegalite_to_svg(json.dumps(draw(table(), is_demo=True).standalone()))
    for word in (PAID, ESTIMATED, TODAY, "décembre", "8 chances sur 10", "Données simulées", "M€"):
        assert word in drawing


def test_the_numbers_of_the_words_are_in_the_table():
    picture = draw(table())
    last = picture.table.iloc[-1]
    assert list(picture.table.columns) == [
        "Mois", PAID, ESTIMATED, "Bas 80 %", "Haut 80 %", TODAY, "Écart de l’estimation"
    ]  # fmt: skip
    assert last[PAID] == 6e6
    assert last["Écart de l’estimation"] == pytest.approx(-0.02 * 12e6)
    assert "6,00\u202fM€ payés" in picture.alt
    assert "11,8\u202fM€ estimés" in picture.alt
    assert "\u2212240,0\u202fk€" in picture.alt
    assert "déc.\u00a02025" in picture.alt
    assert len(picture.data) <= MAX_MARKS


def test_what_was_not_known_is_not_drawn():
    blind = table().assign(ultime=np.nan, bas_80=np.nan, haut_80=np.nan)
    picture = draw(blind)
    assert set(picture.data["serie"]) == {PAID, TODAY}
    assert ESTIMATED not in picture.table.columns
    drawing = vl_convert.vegalite_to_svg(json.dumps(picture.standalone()))
    assert "8 chances sur 10" not in drawing
    assert "rien à confronter" in picture.alt


def test_the_table_given_is_not_changed():
    frame = table()
    before = frame.copy()
    draw(frame)
    pd.testing.assert_frame_equal(frame, before)
