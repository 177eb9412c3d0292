"""Public facts with their date and their source: market figures, events, taxes, labels of codes.

Every figure carries its date and its source: one without them is refused at loading.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analytics.errors import SchemaError

__all__ = ["FOLDER", "load_events", "load_market", "load_taxes", "load_value_labels"]

FOLDER = Path(__file__).parent
FORMES = ("impulsion", "palier", "rampe")
STATUTS = ("en vigueur", "à confirmer")


def load_market(indicateur: str | None = None) -> pd.DataFrame:
    """Published figures of French complementary health insurance.

    Parameters
    ----------
    indicateur : str, optional
        Keep one indicator: ``cotisations_ht``, ``prestations``, ``retour_sur_cotisations``, ``charges_gestion``,
        ``hausse_annoncee``, ``part_poste``, ``prestations_poste``…

    Returns
    -------
    pandas.DataFrame
        `indicateur`, `intitule`, `annee` (int), `perimetre`, `contrat`, `poste` (our word), `libelle` (word of the
        publication), `valeur` (float), `unite`, `note`, `source`, `url`. Absent = missing: no `contrat` means both.

    Raises
    ------
    SchemaError
        A figure has no year, no unit or no source.
    """
    content = _read("marche.yaml")
    required = ("indicateur", "annee", "perimetre", "valeur", "unite", "source")
    rows = [_checked(entry, required) for entry in content["chiffres"]]
    frame = _with_sources(rows, content["sources"])
    frame["intitule"] = frame["indicateur"].map(content["indicateurs"])
    columns = ["indicateur", "intitule", "annee", "perimetre", "contrat", "poste", "libelle", "valeur", "unite"]
    frame = frame.reindex(columns=[*columns, "note", "source", "url"]).astype({"annee": "int64", "valeur": "float64"})
    return frame if indicateur is None else frame[frame["indicateur"] == indicateur].reset_index(drop=True)


def load_events(poste: str | None = None) -> pd.DataFrame:
    """Dated events that move the series, ready for the `events` option of a forecast.

    Parameters
    ----------
    poste : str, optional
        Keep the events of this poste and those that touch every poste.

    Returns
    -------
    pandas.DataFrame
        `evenement`, `debut`, `fin` (first day of the month; NaT = lasting), `forme` ("impulsion", "palier", "rampe"),
        `postes` (tuple, empty = every poste), `note`, `source`, `url`, in order of date.

    Raises
    ------
    SchemaError
        An event has no date, no source or an unknown shape.
    """
    content = _read("evenements.yaml")
    rows = [_checked(entry, ("evenement", "debut", "forme", "source")) for entry in content["evenements"]]
    frame = _with_sources(rows, content["sources"], dates=("debut", "fin"))
    _check_choice(frame["forme"], FORMES)
    frame["postes"] = pd.Series([tuple(row["postes"]) for row in rows], index=frame.index, dtype=object)
    frame = frame[["evenement", "debut", "fin", "forme", "postes", "note", "source", "url"]]
    if poste is not None:
        frame = frame[[not postes or poste in postes for postes in frame["postes"]]]
    return frame.sort_values("debut", kind="stable", ignore_index=True)


def load_taxes() -> pd.DataFrame:
    """Tax rates on premiums, as a share of the premium without tax.

    Returns
    -------
    pandas.DataFrame
        `taxe`, `contrat` ("responsable", "non responsable", "tous"), `taux` (0.1327 = 13,27 %), `debut`, `fin`
        (first day of the month; NaT = still in force), `statut` ("en vigueur" or "à confirmer": never applied
        unasked), `source`, `url`.

    Raises
    ------
    SchemaError
        A rate has no date, no source or an unknown status.
    """
    content = _read("taxes.yaml")
    rows = [_checked(entry, ("taxe", "contrat", "taux", "debut", "statut", "source")) for entry in content["taxes"]]
    frame = _with_sources(rows, content["sources"], dates=("debut", "fin"))
    _check_choice(frame["statut"], STATUTS)
    return frame[["taxe", "contrat", "taux", "debut", "fin", "statut", "source", "url"]]


def load_value_labels() -> dict[str, dict[str, str]]:
    """French labels of the codes met in files: INSEE regions, sex and age bands of Open DAMIR.

    Returns
    -------
    dict of str to dict of str to str
        Dimension, then code (text), then label.

    Raises
    ------
    SchemaError
        A list of codes has no dated source.
    """
    content = _read("libelles.yaml")
    for source in content["sources"].values():
        _checked(source, ("nom", "date", "url"))
    labels: dict[str, dict[str, str]] = {}
    for dimension, groups in content["dimensions"].items():
        for group in groups:
            _source(group, content["sources"])
            labels.setdefault(dimension, {}).update(group["codes"])
    return labels


@functools.cache
def _read(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def _checked(entry: Mapping[str, Any], required: Iterable[str]) -> Mapping[str, Any]:
    for field in required:
        if entry.get(field) in (None, ""):
            raise SchemaError(
                f"Ce chiffre de référence n’a pas de « {field} » : {dict(entry)}.",
                remede="Un chiffre public porte toujours sa date et sa source.",
            )
    return entry


def _source(entry: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    key = entry.get("source")
    if key not in sources:
        raise SchemaError("Source inconnue.", valeur=key, remede="Ajoutez-la au bloc « sources » du fichier.")
    return _checked(sources[key], ("nom", "url"))


def _with_sources(
    rows: list[Mapping[str, Any]], sources: Mapping[str, Mapping[str, str]], dates: tuple[str, ...] = ()
) -> pd.DataFrame:
    resolved = [_source(row, sources) for row in rows]
    frame = pd.DataFrame(rows).assign(source=[s["nom"] for s in resolved], url=[s["url"] for s in resolved])
    for column in dates:
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
    return frame


def _check_choice(values: pd.Series, allowed: tuple[str, ...]) -> None:
    unknown = values[~values.isin(allowed)]
    if len(unknown):
        raise SchemaError("Valeur de référence inconnue.", colonne=str(values.name), valeur=unknown.iloc[0])
