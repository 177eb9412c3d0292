"""Which models run, by length and kind of history, and how they are called on the screen."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from analytics.predictive.models import airline, dls, ets_select, intermittent, naive, stl_ets, theta
from analytics.predictive.models.sample import Prediction, Sample

Model = Callable[[Sample, int], Prediction]

MODES = ("sm4", "core4")
NAIVE = "naif_saisonnier"
COMBINED = "mediane"
PROPHET = "prophet"
#: Lengths of history, in known months, where the set of models changes.
SHORT, MEDIUM, FULL = 12, 18, 36
#: With fewer months the decomposition mistakes noise for a season.
DECOMPOSED = 60

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "airline": "SARIMA « airline »",
        "theta": "Theta",
        "stl_ets": "STL + lissage amorti",
        "ets": "Lissage exponentiel (formes pesées par AICc)",
        "dls": "Régression saisonnière locale",
        "intermittent": "Niveau lissé réparti par mois",
        "moyenne": "Niveau médian connu",
        "demi_croissance": "Naïf saisonnier + demi-croissance",
        "constante": "Valeur constante",
        NAIVE: "Naïf saisonnier",
        COMBINED: "Moyenne pesée des modèles retenus, sans les extrêmes",
        PROPHET: "Prophet",
    }
)


def _prophet(sample: Sample, horizon: int) -> Prediction:
    """Prophet costs over a second to import: only when it is asked for."""
    return importlib.import_module("analytics.predictive.models.prophet_model").predict(sample, horizon)


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "airline": airline.predict,
        "theta": theta.predict,
        "stl_ets": stl_ets.predict,
        "ets": ets_select.predict,
        "dls": dls.predict,
        "intermittent": intermittent.predict,
        "moyenne": naive.predict_mean,
        "demi_croissance": naive.predict_half_growth,
        "constante": naive.predict_last,
        NAIVE: naive.predict,
        PROPHET: _prophet,
    }
)


def choose_members(n_known: int, kind: str, mode: str) -> tuple[str, ...]:
    """Names of the models whose mean, extremes left out, is the forecast."""
    if kind == "constante":
        return ("constante",)
    if n_known < SHORT:
        return ("moyenne",)
    if kind == "intermittente":
        return ("intermittent",)
    if n_known < MEDIUM:
        return ("demi_croissance",)
    if n_known < FULL:
        return ("dls", "demi_croissance")
    if mode == "core4":
        return ("airline", "theta", "stl_ets", "dls")
    return ("airline", "theta", "ets", "dls") if n_known < DECOMPOSED else ("airline", "theta", "stl_ets", "ets", "dls")


def minimum_history(n_known: int) -> int:
    """Known months that an origin of the backtest needs, so that it runs the models of the final forecast."""
    return max((limit for limit in (SHORT, MEDIUM, FULL) if n_known >= limit), default=SHORT)
