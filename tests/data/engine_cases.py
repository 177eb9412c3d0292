"""Lines and cubes on which engines differ when nothing is done about it."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
from hypothesis import strategies as st

from data.engine import Filter, Measure, Month, Order, Period, Spec

TEXTS = ("Été", "été", "ETE", "Été ", " Été", "", None, "O'Brien", 'a"b', "z", "É", "\U0001f600", "\ue000", "NULL", "%")
DAYS = (date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 29), None, date(1999, 1, 1))
INSTANTS = (
    datetime(2023, 12, 31, 22, 59, 59, tzinfo=UTC),  # still in December in Paris
    datetime(2023, 12, 31, 23, 0, tzinfo=UTC),  # already in January
    datetime(2024, 6, 30, 21, 59, 59, tzinfo=UTC),
    datetime(2024, 6, 30, 22, 0, tzinfo=UTC),  # July, in summer time
    None,
)
SCHEMA = pa.schema(
    {
        "texte": pa.string(),
        "autre": pa.string(),
        "personne": pa.int64(),
        "montant": pa.decimal128(18, 2),
        "taux": pa.decimal128(20, 8),
        "centimes": pa.float64(),
        "libre": pa.float64(),
        "code": pa.float64(),
        "jour": pa.date32(),
        "heure": pa.timestamp("us"),
        "instant": pa.timestamp("us", "UTC"),
        "annee": pa.int32(),
        "mois": pa.int16(),
        "vrai": pa.bool_(),
    }
)


def make_rows(count: int, seed: int = 20260101) -> list[dict]:
    """Lines, always the same."""
    draw = random.Random(seed)
    return [_row(draw.choice) for _ in range(count)]


def _row(pick) -> dict:
    """One line, each cell drawn by `pick` from what makes engines differ."""
    return {
        "texte": pick(TEXTS),
        "autre": pick(("A", "B", "", None)),
        "personne": pick((1, 2, 3, -(2**62), 2**53 + 1, None)),
        "montant": pick((Decimal("0.01"), Decimal("-12.30"), Decimal("9999999999999999.99"), Decimal(0), None)),
        "taux": pick((Decimal("0.00000001"), Decimal("-3.5"), None)),
        "centimes": pick((0.1, 0.29, -0.07, 1.1, 4.35, -1234567.89, None)),
        "libre": pick((math.pi, -math.e, 1e-7, 0.125, 123456.7891234, None)),
        "code": pick((11.0, 84.0, 0.0, -1.0, None)),
        "jour": pick(DAYS),
        "heure": pick((datetime(2023, 12, 31, 23, 59, 59, 999999), datetime(2024, 1, 1), None)),
        "instant": pick(INSTANTS),
        "annee": pick((2023, 2024, 0, None)),
        "mois": pick((0, 1, 12, 13, None)),
        "vrai": pick((True, False, None)),
    }


AXES = (
    *("texte", "autre", "personne", "montant", "code", "jour", "heure", "instant", "vrai"),
    *(Month(c, f"m_{c}") for c in ("jour", "heure", "instant")),
    Period("annee", "mois", "periode"),
)
MEASURES = (
    Measure("lignes"),
    *(Measure("somme", c) for c in ("montant", "taux", "centimes")),
    Measure("somme", "libre", scale=6),
    Measure("somme", "personne", "total"),
    *(Measure("distincts", c) for c in ("texte", "personne", "jour", "instant", "code", "montant", "vrai")),
    *(Measure("renseignes", c) for c in ("texte", "montant", "vrai")),
    *(Measure(o, c) for o in ("minimum", "maximum") for c in ("personne", "taux", "libre", "jour", "instant")),
)
FILTERS = (
    Filter("texte", "parmi", ("Été", "", "O'Brien")),
    Filter("texte", "egal", ('a"b',)),
    Filter("autre", "manquant"),
    Filter("autre", "renseigne"),
    Filter("montant", "entre", (Decimal("-12.30"), Decimal("0.01"))),
    Filter("libre", "entre", (None, 1.0)),
    Filter("code", "parmi", (11, None)),
    Filter("jour", "entre", (date(2024, 1, 1), None)),
    Filter("instant", "entre", (date(2024, 1, 1), date(2024, 6, 30))),
    Filter(Month("instant"), "egal", (date(2024, 7, 14),)),
    Filter(Period("annee", "mois"), "entre", (date(2023, 12, 1), date(2024, 1, 1))),
    Filter("vrai", "egal", (True,)),
    Filter("personne", "parmi", (2**53 + 1, 1)),
)


@st.composite
def specs(draw) -> Spec:
    axes = draw(st.lists(st.sampled_from(AXES), max_size=3, unique=True))
    measures = draw(st.lists(st.sampled_from(MEASURES), min_size=0 if axes else 1, max_size=5, unique=True))
    names = [a if isinstance(a, str) else a.name for a in axes]
    measures = [m for m in measures if m.name not in names and m.column not in names]
    if not axes and not measures:
        measures = [Measure("lignes")]
    spec = Spec(axes, measures, draw(st.lists(st.sampled_from(FILTERS), max_size=2)))
    order = draw(st.lists(st.builds(Order, st.sampled_from(spec.names), st.booleans()), max_size=2))
    return Spec(spec.dimensions, spec.measures, spec.filters, order, draw(st.none() | st.integers(1, 30)))
