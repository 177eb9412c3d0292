"""A verdict has three answers, the evidence behind it and one sentence made from the same numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from analytics.errors import ParameterError

Reponse = Literal["oui", "non", "on ne peut pas dire"]
REPONSES: tuple[Reponse, ...] = ("oui", "non", "on ne peut pas dire")


@dataclass(frozen=True)
class Verdict:
    """An answer to a yes-or-no question, which may also be "cannot tell".

    Attributes
    ----------
    reponse : {"oui", "non", "on ne peut pas dire"}
        The answer.
    score : float
        Size of the evidence, in the unit documented by the function that returns it; NaN when there is none.
    p_value : float
        Probability of a score at least this large if the answer were "non"; NaN when it cannot be computed.
    phrase : str
        One French sentence for the screen, built from the same numbers.

    Raises
    ------
    ParameterError
        The answer is not one of the three, or the p-value is not a probability.
    """

    reponse: Reponse
    score: float
    p_value: float
    phrase: str

    def __post_init__(self) -> None:
        if self.reponse not in REPONSES:
            raise ParameterError("Réponse de verdict inconnue.", valeur=self.reponse)
        if not (math.isnan(self.p_value) or 0.0 <= self.p_value <= 1.0):
            raise ParameterError("Une p-value est comprise entre 0 et 1.", valeur=self.p_value)
