"""Killed while files are dropped on it: see `upload_crash.py`, which does it a hundred times."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("upload_crash.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_no_half_file_is_listed_and_no_accepted_dataset_is_lost():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--times", "6"],
        cwd=SCRIPT.parents[2],
        env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[2])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("6 serveurs tués")
