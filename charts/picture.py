"""What a chart function returns: the specification, its data, and the words that tell what it shows."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import pandas as pd

from charts.theme import MAX_MARKS, SIMULATED


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

    def standalone(self) -> dict:
        """The specification with its data inside, as an exporter needs it."""
        data = self.data.copy()
        for column in data.select_dtypes("datetime"):
            data[column] = data[column].dt.strftime("%Y-%m-%dT00:00:00")
        values = data.astype(object).where(data.notna(), None).to_dict("records")
        return {**self.spec, "data": {"values": values}}


def to_spec(chart: alt.TopLevelMixin) -> dict:
    """Specification of an Altair chart built on `source`, without its data."""
    spec = chart.to_dict()
    for layer in (spec, *spec.get("layer", ())):
        layer.pop("data", None)
    return spec


def source() -> alt.NamedData:
    """Placeholder for the data given when the picture is drawn."""
    return alt.NamedData("source")


def titled(title: str, *, is_demo: bool, note: str = "") -> alt.TitleParams:
    """Title of a chart; simulated data always say so under it."""
    subtitle = [text for text in (note, SIMULATED if is_demo else "") if text]
    return alt.TitleParams(title, subtitle=subtitle) if subtitle else alt.TitleParams(title)


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
