"""Page registry, navigation and the shared selection. No analysis here."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

ICON = Path(__file__).with_name("pages") / "components" / "icon.png"
PAGES = (
    ("pages/accueil.py", "Accueil", ":material/home:", "accueil"),
    ("pages/donnees.py", "Données", ":material/upload_file:", "donnees"),
    ("pages/descriptive.py", "Descriptif", ":material/bar_chart:", "descriptif"),
    ("pages/diagnostic.py", "Diagnostic", ":material/search:", "diagnostic"),
    ("pages/predictive.py", "Prédictif", ":material/trending_up:", "predictif"),
    ("pages/prescriptive.py", "Prescriptif", ":material/checklist:", "prescriptif"),
)


def main() -> None:
    """Draw the frame, then the page asked for."""
    st.set_page_config(page_title="Paliers", page_icon=str(ICON), layout="wide")
    from pages.components.constat import travel
    from pages.components.sidebar import show_sidebar
    from pages.components.wording import translate_widgets

    translate_widgets()

    page = st.navigation(
        [
            st.Page(path, title=title, icon=icon, url_path=url, default=url == "accueil")
            for path, title, icon, url in PAGES
        ]
    )
    travel()
    show_sidebar()
    page.run()


if __name__ == "__main__":
    main()
