"""A picture of a report as a file: the drawing alone, its title and notes being written beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from analytics.french import cleaned
from charts.export import clean_texts
from charts.picture import Picture
from charts.theme import SIMULATED

#: Pixels of a drawing that takes half of a page, and of one that takes its width.
HALF, WHOLE = (360, 215), (700, 260)
_WORDS = 'font-family="sans-serif"'


@dataclass(frozen=True)
class Drawing:
    """A picture ready to be placed.

    Attributes
    ----------
    title, note, alt : str
    spec : str
        Vega-Lite specification, JSON, without its title.
    """

    title: str
    note: str
    alt: str
    spec: str


def drawing_of(picture: Picture, size: tuple[int, int], *, simulated: bool = False) -> Drawing:
    """The picture at a size, in pixels; the words above it are taken out of the drawing."""
    spec = picture.standalone()
    title = spec.pop("title", "")
    lines = title.get("subtitle", []) if isinstance(title, dict) else []
    note = " ".join([lines] if isinstance(lines, str) else lines).removesuffix(SIMULATED).strip()
    note = " · ".join(part for part in (note, SIMULATED if simulated else "") if part)
    spec |= {"width": size[0], "height": size[1], "background": "white", "padding": 2}
    spec["autosize"] = {"type": "fit", "contains": "padding"}
    words = json.dumps(clean_texts(spec), ensure_ascii=False)
    return Drawing(cleaned(picture.title), cleaned(note), cleaned(picture.alt), words)


def to_svg(drawing: Drawing, font: str) -> str:
    """Vector drawing whose words are in a font."""
    import vl_convert  # 84 MB that only an export needs

    return vl_convert.vegalite_to_svg(drawing.spec).replace(_WORDS, f'font-family="{font}"')


def to_png(drawing: Drawing, *, scale: float = 2) -> bytes:
    """The drawing in pixels."""
    import vl_convert

    return vl_convert.vegalite_to_png(drawing.spec, scale=scale)
