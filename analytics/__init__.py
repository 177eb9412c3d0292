"""Pure analytics for a French health mutual: no Streamlit, no file access, nothing of the rest of the project."""
