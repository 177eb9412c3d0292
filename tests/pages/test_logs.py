"""The logs of the server say where a fault is, never what a file holds."""

import io
import logging

import pandas as pd
import pytest

from pages.components.logs import keep_values_out

CANARY = "canari-7Q"


@pytest.fixture
def heard():
    """What is written while the records are those of the server."""
    before, stream = logging.getLogRecordFactory(), io.StringIO()
    logger = logging.getLogger("essai")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    keep_values_out()
    yield logger, stream
    logging.setLogRecordFactory(before)
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "fault",
    [
        lambda: pd.to_numeric(pd.Series([CANARY])),
        lambda: pd.DataFrame({"a": [1]})[CANARY],
        lambda: pd.to_datetime(pd.Series([CANARY])),
        lambda: {}[CANARY],
    ],
)
def test_a_fault_is_told_by_its_place_alone(heard, fault):
    logger, stream = heard
    try:
        fault()
    except Exception:
        logger.exception("Échec d’un %s.", "calcul")
    text = stream.getvalue()
    assert text.startswith("Échec d’un calcul.")
    assert "test_logs.py:" in text
    assert CANARY not in text


def test_what_is_said_without_a_fault_is_said_as_it_is(heard):
    logger, stream = heard
    logger.warning("Ménage : %d dépôts.", 3)
    assert stream.getvalue() == "Ménage : 3 dépôts.\n"
