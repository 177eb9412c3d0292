"""The one small tree of errors: each carries a French sentence, the place and the remedy."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Question:
    """Something a file does not say by itself and that the user must settle.

    Attributes
    ----------
    key : str
        Stable name of the question; ``mapping={key: answer}`` answers it.
    text : str
        The question, in French, as it is asked on the screen.
    choices : dict of str to str
        Allowed answers and their French labels, most likely first.
    advice : str
        What the answer changes, in one French sentence.
    """

    key: str
    text: str
    choices: dict[str, str] = field(default_factory=dict)
    advice: str = ""


class PaliersError(ValueError):
    """Base of every error that a user may meet.

    Parameters
    ----------
    message : str
        What is wrong, in French.
    remede : str, optional
        What to do about it, in French.
    ligne : int, optional
        Line of the file (the header is line 1).
    colonne : str, optional
        Column as named in the file.
    valeur : object, optional
        The offending value.
    """

    code = "erreur"

    def __init__(
        self,
        message: str,
        *,
        remede: str = "",
        ligne: int | None = None,
        colonne: str | None = None,
        valeur: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remede = remede
        self.ligne = ligne
        self.colonne = colonne
        self.valeur = valeur

    def place(self) -> str:
        """Where the fault is, in French; empty when it has no place."""
        parts = []
        if self.ligne is not None:
            parts.append(f"ligne {self.ligne}")
        if self.colonne is not None:
            parts.append(f"colonne « {self.colonne} »")
        if self.valeur is not None:
            parts.append(f"valeur « {self.valeur} »")
        return ", ".join(parts)

    def __str__(self) -> str:
        place = self.place()
        sentence = f"{self.message} ({place})" if place else self.message
        return f"{sentence} {self.remede}".strip()


class ReadError(PaliersError):
    """The bytes cannot be read as a table."""

    code = "lecture"


class MappingError(PaliersError):
    """The columns cannot be given a meaning, or not without an answer.

    Attributes
    ----------
    questions : tuple of Question
        What must be answered; empty when no answer would help.
    """

    code = "correspondance"

    def __init__(self, message: str, *, questions: tuple[Question, ...] = (), **place: Any) -> None:
        super().__init__(message, **place)
        self.questions = questions


class SchemaError(PaliersError):
    """A frame does not respect the contract of :mod:`analytics.schema`."""

    code = "structure"


class InsufficientData(PaliersError):
    """There is not enough history, or not enough cells, for the method asked."""

    code = "donnees_insuffisantes"


class ParameterError(PaliersError):
    """An option has a value that the method cannot use."""

    code = "parametre"


def place_of(error: BaseException) -> str:
    """Kind of a fault and its places in the code, outermost first; its text, which may quote cells, is left out."""
    places, trace = [], error.__traceback__
    while trace is not None:
        places.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    shown = places if len(places) <= 14 else [*places[:2], "…", *places[-11:]]
    return f"{type(error).__name__}, {' > '.join(shown)}"
