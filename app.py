"""RecEmb Explorer: the page list and its navigation."""

import streamlit as st

from pages.kit.navigation import run_app
from pages.kit.uploads import server

if __name__ == "__main__":
    run_app()
else:  # `streamlit run app.py` looks for this line, imports it once, and serves every run of the script through it
    app = st.App(__file__, middleware=server.middleware(), lifespan=server.lifespan)
