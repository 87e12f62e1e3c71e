"""RecEmb Explorer: the page list and its navigation."""

import streamlit as st

if __name__ == "__main__":
    from pages.kit.navigation import run_app

    run_app()
else:  # `streamlit run app.py` looks for this line, imports it once, and serves every run of the script through it
    from pages.kit.uploads import server

    app = st.App(__file__, middleware=server.middleware(), lifespan=server.lifespan)
