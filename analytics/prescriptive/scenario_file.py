"""A file that holds all that scenarios were computed from, and from which every number is computed again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.prescriptive.futures import Futures
from analytics.prescriptive.outcome import Outcome
from analytics.prescriptive.responses import Reponse
from analytics.prescriptive.simulation import prepare
from analytics.prescriptive.simulator import Simulator
from analytics.prescriptive.taxes import Taxes
from analytics.prescriptive.versus import Target

FORMAT, VERSION = "paliers-scenarios", 1
_FAR = {"inf": math.inf, "-inf": -math.inf}


def export_scenario(
    simulator: Simulator,
    scenarios: Mapping[str, pd.DataFrame],
    *,
    targets: Sequence[Target] = (),
    notes: Sequence[str] = (),
    asked: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that the scenarios rest on, and their results, in types of JSON.

    Parameters
    ----------
    simulator : Simulator
    scenarios : mapping of str to pandas.DataFrame
        Levers by name; the empty frame of `no_lever` for doing nothing.
    targets : sequence of Target
    notes : sequence of str
        French; what was measured and supposed, as :attr:`Portfolio.notes`.
    asked : mapping, optional
        What else was asked with the scenarios, in types of JSON: kept as it is.

    Returns
    -------
    dict
        format, version, portefeuille, postes, leviers, reponses, taxes, previsions, tirages, objectifs, notes,
        demandes, resultats. A missing number is null, an infinite one is "inf". Numbers keep all their digits, which
        JSON gives back exactly.
    """
    played = {name: simulator.play(levers) for name, levers in scenarios.items()}
    futures = simulator.futures
    return {
        "format": FORMAT,
        "version": VERSION,
        "portefeuille": _columns(simulator.portfolio),
        "postes": None if simulator.postes is None else _columns(simulator.postes),
        "leviers": {name: _columns(levers) for name, levers in scenarios.items()},
        "reponses": [_plain(vars(r)) for r in simulator.responses],
        "taxes": _plain(vars(simulator.taxes)),
        "previsions": None if futures is None else _plain(vars(futures)),
        "tirages": {"draws": simulator.draws, "seed": simulator.seed, "correlation": simulator.correlation},
        "objectifs": [_plain(vars(t)) for t in targets],
        "notes": list(notes),
        "demandes": _plain(dict(asked or {})),
        "resultats": {name: _results(outcome, targets) for name, outcome in played.items()},
    }


def replay(file: Mapping[str, Any]) -> dict[str, Outcome]:
    """Play again the scenarios of a file, from what it holds alone.

    Parameters
    ----------
    file : mapping
        From :func:`export_scenario`, whether or not it went through JSON.

    Raises
    ------
    ParameterError
        Not such a file, or another version.
    """
    simulator = read_simulator(file)
    return {name: simulator.play(_frame(levers)) for name, levers in file["leviers"].items()}


def read_simulator(file: Mapping[str, Any]) -> Simulator:
    """The portfolio and the futures of a file.

    Raises
    ------
    ParameterError
        As :func:`replay`.
    """
    if file.get("format") != FORMAT or file.get("version") != VERSION:
        raise ParameterError(
            "Ce fichier n’est pas un fichier de scénarios de cette version.", valeur=file.get("version")
        )
    futures = file["previsions"]
    if futures is not None:
        futures = Futures(
            tuple(futures["postes"]),
            np.array(futures["growth"], dtype=float),
            np.array(futures["centre"], dtype=float),
            tuple(futures["notes"]),
        )
    return prepare(
        _frame(file["portefeuille"]),
        postes=None if file["postes"] is None else _frame(file["postes"]),
        futures=futures,
        responses=tuple(Reponse(**_numbers(r)) for r in file["reponses"]),
        taxes=Taxes(**_numbers(file["taxes"], but=("base",))),
        **file["tirages"],
    )


def check_file(file: Mapping[str, Any]) -> pd.DataFrame:
    """Each number that a file tells beside the same number computed again from it.

    Returns
    -------
    pandas.DataFrame
        scenario, nombre, ecrit, recalcule, egal (bool; a missing number equals a missing number).
    """
    targets = [Target(**t) for t in file["objectifs"]]
    rows = []
    for name, outcome in replay(file).items():
        for label, value in _results(outcome, targets).items():
            told = file["resultats"][name][label]
            rows.append((name, label, _number(told), _number(value), told == value))
    return pd.DataFrame(rows, columns=["scenario", "nombre", "ecrit", "recalcule", "egal"])


def _results(outcome: Outcome, targets: Sequence[Target]) -> dict[str, float | str | None]:
    """Every number of an outcome under a name: totals, quantiles, segments, chances."""
    found = {
        f"total/{r.indicateur}/{c}": getattr(r, c) for r in outcome.total.itertuples() for c in ("avant", "valeur")
    }
    levels = [c for c in outcome.quantiles.columns if c != "indicateur"]
    for row in outcome.quantiles.itertuples():
        found |= {f"tirages/{row.indicateur}/{c}": getattr(row, c) for c in levels}
    figures = [c for c in outcome.table.columns if c != "segment"]
    for rank, row in enumerate(outcome.table[figures].itertuples(index=False)):
        found |= {f"segment/{rank}/{c}": v for c, v in zip(figures, row, strict=True)}
    for rank, target in enumerate(targets):
        chance = outcome.probability(target.indicateur, target.seuil, sens=target.sens)
        found[f"objectif/{rank}"] = chance
    return {name: _plain(value) for name, value in found.items()}


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(c): _plain(frame[c].astype(object).where(frame[c].notna(), None).tolist()) for c in frame.columns}


def _frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Columns back in a frame: a column of numbers with holes is one of numbers."""
    found = {}
    for name, values in columns.items():
        words = name in ("segment", "levier", "poste") or any(isinstance(v, str) and v not in _FAR for v in values)
        read = values if words else [_FAR.get(v, v) for v in values]
        found[name] = pd.Series(read, dtype=object if words else float)
    return pd.DataFrame(found)


def _plain(value: Any) -> Any:
    """The same in types of JSON, without losing a digit."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _numbers(fields: Mapping[str, Any], *, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields of a dataclass: null is NaN, "inf" is infinite."""
    return {k: v if k in but else _FAR.get(v, v) if isinstance(v, str) else _nan(v) for k, v in fields.items()}


def _nan(value: Any) -> Any:
    return math.nan if value is None else value
