"""A picture drawn by a real Vega engine, and what every one of them must hold."""

from __future__ import annotations

import json

import altair as alt
import vl_convert

from charts.picture import Picture


def svg(picture: Picture, width: int = 700) -> str:
    return vl_convert.vegalite_to_svg(json.dumps({**picture.standalone(), "width": width}))


def check_drawing(picture: Picture, width: int = 700) -> None:
    """A valid specification, drawn with its title and without a missing number, that has words and a table."""
    alt.Chart.from_dict({**picture.spec, "data": {"name": "source"}}).to_dict()
    drawing = svg(picture, width)
    assert picture.title in drawing
    assert "NaN" not in drawing
    assert "undefined" not in drawing
    assert picture.alt.endswith(".")
    assert len(picture.table)
