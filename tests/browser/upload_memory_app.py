"""A page with nothing but the memory of uploads: what is kept of this browser, one box, two buttons."""

import streamlit as st

from pages.kit.uploads import memory, server
from pages.kit.uploads.memory import KeptUpload


def page() -> None:
    said = list(memory.losses())
    file = st.file_uploader("A file")
    if file is not None:
        said += memory.keep(KeptUpload(f"key {file.name}", file.name, file.getvalue(), reading="as events"))
    st.button("Forget the newest", on_click=lambda: memory.forget(memory.kept()[0].key))
    st.button("Forget all", on_click=memory.forget_all)
    st.caption(memory.limits_text())
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.session_state.setdefault("first", memory.enabled())
    kept = "|".join(f"{u.name}:{len(u.data)}:{u.reading}" for u in memory.kept())
    st.html(
        f"<span data-testid='facts' data-enabled='{memory.enabled()}' data-first='{st.session_state['first']}'"
        f" data-kept='{kept}' data-said='{' '.join(said)}' data-runs='{st.session_state['runs']}'></span>"
    )


if __name__ == "__main__":
    page()
else:
    app = st.App(__file__, middleware=server.middleware(), lifespan=server.lifespan)
