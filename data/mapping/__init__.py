"""Meaning of the columns: roles, questions, and the two monthly tables made from the lines."""

from data.mapping.layouts import Merged, layout_key, merge_answers
from data.mapping.preview import preview
from data.mapping.propose import Mapping, propose_mapping

__all__ = ["Mapping", "Merged", "layout_key", "merge_answers", "preview", "propose_mapping"]
