"""What a confined process may say, checked before it is believed, and the French of each limit."""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from analytics.errors import (
    InsufficientData,
    MappingError,
    PaliersError,
    ParameterError,
    Question,
    ReadError,
    SchemaError,
)
from analytics.french import THIN, format_number

#: Longest line accepted from the child: a result is a summary, what is large goes through files.
MAX_LINE = 8 << 20
_MAX_TEXT = 4000
_MAX_QUESTIONS, _MAX_CHOICES = 200, 500
_ERRORS = {e.code: e for e in (ReadError, MappingError, SchemaError, InsufficientData, ParameterError)}
_YEAR_BY_YEAR = "Déposez un fichier plus petit, par exemple une année à la fois."
_AGAIN = "Exportez de nouveau le fichier, en CSV si possible, puis déposez-le."


class Stopped(ReadError):
    """The confined process was stopped before it answered.

    Attributes
    ----------
    limit : str
        "memoire", "calcul", "duree", "disque", "processus", "arret" (it crashed), "faute" (our own) or "annule".
    """

    code = "limite"

    def __init__(self, message: str, *, limit: str, remede: str = "") -> None:
        super().__init__(message, remede=remede)
        self.limit = limit


@dataclass(frozen=True)
class Message:
    """One checked line of the child: kind is "ready", "started", "progress", "result" or "failure"."""

    kind: str
    fraction: float = 0.0
    text: str = ""
    applied: tuple[str, ...] = ()
    result: dict[str, Any] = field(default_factory=dict)
    error: PaliersError | None = None
    limit: str = ""


def parse(line: bytes) -> Message:
    """One line of the child.

    Raises
    ------
    ValueError
        The line is not one of the messages of the protocol.
    """
    if len(line) > MAX_LINE or not line.endswith(b"\n"):
        raise ValueError("message too long or cut")
    content = json.loads(line)
    if not isinstance(content, dict):
        raise ValueError("message without fields")
    kind = content.get("kind")
    if kind == "progress":
        return Message(kind, fraction=_fraction(content.get("fraction")), text=clean(content.get("text", ""), 200))
    if kind == "result" and isinstance(content.get("result"), dict):
        return Message(kind, result=content["result"])
    if kind == "started":
        return Message(kind, applied=tuple(clean(a, 20) for a in list(content.get("applied", ()))[:20]))
    if kind == "limit":
        return Message("failure", limit=clean(content.get("limit"), 20))
    if kind == "unexpected":
        return Message("failure", limit="faute", text=clean(content.get("place"), 160))
    if kind == "error":
        return Message("failure", error=error_of(content))
    if kind == "ready":
        return Message(kind)
    raise ValueError("unknown message")


def clean(value: object, longest: int = _MAX_TEXT) -> str:
    """A text of the child: bounded, without control characters, nor those that turn a line around."""
    text = str(value)[:longest]
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("fraction")
    return min(max(float(value), 0.0), 1.0)


def error_fields(error: PaliersError) -> dict[str, Any]:
    """An error as plain JSON values, its value cut: what :func:`error_of` reads."""
    fields: dict[str, Any] = {"code": error.code, "message": error.message, "remede": error.remede}
    fields["ligne"] = None if error.ligne is None else int(error.ligne)
    for name in ("colonne", "valeur"):
        value = getattr(error, name)
        fields[name] = None if value is None else clean(value, 500)
    if isinstance(error, Stopped):
        fields["limit"] = error.limit
    if isinstance(error, MappingError):
        fields["questions"] = [question_fields(q) for q in error.questions[:_MAX_QUESTIONS]]
    return fields


def question_fields(question: Question) -> dict[str, Any]:
    """A question as plain JSON values: what :func:`question_of` reads."""
    choices = {str(k): str(v) for k, v in list(question.choices.items())[:_MAX_CHOICES]}
    return {"key": question.key, "text": question.text, "choices": choices, "advice": question.advice}


def error_of(content: dict[str, Any]) -> PaliersError:
    """The error told by fields code, message, remede, ligne, colonne, valeur, questions.

    Raises
    ------
    ValueError
        A field is not of its type.
    """
    place: dict[str, Any] = {"remede": clean(content.get("remede", ""))}
    ligne = content.get("ligne")
    if ligne is not None:
        if isinstance(ligne, bool) or not isinstance(ligne, int):
            raise ValueError("ligne")
        place["ligne"] = ligne
    for name in ("colonne", "valeur"):
        if content.get(name) is not None:
            place[name] = clean(content[name], 500)
    kind = _ERRORS.get(str(content.get("code")), PaliersError)
    if content.get("code") == Stopped.code:
        return Stopped(clean(content.get("message", "")), limit=clean(content.get("limit"), 20), remede=place["remede"])
    if kind is MappingError:
        place["questions"] = tuple(question_of(q) for q in list(content.get("questions", ()))[:_MAX_QUESTIONS])
    return kind(clean(content.get("message", "")), **place)


def question_of(content: object) -> Question:
    """A question told by fields key, text, choices, advice.

    Raises
    ------
    ValueError
        A field is missing or of another type.
    """
    if not isinstance(content, dict) or not isinstance(content.get("choices"), dict):
        raise ValueError("question")
    choices = dict(list(content["choices"].items())[:_MAX_CHOICES])
    return Question(
        clean(content.get("key"), 500),
        clean(content.get("text")),
        {clean(k, 500): clean(v, 500) for k, v in choices.items()},
        clean(content.get("advice", "")),
    )


def stopped(limit: str, *, amount: float = 0.0) -> Stopped:
    """The error of a limit; `amount` is what was allowed, in bytes or seconds."""
    megabytes = f"{format_number(amount / (1 << 20))}{THIN}Mo"
    seconds = f"{format_number(amount)}{THIN}s"
    sentences = {
        "memoire": (f"Lire ce fichier demande plus de {megabytes} de mémoire : la lecture est arrêtée.", _YEAR_BY_YEAR),
        "calcul": (f"Lire ce fichier demande plus de {seconds} de calcul : la lecture est arrêtée.", _YEAR_BY_YEAR),
        "duree": (f"La lecture de ce fichier dure plus de {seconds} : elle est arrêtée.", _YEAR_BY_YEAR),
        "disque": (
            "Ce qui est tiré de ce fichier ne tient pas sur le disque du serveur.",
            "Libérez de la place, ou déposez un fichier plus petit.",
        ),
        "processus": ("La lecture de ce fichier lançait d’autres programmes : elle est arrêtée.", _AGAIN),
        "arret": ("La lecture de ce fichier s’est arrêtée d’un coup : il est sans doute abîmé ou piégé.", _AGAIN),
        "faute": ("La lecture de ce fichier a échoué par une faute de Paliers.", _AGAIN),
        "annule": ("La lecture a été annulée.", "Déposez de nouveau le fichier si vous en avez besoin."),
    }  # fmt: skip
    message, remedy = sentences.get(limit, sentences["arret"])
    return Stopped(message, limit=limit if limit in sentences else "arret", remede=remedy)
