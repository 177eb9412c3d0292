"""Pictures taken away as files, whatever the labels of the data hold."""

from __future__ import annotations

import pytest

from charts.export import clean_texts, to_png
from tests.charts.test_charts import breakdown


@pytest.mark.parametrize("letter", ["\x01", "\x0b", "\x7f", "\u2028", "\ud800"])
def test_a_letter_that_would_end_the_renderer_never_reaches_it(letter):
    """The renderer stops the whole process on such a letter: what it is given is looked at before it is called."""
    spec = {"data": {"values": [{f"p{letter}": f"den{letter}taire", "n": 1}]}, "title": [f"a{letter}b", 2.5, None]}
    assert clean_texts(spec) == {"data": {"values": [{"p ": "den taire", "n": 1}]}, "title": ["a b", 2.5, None]}


def test_a_picture_keeps_its_words():
    picture = breakdown()
    assert clean_texts(picture.standalone()) == picture.standalone()
    assert to_png(picture).startswith(b"\x89PNG")
