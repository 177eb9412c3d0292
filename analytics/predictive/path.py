"""The road of the P/C ratio: claims forecast over premiums forecast, and when it should cross a target.

Never a forecast of the ratio itself: amounts are forecast, reconciled, summed, then divided.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import InsufficientData, ParameterError
from analytics.french import format_month, format_percent
from analytics.predictive.joint import DRAWS, SEED, draw_together, link
from analytics.predictive.landing import TAILS, YEAR

ABOVE, BELOW = "au-dessus", "au-dessous"
EVEN = 0.5


@dataclass(frozen=True)
class Amounts:
    """One side of the ratio: what is known of it, what is forecast, how past forecasts went wrong.

    Attributes
    ----------
    history : pandas.DataFrame
        mois, valeur (EUR) of the complete months.
    ahead : pandas.DataFrame
        mois, valeur, bas_80, haut_80: reconciled.
    rows : pandas.DataFrame
        As made by :func:`analytics.predictive.joint.error_rows`.
    """

    history: pd.DataFrame
    ahead: pd.DataFrame
    rows: pd.DataFrame


@dataclass(frozen=True)
class Path:
    """The ratio month by month, known then forecast.

    Attributes
    ----------
    table : pandas.DataFrame
        mois, prevu (bool), prestation, cotisation (EUR), mensuel, glissant (twelve months to that one), bas_80,
        haut_80 (of `glissant`; NaN for a known month). NaN where twelve months are not there.
    years : pandas.DataFrame
        annee, valeur, bas_80, haut_80, mois_connus: calendar years wholly known or forecast that hold a month ahead.
    rolling : numpy.ndarray
        (draws, months ahead): rolling ratio in each possible future.
    annual : dict of int to numpy.ndarray
        The ratio of each of `years` in the same futures.
    correlation : float
        Of the errors of claims and premiums over the past origins; NaN when it cannot be told.
    linked : bool
        Whether that correlation is shown, and the two sides drawn together.
    lacune : pandas.Timestamp or None
        Last known month before a hole: nothing up to it is used.
    """

    table: pd.DataFrame
    years: pd.DataFrame
    rolling: np.ndarray
    annual: dict[int, np.ndarray]
    correlation: float
    linked: bool
    lacune: pd.Timestamp | None = None

    @property
    def ahead(self) -> pd.DataFrame:
        """Rows of the months ahead."""
        return self.table[self.table["prevu"]].reset_index(drop=True)

    @property
    def now(self) -> float:
        """Rolling ratio of the last known month; NaN with less than twelve known months."""
        return float(self.table.loc[~self.table["prevu"], "glissant"].iloc[-1])


@dataclass(frozen=True)
class Crossing:
    """When a ratio should cross a target.

    Attributes
    ----------
    cible : float
    sens : str
        ABOVE when the last known ratio is at the target or under it, else BELOW: the side it is not on yet.
    table : pandas.DataFrame
        mois, au_dessus (chance that the rolling ratio of that month exceeds the target), franchi (chance that it has
        crossed by that month, that one included).
    mois : pandas.Timestamp or None
        First month on the other side with one chance out of two or more.
    probabilite : float
        Chance of being on the other side in that month; at the last month ahead when there is none.
    jamais : float
        Chance of no crossing at all in the months ahead.
    years : pandas.DataFrame
        annee, au_dessus.
    """

    cible: float
    sens: str
    table: pd.DataFrame
    mois: pd.Timestamp | None
    probabilite: float
    jamais: float
    years: pd.DataFrame


def build_path(claims: Amounts, premiums: Amounts, *, draws: int = DRAWS, seed: int = SEED) -> Path:
    """Ratio of two forecasts.

    Parameters
    ----------
    claims, premiums : Amounts
        Prestations and cotisations of the same perimeter.
    draws, seed : int
        As in :func:`analytics.predictive.joint.draw`.

    Raises
    ------
    InsufficientData
        Fewer than twelve months known and forecast together, no month ahead in common, no bounds, premiums or claims of
        twelve months that are not positive.

    Notes
    -----
    Of a history with holes, the months after the last one are used when they are twelve at least.
    """
    linked, correlation, _ = link(claims.rows, premiums.rows)
    futures = draw_together(
        (claims.ahead, premiums.ahead), (claims.rows, premiums.rows), linked=linked, draws=draws, seed=seed
    )
    known = claims.history.merge(premiums.history, on="mois", suffixes=("_p", "_c")).sort_values("mois")
    known, hole = _after_hole(known.set_axis(["mois", "prestation", "cotisation"], axis=1))
    common = futures[0].mois.intersection(futures[1].mois)
    above, below = (f.values[:, f.mois.get_indexer(common)] for f in futures)
    points = [f.point[f.mois.get_indexer(common)] for f in futures]
    ahead = pd.DataFrame({"mois": common, "prestation": points[0], "cotisation": points[1]})
    table = pd.concat([known.assign(prevu=False), ahead.assign(prevu=True)], ignore_index=True)
    _check(table, len(known), len(common), above, below)
    table["mensuel"] = _ratio(table["prestation"].to_numpy(), table["cotisation"].to_numpy())
    table["glissant"] = _ratio(*(_rolling(table[c].to_numpy()) for c in ("prestation", "cotisation")))
    _refuse_meaningless(table, len(known))
    whole = [_with_known(known[c].to_numpy(), drawn) for c, drawn in (("prestation", above), ("cotisation", below))]
    rolling = _ratio(*(_rolling(values) for values in whole))[:, len(known) :]
    bounds = np.full((2, len(table)), np.nan)
    bounds[:, len(known) :] = np.quantile(rolling, TAILS, axis=0)
    table["bas_80"], table["haut_80"] = bounds
    order = ["mois", "prevu", "prestation", "cotisation", "mensuel", "glissant", "bas_80", "haut_80"]
    years, annual = _years(table, *whole)
    return Path(table[order], years, rolling, annual, correlation, linked, hole)


def _numbers(months: pd.Series) -> np.ndarray:
    return (months.dt.year * 12 + months.dt.month).to_numpy()


def _after_hole(known: pd.DataFrame) -> tuple[pd.DataFrame, pd.Timestamp | None]:
    """The last run of months that follow each other when it holds a year, and the month before its hole."""
    breaks = np.flatnonzero(np.diff(_numbers(known["mois"])) != 1)
    if not len(breaks) or len(known) - breaks[-1] - 1 < YEAR:
        return known.reset_index(drop=True), None
    return known.iloc[breaks[-1] + 1 :].reset_index(drop=True), known["mois"].iloc[breaks[-1]]


def _refuse_meaningless(table: pd.DataFrame, known: int) -> None:
    """A ratio of nothing, or under zero, crosses no target."""
    now = table.iloc[max(known - 1, YEAR - 1) :]
    premiums = _rolling(table["cotisation"].to_numpy())[now.index]
    if not (premiums > 0).all():
        raise InsufficientData(
            "Les cotisations de douze mois y sont nulles ou négatives : le P/C n’a pas de sens.",
            remede="Vérifiez la colonne des cotisations, ou élargissez le périmètre.",
        )
    if not (now["glissant"] > 0).all():
        raise InsufficientData(
            "Les prestations de douze mois y sont nulles ou négatives : aucune cible de P/C ne peut être franchie.",
            remede="Vérifiez le signe des prestations, ou élargissez le périmètre.",
        )


def _check(table: pd.DataFrame, known: int, ahead: int, *drawn: np.ndarray) -> None:
    if not ahead or len(table) < YEAR or not known:
        raise InsufficientData(
            "Le chemin du P/C demande douze mois, connus ou prévus, de prestations et de cotisations.",
            remede="Élargissez le périmètre, ou ajoutez de l’historique.",
        )
    breaks = np.flatnonzero(np.diff(_numbers(table["mois"])) != 1)
    if len(breaks):
        hole = table["mois"].iloc[breaks[-1]]
        raise InsufficientData(
            f"Il manque des mois de prestations ou de cotisations après {format_month(hole, short=False)}.",
            remede="Le P/C demande douze mois connus qui se suivent, puis les mois prévus.",
        )
    if not all(np.isfinite(values).all() for values in drawn):
        raise InsufficientData("Une des deux prévisions n’a pas de fourchette : aucune probabilité ne peut être dite.")


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def _rolling(values: np.ndarray) -> np.ndarray:
    """Sums of twelve months to each one, along the last axis; NaN before the twelfth."""
    sums = np.full(values.shape, np.nan)
    if values.shape[-1] >= YEAR:
        windows = np.lib.stride_tricks.sliding_window_view(values, YEAR, axis=-1)
        sums[..., YEAR - 1 :] = windows.sum(axis=-1)
    return sums


def _with_known(known: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The known months, the same in every future, then the months drawn."""
    return np.hstack([np.broadcast_to(known, (len(drawn), len(known))), drawn])


def _years(table: pd.DataFrame, above: np.ndarray, below: np.ndarray) -> tuple[pd.DataFrame, dict[int, np.ndarray]]:
    """Ratio of the calendar years that hold twelve months, one of them ahead at least."""
    found, annual = [], {}
    for year, rows in table.groupby(table["mois"].dt.year):
        if len(rows) < YEAR or not rows["prevu"].any():
            continue
        at = rows.index.to_numpy()
        drawn = _ratio(above[:, at].sum(axis=1), below[:, at].sum(axis=1))
        value = float(_ratio(rows["prestation"].sum(), rows["cotisation"].sum()))
        found.append((int(year), value, *np.quantile(drawn, TAILS), int((~rows["prevu"]).sum())))
        annual[int(year)] = drawn
    return pd.DataFrame(found, columns=["annee", "valeur", "bas_80", "haut_80", "mois_connus"]), annual


def cross(path: Path, target: float) -> Crossing:
    """When the rolling ratio should cross a target, and with what chance.

    Parameters
    ----------
    path : Path
    target : float
        0.8 for 80 %.

    Raises
    ------
    ParameterError
        The target is not a positive number.
    """
    if not (np.isfinite(target) and target > 0):
        raise ParameterError(
            "La cible est un P/C positif.", valeur=format_percent(target) if np.isfinite(target) else None,
            remede="Écrivez par exemple 80 %.",
        )  # fmt: skip
    over = path.rolling > target
    side = BELOW if path.now > target else ABOVE
    beyond = over if side == ABOVE else ~over
    by_month, by_then = beyond.mean(axis=0), np.maximum.accumulate(beyond, axis=1).mean(axis=0)
    months = path.ahead["mois"]
    table = pd.DataFrame({"mois": months, "au_dessus": over.mean(axis=0), "franchi": by_then})
    first = np.flatnonzero(by_month >= EVEN)
    month = months.iloc[first[0]] if len(first) else None
    chance = float(by_month[first[0]] if len(first) else by_month[-1])
    years = pd.DataFrame(
        [(year, float((drawn > target).mean())) for year, drawn in path.annual.items()], columns=["annee", "au_dessus"]
    )
    return Crossing(target, side, table, month, chance, float(1 - by_then[-1]), years)


def describe_crossing(path: Path, crossing: Crossing) -> str:
    """The crossing in French sentences: where it stands, when it crosses, the chance of each date."""
    target, last = format_percent(crossing.cible), crossing.table["mois"].iloc[-1]
    verb = "dépasser" if crossing.sens == ABOVE else "repasser sous"
    now = f"P/C des 12 derniers mois connus : {format_percent(path.now)}. " if np.isfinite(path.now) else ""
    ever, until = 1 - crossing.jamais, format_month(last, short=False)
    over = float(crossing.table["au_dessus"].iloc[-1])
    at_last = over if crossing.sens == ABOVE else 1 - over
    if crossing.mois is None and round(ever, 2) < EVEN:
        return f"{now}Il ne devrait pas {verb} {target} d’ici {until} : {chances(ever)} de le faire à un moment."
    if crossing.mois is None:
        return (
            f"{now}Il pourrait {verb} {target} un mois, sans s’y installer : {chances(ever)} de le faire à un moment "
            f"d’ici {until}, {chances(at_last)} d’y être ce mois-là."
        )
    told = (
        f"{now}Il devrait {verb} {target} en {format_month(crossing.mois, short=False)} "
        f"({chances(crossing.probabilite)} d’y être ce mois-là)"
    )
    if round(at_last, 2) < EVEN:
        return f"{told}, sans s’y installer : {chances(at_last)} d’y être en {until}."
    return f"{told}, et {chances(ever)} de l’avoir fait au plus tard en {until}."


def chances(probability: float) -> str:
    """« 70 % de chances », never a certainty: draws cannot tell 0 from one in a hundred."""
    if probability < 0.01:
        return f"moins de {format_percent(0.01, 0)} de chances"
    if probability > 0.99:
        return f"plus de {format_percent(0.99, 0)} de chances"
    return f"{format_percent(probability, 0)} de chances"
