"""One visual language: colours that survive colour-blindness and grey print, French numbers and months."""

from __future__ import annotations

import altair as alt

# Blue and orange are told apart by every common form of colour-blindness, and by their lightness in grey print.
BLUE, ORANGE, GREY = "#2F7EBC", "#D9822B", "#8793A3"
TEXT = "#707D8B"  # words drawn by us: read on white as on the dark background
PALETTE = (BLUE, ORANGE, "#5C8AF0", "#432990", "#AB7FA0", "#A6501A", GREY)
HEIGHT = 360  # of the whole picture, title and legend included: the page fits the drawing inside
TITLE_LINE, AXIS = 18, 34
MAX_MARKS = 2000
ON_TELEPHONE = "windowSize()[0] < 640"  # Vega expression; false in an exported file
SIMULATED = "Données simulées"

LOCALE = {
    "number": {
        "decimal": ",",
        "thousands": "\u202f",
        "grouping": [3],
        "currency": ["", "\u202f€"],
        "percent": "\u202f%",
        "minus": "\u2212",
    },
    "time": {
        "dateTime": "%A %e %B %Y à %X",
        "date": "%d/%m/%Y",
        "time": "%H:%M:%S",
        "periods": ["", ""],
        "days": ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
        "shortDays": ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
        "months": [
            "janvier", "février", "mars", "avril", "mai", "juin",
            "juillet", "août", "septembre", "octobre", "novembre", "décembre",
        ],
        "shortMonths": [
            "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
        ],
    },
}  # fmt: skip

CONFIG = {
    "locale": LOCALE,
    "view": {"stroke": None},
    "axis": {
        "grid": True,
        "gridOpacity": 0.4,
        "domain": False,
        "tickSize": 0,
        "labelPadding": 6,
        "titleFontWeight": 400,
    },
    "legend": {"orient": "top", "title": None, "labelLimit": 260, "symbolStrokeWidth": 3},
    "range": {"category": list(PALETTE)},
    "title": {
        "anchor": "start",
        "fontSize": 15,
        "fontWeight": 600,
        "subtitleFontSize": 12,
        "subtitleColor": TEXT,
        "offset": 10,
    },
}


@alt.theme.register("paliers", enable=True)
def _french() -> alt.theme.ThemeConfig:
    return alt.theme.ThemeConfig({"config": CONFIG})


def _amount_labels(scales: tuple[tuple[float, str], ...]) -> str:
    """Vega expression that writes an axis value in the largest unit it reaches."""
    expression = f"format(datum.value, ',.3~f') + '{scales[-1][1]}'"
    for scale, unit in reversed(scales[:-1]):
        expression = (
            f"abs(datum.value) >= {scale:.0f} ? format(datum.value / {scale:.0f}, ',.3~f') + '{unit}' : {expression}"
        )
    return expression


_EUROS = ((1e9, "\u202fMd€"), (1e6, "\u202fM€"), (1e3, "\u202fk€"), (1.0, "\u202f€"))
_COUNTS = ((1e9, "\u202fMd"), (1e6, "\u202fM"), (1.0, ""))
_LABELS = {
    "EUR": _amount_labels(_EUROS),
    "EUR/unite": _amount_labels(_EUROS),
    "taux": "format(datum.value, ',.1~%')",
    "nombre": _amount_labels(_COUNTS),
}


def value_axis(unit: str, **options) -> alt.Axis:
    """Axis of a value in the unit of its indicator, with French separators and units."""
    return alt.Axis(title=None, labelExpr=_LABELS[unit], tickCount=5, **options)


def month_axis() -> alt.Axis:
    """Axis of months: the year under January and under the first label, short French months elsewhere."""
    month, year = "timeFormat(datum.value, '%b')", "timeFormat(datum.value, '%Y')"
    expression = f"month(datum.value) == 0 || datum.index == 0 ? [{month}, {year}] : {month}"
    return alt.Axis(title=None, labelExpr=expression, grid=False, labelOverlap=True, tickCount=12)
