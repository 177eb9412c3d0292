"""Files of lines read by every way there is: swept, queried, in memory; all must say the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import data.ingest.reading
import data.ingest.sweep
import data.loading
from data import load_dataset
from data.ingest.reading import read_stream
from data.ingest.stream import Unsuited

REGIONS = ("Île-de-France", "Bretagne", "Provence-Alpes-Côte d’Azur", "Cœur de ville < 100 €")
POSTES = ("Optique", "Dentaire", "Hospitalisation", "Pharmacie", "Médecine générale")
HEADER = "num_ligne;date_soins;region;poste;observation;actes;frais_reels;prestation"


def make_lines(count: int = 400, seed: int = 0, day: str = "{d:02d}/{m:02d}/{y}", amount: str = "{:.2f}") -> list[str]:
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(count):
        y, m, d = 2022 + int(rng.integers(3)), 1 + int(rng.integers(12)), 1 + int(rng.integers(28))
        spent = float(rng.integers(100, 90_000)) / 100
        numbers = [amount.format(v).replace(".", ",") for v in (spent, round(spent * 0.4, 2))]
        when = day.format(y=y, m=m, d=d)
        cells = [
            f"{i:06d}",
            when,
            REGIONS[rng.integers(4)],
            POSTES[rng.integers(5)],
            f"dossier {i}",
            str(rng.integers(1, 5)),
            *numbers,
        ]
        lines.append(";".join(cells))
    return lines


def as_bytes(lines: list[str], encoding: str = "cp1252", end: str = "\n", header: str = HEADER) -> bytes:
    return end.join([header, *lines, ""]).encode(encoding)


def streamed(raw: bytes, **options):
    """Dataset with the smallest threshold, and how the fast path ended: "" when it went to its end.

    The file is swept by small pieces, then read by queries alone: both must say the same.
    """
    swept, end = one_way(raw, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data.ingest.reading, "_swept", refuse)
        queried, other = one_way(raw, **options)
    assert other == end
    assert_same(swept, queried)
    return swept, end


def refuse(*_):
    raise Unsuited("balayage écarté par le test")


def one_way(raw: bytes, **options):
    ends = []

    def watched(*args, **kwargs):
        try:
            found = read_stream(*args, **kwargs)
        except Unsuited as reason:
            ends.append(str(reason))
            raise
        ends.append("")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data.loading, "read_stream", watched)
        for module in (data.ingest.reading, data.ingest.sweep):
            patch.setattr(module, "PIECE", 5_000)
        dataset = load_dataset(raw, threshold=1, **options)
    (end,) = ends
    return dataset, end


def told(findings: pd.DataFrame) -> list[tuple]:
    findings = findings.assign(euros=findings["euros"].astype("float64").round(4))
    rows = findings.astype("object").where(findings.notna(), None)
    texts = rows.assign(
        message=rows["message"].str.replace(r"elle a (plus de )?\S+ valeurs", "elle a beaucoup de valeurs", regex=True)
    )
    return sorted(map(tuple, texts.astype("str").to_numpy()))


def assert_same(one, other) -> None:
    for name in ("prestation", "cotisation"):
        pd.testing.assert_frame_equal(
            getattr(one, name), getattr(other, name), rtol=0, atol=1e-6, check_categorical=True
        )
    for name in ("rejected", "left_out"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    for field in dataclasses.fields(one):
        if field.name not in ("prestation", "cotisation", "rejected", "left_out", "findings", "dialect"):
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    # The two files of lines differ in the type of their amounts.
    assert one.dialect | {"parquet": ""} == other.dialect | {"parquet": ""}
    assert told(one.findings) == told(other.findings)


def check(raw: bytes, *, fast: bool = True, **options):
    dataset, end = streamed(raw, **options)
    assert (end == "") == fast, end
    assert_same(dataset, load_dataset(raw, **options))
    return dataset
