"""Questions about a file, asked in one form: a question that no total depends on may stay without an answer."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.depot import Asked
from pages.components.messages import safe

UNKNOWN = "Je ne sais pas"


def ask_all(questions: Sequence[Asked], *, key: str, button: str) -> dict[str, str | None] | None:
    """Answers by key, None standing for « Je ne sais pas », once the button is pressed; None before.

    Parameters
    ----------
    questions : sequence of Asked
    key : str
        What tells these questions from those of another file.
    button : str
        Words on the button.
    """
    needed = any(asked.blocking and asked.answer is None for asked in questions)
    if needed:
        st.info("Répondez pour continuer : un total en dépend.", icon=":material/help:")
    with st.form(f"questions_{key}", border=False):
        answers = {asked.question.key: _ask(key, asked) for asked in questions}
        pressed = st.form_submit_button(button, type="primary" if needed else "secondary")
    return answers if pressed else None


def _ask(key: str, asked: Asked) -> str | None:
    question = asked.question
    options = [*question.choices, *([] if asked.blocking and asked.answer is None else [UNKNOWN])]
    known = asked.answer if asked.answer in options else UNKNOWN
    answer = st.radio(
        safe(question.text), options, index=options.index(known) if known in options else None,
        format_func=lambda o: safe(question.choices.get(o, o)), help=safe(question.advice) or None,
        key=f"question_{key}_{question.key}", horizontal=len(options) <= 4,
    )  # fmt: skip
    return None if answer in (None, UNKNOWN) else answer
