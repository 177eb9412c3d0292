"""Five hundred French files whose truth is known: read right, asked about, or refused; never wrong in silence."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.french.corpus import SHARES, make_corpus
from tests.french.judge import CRASH, SILENT, Verdict, judge
from tests.french.spec import ASK, PERSONAL, READ, REFUSE

COUNT, SEED = 520, 1


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """The corpus read once."""
    return [judge(case) for case in make_corpus(COUNT, SEED)]


def listing(verdicts: list[Verdict]) -> str:
    """The failures, worst first, each with the recipe of its file."""
    bad = sorted((v for v in verdicts if not v.good), key=lambda v: (v.outcome != SILENT, v.case.spec.famille))
    counts = Counter(v.outcome for v in bad)
    return "\n".join([f"{len(bad)} fichiers sur {len(verdicts)} : {dict(counts)}", *map(str, bad)])


def of(verdicts: list[Verdict], *expected: str) -> list[Verdict]:
    """Those whose truth asks for one of these."""
    return [v for v in verdicts if v.case.expected in expected]


def test_the_corpus_is_large_and_has_every_family(verdicts):
    assert len(verdicts) >= 500
    assert {v.case.spec.famille for v in verdicts} == set(SHARES)
    assert len({v.case.content for v in of(verdicts, READ)}) == len(of(verdicts, READ))


def test_nothing_is_wrong_in_silence(verdicts):
    wrong = [v for v in verdicts if v.outcome in (SILENT, CRASH)]
    assert not wrong, listing(wrong)


def test_the_cells_of_readable_files_are_exact(verdicts):
    readable = of(verdicts, READ, PERSONAL)
    wrong, total = sum(v.wrong for v in readable), sum(v.total for v in readable)
    assert total > 80_000
    assert wrong <= 0.01 * total, f"{wrong} cellules fausses sur {total}\n{listing(readable)}"


def test_the_readable_files_are_read_without_a_fault(verdicts):
    readable = of(verdicts, READ, PERSONAL)
    bad = [v for v in readable if not v.good]
    assert len(bad) <= 0.01 * len(readable), listing(readable)


@pytest.mark.parametrize("expected", [ASK, REFUSE, PERSONAL])
def test_doubtful_files_are_asked_about_refused_or_named(verdicts, expected):
    chosen = of(verdicts, expected)
    assert len(chosen) >= 12
    assert all(v.good for v in chosen), listing(chosen)
