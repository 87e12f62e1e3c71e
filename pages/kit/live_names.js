
// ---- names on a map ----
// Groups at their densest place in view, the chosen item, those the figure names, and, where few points are in view, all
// others: each only where it covers no other name. They lie over the points and under what the mouse opens.

const FONTS = { cursor: [700, 13], chosen: [700, 13], group: [600, 13], rest: [500, 12], item: [400, 12] }; // weight, pixels
const CHOSEN = "#E6004C"; // as recemb_core/figures/theme.py has it
const CELL = 24; // pixels of a square in which a group's points are counted
const FINE = 6; // pixels of a square in which all points are counted
const ALL_NAMED = 60; // points in view up to which any item may be named
const MOST = 60; // names at once
const WIDEST = 200; // pixels of a name
const MARK = 50; // other points that a group's name rather covers than a chosen or named item's
const LONG = 100; // pixels from which on a name needs air around it

// A figure's annotations: [names of items, all else].
function splitNames(annotations) {
  const names = [];
  const others = [];
  for (const note of annotations ?? []) {
    if (!note.name?.startsWith("item:")) others.push(note);
    else {
      const [text, color] = [plainText(note.text), note.font?.color]; // the chosen item's name has a color
      names.push({ id: note.name.slice(5), text, color, chosen: color !== undefined, x: note.xref ?? "x" });
    }
  }
  return [names, others];
}

// The chosen item's color as that of letters: on a dark page a lighter one, or they have too little contrast.
function readable(color) {
  return color?.toUpperCase() === CHOSEN ? `var(--st-red-text-color, ${CHOSEN})` : color;
}

// What a chart's text reads as.
function plainText(markup) {
  const words = String(markup ?? "").replace(/<br\s*\/?>/g, " ").replace(/<[^>]*>/g, "");
  return words.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").trim();
}

// The traces in which each item is once, [number, trace, sizes of its points]: those that know their groups, or all
// points but rings.
function itemTraces(plot) {
  const all = plot.data.map((trace, index) => [index, trace, plot._fullData[index]?.marker?.size ?? 6]);
  const drawn = all.filter(([index, trace]) => carriesItems(trace) && plot._fullData[index]?.visible === true);
  const grouped = drawn.filter(([, trace]) => trace.meta?.group !== undefined || trace.meta?.groups);
  return grouped.length ? grouped : drawn.filter(([, trace]) => trace.mode === "markers" && trace.marker?.symbol !== "circle-open");
}

// All that is to be written and ringed now, each {key, kind, text, x, y, width, height, trace, point}; x, y: its middle.
// `ask`: {given, cursor, rings, blocked}, `fonts`: (kind) → a font. Traces and points are what a name moves with.
function placeNames(plot, ask, fontOf) {
  const full = plot._fullLayout;
  const placed = [];
  const traces = itemTraces(plot);
  for (const x of new Set(traces.map(([, trace]) => trace.xaxis ?? "x"))) {
    const own = traces.filter(([, trace]) => (trace.xaxis ?? "x") === x);
    const axes = [full[axisName("x", x)], full[axisName("y", own[0][1].yaxis)]];
    placed.push(...placeIn(own, axes, { ...ask, given: ask.given.filter((name) => name.x === x) }, fontOf, x));
  }
  return placed;
}

function placeIn(traces, [xaxis, yaxis], ask, fontOf, subplot) {
  const [width, height] = [xaxis._length, yaxis._length];
  const [left, right] = xaxis.range;
  const [low, high] = yaxis.range;
  const [across, up] = [width / (right - left), height / (high - low)];
  const [columns, rows] = [Math.ceil(width / CELL), Math.ceil(height / CELL)];
  const cover = new Cover(width, height);
  const groups = new Map(); // name → {count, cells, one: a point of each cell, color}
  const wanted = new Map(ask.given.map((name) => [name.id, null]));
  for (const id of [ask.cursor, ...ask.rings]) if (id !== null) wanted.set(id, null);
  const some = []; // points in view, as long as they are few
  let seen = 0;
  const all = traces.reduce((sum, [, trace]) => sum + trace.x.length, 0);
  for (const [index, trace, sizes] of traces) {
    const { x, y, customdata, meta } = trace;
    for (let i = 0; i < x.length; i++) {
      const [a, b] = [(x[i] - left) * across, (high - y[i]) * up];
      if (wanted.size && wanted.get(customdata[i][0]) === null) wanted.set(customdata[i][0], { a, b, index, i, trace, size: sizeOf(sizes, i) });
      if (!(a >= 0 && b >= 0 && a < width && b < height)) continue;
      cover.add(a, b);
      if (++seen <= ALL_NAMED) some.push({ a, b, index, i, trace, size: sizeOf(sizes, i) });
      const name = meta?.group ?? meta?.groups?.[meta.of[i]];
      if (!name) continue;
      let group = groups.get(name);
      if (!group) {
        const counts = { cells: new Int32Array(columns * rows), one: new Int32Array(columns * rows) };
        groups.set(name, (group = { count: 0, index, rest: meta.group === undefined, ...counts }));
        group.color = group.rest ? null : trace.marker?.color;
      }
      const cell = Math.floor(b / CELL) * columns + Math.floor(a / CELL);
      group.count += 1;
      group.cells[cell] += 1;
      group.one[cell] = i;
    }
  }
  cover.sum();
  const placed = [];
  const boxes = [...ask.blocked];
  const [shiftX, shiftY] = [xaxis._offset, yaxis._offset];
  const keep = (name, box) => {
    boxes.push(box);
    const middle = { x: shiftX + (box[0] + box[2]) / 2, y: shiftY + (box[1] + box[3]) / 2 };
    placed.push({ ...name, ...middle, width: box[2] - box[0], height: box[3] - box[1], subplot });
  };
  const measured = (kind, text) => [Math.min(WIDEST, Math.ceil(textWidth(text, fontOf(kind))) + 6), FONTS[kind][1] + 6];
  const inside = ([x0, y0, x1, y1]) => x0 >= 0 && y0 >= 0 && x1 <= width && y1 <= height;
  const free = (box) => boxes.every((b) => b[0] >= box[2] || b[2] <= box[0] || b[1] >= box[3] || b[3] <= box[1]);
  // The side of a point on which a name covers the fewest others; somewhere in any case where it must be.
  const beside = (kind, text, point, must, color) => {
    if (!point) return;
    const { a, b, index, i, trace, size } = point;
    const out = a < 0 || b < 0 || a >= width || b >= height;
    if (out) return;
    const [w, h] = measured(kind, text);
    const gap = size / 2 + (kind === "item" ? 3 : 9);
    let best = null;
    for (const [sx, sy] of [[1, 0], [-1, 0], [0, -1], [0, 1]]) {
      const [cx, cy] = [a + sx * (gap + w / 2), b + sy * (gap + h / 2)];
      const box = clamp([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], must ? width : 0, height);
      const cost = (inside(box) ? 0 : 1000) + (free(box) ? 0 : 1000) + cover.within(box);
      if ((cost < 1000 || must) && (!best || cost < best.cost)) best = { cost, box };
    }
    if (best) keep({ key: `${subplot} ${kind} ${trace.customdata[i][0]}`, kind, text, color, trace: index, point: i }, best.box);
  };
  const ringed = new Set();
  for (const id of ask.rings) {
    const point = wanted.get(id);
    if (!point || ringed.has(id) || id === ask.cursor) continue;
    ringed.add(id);
    ringAt(placed, "ring", point, id, [shiftX, shiftY, width, height], subplot);
  }
  const at = ask.cursor === null ? null : wanted.get(ask.cursor);
  if (at) {
    ringAt(placed, "here", at, ask.cursor, [shiftX, shiftY, width, height], subplot);
    beside("cursor", plainText(at.trace.customdata[at.i][1]), at, true);
  }
  for (const { id, text, color, chosen } of ask.given) {
    if (chosen && id !== ask.cursor) beside("chosen", text, wanted.get(id), true, color);
  }
  const marked = [...wanted.values()].filter((point) => point !== null); // a group's name lies over none if it can
  const over = ([x0, y0, x1, y1]) => marked.filter(({ a, b, size }) => a + size > x0 && a - size < x1 && b + size > y0 && b - size < y1).length;
  for (const [name, group] of [...groups].sort((a, b) => a[1].rest - b[1].rest || b[1].count - a[1].count)) {
    if (placed.length >= MOST) break;
    // Of many groups, the small ones are named when one looks closer, and long names stand apart.
    if (group.rest && seen > all / 2) continue;
    const kind = group.rest ? "rest" : "group";
    const { a, b, cell } = densest(group.cells, columns, rows);
    const [w, h] = measured(kind, name);
    let best = null;
    for (const [dx, dy] of AROUND) {
      const box = clamp([a + dx * (w / 2 + 14) - w / 2, b + dy - h / 2, a + dx * (w / 2 + 14) + w / 2, b + dy + h / 2], width, height);
      const air = w > LONG ? 5 : 0;
      if (!free([box[0] - 2 * air, box[1] - air, box[2] + 2 * air, box[3] + air]) || !inside(box)) continue;
      const cost = cover.within(box) + MARK * over(box) + 0.03 * (Math.abs(dx) * (w / 2 + 14) + Math.abs(dy));
      if (!best || cost < best.cost) best = { cost, box };
    }
    const { color } = group;
    if (best) keep({ key: `${subplot} group ${name}`, kind, text: name, color, trace: group.index, point: group.one[cell] }, best.box);
  }
  for (const { id, text, chosen } of ask.given) if (!chosen && id !== ask.cursor) beside("item", text, wanted.get(id), false);
  if (seen <= ALL_NAMED) {
    const named = new Set([ask.cursor, ...ask.given.map(({ id }) => id)]);
    some.sort((p, q) => q.size - p.size);
    for (const point of some) {
      const [id, name] = point.trace.customdata[point.i];
      if (placed.length >= MOST || named.has(id) || typeof name !== "string") continue;
      named.add(id);
      beside("item", short(plainText(name)), point, false);
    }
  }
  return placed;
}

// Where a group's name may stand, from the middle of its densest place: [widths of itself to the side, pixels down].
const AROUND = [[0, 0], [0, -12], [0, 12], [0, -24], [0, 24], [0, -36], [0, 36], [1, 0], [-1, 0], [0, -48], [0, 48], [1, -24], [-1, -24], [1, 24], [-1, 24], [0, -62], [0, 62]];

function ringAt(placed, kind, { a, b, index, i, size: inner }, id, [shiftX, shiftY, width, height], subplot) {
  if (a < 0 || b < 0 || a >= width || b >= height) return;
  const size = inner + (kind === "here" ? 12 : 8);
  const where = { x: shiftX + a, y: shiftY + b, width: size, height: size, trace: index, point: i };
  placed.push({ key: `${subplot} ${kind} ${id}`, kind, text: "", subplot, ...where });
}

// The middle of the square, with those around it, that holds the most of a group.
function densest(cells, columns, rows) {
  let best = { count: -1 };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!cells[row * columns + column]) continue;
      let [count, x, y] = [0, 0, 0];
      for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r++) {
        for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c++) {
          const here = cells[r * columns + c] * (r === row && c === column ? 2 : 1);
          count += here;
          x += here * (c + 0.5);
          y += here * (r + 0.5);
        }
      }
      if (count > best.count) best = { count, a: (x / count) * CELL, b: (y / count) * CELL, cell: row * columns + column };
    }
  }
  return best;
}

// How many points lie in a rectangle.
class Cover {
  constructor(width, height) {
    this.columns = Math.ceil(width / FINE) + 1;
    this.rows = Math.ceil(height / FINE) + 1;
    this.counts = new Int32Array(this.columns * this.rows);
  }

  add(a, b) {
    this.counts[(Math.floor(b / FINE) + 1) * this.columns + Math.floor(a / FINE) + 1] += 1;
  }

  sum() {
    const { columns, rows, counts } = this;
    for (let row = 1; row < rows; row++) {
      for (let column = 1, line = 0; column < columns; column++) {
        line += counts[row * columns + column];
        counts[row * columns + column] = line + counts[(row - 1) * columns + column];
      }
    }
  }

  within([x0, y0, x1, y1]) {
    const { columns, rows, counts } = this;
    const at = (value, most) => Math.max(0, Math.min(most - 1, Math.round(value / FINE)));
    const [c0, c1, r0, r1] = [at(x0, columns), at(x1, columns), at(y0, rows), at(y1, rows)];
    const upTo = (r, c) => counts[r * columns + c];
    return upTo(r1, c1) - upTo(r0, c1) - upTo(r1, c0) + upTo(r0, c0);
  }
}

// A box moved into the plot; a width of 0 leaves it where it is.
function clamp(box, width, height) {
  if (!width) return box;
  const dx = Math.max(0, -box[0]) || Math.min(0, width - box[2]);
  const dy = Math.max(0, -box[1]) || Math.min(0, height - box[3]);
  return [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
}

function sizeOf(sizes, i) {
  return typeof sizes === "number" ? sizes : sizes[i];
}

function short(text) {
  return text.length > 26 ? `${text.slice(0, 25).trimEnd()}…` : text;
}

const widths = new Map(); // font and text → pixels
let pen = null;

function textWidth(text, font) {
  const key = `${font} ${text}`;
  if (!widths.has(key)) {
    if (widths.size > 5000) widths.clear();
    pen ??= document.createElement("canvas").getContext("2d");
    pen.font = font;
    widths.set(key, pen.measureText(text).width);
  }
  return widths.get(key);
}

// Writes what was placed into a layer over the plot; what stays, keeps its element.
function writeNames(plot, placed) {
  const tops = plot.querySelectorAll(".svg-container > .main-svg");
  let layer = plot.querySelector(".live-chart-names");
  if (!tops.length || (!placed.length && !layer)) return;
  if (!layer) {
    layer = document.createElement("div");
    layer.className = "live-chart-names";
    layer.setAttribute("aria-hidden", "true"); // the chart's own sentence and its keys say it
  }
  const last = tops[tops.length - 1]; // with the boxes that the mouse opens
  if (layer.nextElementSibling !== last) last.before(layer);
  const before = new Map([...layer.children].map((node) => [node.dataset.key, node]));
  for (const name of placed) {
    const node = before.get(name.key) ?? document.createElement("span");
    before.delete(name.key);
    if (node.className !== name.kind) node.className = name.kind;
    if (node.textContent !== name.text) node.textContent = name.text;
    node.dataset.key = name.key;
    node.style.width = `${name.width}px`;
    node.style.height = `${name.height}px`;
    node.style.borderBottomColor = name.kind === "group" ? name.color : "";
    node.style.color = name.kind === "chosen" ? readable(name.color) : "";
    moveName(node, name, 0, 0);
    name.node = node;
    if (node.parentNode !== layer) layer.append(node);
  }
  for (const node of before.values()) node.remove();
}

function moveName(node, { x, y, width, height }, dx, dy) {
  node.style.transform = `translate(${(x + dx - width / 2).toFixed(1)}px, ${(y + dy - height / 2).toFixed(1)}px)`;
}

// The same names as annotations of a saved image.
function namesAsNotes(plot, placed) {
  const full = plot._fullLayout;
  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return placed.filter(({ text }) => text).map(({ kind, text, color, x, y, subplot }) => {
    const xaxis = full[axisName("x", subplot)];
    const yaxis = full[axisName("y", xaxis.anchor)];
    const words = FONTS[kind][0] >= 600 ? `<b>${escaped(text)}</b>` : escaped(text);
    const at = { x: xaxis.p2l(x - xaxis._offset), y: yaxis.p2l(y - yaxis._offset), xref: subplot, yref: yaxis._id };
    const font = { size: FONTS[kind][1], ...(kind === "chosen" ? { color } : {}) };
    return { text: words, showarrow: false, xanchor: "center", yanchor: "middle", font, ...at };
  });
}
