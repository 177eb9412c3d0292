"""French words over the few that Streamlit writes in English and offers no option for."""

from __future__ import annotations

import streamlit as st

# The uploader's button and its limits, and the toolbar of charts and tables, whose tooltips and CSV are English: each
# figure has its own French downloads.
_STYLE = """
<style>
[data-testid="stElementToolbar"], [data-testid="InputInstructions"] { display: none; }
.st-key-fichier:not(:has([data-testid="stFileChip"])) button * { font-size: 0; }
.st-key-fichier:not(:has([data-testid="stFileChip"])) button::after { content: "Choisir un fichier"; }
.st-key-fichier [data-testid="stBaseButton-borderlessIcon"] { display: none; }
.st-key-fichier [data-testid="stTooltipErrorHoverTarget"] { pointer-events: none; }
.st-key-fichier [data-testid="stFileChipDeleteBtn"] { pointer-events: auto; }
.st-key-fichier:has([data-testid="stFileChip"][aria-invalid="true"])::after {
  content: "Ce fichier dépasse 200 Mo : utilisez le lien « déposez un gros fichier » ci-dessus."; font-size: 0.9rem;
}
[data-testid="stFileUploaderDropzoneInstructions"] > * { display: none; }
[data-testid="stFileUploaderDropzoneInstructions"]::after { content: "ou le glisser ici"; font-size: 0.9rem; }
</style>
"""


def translate_widgets() -> None:
    """Lay the French words over the English ones."""
    st.html(_STYLE)
