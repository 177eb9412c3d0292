"""Tidy frames to Vega-Lite pictures: no Streamlit, no analysis."""
