
// ---- what a map has besides: names, a search, keys that walk from item to item, a legend that folds away ----

const FOUND = 50; // items ringed at once
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = "Arrow keys go to the nearest item in their direction, Enter chooses it, Escape leaves. / searches.";

class MapTools {
  constructor(chart) {
    this.chart = chart;
    this.given = []; // names the figure asks for
    this.cursor = null; // the item that keys or the search have gone to
    this.found = []; // ids that the search has found
    this.placed = [];
    this.lit = null; // a grey group that is pointed at
    this.open = false; // the legend
    const node = (this.node = document.createElement("div"));
    node.className = "live-chart-tools";
    node.innerHTML = `<button type="button" aria-expanded="false"></button>
      <input type="search" autocomplete="off" spellcheck="false" placeholder="Find an item" aria-label="Find an item on the map">
      <output aria-live="polite"></output>`;
    [this.fold, this.field, this.said] = node.children;
    this.fold.addEventListener("click", () => this.toggle());
    this.field.addEventListener("input", () => this.search());
    this.field.addEventListener("keydown", (event) => this.searchKey(event));
  }

  // ---- with a figure ----

  take(figure) {
    const { plot, box } = this.chart;
    const [names, others] = splitNames(figure.layout.annotations);
    this.given = names;
    this.items = null;
    if (figure.layout.annotations) figure.layout.annotations = others;
    this.groups = figure.data.filter((trace) => trace.meta?.group !== undefined || trace.meta?.groups);
    this.fold.hidden = this.groups.length < 2;
    this.title = plainText(figure.layout.legend?.title?.text) || "Groups";
    if (!this.node.isConnected) box.insertBefore(this.node, plot);
    this.chosen = names.find(({ chosen }) => chosen)?.id ?? null;
    this.tellFold();
  }

  leave() {
    this.node.remove();
  }

  // A strip on top for these tools and the mode bar; a legend without the groups, which are named on the map, in rows
  // below it.
  dress(figure, layout, narrow, width) {
    const title = layout.title?.text ? (layout.margin.t ?? 0) : 0;
    this.node.style.top = `${title}px`;
    layout.margin.t = Math.max(title + MODE_BAR, layout.margin.t ?? 0);
    const bar = figure.data.some((trace) => trace.marker?.showscale);
    if (this.open) {
      if (!narrow) layout.margin.r = Math.max(layout.margin.r ?? 0, LEGEND);
      return;
    }
    if (this.groups.length > 1) {
      for (const trace of this.groups) if (trace.meta.group !== undefined) trace.showlegend = false;
    }
    if (bar) layout.margin.r = Math.max(layout.margin.r ?? 0, LEGEND / 2);
    const keys = figure.data.filter((trace) => trace.name && trace.showlegend !== false);
    if (layout.showlegend === false || !keys.length) return;
    // Their room is told and not left to Plotly, which finds it after it has chosen the ranges of the axes.
    const stacked = Math.max(...keys.map(({ legendgroup }) => (legendgroup ? keys.filter((one) => one.legendgroup === legendgroup).length : 1)));
    const [long, font] = [keys.map(({ name }) => textWidth(plainText(name), "12px sans-serif") + 48), 19];
    const rows = Math.max(stacked, Math.ceil(long.reduce((a, b) => a + b, 0) / Math.max(width - 60, 100)));
    layout.margin.b = Math.max(layout.margin.b ?? 0, 8 + font * rows);
    layout.legend = { ...layout.legend, orientation: "h", x: 0, xanchor: "left", y: 0, yref: "container", yanchor: "bottom" };
    layout.legend.title = { text: "" };
  }

  toggle() {
    this.open = !this.open;
    this.tellFold();
    this.chart.redraw();
  }

  tellFold() {
    const full = this.chart.plot._fullData ?? [];
    const hidden = full.filter((trace) => trace.meta?.group !== undefined && trace.visible === "legendonly").length;
    this.fold.textContent = `${this.title}${hidden ? ` (${hidden} hidden)` : ""} ${this.open ? "▴" : "▾"}`;
    this.fold.setAttribute("aria-expanded", String(this.open));
    this.fold.setAttribute("aria-label", `${this.open ? "Fold" : "Open"} the legend: ${this.title}`);
    this.fold.title = this.open ? "Fold the legend" : "Open the legend: a click on a group hides it, a double click shows it alone";
  }

  // ---- what is written on the map ----

  write() {
    const { chart } = this;
    if (!chart.plot._fullLayout?.xaxis) return;
    const start = performance.now();
    const { family } = chart.plot._fullLayout.font;
    const fontOf = (kind) => `${FONTS[kind][0]} ${FONTS[kind][1]}px ${family}`;
    const ask = { given: this.given, cursor: this.cursor, rings: this.found, blocked: this.blocked() };
    this.placed = placeNames(chart.plot, ask, fontOf);
    chart.box.setAttribute("data-placed-in", (performance.now() - start).toFixed(1)); // milliseconds, for the tests to look at
    writeNames(chart.plot, this.placed);
    this.light();
    this.tellFold();
  }

  // Words that stand in the plot already.
  blocked() {
    const { xaxis, yaxis } = this.chart.plot._fullLayout;
    const plot = this.chart.plot.getBoundingClientRect();
    const [x, y] = [plot.left + xaxis._offset, plot.top + yaxis._offset];
    return [...this.chart.plot.querySelectorAll(".infolayer .annotation-text-g")].map((node) => {
      const { left, top, right, bottom } = node.getBoundingClientRect();
      return [left - x, top - y, right - x, bottom - y];
    });
  }

  // Names and rings go along with a point of theirs while all glides.
  drift(pixelsOf) {
    const { plot } = this.chart;
    const full = plot._fullLayout;
    for (const name of this.placed) {
      const trace = plot.data[name.trace];
      if (!name.node || !trace?.x) continue;
      const [x, y] = [full[axisName("x", trace.xaxis)], full[axisName("y", trace.yaxis)]];
      const [a, b] = pixelsOf(trace)(trace.x[name.point], trace.y[name.point]);
      const now = [x._offset + a, y._offset + b];
      name.start ??= now;
      moveName(name.node, name, now[0] - name.start[0], now[1] - name.start[1]);
    }
    this.unlight();
  }

  // ---- a grey group, while it is pointed at, found or the chosen item's ----

  point(event) {
    const at = event?.points?.[0];
    const { meta } = this.chart.plot.data[at?.curveNumber] ?? {};
    const lit = meta?.groups?.[meta.of[at.pointNumber]] || null;
    if (lit === this.lit) return;
    this.lit = lit;
    this.light();
  }

  light() {
    const { plot } = this.chart;
    const groups = new Set([this.lit, this.foundGroup]);
    for (const id of [this.chosen, this.cursor]) if (id !== null) groups.add(this.greyOf(id));
    groups.delete(null);
    groups.delete(undefined);
    groups.delete("");
    this.unlight();
    if (!groups.size) return;
    const host = plot.querySelector(".svg-container");
    for (const [, trace, sizes] of itemTraces(plot)) {
      if (!trace.meta?.groups) continue;
      const [x, y] = [plot._fullLayout[axisName("x", trace.xaxis)], plot._fullLayout[axisName("y", trace.yaxis)]];
      const rows = trace.meta.of.flatMap((group, i) => (groups.has(trace.meta.groups[group]) ? [i] : []));
      if (rows.length) host?.querySelector(".main-svg").after(litCanvas(trace, sizes, rows, x, y, plot._fullLayout.font.color));
    }
  }

  unlight() {
    for (const canvas of this.chart.plot.querySelectorAll(".live-chart-lit")) canvas.remove();
  }

  greyOf(id) {
    for (const trace of this.chart.plot.data ?? []) {
      if (!trace.meta?.groups) continue;
      const i = trace.customdata.findIndex((custom) => itemId(custom) === id);
      if (i >= 0) return trace.meta.groups[trace.meta.of[i]];
    }
    return null;
  }

  // ---- search ----

  // Every item once, with the words to find it by.
  index() {
    if (this.items) return this.items;
    const seen = new Set();
    this.items = [];
    for (const [, trace] of itemTraces(this.chart.plot)) {
      trace.customdata.forEach((custom, i) => {
        const id = itemId(custom);
        if (id === null || seen.has(id) || typeof custom[1] !== "string") return;
        seen.add(id);
        const group = trace.meta?.group ?? trace.meta?.groups?.[trace.meta.of[i]] ?? "";
        const name = plainText(custom[1]);
        this.items.push({ id, name, group, notes: String(custom[2] ?? "").split("<br>").filter(Boolean).map(plainText), low: name.toLowerCase() });
      });
    }
    return this.items;
  }

  search() {
    const asked = this.field.value.trim().toLowerCase();
    this.found = [];
    this.foundGroup = null;
    this.cursor = null;
    this.words = "";
    if (asked) {
      const items = this.index();
      const rank = ({ low, group }) => (low.startsWith(asked) ? 0 : low.includes(asked) ? 1 : group.toLowerCase().includes(asked) ? 2 : 3);
      const matching = items.map((item) => [rank(item), item]).filter(([rank]) => rank < 3).sort((a, b) => a[0] - b[0]);
      this.found = matching.slice(0, FOUND).map(([, item]) => item.id);
      if (matching.length && matching[0][0] === 2) this.foundGroup = matching[0][1].group;
      const more = matching.length > FOUND ? `, ${FOUND} ringed` : "";
      this.words = matching.length ? `${matching.length.toLocaleString("en-US")} found${more}. ` : `Nothing called “${short(this.field.value.trim())}” here.`;
      if (matching.length) return this.go(this.found[0]);
    }
    this.tell(this.words);
    this.write();
    return undefined;
  }

  searchKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      const at = this.found.indexOf(this.cursor) + step;
      this.go(this.found[(at + this.found.length) % this.found.length]);
    } else if (event.key === "Enter" && this.cursor !== null) this.choose();
    else if (event.key === "Escape") {
      this.clear();
      this.chart.box.focus({ preventScroll: true });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  clear() {
    this.field.value = "";
    this.cursor = null;
    this.found = [];
    this.foundGroup = null;
    this.words = "";
    this.tell("");
    this.write();
  }

  choose() {
    this.chart.send.trigger("clicked", this.cursor);
    this.tell(`Chosen: ${this.sentence(this.cursor)}`);
  }

  // ---- keys ----

  // True when the key was for the map.
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "/") {
      this.field.focus();
      this.field.select();
    } else if (event.key === "Escape" && (this.cursor !== null || this.found.length)) this.clear();
    else if (event.key === "Enter" && this.cursor !== null) this.choose();
    else if (STEPS[event.key]) this.walk(STEPS[event.key]);
    else return false;
    event.preventDefault();
    return true;
  }

  walk([right, down]) {
    const { plot } = this.chart;
    const traces = itemTraces(plot);
    const subplot = traces[0]?.[1].xaxis ?? "x";
    const [xaxis, yaxis] = [plot._fullLayout[axisName("x", subplot)], plot._fullLayout[axisName("y", traces[0]?.[1].yaxis)]];
    const points = [];
    for (const [, trace] of traces) {
      if ((trace.xaxis ?? "x") !== subplot) continue;
      for (let i = 0; i < trace.x.length; i++) points.push([xaxis.l2p(trace.x[i]), yaxis.l2p(trace.y[i]), trace.customdata[i][0]]);
    }
    if (this.cursor === null) {
      const start = this.chosen ?? this.middle(points, xaxis._length / 2, yaxis._length / 2);
      if (start !== null) this.go(start);
      return;
    }
    const from = points.find(([, , id]) => id === this.cursor);
    if (!from) return;
    let best = [null, Infinity];
    for (const [x, y, id] of points) {
      const [dx, dy] = [x - from[0], y - from[1]];
      const [along, off] = [dx * right + dy * down, Math.abs(dx * down + dy * right)];
      if (id === this.cursor || along <= 0 || off > along) continue; // within 45° of the arrow
      const cost = along + 2 * off;
      if (cost < best[1]) best = [id, cost];
    }
    if (best[0] !== null) this.go(best[0]);
    else this.tell(`No item lies further ${right > 0 ? "right" : right < 0 ? "left" : down > 0 ? "down" : "up"}. ${this.sentence(this.cursor)}`);
  }

  middle(points, x, y) {
    let best = [null, Infinity];
    for (const [a, b, id] of points) if (Math.hypot(a - x, b - y) < best[1]) best = [id, Math.hypot(a - x, b - y)];
    return best[0];
  }

  // Rings and names an item, says it, and brings it into view.
  go(id) {
    this.cursor = id;
    this.tell(`${this.words ?? ""}${this.sentence(id)}`);
    const place = places(this.chart.plot.data).get(id);
    if (place && !this.chart.show(place)) this.write();
    this.chart.link(id);
  }

  sentence(id) {
    const item = this.index().find((one) => one.id === id);
    return item ? [item.name, ...item.notes].join("; ") : "";
  }

  tell(words) {
    if (this.said.textContent !== words) this.said.textContent = words;
  }
}

// Points of one trace in the ink of the page, over the others.
function litCanvas(trace, sizes, rows, xaxis, yaxis, color) {
  const ratio = Math.min(Math.max(window.devicePixelRatio || 1, 1), 2);
  const canvas = document.createElement("canvas");
  canvas.className = "live-chart-lit";
  Object.assign(canvas, { width: Math.round(xaxis._length * ratio), height: Math.round(yaxis._length * ratio) });
  Object.assign(canvas.style, {
    left: `${xaxis._offset}px`, top: `${yaxis._offset}px`, width: `${xaxis._length}px`, height: `${yaxis._length}px`,
  });
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  for (const i of rows) {
    const [a, b] = [xaxis.l2p(trace.x[i]), yaxis.l2p(trace.y[i])];
    context.beginPath();
    context.arc(a * ratio, b * ratio, (ratio * sizeOf(sizes, i)) / 2, 0, 2 * Math.PI);
    context.fill();
  }
  canvas.dataset.points = rows.length;
  return canvas;
}
