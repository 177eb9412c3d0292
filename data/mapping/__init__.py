"""Meaning of the columns: roles, questions, and the two monthly tables made from the lines."""

from data.mapping.propose import Mapping, propose_mapping

__all__ = ["Mapping", "propose_mapping"]
