
// ---- many points: painted, not built ----
// A browser lays every shape of an SVG out anew with each frame in which anything on the page changes: some thousand
// points hold the whole page up. Plotly keeps such a trace, its legend and what lies under the mouse, and draws one of
// its points (marker.maxdisplayed), which is hidden; all are painted on a canvas below.

const PAINTED = 3000; // points of a figure from which on they are painted
const SHADES = 256; // of a continuous scale

// The traces that are painted: the lowest ones, as far as each is plain round points.
function paintedTraces(figure) {
  const found = [];
  let points = 0;
  const one = figure.data.every((t) => (t.xaxis ?? "x") === "x" && (t.yaxis ?? "y") === "y");
  for (const [index, trace] of one ? figure.data.entries() : []) {
    const under = beneath(trace);
    if (!under && !paintable(trace)) break;
    found.push(index);
    if (!under) points += trace.x.length;
  }
  return points > PAINTED ? found : [];
}

// Straight lines of two points each, which lie under the points: edges of a graph, lines of density.
function beneath(trace) {
  return Boolean(trace.meta?.beneath || trace.meta?.density) && trace.mode === "lines" && trace.x?.length > 0;
}

function paintable(trace) {
  const marker = trace.marker ?? {};
  const plain = (trace.type ?? "scatter") === "scatter" && trace.mode === "markers" && carriesItems(trace);
  const bare = ["error_x", "error_y", "stackgroup"].every((name) => !(name in trace));
  const round = (marker.symbol ?? "circle") === "circle" && !marker.line?.width && typeof (marker.opacity ?? 1) === "number";
  const colored = typeof marker.color === "string" || (marker.colorscale && !marker.coloraxis && !marker.reversescale);
  const sized = ["sizeref", "sizemode", "sizemin"].every((name) => !(name in marker));
  return plain && bare && round && Boolean(colored) && sized;
}

// Has Plotly draw no more than one point of each of these traces.
function paintInstead(traces, painted) {
  for (const index of painted) if (!beneath(traces[index])) traces[index].marker = { ...traces[index].marker, maxdisplayed: 1 };
}

// The same traces with all their points, for an image.
function allDrawn(traces) {
  return traces.map((t) => (t.marker?.maxdisplayed ? { ...t, marker: { ...t.marker, maxdisplayed: 0 } } : t));
}

// Paints them where the axes, or a view that is being glided through, have them.
function paintPoints(plot, painted, view, rest) {
  const host = plot.querySelector(".svg-container");
  let canvas = plot.querySelector(".live-chart-points");
  if (!painted.length || !host) {
    canvas?.remove();
    return;
  }
  if (!canvas) {
    canvas = document.createElement("canvas");
    canvas.className = "live-chart-points";
    host.prepend(canvas);
  }
  for (const group of plot.querySelectorAll(".scatterlayer > .trace")) {
    const hidden = painted.includes(group.__data__?.[0]?.trace.index) ? "none" : "";
    for (const part of group.querySelectorAll(".points, .lines")) if (part.style.display !== hidden) part.style.display = hidden;
  }
  const { xaxis, yaxis } = plot._fullLayout;
  const [left, right] = view ? view.x : xaxis.range;
  const [low, high] = view ? view.y : yaxis.range;
  const ratio = Math.min(Math.max(window.devicePixelRatio || 1, 1), 2);
  const [width, height] = [xaxis._length, yaxis._length].map((length) => Math.max(1, Math.round(length * ratio)));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  Object.assign(canvas.style, {
    left: `${xaxis._offset}px`, top: `${yaxis._offset}px`, width: `${xaxis._length}px`, height: `${yaxis._length}px`,
  });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const [across, up] = [width / (right - left), height / (high - low)];
  const stamps = new Map();
  let count = 0;
  for (const index of painted) {
    const full = plot._fullData[index];
    if (full?.visible !== true) continue; // hidden in the legend
    const { x, y } = plot.data[index];
    if (beneath(plot.data[index])) {
      if (rest || !plot.data[index].meta.density) paintLines(context, x, y, full, (a, b) => [(a - left) * across, (high - b) * up], ratio);
      continue;
    }
    const { marker, selectedpoints } = full;
    const chosen = Array.isArray(selectedpoints) ? new Set(selectedpoints) : null;
    const pale = full.unselected?.marker?.opacity ?? 0.2 * (marker.opacity ?? 1);
    const color = shades(marker);
    for (let i = 0; i < x.length; i++) {
      const [a, b] = [(x[i] - left) * across, (high - y[i]) * up];
      if (!(a > -40 && b > -40 && a < width + 40 && b < height + 40)) continue; // places that are no number, too
      const size = Math.round(2 * ratio * (typeof marker.size === "number" ? marker.size : marker.size[i])) / 2;
      const stamp = stampOf(stamps, color(i), size);
      context.globalAlpha = chosen && !chosen.has(i) ? pale : (marker.opacity ?? 1);
      context.drawImage(stamp, a - stamp.width / 2, b - stamp.height / 2);
      count += 1;
    }
  }
  canvas.dataset.points = count;
}

function paintLines(context, x, y, { line, opacity }, at, ratio) {
  context.globalAlpha = opacity ?? 1;
  context.strokeStyle = line.color;
  context.lineWidth = line.width * ratio;
  context.beginPath();
  for (let i = 0; i + 1 < x.length; i += 3) {
    context.moveTo(...at(x[i], y[i]));
    context.lineTo(...at(x[i + 1], y[i + 1]));
  }
  context.stroke();
}

// Lines of density that Plotly has drawn are hidden while the points are on their way.
function showDensity(plot, painted, rest) {
  if (!plot.data?.some((trace) => trace.meta?.density)) return;
  for (const group of plot.querySelectorAll(".scatterlayer > .trace")) {
    const index = group.__data__?.[0]?.trace.index;
    if (painted.includes(index) || !plot.data[index]?.meta?.density) continue;
    group.style.display = rest ? "" : "none";
  }
}

// One round point, to be drawn as often as there are such.
function stampOf(stamps, color, size) {
  const key = `${color} ${size}`;
  let stamp = stamps.get(key);
  if (!stamp) {
    stamp = document.createElement("canvas");
    stamp.width = stamp.height = 2 * Math.ceil(size / 2) + 2;
    const context = stamp.getContext("2d");
    context.fillStyle = color;
    context.arc(stamp.width / 2, stamp.height / 2, size / 2, 0, 2 * Math.PI);
    context.fill();
    stamps.set(key, stamp);
  }
  return stamp;
}

// (number of a point) → its color.
function shades(marker) {
  if (typeof marker.color === "string") return () => marker.color;
  const known = Array.from(marker.color).filter(Number.isFinite);
  const low = marker.cmin ?? known.reduce((a, b) => Math.min(a, b), Infinity);
  const high = marker.cmax ?? known.reduce((a, b) => Math.max(a, b), -Infinity);
  const strip = document.createElement("canvas");
  Object.assign(strip, { width: SHADES, height: 1 });
  const context = strip.getContext("2d", { willReadFrequently: true });
  const scale = context.createLinearGradient(0, 0, SHADES, 0);
  for (const [at, color] of marker.colorscale) scale.addColorStop(at, color);
  context.fillStyle = scale;
  context.fillRect(0, 0, SHADES, 1);
  const { data } = context.getImageData(0, 0, SHADES, 1);
  const colors = Array.from({ length: SHADES }, (_, k) => `rgb(${data[4 * k]}, ${data[4 * k + 1]}, ${data[4 * k + 2]})`);
  return (i) => colors[Math.max(0, Math.min(SHADES - 1, Math.floor((SHADES * (marker.color[i] - low)) / (high - low || 1))))];
}
