"""How long a job should still last, and how it is told."""

import pytest

from pages.components.jobs import Status
from pages.components.pace import Pace, describe_remaining


def test_time_left_follows_the_last_seconds():
    pace = Pace()
    assert pace.remaining(0) is None
    pace.note(0, 0.0)
    pace.note(1, 0.1)
    assert pace.remaining(1) is None, "trop tôt"
    pace.note(4, 0.4)
    assert pace.remaining(4) == pytest.approx(6)
    assert pace.remaining(5) == pytest.approx(5)
    assert pace.remaining(44) == pytest.approx(20), "une étape plus longue que tout ce qui précède"
    for second in range(5, 60):
        pace.note(second, 0.4 + 0.001 * (second - 4))
    assert pace.remaining(59) == pytest.approx((1 - 0.455) / 0.001, rel=0.01), "le début rapide est oublié"
    pace.note(60, 1.0)
    assert pace.remaining(60) is None


def test_time_left_while_nothing_moves_is_not_told():
    pace = Pace()
    for second in range(10):
        pace.note(second, 0.0)
    assert pace.remaining(10) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "quelques secondes"), (9.9, "quelques secondes"), (10, "environ 10\u202fs"), (33, "environ 40\u202fs"),
     (50, "environ 50\u202fs"), (51, "environ 1\u202fmin"), (61, "environ 2\u202fmin"), (3599, "environ 60\u202fmin"),
     (3601, "environ 2\u202fh")],
)  # fmt: skip
def test_time_left_in_words(seconds, words):
    assert describe_remaining(seconds) == words


def test_progress_in_words():
    running = Status("en cours", 37 / 120, "37 séries sur 120", 36.0)
    assert running.words == "37 séries sur 120, environ 40\u202fs"
    assert Status("en cours", 37 / 120, "37 séries sur 120").words == "37 séries sur 120 : 31\u202f%"
    assert Status("attente", 0.0, "En attente d’un autre calcul").words == "En attente d’un autre calcul"
