// One Plotly chart that keeps its DOM node, zoom and selection while figures come and go, and lets items glide.
// Streamlit calls the default export again whenever the data or the theme changes, and its cleanup on unmount.

const GLIDE_MS = 800;
const FRAME_MS = 80; // what a frame may advance a glide at most: a busy browser glides longer and does not jump
const PLAY_MS = 1100; // from one frame to the next: a glide and a moment to look
const STOP_MS = 250; // a frame that is held this long is one that the person has stopped at
const NARROW = 600; // below this width in pixels the legend goes under the chart
const NAMES = 190; // pixels of the names of rows beside cells
const LEGEND = 180; // pixels kept free for the legend, so that another name in it does not push the map aside
const ALL_BUTTONS = 260; // below this width in pixels the mode bar goes without what aims the mouse
const MODE_BAR = 34; // pixels kept free on top for the mode bar and a map's tools
const AROUND_ITEMS = 0.04; // free paper on each side, of the items' range
const REMOUNT_MS = 1500; // a chart that comes back this soon was moved by the page, not left by the person

let loading = null;
const charts = new WeakMap(); // box element -> LiveChart
const left = new Map(); // chart key -> what it looked like when it was unmounted
const cargo = new Map(); // chart key -> the positions of its frames, {revision, ids, rows, values, low, high}
const awaited = new Map(); // chart key -> the chart that waits for its positions

export default function (component) {
  const box = component.parentElement.querySelector(".live-chart");
  if (!box || !component.data) return undefined;
  if (component.data.carries !== undefined) return unload(box, component.data);
  let chart = charts.get(box);
  if (!chart) charts.set(box, (chart = new LiveChart(box, component.data.key)));
  chart.send = { state: component.setStateValue, trigger: component.setTriggerValue };
  const { frames } = component.data;
  chart.receive({ ...component.data, frames: frames ? JSON.parse(frames) : null });
  // An overtaken call is cleaned up too, while the chart lives on: only a box that left the page is taken down.
  return () => setTimeout(() => box.isConnected || chart.destroy(), 0);
}

// The positions of all frames travel in an element of their own, without anything to see.
function unload(box, data) {
  const { carries: key, revision } = data;
  box.setAttribute("data-carrier", key);
  if (cargo.get(key)?.revision !== revision) {
    const bytes = Uint8Array.from(atob(data.positions), (char) => char.charCodeAt(0));
    const values = new Float32Array(bytes.buffer);
    const low = [Infinity, Infinity];
    const high = [-Infinity, -Infinity];
    values.forEach((value, i) => {
      low[i % 2] = Math.min(low[i % 2], value);
      high[i % 2] = Math.max(high[i % 2], value);
    });
    cargo.set(key, { revision, values, low, high, rows: new Map(JSON.parse(data.ids).map((id, row) => [id, row])) });
  }
  cargo.get(key).box = box;
  box.setAttribute("data-rev", revision);
  awaited.get(key)?.();
  return () => setTimeout(() => box.isConnected || (cargo.get(key)?.box === box && cargo.delete(key)), 0);
}

function loadPlotly(script) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  loading ??= new Promise((resolve, reject) => {
    // The app's own entry script knows where the app lives, also under a base path or behind a proxy.
    const entry = document.querySelector('script[type="module"][src*="static/js/"]');
    const root = entry ? new URL("../../", entry.src) : new URL("./", document.baseURI);
    const tag = document.createElement("script");
    tag.src = new URL(script, root).href;
    tag.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("Plotly is not in its script")));
    tag.onerror = () => reject(new Error(`${tag.src} did not load`));
    document.head.appendChild(tag);
  }).catch((error) => {
    loading = null; // the next figure tries again
    throw error;
  });
  return loading;
}

const TELEPHONE = 640; // pixels of a window
const TALLEST = 1100; // pixels

class LiveChart {
  constructor(box, key) {
    this.box = box;
    this.key = key;
    this.plot = document.createElement("div");
    box.replaceChildren(this.plot);
    box.setAttribute("data-chart-key", key);
    this.next = null; // the newest payload not yet drawn
    this.busy = false;
    this.own = 0; // > 0 while this code, not the person, changes the chart
    this.view = null; // axis ranges asked for, {x: [low, high], y: […]}, when the ranges are ours to choose
    this.zoom = null; // axis ranges chosen by the person
    this.selected = []; // item ids
    this.painted = []; // traces whose points are painted (live_points.js)
    this.motion = null;
    this.tools = null; // of a map (live_tools.js)
    this.frames = null; // {labels, captions, start, loop} while the chart has frames
    this.at = 0; // the frame shown or glided to
    this.playing = false;
    const before = left.get(key);
    left.delete(key);
    if (before && performance.now() - before.at < REMOUNT_MS) {
      this.zoom = before.zoom;
      this.selected = before.selected;
      this.label = before.label;
      this.legendOpen = before.legendOpen;
      this.resend = before.selected.length > 0;
    }
    this.listen();
  }

  // ---- figures in ----

  receive(payload) {
    const same = this.payload && this.payload.revision === payload.revision;
    if (same && this.palette === paletteOf(this.box)) return;
    this.payload = payload;
    this.next = payload;
    awaited.get(this.key)?.(); // gives up waiting for the positions of an older figure
    if (!this.busy) this.work();
  }

  // The positions of the payload's frames, or null when a newer payload overtakes them.
  async load(payload) {
    const there = () => cargo.get(this.key)?.revision === payload.frames.positions;
    while (!there() && !this.next && !this.destroyed) {
      await new Promise((resolve) => awaited.set(this.key, resolve));
      awaited.delete(this.key);
    }
    return there() ? cargo.get(this.key) : null;
  }

  async work() {
    this.busy = true;
    while (this.next && !this.destroyed) {
      const payload = this.next;
      this.next = null;
      try {
        const Plotly = await loadPlotly(payload.script);
        if (payload.frames) await this.load(payload);
        if (this.next || this.destroyed) continue;
        await this.draw(Plotly, payload);
        this.box.removeAttribute("data-error");
      } catch (error) {
        this.fail(error, payload);
      }
    }
    this.busy = false;
    if (this.frames && this.drawnAt !== this.at && !this.destroyed) this.move();
    else if (this.frames?.plays && !this.played && this.bound) this.playOnce();
  }

  // By itself, a moment after it is first seen; whoever touches the bar meanwhile has taken over.
  playOnce() {
    this.played = true;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.later = setTimeout(() => {
      if (this.destroyed || this.playing || this.at !== this.frames?.labels.indexOf(this.told)) return;
      this.alone = true;
      this.play();
    }, PLAY_MS);
  }

  async draw(Plotly, payload) {
    this.Plotly = Plotly;
    const { box, plot } = this;
    const figure = JSON.parse(payload.figure);
    const before = this.shown;
    const changed = before && this.changedSince(before, payload, figure);
    const atRest = !this.motion; // what is drawn is where the chart has it
    this.shown = payload;
    figure.data.forEach(decode);
    lighten(figure.data, JSON.parse(paletteOf(box)).chosen);
    this.takeTools(figure);
    this.painted = paintedTraces(figure);
    paintInstead(figure.data, this.painted);
    if (changed) {
      await this.drawTraces(changed, figure);
      box.setAttribute("data-drawn", payload.revision);
      box.setAttribute("data-rev", payload.revision);
      return;
    }
    this.motion = null; // stops a glide under way; the new one starts from where the points are now
    const repaint = this.bound && this.palette !== paletteOf(box);
    this.palette = paletteOf(box);
    this.takeFrames(payload.frames);
    const height = this.height();
    box.style.height = this.frames ? "auto" : `${height}px`;
    plot.style.height = `${height}px`;
    if (this.frames) this.place(figure.data);
    this.drawnAt = this.at;
    const layout = this.dress(figure, height);
    const from = places(plot.data ?? []);
    const still = !payload.glide || from.size === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const viewFrom = this.view;
    const held = () => fit(this.frames ? [...figure.data, this.extent()] : figure.data);
    this.view = ownsAxes(figure) ? (figure.layout.meta?.view ?? held()) : null; // two charts may share a view
    const motion = still ? null : plan(figure, from, viewFrom, this.view);
    const shown = this.zoom ?? (motion ? motion.view(0) : this.view);
    if (this.view && shown) setRanges(layout, shown);
    if (motion) motion.apply(figure.data, 0);
    markSelected(figure.data, this.selected);
    box.setAttribute("data-gliding", String(motion !== null));
    this.describe(figure);
    this.fileName = figure.layout.meta?.file_name || "chart";
    this.linked = figure.layout.meta?.linked_hover === true;
    this.link();
    // Only once: Plotly takes a second config for another one and builds the whole plot anew.
    const config = this.bound ? undefined : this.config(figure.layout.meta?.mode_bar !== false);
    const alike = motion && this.bound && !repaint && atRest && plain(before, payload);
    const light = alike ? movedTraces(JSON.parse(before.figure), JSON.parse(payload.figure)) : null;
    if (light) {
      motion.end = { data: figure.data, layout }; // drawn when the glide is over: to draw it first would take as long again
      await this.drawTraces(light, figure, ["x", "y", "customdata", "marker"]);
    } else {
      await this.mine(() => Plotly.react(plot, figure.data, layout, config));
      if (repaint) await this.mine(() => Plotly.redraw(plot)); // react overlooks some inherited colors
    }
    if (!this.bound) this.bind();
    this.paint();
    this.showBadge(payload.badge);
    box.setAttribute("data-drawn", payload.revision);
    if (this.resend) {
      this.resend = false;
      this.send.state("selected", this.selected);
    }
    if (motion) this.glide(motion, payload.revision);
    else box.setAttribute("data-rev", payload.revision);
  }

  // Which traces alone are to be drawn anew, or null when the whole chart is. Plotly.react draws every trace again when one
  // value of one of them has changed; of some hundred points of which one moves, that is nearly all of the time.
  changedSince(before, payload, figure) {
    const stays = this.bound && this.palette === paletteOf(this.box) && !this.motion && !payload.glide;
    return stays && plain(before, payload) && !before.badge && !payload.badge ? changedTraces(JSON.parse(before.figure), figure) : null; // Plotly writes into the one it was given
  }

  // Draws these traces at new places, and leaves all others as they are.
  async drawTraces(changed, figure, names = LIGHT) {
    const { plot, box } = this;
    for (const index of changed) {
      const trace = figure.data[index];
      for (const name of names) if (name in trace) plot.data[index][name] = trace[name]; // all else may be the person's
    }
    markSelected(plot.data, this.selected);
    plot.layout.meta = figure.layout.meta;
    this.describe(figure);
    this.fileName = figure.layout.meta?.file_name || "chart";
    this.link();
    if (!changed.length) return;
    if (changed.some((index) => this.painted.includes(index))) this.paint();
    const frame = { data: changed.map(() => ({})), traces: changed };
    const now = { mode: "immediate", frame: { duration: 0, redraw: false }, transition: { duration: 0 } };
    // It is drawn when the event comes; the promise waits for one more frame of the browser.
    const drawn = new Promise((resolve) => plot.once("plotly_transitioned", resolve));
    await this.mine(() => Promise.race([drawn, this.Plotly.animate(plot, frame, now)]));
  }

  paint(view) {
    const rest = !this.motion && !(this.frames && this.at !== this.frames.start); // lines of density belong to one place
    if (this.painted.length || this.plot.querySelector(".live-chart-points")) paintPoints(this.plot, this.painted, view, rest);
    showDensity(this.plot, this.painted, rest);
    if (this.tools && !this.motion) this.tools.write();
  }

  takeTools(figure) {
    if (figure.layout.meta?.map !== true) {
      this.tools?.leave();
      this.tools = null;
      return;
    }
    this.tools ??= new MapTools(this);
    if (this.legendOpen) this.tools.open = true;
    this.legendOpen = undefined;
    this.tools.take(figure);
  }

  describe(figure) {
    const { box, plot } = this;
    const parts = this.frames || this.tools; // a slider or a search inside an "img" would be unheard
    const [whole, inner] = parts ? [box, plot] : [null, box];
    whole?.setAttribute("role", "group");
    inner.setAttribute("role", "figure"); // not an img: what can be focused, a link say, has no place in one
    if (!parts) for (const name of ["role", "aria-label"]) plot.removeAttribute(name);
    for (const node of [whole, inner]) node?.setAttribute("aria-label", ariaLabel(figure));
    if (this.tools) box.setAttribute("aria-description", KEYS);
    else box.removeAttribute("aria-description");
  }

  // Draws the present figure again, as after a change of what is around it.
  redraw() {
    this.next = this.payload;
    this.shown = null;
    if (!this.busy) this.work();
  }

  // Of the plot: as the page asks, or what the screen has.
  height() {
    if (document.fullscreenElement !== this.box) {
      // Of the window's height what others leave, so that cause, picture and answer stand in one window.
      const { height, above } = this.shown;
      // On a telephone all stands in one column, and what lies above is as high as it likes.
      return above === null || window.innerWidth < TELEPHONE ? height : Math.min(Math.max(height, window.innerHeight - above), TALLEST);
    }
    const around = this.bar?.node.isConnected ? this.bar.node.offsetHeight : 0;
    return Math.max(200, this.box.clientHeight - around);
  }

  // Moves the view so that a place is in it; false when it is already.
  show([x, y]) {
    const { xaxis, yaxis } = this.plot._fullLayout;
    const [left, right] = xaxis.range;
    const [low, high] = yaxis.range;
    if (x >= left && x <= right && y >= low && y <= high) return false;
    const [across, up] = [(right - left) / 2, (high - low) / 2];
    const change = { "xaxis.range": [x - across, x + across], "yaxis.range": [y - up, y + up] };
    this.zoom = this.view && { x: change["xaxis.range"], y: change["yaxis.range"] };
    this.mine(() => this.Plotly.relayout(this.plot, change));
    return true;
  }

  // What is drawn is no result yet: words over the chart, and pale points (live_chart.css).
  showBadge(words) {
    this.box.setAttribute("data-preview", String(Boolean(words)));
    if (words && !this.badge) {
      this.badge = document.createElement("div");
      this.badge.className = "live-chart-badge";
      this.badge.setAttribute("role", "status");
    }
    if (words) this.badge.textContent = words;
    if (words && !this.badge.isConnected) this.box.append(this.badge);
    if (!words) this.badge?.remove();
  }

  glide(motion, revision) {
    this.motion = motion;
    let time = 0;
    let before = null;
    this.tools?.unlight();
    const frame = async (now) => {
      if (this.motion !== motion || this.destroyed) return;
      time = motion.hurry ? 1 : Math.min(1, time + Math.min(now - (before ?? now), FRAME_MS) / GLIDE_MS);
      before = now;
      const eased = time < 0.5 ? 4 * time ** 3 : 1 - (2 - 2 * time) ** 3 / 2;
      if (time < 1) {
        this.drift(motion, eased);
        requestAnimationFrame(frame);
        return;
      }
      const change = {};
      if (this.view && !this.zoom) {
        change["xaxis.range"] = motion.view(1).x;
        change["yaxis.range"] = motion.view(1).y;
      }
      try {
        if (motion.end) await this.arrive(motion);
        else await this.mine(() => this.Plotly.update(this.plot, motion.at(1), change, motion.traces));
      } catch (error) {
        if (this.motion === motion) this.fail(error, this.payload);
        return;
      }
      if (this.motion !== motion) return;
      this.motion = null;
      this.paint();
      this.box.setAttribute("data-gliding", "false");
      this.box.setAttribute("data-rev", revision);
    };
    requestAnimationFrame(frame);
  }

  // Draws the figure that a glide has led to.
  async arrive(motion) {
    const { data, layout } = motion.end;
    motion.apply(data, 1);
    if (this.view) setRanges(layout, this.zoom ?? this.view);
    markSelected(data, this.selected);
    await this.mine(() => this.Plotly.react(this.plot, data, layout));
  }

  // Shows the motion at a time between 0 and 1 by moving the shapes that are there: Plotly would build each anew.
  drift(motion, time) {
    const { plot } = this;
    const full = plot._fullLayout;
    motion.apply(plot.data, time); // what asks where an item is, hears it
    const view = this.view && !this.zoom && shown(motion.view(time), full);
    const pixelsOf = (trace) => {
      const [x, y] = [full[axisName("x", trace.xaxis)], full[axisName("y", trace.yaxis)]];
      const [[left, right], [low, high]] = view ? [view.x, view.y] : [x.range, y.range];
      const [across, up] = [x._length / (right - left), y._length / (high - low)];
      return (a, b) => [(a - left) * across, (high - b) * up];
    };
    for (const group of plot.querySelectorAll(".scatterlayer > .trace")) {
      const index = group.__data__?.[0]?.trace.index;
      if (!motion.traces.includes(index) || this.painted.includes(index)) continue;
      const trace = plot.data[index];
      const at = pixelsOf(trace);
      const place = (i) => at(trace.x[i], trace.y[i]).map((value) => value.toFixed(1));
      for (const point of group.querySelectorAll(".points > .point")) {
        if (point.__data__) point.setAttribute("transform", `translate(${place(point.__data__.i)})`);
      }
      const lines = group.querySelectorAll(".js-line");
      const starts = trace.mode === "lines" ? pairs(trace) : [];
      lines.forEach((line, k) => {
        if (lines.length === starts.length) line.setAttribute("d", `M${place(starts[k])}L${place(starts[k] + 1)}`);
        else line.removeAttribute("d"); // some were not drawn: which is which cannot be told
      });
    }
    this.paint(view);
    this.tools?.drift(pixelsOf);
  }

  // ---- frames: places to move through without Python ----

  takeFrames(frames) {
    const { box } = this;
    const old = this.frames;
    this.frames = frames ?? null;
    if (!frames) {
      if (!old) return;
      this.pause();
      this.bar.node.remove();
      for (const node of [this.plot, box]) node.removeAttribute("aria-label");
      this.plot.removeAttribute("role");
      for (const name of ["data-frame", "data-frames", "data-playing"]) box.removeAttribute(name);
      return;
    }
    const start = frames.labels[frames.start];
    const shown = old ? old.labels[this.at] : (this.label ?? frames.labels[frames.now]);
    const sent = old && old.labels[old.start] !== start; // Python names another frame to go to
    const at = sent ? frames.start : frames.labels.indexOf(shown);
    if (sent || at < 0) this.pause();
    this.at = at < 0 ? frames.start : at;
    this.told = old ? this.told : frames.labels[frames.now];
    if (sent) this.told = start;
    this.bar ??= this.buildBar();
    if (!this.bar.node.isConnected) box.append(this.bar.node);
    this.showFrame();
    this.label = undefined;
    if (at < 0 || !old) this.tell();
  }

  extent() {
    const { low, high } = cargo.get(this.key);
    return { x: [low[0], high[0]], y: [low[1], high[1]] };
  }

  // Puts the items of these traces where the present frame has them.
  place(traces) {
    const { rows, values } = cargo.get(this.key);
    const first = this.at * rows.size;
    for (const trace of traces) {
      if (!carriesItems(trace)) continue;
      trace.x = Float64Array.from(trace.x);
      trace.y = Float64Array.from(trace.y);
      trace.customdata.forEach((custom, i) => {
        const row = rows.get(itemId(custom));
        if (row === undefined) return;
        trace.x[i] = values[2 * (first + row)];
        trace.y[i] = values[2 * (first + row) + 1];
      });
    }
  }

  goTo(index) {
    const { labels } = this.frames;
    this.at = Math.max(0, Math.min(labels.length - 1, index));
    this.showFrame();
    if (!this.busy) this.move();
  }

  // Glides, or jumps, from the present places to those of the present frame.
  move() {
    const { plot } = this;
    if (!plot.data || !this.bound || cargo.get(this.key)?.revision !== this.frames.positions) return;
    const data = plot.data.map(({ x, y, customdata }) => ({ x, y, customdata }));
    const from = places(plot.data);
    this.place(data);
    this.drawnAt = this.at;
    const motion = plan({ data }, from, this.view, this.view);
    this.motion = null;
    if (!motion) {
      this.box.setAttribute("data-gliding", "false");
      this.box.setAttribute("data-rev", this.payload.revision);
      return;
    }
    motion.hurry = !this.payload.glide || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.box.setAttribute("data-gliding", "true");
    this.glide(motion, this.payload.revision);
  }

  buildBar() {
    const node = document.createElement("div");
    node.className = "live-chart-bar";
    node.innerHTML = `
      <div class="live-chart-bar-words"><b></b><span class="caption"></span><span class="count"></span></div>
      <div class="live-chart-bar-keys">
        <button type="button" data-do="back"></button><button type="button" data-do="play"></button
        ><button type="button" data-do="on"></button><input type="range" min="0" step="1" aria-label="Frame">
      </div>`;
    const find = (selector) => node.querySelector(selector);
    const [back, play, on] = ["back", "play", "on"].map((name) => find(`[data-do=${name}]`));
    const slider = find("input");
    const bar = { node, back, play, on, slider };
    Object.assign(bar, { label: find("b"), caption: find(".caption"), count: find(".count") });
    setButton(back, "Previous frame", "M6 6h2v12H6zM18 6v12l-8.5-6z");
    setButton(on, "Next frame", "M16 6h2v12h-2zM6 6v12l8.5-6z");
    const step = (by) => {
      this.pause();
      const { labels, loop } = this.frames;
      const next = this.at + by;
      this.goTo(loop ? (next + labels.length) % labels.length : next);
      this.tellSoon();
    };
    back.addEventListener("click", () => step(-1));
    on.addEventListener("click", () => step(1));
    play.addEventListener("click", () => {
      if (this.playing) {
        this.pause();
        this.tell();
      } else this.play();
    });
    let held = false; // the slider is being dragged, or an arrow key repeats
    const hold = () => {
      held = true;
      clearTimeout(this.telling);
    };
    const release = () => {
      if (held) this.tellSoon();
      held = false;
    };
    slider.addEventListener("input", () => {
      this.pause();
      this.goTo(Number(slider.value));
      if (!held) this.tellSoon();
    });
    slider.addEventListener("pointerdown", hold);
    slider.addEventListener("keydown", (event) => /^(Arrow|Page|Home|End)/.test(event.key) && hold());
    for (const name of ["pointerup", "pointercancel", "keyup", "blur"]) slider.addEventListener(name, release);
    return bar;
  }

  showFrame() {
    const { bar, box, frames, at } = this;
    const last = frames.labels.length - 1;
    bar.node.toggleAttribute("data-single", last === 0);
    bar.label.textContent = frames.labels[at];
    bar.caption.textContent = frames.captions[at] ?? "";
    bar.count.textContent = `${at + 1} / ${last + 1}`;
    bar.slider.max = last;
    bar.slider.value = at;
    bar.slider.style.setProperty("--done", `${(100 * at) / Math.max(last, 1)}%`);
    bar.slider.setAttribute("aria-valuetext", [frames.labels[at], frames.captions[at]].filter(Boolean).join("; "));
    bar.back.setAttribute("aria-disabled", String(!frames.loop && at === 0)); // "disabled" would take the focus away
    bar.on.setAttribute("aria-disabled", String(!frames.loop && at === last));
    if (this.playing) setButton(bar.play, "Pause", "M7 5h4v14H7zM13 5h4v14h-4z");
    else setButton(bar.play, "Play", "M8 5v14l11-7z");
    box.setAttribute("data-frame", at);
    box.setAttribute("data-frames", last + 1);
    box.setAttribute("data-playing", String(this.playing));
  }

  play() {
    this.playing = true;
    clearTimeout(this.telling);
    if (this.at === this.frames.labels.length - 1) {
      this.goTo(0);
      this.later = setTimeout(() => this.tick(), PLAY_MS);
    } else {
      this.showFrame();
      this.tick();
    }
  }

  tick() {
    clearTimeout(this.later);
    if (!this.playing || this.destroyed) return;
    const { labels, loop } = this.frames;
    const last = labels.length - 1;
    // On a slow machine the points arrive first.
    if (this.motion || this.busy) {
      this.later = setTimeout(() => this.tick(), 50);
      return;
    }
    if (this.at === last && !loop) {
      this.pause();
      if (!this.alone) this.tell(); // nobody has chosen this frame
      this.alone = false;
      return;
    }
    this.goTo(this.at === last ? 0 : this.at + 1);
    this.later = setTimeout(() => this.tick(), PLAY_MS);
  }

  pause() {
    clearTimeout(this.later);
    if (!this.playing) return;
    this.playing = false;
    this.showFrame();
  }

  tellSoon() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(), STOP_MS);
  }

  // Python hears of a frame only when the person has stopped there.
  tell() {
    clearTimeout(this.telling);
    if (!this.frames || this.destroyed) return;
    const label = this.frames.labels[this.at];
    if (label === this.told) return;
    this.told = label;
    this.send.state("frame", { label, start: this.frames.labels[this.frames.start] });
  }

  async mine(change) {
    this.own += 1;
    try {
      return await change();
    } finally {
      this.own -= 1;
    }
  }

  fail(error, payload) {
    if (this.destroyed) return;
    const script = /did not load|not in its script/.test(error.message);
    const sentence = script
      ? "The chart could not be drawn because its script did not load from this app; reload the page."
      : `The chart could not be drawn: ${error.message}.`;
    const note = document.createElement("div");
    note.className = "live-chart-message";
    note.textContent = sentence;
    if (this.plot.data) this.Plotly.purge(this.plot);
    this.bound = false;
    this.shown = null;
    this.plot = document.createElement("div");
    this.box.replaceChildren(note, this.plot);
    this.box.setAttribute("data-error", sentence);
    this.box.setAttribute("data-gliding", "false");
    this.box.setAttribute("data-rev", payload.revision);
    this.payload = null; // so that the same figure may be tried again
  }

  // ---- what the chart looks like ----

  config(modeBar) {
    const P = this.Plotly;
    const save = (format) => ({
      name: `save-${format}`,
      title: `Save as ${format.toUpperCase()}`,
      icon: format === "png" ? P.Icons.camera : P.Icons.disk,
      click: () => this.save(format),
    });
    const reset = { name: "reset-view", title: "Reset view", icon: P.Icons.home, click: () => this.resetView() };
    const whole = { name: "full-screen", title: "Full screen", icon: FULL, click: () => this.fill() };
    const clear = {
      name: "clear-selection",
      title: "Clear selection",
      icon: P.Icons.eraseshape,
      click: () => this.clearSelection(),
    };
    const aims = ["zoom2d", "pan2d", "select2d", "lasso2d"];
    return {
      scrollZoom: true,
      doubleClick: false, // handled below: it resets to the ranges chosen here
      // Plotly's own 2 costs four times the pixels on a plain screen.
      plotGlPixelRatio: Math.min(Math.max(window.devicePixelRatio || 1, 1), 2),
      displaylogo: false,
      displayModeBar: modeBar && "hover", // or by the keyboard (live_chart.css)
      plotlyServerURL: "",
      showSendToCloud: false,
      // In a chart too narrow for all, the buttons would break into lines over its marks.
      modeBarButtons: [...(this.box.clientWidth < ALL_BUTTONS ? [] : [aims]), [clear, reset], [save("png"), save("svg")], ...(document.fullscreenEnabled ? [[whole]] : [])],
    };
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.box.requestFullscreen();
  }

  dress(figure, height) {
    const layout = { ...figure.layout, autosize: true, height, uirevision: "keep", selectionrevision: "keep" };
    delete layout.width;
    const c = JSON.parse(this.palette);
    const axis = { gridcolor: c.line, linecolor: c.line, zerolinecolor: c.line, tickcolor: c.line };
    const themed = {
      font: { color: c.text, family: c.font },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: axis,
      yaxis: axis,
      hoverlabel: { bgcolor: c.back, bordercolor: c.line, font: { color: c.text, family: c.font } },
      modebar: { bgcolor: fade(c.back, 0.85), color: fade(c.text, 0.7), activecolor: c.primary, orientation: "h" },
      annotationdefaults: { font: { shadow: Array(4).fill(`0 0 3px ${c.back}`).join(", ") } },
    };
    // Into the template, so that whatever the figure itself sets wins.
    const template = layout.template ?? {};
    layout.template = { ...template, layout: merge(merge({}, template.layout ?? {}), themed) };
    layout.annotations = layout.annotations?.map((note) =>
      note.font?.color?.toUpperCase() === CHOSEN ? { ...note, font: { ...note.font, color: c.chosen } } : note,
    );
    layout.margin = { ...layout.margin };
    const top = layout.margin.t ?? template.layout?.margin?.t ?? 0;
    layout.margin.t = this.tools ? top : Math.max(top, MODE_BAR);
    const width = this.box.clientWidth;
    this.narrow = width > 0 && width < NARROW;
    if (width > 0) fitCells(figure, width);
    const legend = layout.legend ?? {};
    this.legendIsOurs = legend.orientation === undefined && legend.x === undefined && legend.y === undefined;
    if (this.legendIsOurs && this.tools) {
      layout.legend = { ...legend, ...legendPlace(this.narrow) };
      this.tools.dress(figure, layout, this.narrow, width);
    } else if (this.legendIsOurs) {
      layout.legend = { ...legend, ...legendPlace(this.narrow) };
      const keyed = figure.data.filter((t) => t.showlegend !== false).length > 1;
      const bar = figure.data.some((t) => t.marker?.showscale);
      if (!this.narrow && layout.showlegend !== false && (keyed || bar)) {
        layout.margin.r = Math.max(layout.margin.r ?? 0, LEGEND);
      }
    }
    return layout;
  }

  async save(format) {
    const c = JSON.parse(this.palette);
    const data = allDrawn(this.plot.data);
    const layout = { ...this.plot.layout, paper_bgcolor: c.back, plot_bgcolor: c.back };
    if (this.frames) {
      const text = this.frames.labels[this.at].replace(/&/g, "&amp;").replace(/</g, "&lt;");
      const corner = { x: 0, xref: "paper", xanchor: "left", y: 0, yref: "paper", yanchor: "bottom" };
      layout.annotations = [...(layout.annotations ?? []), { text, showarrow: false, font: { size: 13 }, ...corner }];
    }
    if (this.tools) {
      layout.annotations = [...(layout.annotations ?? []), ...namesAsNotes(this.plot, this.tools.placed)];
    }
    const { width, height } = this.plot._fullLayout;
    const scale = format === "png" ? 2 : 1;
    await this.Plotly.downloadImage({ data, layout }, { format, width, height, scale, filename: this.fileName });
  }

  // ---- what the person does ----

  bind() {
    this.bound = true;
    const { plot } = this;
    plot.on("plotly_click", (event) => {
      const id = event?.points?.map(pointId).find((found) => found !== null);
      if (id !== undefined) this.send.trigger("clicked", id);
    });
    plot.on("plotly_selected", (event) => {
      if (this.own || !event) return; // without an event: a click on the paper, which selects nothing
      const ids = new Set(this.adding ? this.selected : []);
      for (const point of event.points) {
        const id = pointId(point);
        if (id !== null) ids.add(id);
      }
      this.select([...ids]);
    });
    plot.on("plotly_deselect", () => this.own || this.select([]));
    plot.on("plotly_relayout", (event) => {
      if (this.own || !Object.keys(event ?? {}).some((k) => /^[xy]axis\.(range|autorange)/.test(k))) return;
      const { xaxis, yaxis } = this.plot._fullLayout;
      this.zoom = this.view && { x: [...xaxis.range], y: [...yaxis.range] };
    });
    plot.on("plotly_doubleclick", () => {
      if (/zoom|pan/.test(this.plot._fullLayout.dragmode)) this.resetView();
    });
    plot.on("plotly_hover", (event) => {
      this.link(event?.points?.map(pointId).find((found) => found !== null));
      this.tools?.point(event);
    });
    plot.on("plotly_unhover", () => {
      this.link();
      this.tools?.point();
    });
    plot.on("plotly_relayouting", () => this.link());
    for (const event of ["afterplot", "relayouting", "selecting"]) plot.on(`plotly_${event}`, () => this.motion || this.paint());
  }

  // Rings the item wherever else the figure shows it: figures with `meta.linked_hover` hold an item more than once.
  link(id) {
    this.ring?.remove();
    this.ring = null;
    this.box.removeAttribute("data-linked");
    if (id === undefined || !this.linked || this.destroyed) return;
    const { plot, box } = this;
    const full = plot._fullLayout;
    this.ring = document.createElement("div");
    this.ring.className = "live-chart-links";
    const seen = new Set();
    for (const trace of plot.data) {
      if (!carriesItems(trace)) continue;
      const [x, y] = ["x", "y"].map((name) => full[axisName(name, trace[`${name}axis`])]);
      const i = trace.customdata.findIndex((custom) => itemId(custom) === id);
      if (i < 0 || seen.has(x._id)) continue;
      const [left, top] = [x.l2p(trace.x[i]), y.l2p(trace.y[i])];
      if (left < 0 || top < 0 || left > x._length || top > y._length) continue;
      seen.add(x._id);
      const mark = document.createElement("span");
      mark.style.left = `${x._offset + left}px`;
      mark.style.top = `${y._offset + top}px`;
      this.ring.append(mark);
    }
    box.setAttribute("data-linked", id);
    plot.append(this.ring);
  }

  listen() {
    const { box } = this;
    // A drag or a wheel turn during a glide would fight with it: the points go to their places at once.
    const hurry = () => this.motion && (this.motion.hurry = true);
    box.addEventListener("pointerdown", (event) => {
      if (this.bar?.node.contains(event.target) || this.tools?.node.contains(event.target)) return;
      this.adding = event.shiftKey;
      hurry();
      box.setAttribute("data-pointer", ""); // no focus ring for the mouse
      box.focus({ preventScroll: true });
    }, true);
    box.addEventListener("blur", () => box.removeAttribute("data-pointer"));
    box.addEventListener("wheel", (event) => {
      hurry();
      // The page scrolls over a chart that the person is not working in.
      if (!event.ctrlKey && !event.metaKey && !box.contains(document.activeElement)) event.stopPropagation();
    }, { capture: true, passive: true });
    box.addEventListener("keydown", (event) => {
      if (event.target === box && this.tools && this.plot._fullLayout && this.tools.key(event)) return;
      if (event.key === "Escape") this.clearSelection();
    });
    box.addEventListener("fullscreenchange", () => this.shown && this.redraw());
    this.resized = () => {
      cancelAnimationFrame(this.resizing);
      this.resizing = requestAnimationFrame(() => this.resize());
    };
    this.resizer = new ResizeObserver(this.resized);
    this.resizer.observe(box);
    window.addEventListener("resize", this.resized); // a height that follows the window's
  }

  async resize() {
    const width = this.box.clientWidth;
    if (this.destroyed || !this.plot._fullLayout || width === 0) return;
    if (this.shown.above !== null && this.height() !== this.plot._fullLayout.height) {
      this.redraw();
      return;
    }
    if (width === this.plot._fullLayout.width) return;
    if ((this.legendIsOurs && width < NARROW !== this.narrow) || this.plot.layout.meta?.cells) {
      this.redraw(); // the legend changes sides, or cells their size
      return;
    }
    await this.mine(() => this.Plotly.Plots.resize(this.plot));
  }

  select(ids) {
    this.forgetOutlines();
    const known = [...places(this.plot.data).keys()];
    const wanted = new Set(ids);
    const ordered = known.filter((id) => wanted.has(id));
    const changed = ordered.length !== this.selected.length || ordered.some((id, i) => id !== this.selected[i]);
    this.selected = ordered;
    this.showSelection();
    if (changed) this.send.state("selected", ordered);
  }

  // The selection is the items, not the region: an outline would stay behind when the items move on.
  forgetOutlines() {
    const full = this.plot._fullLayout;
    full._outlining = false;
    this.plot.layout.selections = [];
    for (const subplot of Object.values(full._plots ?? {})) delete subplot.selection;
    this.plot.querySelectorAll(".select-outline, .outline-controllers").forEach((node) => node.remove());
  }

  async showSelection() {
    const traces = this.plot.data.map((trace) => ({ ...trace, selectedpoints: undefined }));
    markSelected(traces, this.selected);
    const points = traces.map((trace) => trace.selectedpoints ?? null);
    await this.mine(() => this.Plotly.restyle(this.plot, { selectedpoints: points }));
    this.paint();
  }

  clearSelection() {
    if (this.plot.data && this.selected.length) this.select([]);
  }

  resetView() {
    this.zoom = null;
    const change = this.view
      ? { "xaxis.range": [...this.view.x], "yaxis.range": [...this.view.y] }
      : { "xaxis.autorange": true, "yaxis.autorange": true };
    return this.mine(() => this.Plotly.relayout(this.plot, change));
  }

  destroy() {
    if (this.destroyed) return;
    this.destroyed = true;
    this.motion = null;
    for (const timer of [this.later, this.telling]) clearTimeout(timer);
    this.resizer.disconnect();
    window.removeEventListener("resize", this.resized);
    const label = this.frames?.labels[this.at];
    left.set(this.key, { at: performance.now(), zoom: this.zoom, selected: this.selected, label, legendOpen: this.tools?.open });
    awaited.get(this.key)?.();
    charts.delete(this.box);
    if (this.plot.data) this.Plotly.purge(this.plot);
  }
}

const FULL = { width: 24, height: 24, path: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z" };

function setButton(button, name, path) {
  if (button.title === name) return;
  button.title = name;
  button.setAttribute("aria-label", name);
  button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
}

// ---- items and their places ----

function itemId(custom) {
  const id = Array.isArray(custom) ? custom[0] : custom;
  return id === undefined || id === null ? null : String(id);
}

const pointId = (point) => itemId(point.customdata);

const TYPES = {
  i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array,
  f4: Float32Array, f8: Float64Array,
};

// plotly.py sends number arrays as base64.
function decode(trace) {
  for (const name of ["x", "y"]) {
    const packed = trace[name];
    if (packed?.bdata === undefined || packed.shape !== undefined) continue;
    const bytes = Uint8Array.from(atob(packed.bdata), (char) => char.charCodeAt(0));
    trace[name] = new TYPES[packed.dtype](bytes.buffer);
  }
}

// Do the points of this trace stand for items on numeric axes?
function carriesItems(trace) {
  const lengths = trace.customdata && trace.x && trace.y;
  return Boolean(lengths) && typeof trace.x[0] === "number" && Array.isArray(trace.customdata);
}

function places(traces) {
  const found = new Map();
  for (const trace of traces) {
    if (!carriesItems(trace)) continue;
    for (let i = 0; i < trace.x.length; i++) {
      const id = itemId(trace.customdata[i]);
      if (id !== null && !found.has(id)) found.set(id, [trace.x[i], trace.y[i]]);
    }
  }
  return found;
}

// A motion from the present places to those in the figure, or null when no item moves.
function plan(figure, from, viewFrom, viewTo) {
  const moves = [];
  let moved = false;
  figure.data.forEach((trace, index) => {
    if (!carriesItems(trace)) return;
    const x1 = Float64Array.from(trace.x);
    const y1 = Float64Array.from(trace.y);
    const x0 = x1.slice();
    const y0 = y1.slice();
    for (let i = 0; i < x1.length; i++) {
      const start = from.get(itemId(trace.customdata[i]));
      if (!start || Number.isNaN(x1[i])) continue;
      [x0[i], y0[i]] = start;
      moved ||= x0[i] !== x1[i] || y0[i] !== y1[i];
    }
    moves.push({ index, x0, x1, y0, y1 });
  });
  if (!moved) return null;
  const blend = (a, b, t) => (t >= 1 ? b.slice() : a.map((value, i) => value + (b[i] - value) * t));
  return {
    traces: moves.map((move) => move.index),
    at: (t) => ({ x: moves.map((m) => blend(m.x0, m.x1, t)), y: moves.map((m) => blend(m.y0, m.y1, t)) }),
    view: (t) =>
      viewTo && { x: blend((viewFrom ?? viewTo).x, viewTo.x, t), y: blend((viewFrom ?? viewTo).y, viewTo.y, t) },
    apply: (data, t) => {
      for (const m of moves) Object.assign(data[m.index], { x: blend(m.x0, m.x1, t), y: blend(m.y0, m.y1, t) });
    },
  };
}

function axisName(letter, id) {
  return `${letter}axis${(id ?? letter).slice(1)}`;
}

// Where each line of two points starts, when all lines of the trace are such.
function pairs(trace) {
  const starts = [];
  for (let i = 0; i + 1 < trace.x.length; i += 3) {
    if (itemId(trace.customdata[i + 2] ?? null) !== null) return [];
    starts.push(i);
  }
  return starts;
}

// The ranges that Plotly makes of a view where both axes have one scale.
function shown(view, { xaxis, yaxis }) {
  if (!view || yaxis.scaleanchor !== "x") return view;
  const unit = Math.max((view.x[1] - view.x[0]) / xaxis._length, (view.y[1] - view.y[0]) / yaxis._length);
  const around = ([low, high], length) => [(low + high - unit * length) / 2, (low + high + unit * length) / 2];
  return { x: around(view.x, xaxis._length), y: around(view.y, yaxis._length) };
}

function markSelected(traces, selected) {
  if (!selected.length) return;
  const wanted = new Set(selected);
  for (const trace of traces) {
    if (!carriesItems(trace)) continue;
    trace.selectedpoints = [];
    trace.customdata.forEach((custom, i) => wanted.has(itemId(custom)) && trace.selectedpoints.push(i));
  }
}

// ---- what changes from one figure to the next ----

const LIGHT = ["x", "y", "customdata", "error_x", "error_y"]; // what a trace may have anew without a look at the rest

function same(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && same(a[name], b[name]));
}

// Do the two differ in these properties at most, and have both or neither of each?
function sameBut(a, b, free) {
  const held = (one) => Object.fromEntries(Object.entries(one).map(([name, v]) => [name, free.includes(name) ? 0 : v]));
  return same(held(a), held(b));
}

// The traces of `after` that are not those of `before`; null where more has changed than where points and lines lie.
function changedTraces(before, after) {
  const fixed = ["xaxis", "yaxis"].every((axis) => after.layout[axis]?.range); // or every point has its say in the ranges
  if (!fixed || before.data.length !== after.data.length) return null;
  // Plotly takes away squares of a heat map when it is told of other traces alone.
  if (after.data.some((trace) => trace.type === "heatmap")) return null;
  if (!sameBut(before.layout, after.layout, ["meta"])) return null;
  const { mode_bar: bar, linked_hover: linked } = before.layout.meta ?? {};
  if (bar !== after.layout.meta?.mode_bar || linked !== after.layout.meta?.linked_hover) return null;
  const changed = [];
  for (const [index, trace] of after.data.entries()) {
    const old = before.data[index];
    if (same(old, trace)) continue;
    if ((trace.type ?? "scatter") !== "scatter" || !sameBut(old, trace, LIGHT)) return null;
    // Whiskers that are there move; new ones would have no color before all is drawn.
    const bars = ["error_x", "error_y"].filter((name) => name in trace);
    if (bars.length && length(old.x) !== length(trace.x)) return null;
    if (!bars.every((name) => sameBut(old[name], trace[name], ["array", "arrayminus"]))) return null;
    changed.push(index);
  }
  return changed;
}

// Two figures that one chart shows in one way, without frames.
function plain(before, payload) {
  return Boolean(before) && !before.frames && !payload.frames && before.height === payload.height && before.above === payload.above;
}

const FEW = 200; // points of a trace that is drawn anew although only places change in the others

// Where all items of `before` are in `after`, at other places: the few traces whose items are others (those
// around the chosen one), to be drawn before all glide. Null where more has changed.
function movedTraces(before, after) {
  const [old, now] = [before, after].map((figure) => splitNames(figure.layout.annotations)[1]);
  const laid = same(old, now) && sameBut(before.layout, after.layout, ["meta", "annotations"]);
  if (!laid || before.data.length !== after.data.length) return null;
  const light = [];
  for (const [index, trace] of after.data.entries()) {
    const was = before.data[index];
    if ((trace.type ?? "scatter") !== "scatter" && !same(was, trace)) return null;
    if (sameBut(was, trace, ["x", "y"]) && length(was.x) === length(trace.x)) continue;
    const others = sameBut(was, trace, ["x", "y", "customdata", "marker"]);
    if (!others || !trace.marker || !sameBut(was.marker, trace.marker, ["size"])) return null;
    if (length(trace.x) > FEW || length(was.x) > FEW) return null;
    light.push(index);
  }
  return light;
}

// Of a list, or of one that plotly.py has packed.
function length(values) {
  return values?.bdata === undefined ? (values?.length ?? 0) : atob(values.bdata).length / TYPES[values.dtype].BYTES_PER_ELEMENT;
}

// ---- axes ----

// The ranges are ours to choose when the figure leaves them open and items are on plain numeric axes.
function ownsAxes(figure) {
  const open = (axis) => !axis?.range && axis?.autorange === undefined && (axis?.type ?? "linear") === "linear";
  const { xaxis, yaxis } = figure.layout;
  const plain = figure.data.every((t) => (t.xaxis ?? "x") === "x" && (t.yaxis ?? "y") === "y");
  return plain && open(xaxis) && open(yaxis) && figure.data.some(carriesItems);
}

function fit(traces) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const trace of traces) {
    if (trace.meta?.density) continue; // around points that are there
    for (const [k, values] of [trace.x, trace.y].entries()) {
      for (const value of values ?? []) {
        if (typeof value !== "number" || !Number.isFinite(value)) continue;
        low[k] = Math.min(low[k], value);
        high[k] = Math.max(high[k], value);
      }
    }
  }
  const range = (k) => {
    if (low[k] > high[k]) return [-1, 1];
    const pad = high[k] > low[k] ? AROUND_ITEMS * (high[k] - low[k]) : 1;
    return [low[k] - pad, high[k] + pad];
  };
  return { x: range(0), y: range(1) };
}

function setRanges(layout, view) {
  layout.xaxis = { ...layout.xaxis, range: [...view.x], autorange: false };
  layout.yaxis = { ...layout.yaxis, range: [...view.y], autorange: false };
}

// Marks that stand for the cells of a table of so many columns never touch, however narrow the chart; names stand beside.
function fitCells(figure, width) {
  const cells = figure.layout.meta?.cells;
  if (!cells) return;
  const largest = Math.max((0.65 * (width - NAMES)) / cells, 3);
  const smaller = Math.min(1, largest / figure.data[0].marker.size);
  for (const { marker } of figure.data) marker.size *= smaller;
}

function legendPlace(narrow) {
  return narrow
    ? { orientation: "h", x: 0, xanchor: "left", y: -0.08, yanchor: "top" }
    : { orientation: "v", x: 1.02, xanchor: "left", y: 1, yanchor: "top" };
}

// ---- theme ----

function paletteOf(box) {
  const style = getComputedStyle(box);
  const read = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
  const text = read("text-color", "#31333f");
  return JSON.stringify({
    text,
    back: read("background-color", "#ffffff"),
    line: read("border-color", fade(text, 0.2)),
    primary: read("primary-color", text),
    chosen: read("red-text-color", CHOSEN),
    font: read("font", "sans-serif"),
  });
}

// Words in the chosen item's color, which is too dark to be read on a dark page.
function lighten(traces, color) {
  const lit = (text) => (typeof text === "string" ? text.replaceAll(`color:${CHOSEN}`, `color:${color}`) : text);
  for (const trace of traces) {
    if (trace.textfont?.color?.toUpperCase?.() === CHOSEN) trace.textfont = { ...trace.textfont, color };
    if (trace.text) trace.text = Array.isArray(trace.text) ? trace.text.map(lit) : lit(trace.text);
  }
}

function fade(color, alpha) {
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = color; // the browser turns any color into #rrggbb or rgba()
  const hex = /^#(..)(..)(..)$/.exec(canvas.fillStyle);
  if (hex) return `rgba(${hex.slice(1).map((part) => parseInt(part, 16))},${alpha})`;
  return canvas.fillStyle.replace(/[\d.]+\)$/, `${alpha})`);
}

function merge(target, source) {
  for (const [name, value] of Object.entries(source)) {
    const nested = value && typeof value === "object" && !Array.isArray(value);
    if (nested) target[name] = merge({ ...(target[name] ?? {}) }, value);
    else if (value !== undefined) target[name] = value;
  }
  return target;
}

function ariaLabel(figure) {
  const { meta, title } = figure.layout;
  return String(meta?.description || title?.text || "Chart").replace(/<[^>]*>/g, " ");
}
