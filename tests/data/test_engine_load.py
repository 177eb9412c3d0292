"""A dataset made from an engine is the one that a file of the same lines gives."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.errors import MappingError, ParameterError
from data import load_dataset
from data.engine import load_from_engine, loading, open_engine, plan, result


def claims(rows: int = 3_000, seed: int = 5) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(draw.integers(0, 700, rows), unit="D")
    cents = draw.integers(-5_000, 40_000, rows)
    return pd.DataFrame(
        {
            "date_soins": days,
            "region": draw.choice(["Île-de-France", "Bretagne", "Occitanie", "Corse"], rows),
            "poste": draw.choice(["Optique", "Dentaire", "Pharmacie", "", None], rows),
            "num_adherent": draw.integers(10**6, 2 * 10**6, rows).astype(str),
            "actes": draw.integers(1, 5, rows),
            "frais_reels": [Decimal(int(c)) / 100 for c in cents + 100],
            "prestation": [Decimal(int(c)) / 100 for c in cents],
        }
    )


def write(frame: pd.DataFrame, path) -> str:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return str(path)


def damir(rows: int = 4_000, seed: int = 3) -> pd.DataFrame:
    """A made-up month of Open DAMIR: the variables read, one raw amount and one code that are not."""
    draw = np.random.default_rng(seed)
    paid = draw.integers(100, 20_000, rows) / 100
    return pd.DataFrame(
        {
            "FLX_ANN_MOI": draw.choice([202401, 202402], rows),
            "SOI_ANN": draw.choice([2023, 2024], rows),
            "SOI_MOI": draw.integers(1, 13, rows),
            "BEN_RES_REG": draw.choice([5, 11, 24, 75, 99], rows),
            "AGE_BEN_SNDS": draw.choice([0, 20, 60, 99], rows),
            "BEN_SEX_COD": draw.choice([1, 2], rows),
            "PRS_NAT": draw.choice([1110, 1112, 1451, 3313, 3364, 3563, 3503, 9999], rows),
            "FLT_PAI_MNT": paid,
            "FLT_REM_MNT": np.round(paid * 0.7, 2),
            "FLT_ACT_QTE": draw.integers(0, 3, rows),
            "PRS_PAI_MNT": paid,
            "TOP_PS5_TRG": draw.integers(0, 10, rows),
        }
    )


def assert_same(ours, theirs) -> None:
    pd.testing.assert_frame_equal(ours.prestation, theirs.prestation)
    pd.testing.assert_frame_equal(ours.cotisation, theirs.cotisation)
    for name in ("mapping", "labels", "value_labels", "base", "date_basis", "as_of", "source"):
        assert getattr(ours, name) == getattr(theirs, name), name


def test_claims_give_the_dataset_of_their_file(tmp_path):
    path = write(claims(), tmp_path / "soins.parquet")
    ours = load_from_engine(open_engine(path), name="soins.parquet")
    assert_same(ours, load_dataset(path))
    assert ours.dialect["lignes"] == 3_000
    assert ours.mapping["num_adherent"] == "ignorer"
    assert "unicite.non_cherchee" in set(ours.findings["code"])


def test_amounts_stored_as_doubles_give_the_same_euros(tmp_path):
    frame = claims().astype({"prestation": "float64", "frais_reels": "float64"})
    path = write(frame, tmp_path / "soins.parquet")
    assert_same(load_from_engine(open_engine(path), name="soins.parquet"), load_dataset(path))


def test_open_damir_is_recognised_and_gives_the_dataset_of_its_file(tmp_path):
    path = write(damir(), tmp_path / "A202401.parquet")
    ours, theirs = load_from_engine(open_engine(path), name="A202401.parquet"), load_dataset(path)
    assert_same(ours, theirs)
    told = set(map(tuple, ours.findings[["code", "colonne", "message"]].to_numpy()))
    assert set(map(tuple, theirs.findings[["code", "colonne", "message"]].to_numpy())) <= told


def test_a_cube_too_large_is_made_month_by_month(tmp_path, monkeypatch):
    path = write(damir(), tmp_path / "A202401.parquet")
    whole = load_dataset(path)
    for module in (plan, result):
        monkeypatch.setattr(module, "MAX_ROWS", 1_500)  # two months of payment of 2,000 lines each
    ours = load_from_engine(open_engine(path), name="A202401.parquet")
    assert_same(ours, whole)
    assert ours.dialect["lignes"] == 4_000
    monkeypatch.setattr(loading, "MAX_DATASET", 1_000)
    with pytest.raises(ParameterError, match="Le cube mensuel"):
        load_from_engine(open_engine(path))


def test_lines_without_a_month_are_counted_as_rejected(tmp_path):
    frame = claims(500)
    frame.loc[frame.index < 7, "date_soins"] = pd.NaT
    path = write(frame, tmp_path / "soins.parquet")
    ours, theirs = load_from_engine(open_engine(path), name="soins.parquet"), load_dataset(path)
    assert_same(ours, theirs)
    assert len(theirs.rejected) == 7
    assert ours.rejected["raison"].tolist() == ["le mois est absent (lignes : 7)"]
    assert "rejetées : 7." in ours.findings.set_index("code").loc["exhaustivite.mois_absent", "message"]


def test_a_column_of_too_many_values_is_an_identifier_whatever_its_first_lines_say(tmp_path):
    frame = claims(30_000)
    frame["guichet"] = [f"G{i % 900}" if i < 20_000 else f"H{i}" for i in range(30_000)]
    path = write(frame, tmp_path / "soins.parquet")
    ours = load_from_engine(open_engine(path), name="soins.parquet")
    assert ours.mapping["guichet"] == "ignorer"
    assert "guichet" not in ours.prestation
    assert ours.prestation["prestation"].sum() == pytest.approx(float(frame["prestation"].sum()))


def test_premiums_that_may_be_repeated_are_asked_about(tmp_path):
    frame = claims(200).assign(cotisation_ht=[Decimal("30.00")] * 200)
    engine = open_engine(write(frame, tmp_path / "soins.parquet"))
    with pytest.raises(MappingError) as error:
        load_from_engine(engine)
    assert [q.key for q in error.value.questions] == ["repetition:cotisation"]
    shared = load_from_engine(engine, {"repetition:cotisation": "repartie"})
    assert shared.cotisation["cotisation"].sum() == pytest.approx(6_000)
    with pytest.raises(MappingError, match="ne peut pas être additionné"):
        load_from_engine(engine, {"repetition:cotisation": "repetee"})


def test_amounts_stored_as_text_are_refused(tmp_path):
    frame = claims(100)
    frame["prestation"] = frame["prestation"].map(lambda d: str(d).replace(".", ","))
    engine = open_engine(write(frame, tmp_path / "soins.parquet"))
    with pytest.raises(MappingError, match="sont du texte"):
        load_from_engine(engine)
