"""Parquet files: types kept, text read, rows numbered; what is not a table refused."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.errors import ReadError
from data import read_table


def parquet(columns: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def test_types_are_kept():
    table = read_table(
        parquet(
            {
                "Mois": pa.array([dt.date(2024, 1, 1), None], pa.date32()),
                "Région": pa.array(["Corse", None]).dictionary_encode(),
                "Prestations": pa.array([Decimal("12.50"), None], pa.decimal128(12, 2)),
                "Actes": pa.array([3, None], pa.int32()),
                "Code postal": pa.array(["01000", "75001"]),
            }
        )
    )
    assert table.tidy["Mois"].tolist() == [pd.Timestamp(2024, 1, 1), pd.NaT]
    assert table.tidy["Prestations"].iloc[0] == 12.5
    assert np.isnan(table.tidy["Prestations"].iloc[1])
    assert table.tidy["Actes"].iloc[0] == 3
    assert table.tidy["Région"].isna().tolist() == [False, True]
    assert table.tidy["Code postal"].tolist() == ["01000", "75001"]
    assert table.lines.tolist() == [1, 2]
    assert table.frame.iloc[0].tolist() == ["2024-01-01", "Corse", "12.50", "3", "01000"]
    assert table.questions == ()


def test_the_same_table_as_its_csv():
    frame = {"mois": ["2024-01", "2024-02"], "poste": ["Optique", "Dentaire"], "prestations": [12.5, 1234.25]}
    text = b"mois;poste;prestations\n2024-01;Optique;12,5\n2024-02;Dentaire;1234,25\n"
    pd.testing.assert_frame_equal(read_table(parquet(frame)).tidy, read_table(text).tidy)


def test_months_in_columns_become_rows():
    table = read_table(parquet({"poste": ["Optique", "Dentaire"], "2024-01": [1.5, 2.5], "2024-02": [3.0, 4.0]}))
    assert table.tidy["valeur"].tolist() == [1.5, 3, 2.5, 4]
    assert table.lines.tolist() == [1, 1, 2, 2]


def test_infinity_is_rejected_not_added():
    table = read_table(parquet({"mois": ["2024-01", "2024-02"], "prestations": [1.0, np.inf]}))
    assert table.rejected["ligne"].tolist() == [2]
    assert table.tidy["prestations"].tolist() == [1.0]


@pytest.mark.parametrize(
    "content",
    [
        parquet({"a": pa.array([[1], [2]])}),
        parquet({"a": pa.array([b"\x00", b"\x01"])}),
        b"PAR1" + b"\x00" * 60 + b"PAR1",
        parquet({"a": [1.0], "b": ["x"]})[:-20],
    ],
)
def test_what_is_not_a_table_is_refused(content):
    with pytest.raises(ReadError) as caught:
        read_table(content)
    assert caught.value.remede


def test_a_file_has_no_sheet():
    with pytest.raises(ReadError, match="feuilles"):
        read_table(parquet({"a": [1.0]}), sheet="Feuil1")
