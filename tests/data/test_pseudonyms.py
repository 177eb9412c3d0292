"""Pseudonyms and their keys.

Change that must turn this red: `hmac.digest(key, …)` → `hashlib.sha256(…)` in data/personal/pseudonyms.py.
"""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analytics.errors import ParameterError, ReadError
from data.personal import key_path, load_key, pseudonyms
from tests.data.personal_columns import nir13, spaced, with_key

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home without key, its store beside."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PALIERS_HOME", str(tmp_path / "paliers"))
    monkeypatch.delenv("PALIERS_KEY", raising=False)
    return tmp_path


def hmac_sha256(key: bytes, text: bytes) -> str:
    """RFC 2104 written out: H(key ^ opad, H(key ^ ipad, text))."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + text).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).hexdigest()


def test_they_are_hmac_sha256_cut_short():
    assert pseudonyms(pd.Series(["ABC"], dtype="str"), KEY)[0] == "p" + hmac_sha256(KEY, b"ABC")[:24]


def test_same_value_same_name_and_nothing_without_the_key():
    values = pd.Series([f"A{i}" for i in range(20_000)] * 2, dtype="str", index=range(5, 40_005), name="id")
    names = pseudonyms(values, KEY)
    assert names.index.equals(values.index)
    assert names.name == "id"
    assert names.nunique() == 20_000
    assert names.tolist()[:20_000] == names.tolist()[20_000:]
    assert not set(names) & set(pseudonyms(values, OTHER))
    assert names.str.fullmatch(r"p[0-9a-f]{24}").all()


def test_missing_stays_missing():
    names = pseudonyms(pd.Series(["a", None, "", "  "], dtype="str"), KEY)
    assert names.isna().tolist() == [False, True, True, True]
    assert len(pseudonyms(pd.Series([], dtype="str"), KEY)) == 0


def test_a_number_is_the_same_person_however_it_is_written():
    rng = np.random.default_rng(2)
    for body in (nir13(rng, "2A"), nir13(rng, "75")):
        ways = [body, with_key(body), spaced(body), spaced(with_key(body)), with_key(body).lower()]
        assert len(set(pseudonyms(pd.Series(ways, dtype="str"), KEY, "nir"))) == 1
        assert len(set(pseudonyms(pd.Series(ways, dtype="str"), KEY))) > 1  # nothing is assumed of other columns


def test_arrow_arrays_and_chunks_give_the_same_names():
    texts = ["x", None, "y", "x"]
    expected = pseudonyms(pd.Series(texts, dtype="str"), KEY).tolist()
    flat = pseudonyms(pa.array(texts), KEY)
    chunked = pseudonyms(pa.chunked_array([texts[:2], texts[2:]]), KEY)
    assert isinstance(chunked, pa.ChunkedArray)
    assert flat.to_pylist() == chunked.to_pylist() == [None if pd.isna(e) else e for e in expected]
    assert len(pseudonyms(pa.chunked_array([], type=pa.string()), KEY)) == 0


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        pseudonyms(pd.Series(["a"], dtype="str"), b"short")


def test_a_key_is_made_once_for_each_purpose_and_closed_to_others(home):
    first = load_key("pilotage")
    assert load_key("pilotage") == first == load_key()
    assert load_key("etude-2026") != first
    path = key_path("pilotage")
    assert path.is_relative_to(home / "home" / ".config" / "paliers")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first) == 32


def test_two_servers_that_start_together_share_the_key(home):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: load_key("pilotage"), range(32)))) == 1
    assert [p.name for p in key_path("pilotage").parent.iterdir()] == ["cle-pilotage"]


def test_a_given_key_serves_every_purpose_apart(home, monkeypatch):
    file = home / "secret"
    file.write_bytes(b"z" * 40)
    monkeypatch.setenv("PALIERS_KEY", str(file))
    assert load_key("a") == load_key("a") != load_key("b")
    assert not (home / "home").exists()  # nothing was made


def test_a_key_inside_the_store_is_refused(home, monkeypatch):
    monkeypatch.setenv("PALIERS_KEY", str(home / "paliers" / "cle"))
    with pytest.raises(ParameterError, match="rangée avec les données"):
        load_key("pilotage")


@pytest.mark.parametrize("purpose", ["", "../autre", "Été", "a" * 50])
def test_a_purpose_is_a_short_name(home, purpose):
    with pytest.raises(ParameterError, match="usage"):
        load_key(purpose)


def test_a_missing_short_or_open_key_is_refused(home, monkeypatch):
    file = home / "secret"
    monkeypatch.setenv("PALIERS_KEY", str(file))
    with pytest.raises(ReadError, match="illisible"):
        load_key("pilotage")
    file.write_bytes(b"court")
    with pytest.raises(ReadError, match="trop courte"):
        load_key("pilotage")
    monkeypatch.delenv("PALIERS_KEY")
    load_key("pilotage")
    if os.name == "posix":
        key_path("pilotage").chmod(0o644)
        with pytest.raises(ReadError, match="d’autres comptes"):
            load_key("pilotage")
