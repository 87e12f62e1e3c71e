// A plane of points that can be dragged, cut into buckets by hash functions: the same floor as in the library.
// Streamlit calls the default export again whenever the data or the theme changes, and its cleanup on unmount.

const UNIT = 80; // SVG units for one unit of the plane
const [WIDTH, HEIGHT] = [8 * UNIT, 6 * UNIT]; // x from −4 to 4, y from −3 to 3
const LINE = 96; // height of the number line below the plane
const [COLUMNS, ROWS] = [256, 192]; // raster of the region in which a point would be a candidate
const STEP = 0.1; // of the arrow keys
const SVG = "http://www.w3.org/2000/svg";

const boards = new WeakMap(); // box element -> Board

export default function (component) {
  const box = component.parentElement.querySelector(".hash-board");
  if (!box || !component.data) return undefined;
  let board = boards.get(box);
  if (!board) boards.set(box, (board = new Board(box)));
  board.send = component.setStateValue;
  board.receive(component.data);
  return undefined;
}

class Board {
  constructor(box) {
    this.box = box;
    this.active = [0, 0]; // table and function whose buckets are drawn
    this.nodes = [];
    this.build();
  }

  receive(data) {
    const moved = this.data?.points_revision === data.points_revision;
    this.data = data;
    if (!moved) {
      this.points = data.points.map((point) => [...point]);
      this.buildPoints();
    }
    const { directions } = data;
    if (this.active[0] >= directions.length || this.active[1] >= directions[0].length) this.active = [0, 0];
    this.buildChips();
    this.draw();
    this.box.setAttribute("data-rev", data.revision);
  }

  // ---- the same numbers as recemb_core.neighbors ----

  // (a / w) · v + b / w; families without a width have w = 1.
  position(table, fn, [x, y]) {
    const { directions, offsets } = this.data;
    const width = this.data.width ?? 1;
    const [a, b] = directions[table][fn];
    return (a / width) * x + (b / width) * y + offsets[table][fn];
  }

  code(table, fn, point) {
    const at = this.position(table, fn, point);
    return this.data.by_sign ? Number(at >= 0) : Math.floor(at);
  }

  codes(point) {
    return this.data.directions.map((fns, t) => fns.map((_, j) => this.code(t, j, point)));
  }

  meets(codes, other) {
    const agree = codes.map((fns, t) => fns.map((code, j) => code === other[t][j]));
    return this.data.mode === "or_and"
      ? agree.every((fns) => fns.some(Boolean))
      : agree.some((fns) => fns.every(Boolean));
  }

  // The same for a place on the plane, without keeping its codes: asked tens of thousands of times for one picture.
  wouldMeet(place, own) {
    const every = this.data.mode === "or_and";
    for (let t = 0; t < own.length; t++) {
      let agree = 0;
      for (let j = 0; j < own[t].length; j++) {
        const same = this.code(t, j, place) === own[t][j];
        agree += Number(same);
        if (same === every) break; // one is enough for OR, one is too many for AND
      }
      const met = every ? agree > 0 : agree === own[t].length;
      if (met !== every) return met;
    }
    return every;
  }

  distance([x, y]) {
    const [qx, qy] = this.points[this.data.query];
    if (!this.data.angle) return Math.hypot(x - qx, y - qy);
    const cosine = (x * qx + y * qy) / (Math.hypot(x, y) * Math.hypot(qx, qy) || 1);
    return Math.acos(Math.max(-1, Math.min(1, cosine)));
  }

  // Which points are candidates, and which are truly the k nearest.
  look() {
    const { query, k } = this.data;
    const own = this.codes(this.points[query]);
    const all = this.points.map((point) => this.codes(point));
    const candidates = all.map((codes, i) => i !== query && this.meets(codes, own));
    const distances = this.points.map((point) => this.distance(point));
    const near = this.points
      .map((_, i) => i)
      .filter((i) => i !== query)
      .sort((a, b) => distances[a] - distances[b] || a - b)
      .slice(0, k);
    return { own, all, candidates, near: new Set(near), distances };
  }

  // ---- building ----

  build() {
    const { box } = this;
    const head = document.createElement("div");
    head.className = "hash-board-chips";
    const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + LINE}`, role: "group" });
    const clip = make("clipPath", { id: `plane-${Math.random().toString(36).slice(2)}` });
    clip.append(make("rect", { width: WIDTH, height: HEIGHT }));
    this.region = make("path", {});
    this.strips = make("g", { "clip-path": `url(#${clip.id})` });
    this.frame = make("rect", { x: 0.5, y: 0.5, width: WIDTH - 1, height: HEIGHT - 1, fill: "none" });
    this.dots = make("g", {});
    this.line = make("g", {});
    svg.append(clip, this.region, this.strips, this.frame, this.dots, this.line);
    const words = document.createElement("div");
    words.className = "hash-board-words";
    words.setAttribute("aria-live", "polite");
    const saves = document.createElement("span");
    saves.className = "hash-board-saves";
    for (const format of ["png", "svg"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = format.toUpperCase();
      button.title = `Save as ${format.toUpperCase()}`;
      button.addEventListener("click", () => this.save(format));
      saves.append(button);
    }
    const foot = document.createElement("div");
    foot.className = "hash-board-foot";
    foot.append(words, saves);
    box.replaceChildren(head, svg, foot);
    Object.assign(this, { svg, chips: head, words });
  }

  buildPoints() {
    const order = this.points.map((_, i) => i).filter((i) => i !== this.data.query);
    order.push(this.data.query); // on top
    this.nodes = [];
    this.dots.replaceChildren();
    for (const i of order) {
      const node = make("circle", { tabindex: 0, role: "button", class: "hash-board-point", "data-point": i });
      node.append(make("title", {}));
      this.nodes[i] = node;
      this.dots.append(node);
      node.addEventListener("pointerdown", (event) => this.grab(event, i));
      node.addEventListener("keydown", (event) => this.push(event, i));
      node.addEventListener("keyup", (event) => event.key.startsWith("Arrow") && this.tell());
    }
  }

  buildChips() {
    const { directions } = this.data;
    this.chips.replaceChildren();
    directions.forEach((fns, t) => {
      const group = document.createElement("span");
      group.append(directions.length > 1 ? `table ${t + 1}: ` : "functions: ");
      fns.forEach((_, j) => {
        const chip = document.createElement("button");
        chip.type = "button";
        chip.textContent = `h${t * fns.length + j + 1}`;
        chip.title = "Show the buckets of this function";
        chip.setAttribute("aria-pressed", String(t === this.active[0] && j === this.active[1]));
        chip.addEventListener("click", () => {
          this.active = [t, j];
          this.buildChips();
          this.draw();
        });
        group.append(chip);
      });
      this.chips.append(group);
    });
  }

  // ---- drawing ----

  draw() {
    const c = (this.colors = paletteOf(this.box, this.data.colors));
    const found = this.look();
    this.frame.setAttribute("stroke", c.line);
    this.drawRegion(found.own, c);
    this.drawBuckets(found.own, c);
    this.nodes.forEach((node, i) => {
      const [x, y] = toScreen(this.points[i]);
      const query = i === this.data.query;
      const near = found.near.has(i);
      set(node, {
        cx: x, cy: y, r: query ? 11 : near ? 8 : 6,
        fill: query ? c.chosen : found.candidates[i] ? c.candidate : c.other,
        stroke: near ? c.near : query ? "#ffffff" : "none",
        "stroke-width": near ? 4 : 2,
      });
      const state = query ? "the query" : found.candidates[i] ? "candidate" : "not scanned";
      const rank = near ? `, one of the ${this.data.k} nearest` : "";
      const name = `${this.data.names[i]}: ${state}${rank}; buckets ${JSON.stringify(found.all[i])}`;
      node.querySelector("title").textContent = name;
      node.setAttribute("aria-label", name);
    });
    this.drawLine(found, c);
    const scanned = found.candidates.filter(Boolean).length;
    const hits = [...found.near].filter((i) => found.candidates[i]).length;
    const { k } = this.data;
    const most = Math.min(k, this.points.length - 1);
    const precision = scanned ? `precision ${(hits / scanned).toFixed(2)}` : "no candidates at all";
    this.words.textContent =
      `Scanned ${scanned} of ${this.points.length - 1}; found ${hits} of the ${most} nearest: ` +
      `recall ${(hits / most).toFixed(2)}, ${precision}.`;
    set(this.svg, { "aria-label": `Plane of points and buckets. ${this.words.textContent}` });
    this.box.setAttribute("data-codes", JSON.stringify(found.all));
    this.box.setAttribute("data-points", JSON.stringify(this.points));
    this.box.setAttribute("data-candidates", JSON.stringify(found.candidates.map(Number)));
  }

  // Where a point would be a candidate, row by row of a raster.
  drawRegion(own, c) {
    let path = "";
    const [w, h] = [WIDTH / COLUMNS, HEIGHT / ROWS];
    for (let r = 0; r < ROWS; r++) {
      let start = -1;
      for (let col = 0; col <= COLUMNS; col++) {
        const inside = col < COLUMNS && this.wouldMeet(toPlane([(col + 0.5) * w, (r + 0.5) * h]), own);
        if (inside && start < 0) start = col;
        if (!inside && start >= 0) {
          path += `M${start * w} ${r * h}h${(col - start) * w}v${h}h${(start - col) * w}z`;
          start = -1;
        }
      }
    }
    set(this.region, { d: path, fill: c.candidate, opacity: 0.2, "shape-rendering": "crispEdges" });
  }

  drawBuckets(own, c) {
    this.strips.replaceChildren();
    const { directions } = this.data;
    const many = directions.length * directions[0].length > 6;
    directions.forEach((fns, t) =>
      fns.forEach((_, j) => {
        const active = t === this.active[0] && j === this.active[1];
        if (!active && many) return;
        for (const [from, to] of this.borders(t, j)) {
          this.strips.append(
            make("line", {
              x1: from[0], y1: from[1], x2: to[0], y2: to[1],
              stroke: active ? c.text : c.other,
              "stroke-width": active ? 1.6 : 0.8,
              "stroke-dasharray": active ? "none" : "4 5",
            }),
          );
        }
      }),
    );
    this.drawArrow(c);
  }

  // Borders of one function on the plane, as segments in SVG units.
  borders(t, j) {
    const corners = [[-4, -3], [-4, 3], [4, -3], [4, 3]].map((corner) => this.position(t, j, corner));
    const found = [];
    const values = [];
    if (this.data.by_sign) values.push(0);
    else {
      const first = Math.ceil(Math.min(...corners));
      const last = Math.floor(Math.max(...corners));
      if (last - first < 200) for (let b = first; b <= last; b++) values.push(b);
    }
    const zero = this.position(t, j, [0, 0]);
    const [gx, gy] = [this.position(t, j, [1, 0]) - zero, this.position(t, j, [0, 1]) - zero];
    const length = gx * gx + gy * gy || 1;
    for (const value of values) {
      const [x, y] = [(gx * (value - zero)) / length, (gy * (value - zero)) / length];
      const [dx, dy] = [(-gy * 12) / Math.sqrt(length), (gx * 12) / Math.sqrt(length)];
      found.push([toScreen([x - dx, y - dy]), toScreen([x + dx, y + dy])]);
    }
    return found;
  }

  // The direction that the active function measures along, from the middle of the plane.
  drawArrow(c) {
    const [t, j] = this.active;
    const [a, b] = this.data.directions[t][j];
    const length = Math.hypot(a, b) || 1;
    const [x0, y0] = toScreen([0, 0]);
    const [x1, y1] = toScreen([(1.1 * a) / length, (1.1 * b) / length]);
    const [ux, uy] = [(x1 - x0) / Math.hypot(x1 - x0, y1 - y0), (y1 - y0) / Math.hypot(x1 - x0, y1 - y0)];
    const wing = (side) => `${x1 - 12 * ux + side * 6 * uy} ${y1 - 12 * uy - side * 6 * ux}`;
    this.strips.append(
      make("path", {
        d: `M${x0} ${y0}L${x1} ${y1}M${wing(1)}L${x1} ${y1}L${wing(-1)}`,
        stroke: c.primary, "stroke-width": 3, fill: "none", "stroke-linejoin": "round",
      }),
    );
  }

  // The projections onto the active function, cut at the borders of its buckets.
  drawLine(found, c) {
    const [t, j] = this.active;
    const at = this.points.map((point) => this.position(t, j, point));
    const low = Math.min(...at) - 0.3;
    const high = Math.max(...at) + 0.3;
    const x = (value) => 10 + ((WIDTH - 20) * (value - low)) / (high - low);
    const y = HEIGHT + 52;
    const bySign = this.data.by_sign;
    this.line.replaceChildren();
    const text = (words, props) => {
      const node = make("text", { "font-size": 13, fill: c.text, "font-family": c.font, ...props });
      node.textContent = words;
      this.line.append(node);
    };
    const name = `h${t * this.data.directions[0].length + j + 1}`;
    const inside = this.data.width === null ? "a·v" : "(a·v + b) / w";
    text(bySign ? `${name} = [${inside} ≥ 0]` : `${name} = ⌊${inside}⌋`, { x: 10, y: HEIGHT + 22 });
    const borders = bySign ? [0] : [];
    if (!bySign && high - low < 80) for (let b = Math.ceil(low); b <= Math.floor(high); b++) borders.push(b);
    const ends = [low, ...borders.filter((b) => b > low && b < high), high];
    const own = found.own[t][j];
    for (let i = 0; i + 1 < ends.length; i++) {
      const middle = (ends[i] + ends[i + 1]) / 2;
      const bucket = bySign ? Number(middle >= 0) : Math.floor(middle);
      const mine = bucket === own;
      const [from, to] = [x(ends[i]), x(ends[i + 1])];
      this.line.append(
        make("rect", {
          x: from, y: y - 18, width: to - from, height: 36, stroke: c.text, "stroke-width": 1,
          fill: mine ? c.chosen : "none", "fill-opacity": 0.15,
        }),
      );
      if (to - from > 22) {
        const bold = { "font-weight": mine ? 700 : 400, fill: mine ? c.chosen : c.text };
        text(String(bucket).replace("-", "−"), { x: (from + to) / 2, y: y + 36, "text-anchor": "middle", ...bold });
      }
    }
    at.forEach((value, i) => {
      const query = i === this.data.query;
      const fill = query ? c.chosen : found.candidates[i] ? c.candidate : c.other;
      this.line.append(
        make("circle", {
          cx: x(value), cy: y, r: query ? 7 : 4.5, fill, "fill-opacity": 0.85,
          stroke: found.near.has(i) ? c.near : "none", "stroke-width": 2,
        }),
      );
    });
  }

  // ---- what the person does ----

  grab(event, i) {
    event.preventDefault();
    const node = this.nodes[i];
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    const move = (to) => {
      const frame = this.svg.getBoundingClientRect();
      const scale = WIDTH / frame.width;
      this.put(i, toPlane([(to.clientX - frame.left) * scale, (to.clientY - frame.top) * scale]));
    };
    const end = () => {
      node.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) node.removeEventListener(name, end);
      this.tell();
    };
    node.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, end);
  }

  push(event, i) {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key];
    if (!by) return;
    event.preventDefault();
    this.put(i, [this.points[i][0] + by[0], this.points[i][1] + by[1]]);
  }

  put(i, [x, y]) {
    this.points[i] = [Math.max(-3.95, Math.min(3.95, x)), Math.max(-2.95, Math.min(2.95, y))];
    this.dirty = true;
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = null;
      this.draw();
    });
  }

  // Python hears of the places when a point is let go of.
  tell() {
    if (!this.dirty) return;
    this.dirty = false;
    this.send("placed", { revision: this.data.points_revision, points: this.points });
  }

  async save(format) {
    const copy = this.svg.cloneNode(true);
    const [width, height] = [WIDTH, HEIGHT + LINE];
    set(copy, { xmlns: SVG, width, height });
    copy.prepend(make("rect", { width, height, fill: this.colors.back }));
    const source = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    let href = source;
    if (format === "png") {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      href = canvas.toDataURL("image/png");
    }
    Object.assign(document.createElement("a"), { href, download: `hash-board.${format}` }).click();
  }
}

function make(name, attributes) {
  return set(document.createElementNS(SVG, name), attributes);
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const toScreen = ([x, y]) => [(x + 4) * UNIT, (3 - y) * UNIT];
const toPlane = ([x, y]) => [x / UNIT - 4, 3 - y / UNIT];

function paletteOf(box, colors) {
  const style = getComputedStyle(box);
  const read = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
  const text = read("text-color", "#31333f");
  return {
    ...colors,
    text,
    back: read("background-color", "#ffffff"),
    line: read("border-color", "#cccccc"),
    primary: read("primary-color", text),
    font: read("font", "sans-serif"),
  };
}
