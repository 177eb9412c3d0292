"""French words over the few that Streamlit writes in English and offers no option for."""

from __future__ import annotations

import streamlit as st

# The uploader's button and its limits, and the toolbar of charts and tables, whose tooltips and CSV are English: each
# figure has its own French downloads.
_STYLE = """
<style>
[data-testid="stElementToolbar"] { display: none; }
.st-key-fichier:not(:has([data-testid="stFileUploaderFile"])) button * { font-size: 0; }
.st-key-fichier:not(:has([data-testid="stFileUploaderFile"])) button::after { content: "Choisir un fichier"; }
[data-testid="stFileUploaderDropzoneInstructions"] > * { display: none; }
[data-testid="stFileUploaderDropzoneInstructions"]::after { content: "ou le glisser ici"; font-size: 0.9rem; }
[data-testid="stFileUploaderFileErrorMessage"] { font-size: 0; }
[data-testid="stFileUploaderFileErrorMessage"]::after {
  content: "Fichier refusé : plus de 200 Mo, ou d’un type inconnu."; font-size: 0.9rem;
}
</style>
"""


def translate_widgets() -> None:
    """Lay the French words over the English ones."""
    st.html(_STYLE)
