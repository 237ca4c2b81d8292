// Small multiples of decision maps and the loss curves under them. Python sends bytes and a few words; nothing here
// interprets user text: labels and titles go through textContent and fillText only.

const el = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};

// The header's length, the header, the arrays: see pack() in player.py. The bytes come as a view that may start
// anywhere, and typed arrays need aligned memory, so they are copied once.
const TYPES = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };
const unpack = (bytes) => {
  const buffer = bytes.slice().buffer, head = Number(new BigUint64Array(buffer, 0, 1)[0]);
  const { meta, arrays } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, head)));
  const out = { meta };
  for (const [name, [type, start, length]] of Object.entries(arrays)) out[name] = new TYPES[type](buffer, 8 + head + start, length);
  return out;
};

// A percentage stays on one line.
const whole = (text) => text.replace(/(\d) %/g, "$1\u00a0%");

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

const niceTicks = (low, high, count) => {
  const raw = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * unit).find((s) => s >= raw);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.min(count + 2, Math.max(0, Math.floor(high / step) - first + 1)) }, (_, i) => (first + i) * step);
};

const tickText = (v) => {
  const a = Math.abs(v);
  if (a !== 0 && (a >= 1e5 || a < 1e-3)) return v.toExponential(0);
  return String(+v.toPrecision(4));
};

// One shape a class, so that colour is never the only difference.
const marker = (ctx, shape, x, y, r) => {
  ctx.beginPath();
  if (shape === 0) ctx.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === 1) { ctx.moveTo(x, y - r * 1.3); ctx.lineTo(x + r * 1.2, y + r); ctx.lineTo(x - r * 1.2, y + r); }
  else if (shape === 2) ctx.rect(x - r, y - r, 2 * r, 2 * r);
  else if (shape === 3) { ctx.moveTo(x, y - r * 1.4); ctx.lineTo(x + r * 1.4, y); ctx.lineTo(x, y + r * 1.4); ctx.lineTo(x - r * 1.4, y); }
  else if (shape === 4) { ctx.moveTo(x, y + r * 1.3); ctx.lineTo(x + r * 1.2, y - r); ctx.lineTo(x - r * 1.2, y - r); }
  else for (let i = 0; i < 10; i++) {
    const a = (Math.PI / 5) * i - Math.PI / 2, s = i % 2 ? r * 0.6 : r * 1.5;
    ctx.lineTo(x + s * Math.cos(a), y + s * Math.sin(a));
  }
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
};

const prepare = (canvas, width, height) => {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
};

const paintMap = (state, index) => {
  const { meta, maps } = state;
  const side = meta.resolution, levels = Math.floor(256 / meta.classes.length);
  const image = new ImageData(side, side);
  const colours = meta.colours.map(rgb), paper = state.dark ? [14, 17, 23] : [255, 255, 255];
  const from = index * side * side;
  for (let row = 0; row < side; row++) {
    for (let col = 0; col < side; col++) {
      const byte = maps[from + row * side + col], c = Math.min(Math.floor(byte / levels), colours.length - 1);
      const sure = (byte % levels) / (levels - 1), a = 0.1 + 0.38 * sure;
      const at = 4 * ((side - 1 - row) * side + col); // maps run from the bottom up
      for (let i = 0; i < 3; i++) image.data[at + i] = paper[i] + a * (colours[c][i] - paper[i]);
      image.data[at + 3] = 255;
    }
  }
  const plane = new OffscreenCanvas(side, side);
  plane.getContext("2d").putImageData(image, 0, 0);
  return plane;
};

const drawLine = (ctx, state, index, size, dashed) => {
  const line = state.meta.lines[index];
  if (!line) return;
  const cell = size / state.meta.lineGrid, ink = state.dark ? "#fff" : "#000", halo = state.dark ? "#0009" : "#fffb";
  let dots = state.lines.subarray(2 * line[0], 2 * (line[0] + line[1]));
  if (dashed) { // dots at equal distances, whatever way the line runs
    const kept = [], apart = (6 / cell) ** 2;
    for (let i = 0; i < dots.length; i += 2) {
      let free = true;
      for (let j = 0; free && j < kept.length; j += 2) free = (kept[j] - dots[i]) ** 2 + (kept[j + 1] - dots[i + 1]) ** 2 >= apart;
      if (free) kept.push(dots[i], dots[i + 1]);
    }
    dots = kept;
  }
  for (const [colour, w] of dashed ? [[halo, 5], [ink, 3]] : [[halo, 4.5], [ink, 2]]) {
    ctx.fillStyle = colour;
    for (let i = 0; i < dots.length; i += 2) {
      ctx.fillRect((dots[i] + 1) * cell - w / 2, size - (dots[i + 1] + 1) * cell - w / 2, w, w);
    }
  }
};

const drawPanel = (state, index) => {
  const { meta } = state, panel = state.panels[index], size = panel.canvas.clientWidth;
  if (!size) return;
  const ctx = prepare(panel.canvas, size, size), [x0, x1, y0, y1] = meta.extent;
  const px = (x) => ((x - x0) / (x1 - x0)) * size, py = (y) => size - ((y - y0) / (y1 - y0)) * size;
  if (state.maps.length) ctx.drawImage(paintMap(state, index), 0, 0, size, size);
  const r = meta.points > 800 ? 2 : meta.points > 300 ? 2.5 : 3;
  ctx.lineWidth = 0.7;
  ctx.strokeStyle = state.dark ? "#fffb" : "#fffd";
  const order = meta.counts.map((_, c) => c).sort((a, b) => meta.counts[b] - meta.counts[a]); // rare classes on top
  for (const c of order) for (let i = 0; i < meta.points; i++) {
    if (state.labels[i] !== c) continue;
    ctx.fillStyle = meta.colours[c];
    marker(ctx, state.labels[i] % 6, state.points[2 * i] * size, (1 - state.points[2 * i + 1]) * size, r);
  }
  if (meta.truth) drawLine(ctx, state, 0, size, false);
  if (meta.panels[index].target > 0) drawLine(ctx, state, meta.panels[index].target, size, true);
  ctx.font = "11px system-ui, sans-serif";
  const label = (text, x, y, align) => {
    ctx.textAlign = align;
    ctx.lineWidth = 3;
    ctx.strokeStyle = state.dark ? "#000b" : "#fffd";
    ctx.fillStyle = state.dark ? "#fff" : "#222";
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
  };
  for (const t of niceTicks(x0, x1, 4)) if (px(t) > 26 && px(t) < size - 14) label(tickText(t), px(t), size - 4, "center");
  for (const t of niceTicks(y0, y1, 4)) if (py(t) > 12 && py(t) < size - 18) label(tickText(t), 4, py(t) + 4, "left");
};

const drawCurves = (state) => {
  const { meta, curves } = state, canvas = state.curveCanvas, width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width) return;
  const ctx = prepare(canvas, width, height), rows = meta.panels.length, ink = state.dark ? "#ddd" : "#333";
  const right = width < 560 ? 12 : 190, left = 46, bottom = 30, top = 10;
  const at = (kind, frame, row) => curves[(kind * meta.steps.length + frame) * rows + row];
  const values = [];
  for (let k = 0; k < 2; k++) for (let f = 0; f < meta.frames; f++) for (let j = 0; j < rows; j++) if (Number.isFinite(at(k, f, j))) values.push(at(k, f, j));
  values.sort((a, b) => a - b);
  const high = 1.06 * Math.max(values[Math.floor(0.98 * (values.length - 1))] || 1, 0.05), last = meta.steps[meta.steps.length - 1];
  const px = (s) => left + (s / last) * (width - left - right), py = (v) => top + (1 - v / high) * (height - top - bottom);
  ctx.font = "12px system-ui, sans-serif";
  ctx.lineWidth = 1;
  for (const t of niceTicks(0, high, 4)) {
    ctx.strokeStyle = state.dark ? "#fff2" : "#0002";
    ctx.beginPath(); ctx.moveTo(left, py(t)); ctx.lineTo(width - right, py(t)); ctx.stroke();
    ctx.fillStyle = ink; ctx.textAlign = "right"; ctx.fillText(tickText(t), left - 6, py(t) + 4);
  }
  ctx.textAlign = "center";
  for (const t of niceTicks(0, last, 5)) ctx.fillText(tickText(t), px(t), height - bottom + 15);
  ctx.fillText("step", (left + width - right) / 2, height - 2);
  ctx.save();
  ctx.beginPath(); ctx.rect(left, top - 4, width - left - right, height - top - bottom + 4); ctx.clip();
  for (let k = 0; k < 2; k++) for (let j = 0; j < rows; j++) {
    ctx.strokeStyle = meta.panels[j].colour;
    ctx.globalAlpha = k ? 1 : 0.45;
    ctx.lineWidth = k ? 2.4 : 1.2;
    ctx.setLineDash(meta.panels[j].flawed ? [6, 4] : []);
    ctx.beginPath();
    for (let f = 0; f < meta.frames; f++) ctx.lineTo(px(meta.steps[f]), py(at(k, f, j)));
    ctx.stroke();
  }
  ctx.restore();
  if (right > 100 && meta.frames) {
    const ends = meta.panels.map((p, j) => ({ p, y: py(Math.min(at(1, meta.frames - 1, j), high)) })).sort((a, b) => a.y - b.y);
    ends.forEach((e, i) => { e.y = Math.max(e.y, i ? ends[i - 1].y + 14 : top + 4); });
    for (let i = ends.length - 1, low = height - 6; i >= 0 && ends[i].y > low; low -= 14) ends[i--].y = low;
    ctx.textAlign = "left";
    for (const e of ends) {
      ctx.fillStyle = e.p.colour; ctx.fillRect(width - right + 8, e.y - 4, 14, 8);
      ctx.fillStyle = ink; ctx.fillText(e.p.title, width - right + 27, e.y + 4, right - 30);
    }
  }
};

const build = (state) => {
  const { root, meta } = state;
  root.replaceChildren();
  const legend = el("div", "legend");
  meta.classes.forEach((name, c) => {
    const item = el("span", "item"), icon = el("canvas");
    icon.style.width = icon.style.height = "14px";
    const ctx = prepare(icon, 14, 14);
    ctx.fillStyle = meta.colours[c]; ctx.strokeStyle = "#0000";
    marker(ctx, c % 6, 7, 7, 5);
    item.append(icon, el("span", "", `${name}: ${meta.counts[c].toLocaleString("en")}`));
    legend.append(item);
  });
  if (meta.truth) legend.append(el("span", "item rule solid", "Bayes boundary"));
  if (meta.panels.some((p) => p.target > 0)) legend.append(el("span", "item rule dashed", "where this strategy aims"));
  const grid = el("div", "grid");
  state.panels = meta.panels.map((p) => {
    const figure = el("figure", p.flawed ? "panel flawed" : "panel"), caption = el("figcaption"), canvas = el("canvas");
    caption.append(el("span", "title", p.title));
    if (p.flawed) caption.append(el("span", "badge", "flawed"));
    const note = el("span", "note", p.note);
    canvas.setAttribute("role", "img");
    figure.append(caption, canvas, note);
    grid.append(figure);
    return { canvas, note };
  });
  const axes = el("p", "axes", `Horizontal: ${meta.features[0]}. Vertical: ${meta.features[1]}. The same axes in every panel.`);
  state.sentence = el("p", "sentence");
  const heading = el("h3", "", "Unweighted cross-entropy, nats");
  const key = el("p", "axes", "Thick: test part. Thin: training part. Dashed: flawed. One scale for all, whatever each one minimises.");
  state.curveCanvas = el("canvas", "curves");
  state.curveCanvas.setAttribute("role", "img");
  state.curveSentence = el("p", "sentence");
  const names = el("div", "names"); // instead of the names at the curves' ends, where there is no room for them
  meta.panels.forEach((p) => {
    const item = el("span", "item"), line = el("span", "swatch");
    line.style.borderTop = `4px ${p.flawed ? "dashed" : "solid"} ${p.colour}`;
    item.append(line, el("span", "", p.title));
    names.append(item);
  });
  root.append(legend, grid, axes, state.sentence, heading, key, state.curveCanvas, names, state.curveSentence);
};

const draw = (state) => {
  const { meta } = state, ink = getComputedStyle(state.root).color.match(/\d+/g).map(Number);
  state.dark = ink[0] + ink[1] + ink[2] > 382; // light ink means dark paper
  state.panels.forEach((panel, i) => {
    panel.note.textContent = whole(meta.panels[i].note);
    panel.canvas.setAttribute("aria-label", `${meta.panels[i].title}: ${meta.panels[i].note}`);
    drawPanel(state, i);
  });
  drawCurves(state);
  state.sentence.textContent = whole(meta.sentence);
  state.curveSentence.textContent = whole(meta.curveSentence);
  state.curveCanvas.setAttribute("aria-label", meta.curveSentence || "Loss curves, training");
  state.root.dataset.frames = meta.frames;
  state.root.dataset.total = meta.steps.length;
  state.root.dataset.run = meta.run;
};

const states = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".race");
  if (!root || !data?.length) return;
  let state = states.get(root);
  if (!state) {
    state = { root };
    states.set(root, state);
    new ResizeObserver(() => root.isConnected && state.meta && draw(state)).observe(root);
  }
  Object.assign(state, unpack(data));
  const layout = JSON.stringify([state.meta.panels.map((p) => [p.title, p.flawed, p.target]), state.meta.classes, state.meta.counts, state.meta.features, state.meta.truth]);
  if (state.layout !== layout) {
    state.layout = layout;
    build(state);
  }
  draw(state);
}
