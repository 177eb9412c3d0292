"""Killed without notice: what was acknowledged is kept, nothing half done is ever listed. See `crash.py` for more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("crash.py")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")


def crash(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        cwd=SCRIPT.parents[3],
        env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[3])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_acknowledged_is_lost_when_a_server_is_killed(paliers_home):
    assert crash("hasard", "--times", "20").startswith("20 morts au hasard")


def test_several_processes_save_at_once_forked_or_not(paliers_home):
    assert "26 enregistrements, 0 perdu" in crash("ensemble")


def test_the_first_savings_can_be_cut_anywhere(sqlite_home):
    assert "rien de perdu" in crash("enregistrement", "--stride", "29")


def test_an_erasure_can_be_cut_anywhere(sqlite_home):
    assert "rien de perdu" in crash("effacement", "--stride", "29")
