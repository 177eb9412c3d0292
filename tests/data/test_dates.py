"""Dates: French months, day first, ISO, compact months, and what is said when the order is unsure."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.readers.dates import parse_dates

MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
SHORT = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")


def read(*texts: str, **options):
    return parse_dates(pd.Series(texts, dtype="str"), **options)


def day(text: str) -> np.datetime64:
    return np.datetime64(text, "s")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-03-31", "2024-03-31"),
        ("2024/03/31", "2024-03-31"),
        ("2024-03-31T23:59:59", "2024-03-31"),
        ("2024-03-31 23:59:59.123Z", "2024-03-31"),
        ("2024-03-31T00:30:00+02:00", "2024-03-31"),
        ("31/03/2024", "2024-03-31"),
        ("31/3/24", "2024-03-31"),
        ("31-03-2024", "2024-03-31"),
        ("31.03.2024", "2024-03-31"),
        ("31/03/2024 14:05", "2024-03-31"),
        ("31/03/98", "1998-03-31"),
        ("2024-03", "2024-03-01"),
        ("03/2024", "2024-03-01"),
        ("2024M03", "2024-03-01"),
        ("mars 2024", "2024-03-01"),
        ("MARS 2024", "2024-03-01"),
        ("mars-24", "2024-03-01"),
        ("1er mars 2024", "2024-03-01"),
        ("2024 mars", "2024-03-01"),
        ("déc.-24", "2024-12-01"),
        ("Aout 2024", "2024-08-01"),
        ("févr. 2024", "2024-02-01"),
        ("FÉV 2024", "2024-02-01"),
        ("AOÛ-24", "2024-08-01"),
        ("janv24", "2024-01-01"),
        ("lundi 4 mars 2024", "2024-03-04"),
        ("2024-T1", "2024-01-01"),
        ("2024T2", "2024-04-01"),
        ("T3 2024", "2024-07-01"),
        ("4T24", "2024-10-01"),
        ("1er trimestre 2024", "2024-01-01"),
        ("2e trim. 2024", "2024-04-01"),
        ("2024 Q4", "2024-10-01"),
    ],
)
def test_reads_french_dates(text, value):
    assert read(text).values[0] == day(value)


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2024",
        "2024-13",
        "13/2024",
        "00/2024",
        "2024",
        "2024-T5",
        "T1",
        "jui 2024",
        "12,5",
        "1.234",
        "abc",
        "mars",
        "45/45/45",
        "31/12/0999",
    ],
)
def test_refuses_what_is_not_a_date(text):
    assert np.isnat(read(text).values[0])


@pytest.mark.parametrize(
    ("text", "value"), [("202403", "2024-03-01"), ("20240331", "2024-03-31"), ("45382", "2024-03-31")]
)
def test_whole_numbers_are_dates_only_under_a_title_that_says_so(text, value):
    assert read(text, named=True).values[0] == day(value)
    assert np.isnat(read(text).values[0])


def test_a_column_of_compact_months_needs_no_title():
    assert (~np.isnat(read("202401", "202402", "202403").values)).all()


def test_jui_is_read_by_its_neighbours():
    assert read("juin 2024", "jui 2024").values[1] == day("2024-07-01")
    assert read("juil 2024", "jui 2024").values[1] == day("2024-06-01")
    assert np.isnat(read("juin 2024", "juil 2024", "jui 2024").values[2])


def test_quarters_are_told():
    assert read("2024-T1", "2024-T2").quarters
    assert not read("2024-01", "mars 2024").quarters


def test_a_workbook_of_1904_counts_from_another_day():
    assert read("43920", named=True, since_1904=True).values[0] == day("2024-03-31")


def test_excel_serials_agree_with_pandas():
    serials = [str(n) for n in range(36526, 46023, 97)]
    expected = pd.to_datetime(pd.Series(serials).astype(int), unit="D", origin="1899-12-30")
    read_back = read(*serials, named=True)
    assert read_back.serial
    assert (read_back.values == expected.to_numpy().astype("datetime64[s]")).all()


@pytest.mark.parametrize(
    ("texts", "order", "settled", "american"),
    [
        (("31/01/2024", "01/02/2024"), "jour_mois", True, False),
        (("01/01/2024", "01/02/2024"), "jour_mois", True, False),
        (("03/04/2024", "05/06/2024"), "jour_mois", False, False),
        (("01/01/2024", "02/01/2024", "03/01/2024"), "jour_mois", False, True),
        (("01/31/2024", "02/01/2024"), "mois_jour", True, False),
    ],
)
def test_order_of_day_and_month(texts, order, settled, american):
    dates = read(*texts)
    assert (dates.order, dates.settled, dates.monthly_american) == (order, settled, american)


def test_an_answer_imposes_the_order():
    assert read("03/04/2024", order="mois_jour").values[0] == day("2024-03-04")


@settings(deadline=None)
@given(
    st.lists(st.dates(dt.date(1971, 1, 1), dt.date(2069, 12, 31)), min_size=1, max_size=15),
    st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d"]),
)
def test_round_trip_of_days(days, form):
    read_back = read(*(d.strftime(form) for d in days), order="jour_mois")
    assert read_back.values.astype("datetime64[D]").tolist() == days


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1970, 2069), st.integers(1, 12)), min_size=1, max_size=15),
    st.sampled_from(
        ["{long} {y}", "{short} {y}", "{short}-{yy:02d}", "{m:02d}/{y}", "{y}-{m:02d}", "{y} {long}", "1er {long} {y}"]
    ),
)
def test_round_trip_of_months(months, form):
    texts = [form.format(y=y, yy=y % 100, m=m, long=MONTHS[m - 1], short=SHORT[m - 1]) for y, m in months]
    expected = [np.datetime64(f"{y}-{m:02d}-01", "s") for y, m in months]
    assert read(*texts).values.tolist() == np.array(expected).tolist()


def test_one_wrong_date_does_not_turn_the_others_around():
    texts = [f"01/{month:02d}/2024" for month in range(1, 13)] + ["01/13/2024"]
    dates = read(*texts)
    assert dates.order == "jour_mois"
    assert list(dates.values[:12]) == [day(f"2024-{month:02d}-01") for month in range(1, 13)]
    assert np.isnat(dates.values[12])
