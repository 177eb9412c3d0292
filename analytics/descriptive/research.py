"""Research exercise: a question kept with its hypothesis and its figure, asked again when the data change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analytics.constat import Constat
from analytics.errors import ParameterError
from analytics.french import is_missing
from analytics.schema import Dataset, Selection

#: What a hypothesis says of the figure, and the words for it.
EXPECTED: Mapping[str, str] = {
    "hausse": "plus haut que la période de comparaison",
    "baisse": "plus bas que la période de comparaison",
    "au_moins": "au moins égal au seuil",
    "au_plus": "au plus égal au seuil",
}
THRESHOLDS = ("au_moins", "au_plus")
#: About the answer, never about the hypothesis: one that was wrong and still is has the same answer.
SAME, TO_REVIEW, UNKNOWN = "réponse inchangée", "réponse à revoir", "sans réponse"


@dataclass(frozen=True)
class Figure:
    """The result of a question on some data: value and what it is compared with, None when unknown."""

    valeur: float | None
    reference: float | None
    phrase: str = ""


@dataclass(frozen=True)
class Exercise:
    """A question and what was found of it.

    Attributes
    ----------
    question, hypothese, conclusion : str
        Texts of the user.
    attendu : str
        Key of :data:`EXPECTED`: what the hypothesis says of the figure.
    seuil : float or None
        For "au_moins" and "au_plus", in the unit of the indicator.
    indicateur : str
    selection : Selection
        Perimeter, comparison, and months at that time.
    periode : str
        Period as it was chosen: « 12 derniers mois » moves with the data, chosen months do not.
    alors : Figure
        The result when it was saved.
    partageable : bool
        Whether that result spoke of enough persons to be shared.
    lien : mapping
        What the page showed: the controls of the crossed table.
    source : str
        Data it was found on.
    """

    question: str
    hypothese: str
    conclusion: str
    attendu: str
    seuil: float | None
    indicateur: str
    selection: Selection
    periode: str
    alors: Figure
    partageable: bool
    lien: Mapping[str, object]
    source: str = ""


def figure_of(constat: Constat, phrase: str = "") -> Figure:
    """The result that a finding measures."""
    value, reference = (None if is_missing(x) else float(x) for x in (constat.valeur, constat.reference))
    return Figure(value, reference, phrase)


def holds(exercise: Exercise, figure: Figure) -> bool | None:
    """Whether the hypothesis is true of a result; None when the result cannot tell."""
    other = exercise.seuil if exercise.attendu in THRESHOLDS else figure.reference
    if figure.valeur is None or other is None:
        return None
    above = figure.valeur >= other if exercise.attendu == "au_moins" else figure.valeur > other
    below = figure.valeur <= other if exercise.attendu == "au_plus" else figure.valeur < other
    return above if exercise.attendu in ("hausse", "au_moins") else below


def review(exercise: Exercise, now: Figure | None) -> str:
    """« réponse inchangée » when the hypothesis is answered as it was, « réponse à revoir » when it is not.

    A hypothesis that was wrong then and is wrong now has the same answer: the conclusion drawn from it stands.
    """
    before, after = holds(exercise, exercise.alors), None if now is None else holds(exercise, now)
    if before is None or after is None:
        return UNKNOWN
    return SAME if before == after else TO_REVIEW


def missing_of(exercise: Exercise, dataset: Dataset, values: Mapping[str, list[str]]) -> str:
    """What the question speaks of and these data lack, in French; empty when they have it all."""
    for dimension, wanted in exercise.selection.filtres.items():
        if dimension not in dataset.dimensions:
            return f"« {dataset.label(dimension)} » n’est pas dans ces données"
        absent = [v for v in wanted if v not in values[dimension]]
        if absent:
            return f"« {dataset.value_label(dimension, absent[0])} » n’est pas dans ces données"
    return ""


def to_content(exercise: Exercise) -> dict[str, object]:
    """Plain values, as the store keeps them."""
    s = exercise.selection
    return {
        "genre": "recherche",
        "hypothese": exercise.hypothese,
        "conclusion": exercise.conclusion,
        "attendu": exercise.attendu,
        "seuil": exercise.seuil,
        "indicateur": exercise.indicateur,
        "debut": f"{s.debut:%Y-%m}",
        "fin": f"{s.fin:%Y-%m}",
        "filtres": {d: list(v) for d, v in s.filtres.items()},
        "comparaison": s.comparaison,
        "periode": exercise.periode,
        "alors": [exercise.alors.valeur, exercise.alors.reference, exercise.alors.phrase],
        "partageable": exercise.partageable,
        "lien": dict(exercise.lien),
        "source": exercise.source,
    }


def from_content(question: str, content: Mapping[str, object]) -> Exercise:
    """Read back what `to_content` wrote.

    Raises
    ------
    ParameterError
        It is something else.
    """
    try:
        if content["genre"] != "recherche" or content["attendu"] not in EXPECTED:
            raise KeyError("genre")
        debut, fin = (pd.Timestamp(f"{content[k]}-01") for k in ("debut", "fin"))
        filters = {str(d): tuple(str(x) for x in v) for d, v in content["filtres"].items()}
        value, reference, phrase = content["alors"]
        texts = {k: str(content[k]) for k in ("hypothese", "conclusion", "attendu", "indicateur", "periode", "source")}
        return Exercise(
            question=question, seuil=content["seuil"], alors=Figure(value, reference, str(phrase)),
            selection=Selection(debut, fin, filters, str(content["comparaison"])),
            partageable=content["partageable"] is True, lien=dict(content["lien"]), **texts,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParameterError("Cette recherche est illisible.", valeur=question, remede="Supprimez-la.") from error
