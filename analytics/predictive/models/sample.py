"""What every model receives and what every model returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

MONTHS_IN_YEAR = 12


@dataclass(frozen=True)
class Sample:
    """A monthly series without gap, known effects removed, divided by its scale.

    Attributes
    ----------
    y : numpy.ndarray
        Values, oldest first, no NaN.
    log : bool
        True when every value is positive and models may work on logarithms.
    """

    y: np.ndarray
    log: bool

    @property
    def z(self) -> np.ndarray:
        """The scale on which effects add up: logarithms of positive series, values otherwise."""
        return np.log(self.y) if self.log else self.y


@dataclass(frozen=True)
class Prediction:
    """A Gaussian forecast of each month to come, on the scale of logarithms or of values.

    Attributes
    ----------
    centre, sd : numpy.ndarray
        Median and standard error for h = 1, 2, …
    log : bool
        True when `centre` and `sd` are on the scale of logarithms.
    """

    centre: np.ndarray
    sd: np.ndarray
    log: bool

    @property
    def point(self) -> np.ndarray:
        """The median forecast, in the unit of the sample."""
        return np.exp(self.centre) if self.log else self.centre

    def quantiles(self, probabilities: Sequence[float]) -> np.ndarray:
        """Quantiles in the unit of the sample, one row per probability."""
        score = ndtri(np.asarray(probabilities, dtype=float))[:, None]
        # The median stays known when the spread is not.
        values = self.centre[None, :] + np.where(score == 0, 0.0, score * self.sd[None, :])
        return np.exp(values) if self.log else values
