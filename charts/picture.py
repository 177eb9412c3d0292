"""What a chart function returns: the specification, its data, and the words that tell what it shows."""

from __future__ import annotations

import functools
import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import altair as alt
import pandas as pd
import pyarrow as pa

from charts.theme import MAX_MARKS, ON_TELEPHONE, SIMULATED

#: Letters of a title, and of the words under it, that a line holds on a telephone.
TITLE_LETTERS, NOTE_LETTERS = 32, 48
_KEPT: list = []


@dataclass(frozen=True)
class Picture:
    """A chart ready to be drawn, exported or read aloud.

    Attributes
    ----------
    spec : dict
        Vega-Lite specification without data.
    data : pandas.DataFrame
        Rows the specification draws.
    alt : str
        The main finding in French, for whoever does not see the picture.
    title : str
        Title, also the name of exported files.
    table : pandas.DataFrame
        The same figures under French headers, for the table below the picture and its CSV.
    """

    spec: dict
    data: pd.DataFrame
    alt: str
    title: str
    table: pd.DataFrame

    @functools.cached_property
    def arrow(self) -> pa.Table:
        """The rows as the browser gets them: a picture kept is not converted again each time it is drawn."""
        return pa.Table.from_pandas(self.data)

    def standalone(self) -> dict:
        """The specification with its data inside, as an exporter needs it."""
        data = self.data.copy()
        for column in data.select_dtypes("datetime"):
            data[column] = data[column].dt.strftime("%Y-%m-%dT00:00:00")
        values = data.astype(object).where(data.notna(), None).to_dict("records")
        return {**self.spec, "data": {"values": values}}


def kept(most: int) -> Callable[[Callable[..., dict]], Callable[..., dict]]:
    """Keep the last `most` specifications that a function makes, until :func:`forget_specs`."""

    def keep(make: Callable[..., dict]) -> Callable[..., dict]:
        made = functools.lru_cache(maxsize=most)(make)
        _KEPT.append(made)
        return made

    return keep


def forget_specs() -> None:
    """Drop every specification kept: their titles hold words of the data."""
    for made in _KEPT:
        made.cache_clear()


def to_spec(chart: alt.TopLevelMixin) -> dict:
    """Specification of an Altair chart built on `source`, without its data."""
    spec = chart.to_dict(validate=False)  # the tests hold every specification against the schema
    for layer in (spec, *spec.get("layer", ())):
        layer.pop("data", None)
    return spec


def source() -> alt.NamedData:
    """Placeholder for the data given when the picture is drawn."""
    return alt.NamedData("source")


def titled(title: str, *, is_demo: bool, note: str = "") -> alt.TitleParams:
    """Title of a chart; simulated data always say so under it."""
    notes = [text for text in (note, SIMULATED if is_demo else "") if text]
    lines = [line for text in notes for line in textwrap.wrap(text, NOTE_LETTERS)]
    return alt.TitleParams(_fitted(title), **({"subtitle": lines} if lines else {}))


def _fitted(title: str) -> str | alt.ExprRef:
    """A title, on several lines on a telephone, where it would be cut.

    The window decides, not the drawing: its width moves while Vega fits it, and the title would move with it.
    """
    lines = textwrap.wrap(title, TITLE_LETTERS)
    if len(lines) < 2:
        return title
    narrow, wide = (json.dumps(text, ensure_ascii=False) for text in (lines, title))
    return alt.ExprRef(f"{ON_TELEPHONE} ? {narrow} : {wide}")


def check_marks(data: pd.DataFrame) -> pd.DataFrame:
    """Refuse a picture of more marks than a reader, or a browser, can take.

    Raises
    ------
    ValueError
        Too many rows: the caller must aggregate further.
    """
    if len(data) > MAX_MARKS:
        raise ValueError(f"{len(data)} marks: aggregate to {MAX_MARKS} at most")
    return data
