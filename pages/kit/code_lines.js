// What a line of the code above says: pointed at with the mouse, or gone to with the arrow keys.

export default function (component) {
  const box = component.parentElement.querySelector(".code-lines");
  const expander = box?.closest("[data-testid=stExpander]");
  if (!expander || !component.data) return undefined;
  const { hint, revision } = component.data;
  box.dataset.rev = revision;
  box.dataset.line = "-1";
  box.textContent = hint;
  const lines = JSON.parse(component.data.lines);
  let end = () => {};
  const begin = () => {
    const pre = expander.querySelector("[data-testid=stCode] pre");
    if (pre) end = follow(pre, lines, box, hint);
    return pre !== null;
  };
  if (begin()) return () => end();
  // Streamlit fetches what shows code when it is first shown.
  const watch = new MutationObserver(() => begin() && watch.disconnect());
  watch.observe(expander, { childList: true, subtree: true });
  return () => {
    watch.disconnect();
    end();
  };
}

// Let the block's lines speak; returns what ends it.
function follow(pre, lines, box, hint) {
  const code = pre.querySelector("code") ?? pre;
  let at = -1;
  // No line is wrapped: all are of one height.
  const size = () => {
    const range = document.createRange();
    range.selectNodeContents(code);
    const text = range.getBoundingClientRect();
    return { height: text.height / lines.length, top: text.top - pre.getBoundingClientRect().top, text };
  };
  const go = (to) => {
    if (to === at) return;
    frame(lines[at], false);
    at = to;
    const line = lines[at];
    frame(line, true);
    box.textContent = line ? line.words || "No control and no chart: it prepares what follows." : hint;
    box.dataset.line = String(at);
    const { height, top, text } = size();
    // Right below its line, wherever the page is scrolled to.
    box.style.left = `${pre.getBoundingClientRect().left + 24}px`;
    box.style.top = `${text.top + (at + 1) * height + 4}px`;
    const fill = "linear-gradient(color-mix(in srgb, var(--moved) 22%, transparent) 0 0)";
    pre.style.background = line ? `${fill} 0 ${top + at * height}px / 100% ${height}px no-repeat` : "";
  };
  const pointed = (event) => {
    const { height, text } = size();
    const line = Math.floor((event.clientY - text.top) / height);
    go(line >= 0 && line < lines.length ? line : -1);
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(Math.max(0, Math.min(lines.length - 1, at + step)));
  };
  const leave = () => go(-1);
  const heard = { pointermove: pointed, pointerleave: leave, keydown: keys, focus: () => go(Math.max(at, 0)), blur: leave };
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", `Code. ${hint}`);
  for (const [name, what] of Object.entries(heard)) pre.addEventListener(name, what);
  return () => {
    leave();
    for (const [name, what] of Object.entries(heard)) pre.removeEventListener(name, what);
  };
}

function frame(line, on) {
  for (const name of line?.controls ?? []) {
    for (const node of document.getElementsByClassName(name)) node.classList.toggle("said-by-code", on);
  }
  for (const chart of document.querySelectorAll(".live-chart[data-chart-key]")) {
    const named = (line?.charts ?? []).some((key) => chart.dataset.chartKey.startsWith(key));
    if (named) chart.classList.toggle("said-by-code", on);
  }
}
