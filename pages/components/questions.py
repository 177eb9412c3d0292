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
    needed = [asked for asked in questions if asked.blocking and asked.answer is None]
    others = [asked for asked in questions if asked not in needed]
    answers: dict[str, str | None] = {}
    with st.form(f"questions_{key}", border=False):
        for title, group in (("À répondre pour continuer", needed), ("Facultatif", others)):
            if group:
                st.markdown(f"**{title}**")
            answers |= {asked.question.key: _ask(key, asked) for asked in group}
        pressed = st.form_submit_button(button, type="primary" if needed else "secondary")
    missing = [asked.question.text for asked in needed if answers[asked.question.key] is None]
    if pressed and missing:
        st.warning(f"Il manque une réponse : {safe(missing[0])}", icon=":material/help:")
        return None
    return answers if pressed else None


def _ask(key: str, asked: Asked) -> str | None:
    question = asked.question
    dropped = question.key.startswith("personnel:")  # without an answer the first one stands, and it is shown
    must = dropped or (asked.blocking and asked.answer is None)
    options = [*question.choices, *([] if must else [UNKNOWN])]
    known = asked.answer if asked.answer in options else options[0] if dropped else UNKNOWN
    answer = st.radio(
        safe(question.text), options, index=options.index(known) if known in options else None,
        format_func=lambda o: safe(question.choices.get(o, o)), help=safe(question.advice) or None,
        key=f"question_{key}_{question.key}", horizontal=len(options) <= 4,
    )  # fmt: skip
    return None if answer in (None, UNKNOWN) else answer
