"""The heat map, drawn by a real Vega engine."""

import json

import pandas as pd
import pytest
import vl_convert

from charts.export import to_png
from charts.heatmap import CLICK, chart_heatmap


def table(rows=3, columns=2, secret=()):
    cells = [
        (i, j, f"Région {i}", f"20{20 + j}", 1e5 * (i + j) if (i, j) not in secret else None, (i, j) in secret)
        for i in range(rows)
        for j in range(columns)
    ]
    return pd.DataFrame(cells, columns=["i", "j", "ligne", "colonne", "valeur", "secret"])


def draw(cells, **options):
    return chart_heatmap(cells, title="Prestations", unit="EUR", rows="Région", columns="Année", **options)


def svg(picture):
    return vl_convert.vegalite_to_svg(json.dumps(picture.standalone()))


def test_tiles_carry_their_figures_in_french():
    drawn = svg(draw(table(), is_demo=True))
    assert "100,0\u202fk€" in drawn
    assert "Région 2" in drawn
    assert "Données simulées" in drawn
    assert draw(table()).alt.startswith("Prestations : 6 cases, la plus élevée est Région 2, 2021 avec 300,0\u202fk€")


def test_a_masked_tile_says_secret_and_nothing_else():
    picture = draw(table(secret={(1, 1)}))
    assert "1 sous secret statistique" in picture.alt
    masked = picture.data[picture.data["etiquette"] == "secret"]
    assert masked[["valeur", "rang"]].isna().all(axis=None)
    assert "secret" in svg(picture)


def test_a_click_sends_the_place_of_the_cell():
    params = draw(table()).spec["params"]
    assert [p["name"] for p in params] == [CLICK]
    assert params[0]["select"]["fields"] == ["i", "j"]


def test_many_columns_lose_their_labels_and_too_many_tiles_are_refused():
    layers = [len(draw(table(columns=n)).spec.get("layer", [])) for n in (2, 20)]
    assert layers == [2, 0]
    assert svg(draw(table(columns=20)))
    with pytest.raises(ValueError, match="marks"):
        draw(table(rows=50, columns=50))


def test_one_value_or_none_is_drawn():
    assert to_png(draw(table(rows=1, columns=1))).startswith(b"\x89PNG")
    empty = draw(table(rows=1, columns=1, secret={(0, 0)}))
    assert "aucune valeur" in empty.alt
    assert to_png(empty)


def test_what_is_not_drawn_is_written_and_read_out():
    picture = draw(table(), missing="Image : les 48 dernières colonnes sur 60.")
    assert "les 48 dernières colonnes sur 60" in " ".join(picture.spec["title"]["subtitle"])
    assert "48 dernières" in svg(picture)
    assert picture.alt.endswith("les 48 dernières colonnes sur 60.")
    assert "Image :" not in svg(draw(table()))
