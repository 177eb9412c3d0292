"""Personal data stopped before anything is kept: columns dropped or replaced by pseudonyms, lines not used hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import pyarrow as pa

from analytics.errors import MappingError
from analytics.schema import Dataset, dimensions_of
from data.findings import finding, join, to_frame
from data.personal import Personal, certain_identifiers, detect, load_key, masked, outline, pseudonyms

DROPPED, REPLACED = "supprimer", "pseudonymiser"
#: Which key names the people of the datasets.
PURPOSE = "pseudonymes"
_IGNORED = "ignorer"
#: What takes the place of a value that names somebody among others that do not.
_HIDDEN = "(donnée personnelle)"


def find_personal(texts: pd.DataFrame) -> dict[str, Personal]:
    """Title -> what identifies people in it, of each column that does."""
    found = {str(header): detect(str(header), texts[header].astype("str")) for header in texts.columns}
    return {header: personal for header, personal in found.items() if personal is not None}


def decide(found: Mapping[str, Personal], columns: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, str]:
    """Title -> what becomes of each personal column: dropped unless the user asked for it as a dimension.

    Parameters
    ----------
    found : mapping
        From :func:`find_personal`.
    columns, kinds : mapping
        Title -> canonical name, and kind of column ("dimension", "mesure"…).

    Raises
    ------
    MappingError
        A personal column is asked for in a way that would keep what it holds.
    """
    fates = {}
    for header, personal in found.items():
        if columns.get(header, _IGNORED) == _IGNORED:
            fates[header] = DROPPED
        elif kinds.get(header) == "dimension" and REPLACED in personal.actions:
            fates[header] = REPLACED
        else:
            raise MappingError(
                f"Cette colonne contient des {personal.label} : elle n’est gardée sous aucune forme.",
                colonne=header,
                remede=f"Répondez « ignorer » à « colonne:{header} », ou retirez-la de l’export.",
            )
    return fates


def hide_lines(dataset: Dataset, *, personal: bool) -> Dataset:
    """The dataset without anybody's data in its lines not used nor in what its findings quote.

    Parameters
    ----------
    dataset : Dataset
    personal : bool
        Whether the file has personal columns: a whole line is then shown by its outline only.
    """
    names = ("rejected", "left_out", "findings")
    return replace(dataset, **{name: hidden_values(getattr(dataset, name), personal=personal) for name in names})


def hidden_values(frame: pd.DataFrame, *, personal: bool) -> pd.DataFrame:
    """Lines not used or findings, without anybody's data in the values they quote (see :func:`hide_lines`)."""
    if frame.empty or "valeur" not in frame.columns:
        return frame
    shown = masked(frame["valeur"])
    if personal and "raison" in frame.columns:  # a whole line holds the cells of every column
        whole = frame["colonne"].fillna("") == ""
        shown = shown.mask(whole, outline(frame["valeur"]))
    changed = {"valeur": shown}
    for column in ("message", "filtres", "effets"):
        if column in frame.columns:
            changed[column] = masked(frame[column])
    return frame.assign(**changed)


def pseudonymise(dataset: Dataset) -> Dataset:
    """The dataset, its dimensions that identify people replaced by pseudonyms, under a key kept apart from the data.

    Whatever was decided before: this is the last look before the store, and it looks at every dimension.

    Raises
    ------
    ReadError
        The key cannot be read.
    MappingError
        Dates of birth or addresses, which no pseudonym replaces.
    """
    tables = {name: getattr(dataset, name) for name in ("cotisation", "prestation")}
    kinds: dict[str, str] = {}
    for frame in tables.values():
        for column in dimensions_of(frame):
            personal = detect(_title(dataset, column), _distinct(frame[column]))
            if personal is not None and REPLACED not in personal.actions:
                raise MappingError(f"Une colonne contient des {personal.label}.", colonne=_title(dataset, column))
            if personal is not None:
                kinds[column] = personal.kind
    dataset = _without_strays(dataset, kept=set(kinds))
    if not kinds:
        return dataset
    tables = {name: getattr(dataset, name) for name in tables}
    key = load_key(PURPOSE)
    changed = {name: _replaced(frame, kinds, key) for name, frame in tables.items()}
    labels = {column: values for column, values in dataset.value_labels.items() if column not in kinds}
    return replace(dataset, **changed, value_labels=labels)


def _without_strays(dataset: Dataset, kept: set[str]) -> Dataset:
    """The dataset without the few values that name a person in a column that does not: said, and never quoted."""
    changed, said = {}, {}
    for name in ("cotisation", "prestation"):
        frame = getattr(dataset, name)
        for column in (c for c in dimensions_of(frame) if c not in kept):
            values = _distinct(frame[column])
            strays = set(values[certain_identifiers(pa.array(values, type=pa.string()))])
            if strays:
                texts = frame[column].astype("str").where(frame[column].notna())
                frame = frame.assign(**{column: texts.where(~texts.isin(strays), _HIDDEN).astype("category")})
                said[_title(dataset, column)] = len(strays)
        changed[name] = frame
    if not said:
        return dataset
    remedy = "Retirez-les de l’export : un numéro ou une adresse n’a rien à faire dans cette colonne."
    rows = [
        finding(
            "conformite.valeur_personnelle", "grave", f"« {title} » : valeurs qui désignaient une personne : {n}. "
            f"Elles sont remplacées par « {_HIDDEN} » ; les montants restent.", colonne=title, remede=remedy,
        )
        for title, n in said.items()
    ]  # fmt: skip
    return replace(dataset, **changed, findings=join(dataset.findings, to_frame(rows)))


def _title(dataset: Dataset, canonical: str) -> str:
    """Title of a column in the file; its own name when the file does not say."""
    return next((str(h) for h, c in dataset.mapping.items() if c == canonical and ":" not in str(h)), canonical)


def _distinct(column: pd.Series) -> pd.Series:
    return pd.Series(column.dropna().unique()).astype("str")


def _replaced(frame: pd.DataFrame, kinds: Mapping[str, str], key: bytes) -> pd.DataFrame:
    """Each distinct value once; two writings of one number become one pseudonym, their rows stay apart."""
    new = {c: pseudonyms(frame[c].astype("str").where(frame[c].notna()), key, kind).astype("category")
           for c, kind in kinds.items() if c in frame.columns}  # fmt: skip
    return frame.assign(**new)
