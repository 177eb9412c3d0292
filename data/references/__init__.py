"""Public facts with their date and their source: market figures, events, taxes, labels of codes.

Every figure carries its date and its source: one without them is refused at loading.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analytics.errors import SchemaError

__all__ = [
    "FOLDER",
    "Damir",
    "load_damir",
    "load_events",
    "load_market",
    "load_postes_e3",
    "load_taxes",
    "load_value_labels",
]

FOLDER = Path(__file__).parent
FORMES = ("impulsion", "palier", "rampe")
STATUTS = ("en vigueur", "à confirmer")


def load_market(indicateur: str | None = None) -> pd.DataFrame:
    """Published figures of French complementary health insurance.

    Parameters
    ----------
    indicateur : str, optional
        Keep one indicator: ``cotisations_ht``, ``prestations``, ``retour_sur_cotisations``, ``charges_gestion``,
        ``hausse_annoncee``, ``part_poste``, ``part_financee`` (of the care of each poste), ``prestations_poste``…

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


def load_postes_e3() -> pd.DataFrame:
    """Postes of the regulatory return E3 (care reimbursed by complementary insurers).

    Returns
    -------
    pandas.DataFrame
        `ligne` (text), `libelle`, `famille` (our word), `partie_de` (line it details, "" for none), `mots` (tuple of
        beginnings of words, without accents), `annee` (int), `source`, `url`.

    Raises
    ------
    SchemaError
        A poste has no year, no family or no source.
    """
    content = _read("postes_e3.yaml")
    rows = [_checked(entry, ("ligne", "libelle", "famille", "mots", "annee", "source")) for entry in content["postes"]]
    frame = _with_sources(rows, content["sources"])
    frame["mots"] = pd.Series([tuple(row["mots"]) for row in rows], index=frame.index, dtype=object)
    frame["partie_de"] = [row.get("partie_de", "") for row in rows]
    return frame[["ligne", "libelle", "famille", "partie_de", "mots", "annee", "source", "url"]]


@dataclass(frozen=True)
class Damir:
    """What is known of the monthly file of Open DAMIR.

    Attributes
    ----------
    signature : tuple of str
        Variables by which the file is recognised.
    columns : dict of str to dict
        Variable -> `role`, `genre` ("mois", "mesure", "dimension") and `libelle`; the others are left to the lines.
    rule : str
        Why the prefiltered amounts are added up and never the raw ones, in French.
    source : str
        Where all this is published, with its year.
    postes : tuple of (int, int, str)
        Bounds, both included, and poste of a nature of care; the first interval that holds a code wins.
    other, unknown : str, tuple of str
        Poste of the codes outside the intervals, and codes that say nothing.
    """

    signature: tuple[str, ...]
    columns: Mapping[str, Mapping[str, str]]
    rule: str
    source: str
    postes: tuple[tuple[int, int, str], ...]
    other: str
    unknown: tuple[str, ...]

    def poste(self, code: str) -> str:
        """Poste of a nature of care; "" for a code that says nothing."""
        text = code.strip().removesuffix(".0")
        if text in self.unknown or not text.isdecimal():
            return ""
        number = int(text)
        return next((name for low, high, name in self.postes if low <= number <= high), self.other)


@functools.cache
def load_damir() -> Damir:
    """Known layout of Open DAMIR: roles of its variables, postes of its natures of care.

    Raises
    ------
    SchemaError
        A part of it has no year or no source.
    """
    content = _read("damir.yaml")
    rule = _checked(content["prefiltre"], ("regle", "annee", "source"))
    postes = _checked(content["postes"], ("autre", "intervalles", "annee", "source"))
    source = _source(rule, content["sources"])
    intervals = tuple((low, high, group["poste"]) for group in postes["intervalles"] for low, high in group["de"])
    return Damir(
        tuple(content["signature"]), content["colonnes"], rule["regle"], f"{source['nom']}, {source['url']}",
        intervals, postes["autre"], tuple(postes["inconnu"]),
    )  # fmt: skip


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
