"""A budget file made a budget by month: what could be read in two ways is refused, with what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analytics.errors import SchemaError
from analytics.french import format_month
from analytics.predictive.budget import Budget
from analytics.predictive.reconciliation import WHOLE

_AMOUNT_WORDS = ("budget", "montant", "prevu", "prévu", "prestation", "objectif")
#: Lines of a poste that the data do not have: they count in the whole only.
UNKNOWN = ""
EXPECTED = "Attendu : une colonne de mois, une colonne de montants, et si vous voulez une colonne de postes."
BY_MONTH = "Donnez une ligne par mois, ou tapez l’année dans « Montant annuel »."
CURRENCIES = frozenset(
    {"usd", "gbp", "chf", "cad", "jpy", "mad", "tnd", "xof", "xaf", "xpf", "dzd", "pln", "$", "£", "¥", "dollar",
     "dollars", "livre", "livres", "franc", "francs"}
)  # fmt: skip
_TOTALS = ("total", "totaux", "ensemble", "total général", "tous postes")
_TOTAL_LIKE = re.compile(r"\btota(?:l|ux)\b|^sous[- ]?tota|^(?:ensemble|tous|toutes|cumul)\b")
_CUMULATED = re.compile(r"cumul|\bytd\b|depuis (le )?(début|debut|janvier)")
_NOT_CLAIMS = re.compile(r"cotisation|\bprimes?\b|r[ée]alis[ée]")
_STEPS = {2: "tous les deux mois", 3: "par trimestre", 6: "par semestre", 12: "par an"}


def read_budget(
    frame: pd.DataFrame, *, parts: Mapping[str, str] | None = None, lines: pd.Series | None = None
) -> Budget:
    """Budget from a table already typed.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of dates, numbers and texts, as :attr:`data.readers.Table.tidy` gives them.
    parts : mapping of str to str, optional
        What a poste may be called in the file (code or label, any case) to the name of its series.
    lines : pandas.Series, optional
        Line of the file of each row, for the messages.

    Raises
    ------
    SchemaError
        No column of months or of amounts, or several; amounts cumulated, in another currency, or not of claims; a line
        without month or amount, or said twice; a total that may be of anything; fewer lines than months; nothing
        positive.
    """
    numbers = lines.to_numpy() if lines is not None else np.arange(len(frame)) + 2
    month = _only(frame, [c for c in frame if pd.api.types.is_datetime64_any_dtype(frame[c])], "mois")
    amount = _amount(frame)
    _refuse_amounts(frame, amount)
    months, values = frame[month].dt.to_period("M").dt.to_timestamp(), frame[amount].astype(float)
    _refuse_missing(months, numbers, month, "Une ligne du budget n’a pas de mois.")
    _refuse_missing(values, numbers, amount, "Une ligne du budget n’a pas de montant.")
    column = _parts_column(frame, parts or {})
    _refuse_repeated(frame.drop(columns=amount), month, column, numbers)
    rows = pd.DataFrame({"serie": WHOLE, "mois": months, "valeur": values})
    notes = _notes(frame, rows, month, amount, column)
    if column is not None:
        rows["serie"], said = _matched(frame[column], parts, numbers)
        notes += said
    _refuse_spaced(rows)
    table = _summed(rows)
    if not table.loc[table["serie"] == WHOLE, "valeur"].sum() > 0:
        raise SchemaError(
            "Le budget est nul ou négatif.", colonne=str(amount), remede="Écrivez les dépenses en montants positifs."
        )
    absent = sorted(set(parts.values()) - set(table["serie"]) - {WHOLE}) if column is not None else []
    if absent:
        notes.append(f"Postes des données absents du budget : {', '.join(absent)} ; l’ensemble les compte sans budget.")
    return Budget(table, tuple(notes))


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """serie, mois, valeur; the whole is the total of a month when it is given, else the sum of its parts."""
    table = rows.groupby(["serie", "mois"], as_index=False)["valeur"].sum()
    said = set(table.loc[table["serie"] == WHOLE, "mois"])
    rest = rows[~rows["mois"].isin(said)]
    whole = rest.groupby("mois", as_index=False)["valeur"].sum().assign(serie=WHOLE)
    table = pd.concat([table, whole[table.columns]], ignore_index=True)
    return table[table["serie"] != UNKNOWN].reset_index(drop=True)


def _notes(frame: pd.DataFrame, rows: pd.DataFrame, month: str, amount: str, column: str | None) -> list[str]:
    unused = [str(c) for c in frame if c not in (month, amount, column)]
    notes = [f"Colonnes non utilisées : {', '.join(unused)}."] if unused else []
    named = rows if column is None else rows.assign(serie=_plain(frame[column]))
    if named.duplicated(["serie", "mois"]).any():
        same = "d’un même mois" if column is None else "d’un même mois et d’un même poste"
        notes.append(f"Les lignes {same} sont additionnées.")
    return notes


def _only(frame: pd.DataFrame, found: list[str], what: str) -> str:
    if len(found) == 1:
        return found[0]
    if not found:
        names = ", ".join(str(c) for c in frame.columns)
        raise SchemaError(
            f"Aucune colonne de {what} n’a été reconnue dans le budget (colonnes lues : {names}).", remede=EXPECTED
        )
    raise SchemaError(
        f"Plusieurs colonnes de {what} dans le budget : {', '.join(map(str, found))}.", colonne=str(found[1]),
        remede="N’en gardez qu’une.",
    )  # fmt: skip


def _amount(frame: pd.DataFrame) -> str:
    numeric = [c for c in frame if pd.api.types.is_numeric_dtype(frame[c])]
    named = [c for c in numeric if any(word in str(c).lower() for word in _AMOUNT_WORDS)]
    return _only(frame, named if len(named) == 1 else numeric, "montants")


def _refuse_amounts(frame: pd.DataFrame, amount: str) -> None:
    """Amounts that are not euros of claims spent in the month."""
    title = str(amount).lower()
    words = set(re.findall(r"[$£¥]|\w+", title))
    for column in _texts(frame):
        words |= set(_plain(frame[column]).dropna().unique()) & CURRENCIES
    if words & CURRENCIES:
        raise SchemaError(
            "Le budget n’est pas en euros.", colonne=str(amount),
            remede="Convertissez les montants en euros, et dites-le dans le titre de la colonne.",
        )  # fmt: skip
    if _CUMULATED.search(title):
        raise SchemaError(
            "Le budget est cumulé.", colonne=str(amount), remede="Donnez le montant de chaque mois, sans le cumuler."
        )
    if _NOT_CLAIMS.search(title) and "prestation" not in title:
        raise SchemaError(
            "Cette colonne n’est pas un budget de prestations.", colonne=str(amount),
            remede="Donnez les prestations prévues, sous un titre comme « Budget ».",
        )  # fmt: skip


def _refuse_missing(values: pd.Series, lines: np.ndarray, column: str, message: str) -> None:
    missing = values.isna().to_numpy()
    if missing.any():
        raise SchemaError(
            message, ligne=int(lines[missing.argmax()]), colonne=str(column), remede="Complétez ou supprimez la ligne."
        )


def _refuse_repeated(told: pd.DataFrame, month: str, column: str | None, lines: np.ndarray) -> None:
    """Two lines that nothing but their amount tells apart: added up, or one too many?"""
    plain = told.assign(**{c: _plain(told[c]) for c in _texts(told)})
    again = plain.duplicated().to_numpy()
    if not again.any():
        return
    same = plain.groupby(list(plain), dropna=False, observed=True).ngroup().to_numpy()
    at = int(again.argmax())
    first = int((same == same[at]).argmax())
    whose = "" if column is None else f", « {str(told[column].iloc[at]).strip()} »"
    raise SchemaError(
        f"Le budget dit deux fois {format_month(told[month].iloc[at], short=False)}{whose} : lignes {lines[first]} et "
        f"{lines[at]}. Faut-il les additionner, ou n’en garder qu’une ?",
        ligne=int(lines[at]), remede="Ne laissez qu’une ligne par mois et par poste.",
    )  # fmt: skip


def _refuse_spaced(rows: pd.DataFrame) -> None:
    """A budget by quarter or by year would look like a budget of a few months."""
    months = np.sort(rows["mois"].unique())
    gaps = np.diff(months.astype("datetime64[M]").astype(int))
    if len(months) == 1:
        only = format_month(pd.Timestamp(months[0]), short=False)
        raise SchemaError(f"Le budget n’a qu’un mois, {only} : est-ce le montant d’une année ?", remede=BY_MONTH)
    if (gaps > 1).all():
        step = _STEPS.get(int(gaps[0])) if (gaps == gaps[0]).all() else None
        told = f"Le budget est {step}." if step else "Le budget n’a pas une ligne par mois."
        raise SchemaError(told, remede=BY_MONTH)


def _texts(frame: pd.DataFrame) -> list[str]:
    types = pd.api.types
    return [c for c in frame if not (types.is_numeric_dtype(frame[c]) or types.is_datetime64_any_dtype(frame[c]))]


def _plain(cells: pd.Series) -> pd.Series:
    return cells.astype("str").str.strip().str.lower()


def _parts_column(frame: pd.DataFrame, parts: Mapping[str, str]) -> str | None:
    """The column of texts with the most values that are parts."""
    best, count = None, 0
    for column in _texts(frame):
        known = set(_plain(frame[column]).dropna().unique()) & set(_keys(parts))
        if len(known) > count:
            best, count = column, len(known)
    return best


def _keys(parts: Mapping[str, str]) -> dict[str, str]:
    return dict.fromkeys(_TOTALS, WHOLE) | {str(k).strip().lower(): v for k, v in parts.items()}


def _matched(texts: pd.Series, parts: Mapping[str, str], lines: np.ndarray) -> tuple[pd.Series, list[str]]:
    """Series of each row; a poste that the data do not have is of none, and named."""
    cells = texts.astype("str").str.strip().reset_index(drop=True)
    plain = cells.str.lower()
    series = plain.map(_keys(parts)).fillna(UNKNOWN)
    like = (series == UNKNOWN) & plain.str.contains(_TOTAL_LIKE).fillna(value=False)
    others = (series == WHOLE) & (plain != plain[series == WHOLE].min())  # « Total » and « Ensemble » at once
    if (like | others).any():
        at = int((like | others).argmax())
        raise SchemaError(
            "Une ligne du budget est un total, et rien ne dit de quoi.", ligne=int(lines[at]),
            colonne=str(texts.name), valeur=cells[at], remede="Supprimez-la ; la ligne du tout s’appelle « Total ».",
        )  # fmt: skip
    series.index, unknown = texts.index, sorted(set(cells[series == UNKNOWN].dropna()))
    if not unknown:
        return series, []
    return series, [f"Postes du budget inconnus des données, comptés dans l’ensemble seul : {', '.join(unknown)}."]
