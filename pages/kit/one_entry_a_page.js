// Streamlit pushes an entry into the browser's history whenever a run writes the address, so that Back would go through
// every setting of a page before it left it. An address of the same page takes the place of the one before instead.
// Another page starts at its top: Streamlit leaves the scroll bar where a link far down the page before was pressed.
(() => {
  const mark = Symbol.for("recemb one entry a page");
  if (window.history[mark]) return;
  const push = window.history.pushState.bind(window.history);
  window.history.pushState = (state, unused, url) => {
    const here = new URL(window.location.href);
    const there = new URL(url ?? here.href, here.href);
    if (there.pathname === here.pathname) window.history.replaceState(state, unused, url);
    else {
      push(state, unused, url);
      document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
    }
  };
  window.history[mark] = true;
  // Where the window is narrow the page comes first: the sidebar starts closed, and opens by its button.
  const closes = () => document.querySelector("[data-testid=stSidebarCollapseButton] button");
  const close = (tries) => (closes() ? closes().click() : tries > 0 && setTimeout(close, 100, tries - 1));
  if (window.innerWidth < 1000) close(20);
})();
