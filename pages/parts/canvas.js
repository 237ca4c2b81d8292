// What every picture of decision maps shares: reading messages, keeping frames, drawing panels. Python sends bytes and a
// few words; nothing here interprets user text: labels and titles go through textContent and fillText only.

const el = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};

// Messages as lossviz/wire.py packs them: two lengths, a JSON header, arrays from multiples of 8 on.
const TYPES = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array };

const inflate = async (bytes) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());

const unpack = async (bytes, head) => {
  const message = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + head))), arrays = {};
  for (const [name, [type, start, size, items, packed]] of Object.entries(message.arrays)) {
    let raw = bytes.slice(8 + head + start, 8 + head + start + size); // a copy: typed arrays need aligned memory
    if (packed) raw = await inflate(raw);
    arrays[name] = new TYPES[type](raw.buffer, 0, items);
  }
  return { ...message, ...arrays };
};

async function* messages(stream) {
  const reader = stream.getReader();
  let held = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true })); // a lost connection is an end
    if (done) return;
    const joined = new Uint8Array(held.length + value.length);
    joined.set(held);
    joined.set(value, held.length);
    held = joined;
    while (held.length >= 8) {
      const [head, body] = new Uint32Array(held.slice(0, 8).buffer), size = 8 + head + body;
      if (held.length < size) break;
      yield await unpack(held.subarray(0, size), head);
      held = held.subarray(size);
    }
  }
}

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

// What a byte of a map looks like: the class's colour, the stronger the surer.
const palette = (state) => {
  const { head, dark } = state, levels = Math.floor(256 / head.classes.length);
  const colours = head.colours.map(rgb), paper = dark ? [14, 17, 23] : [255, 255, 255], out = new Uint32Array(256);
  const bytes = new Uint8ClampedArray(out.buffer);
  for (let byte = 0; byte < 256; byte++) {
    const c = Math.min(Math.floor(byte / levels), colours.length - 1), a = 0.1 + (0.38 * (byte % levels)) / (levels - 1);
    for (let i = 0; i < 3; i++) bytes[4 * byte + i] = paper[i] + a * (colours[c][i] - paper[i]);
    bytes[4 * byte + 3] = 255;
  }
  return out;
};

const paintMap = (state, row) => {
  const { side, pixels, plane } = state, map = state.maps[state.frame][row];
  for (let y = 0; y < side; y++) { // maps run from the bottom up
    const from = (side - 1 - y) * side;
    for (let x = 0; x < side; x++) pixels[y * side + x] = state.palette[map[from + x]];
  }
  plane.getContext("2d").putImageData(state.image, 0, 0);
  return plane;
};

const drawLine = (ctx, state, index, size, dashed) => {
  const line = state.truth.lines[index];
  if (!line) return;
  const cell = size / state.head.lineGrid, ink = state.dark ? "#fff" : "#000", halo = state.dark ? "#0009" : "#fffb";
  let dots = state.truth.dots.subarray(2 * line[0], 2 * (line[0] + line[1]));
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

// Everything on a panel that does not change from frame to frame: points, truth, aim and numbers. Panels that aim at
// the same line share one.
const overlay = (state, size, aim) => {
  const key = [size, aim, state.dark, Boolean(state.truth), state.drag?.x, state.drag?.y, state.added?.length].join();
  if (state.overlays.has(key)) return state.overlays.get(key);
  if (state.drag) state.overlays.clear();
  const { head } = state, [x0, x1, y0, y1] = head.extent, canvas = document.createElement("canvas"), ctx = prepare(canvas, size, size);
  const px = (x) => ((x - x0) / (x1 - x0)) * size, py = (y) => size - ((y - y0) / (y1 - y0)) * size;
  const count = head.labels.length, small = Math.max(0.5, Math.min(1, size / 240));
  ctx.lineWidth = 0.7;
  ctx.strokeStyle = state.dark ? "#fffb" : "#fffd";
  const order = head.counts.map((_, c) => c).sort((a, b) => head.counts[b] - head.counts[a]); // rare classes on top
  for (const c of order) for (let i = 0, r = small * (head.counts[c] > 600 ? 2 : head.counts[c] > 250 ? 2.5 : 3.2); i < count; i++) {
    if (head.labels[i] !== c) continue;
    const [dx, dy] = state.drag?.c === c ? [state.drag.x - state.drag.from[0], state.drag.y - state.drag.from[1]] : [0, 0];
    ctx.fillStyle = head.colours[c];
    marker(ctx, c % 6, (head.points[2 * i] + dx) * size, (1 - head.points[2 * i + 1] - dy) * size, r);
  }
  for (const { x, y, c } of state.added ?? []) { // until the next run has them
    ctx.fillStyle = head.colours[c];
    marker(ctx, c % 6, x * size, (1 - y) * size, small * 4);
  }
  if (state.truth) {
    drawLine(ctx, state, 0, size, false);
    if (aim > 0) drawLine(ctx, state, aim, size, true);
  }
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
  state.overlays.set(key, canvas);
  return canvas;
};

const drawPanel = (state, row) => {
  const { canvas } = state.panels[row], size = canvas.clientWidth;
  if (!size) return;
  const ctx = prepare(canvas, size, size);
  if (state.frames) ctx.drawImage(paintMap(state, row), 0, 0, size, size);
  ctx.drawImage(overlay(state, size, state.truth?.aims[row] ?? -1), 0, 0, size, size);
  if (state.at) {
    for (const [colour, w] of [[state.dark ? "#000" : "#fff", 4], [state.dark ? "#fff" : "#000", 2]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = w;
      ctx.beginPath(); ctx.arc(state.at[0] * size, (1 - state.at[1]) * size, 7, 0, 2 * Math.PI); ctx.stroke();
    }
  }
};

const buildLegend = (state) => {
  const { head } = state;
  const legend = el("div", "legend");
  head.classes.forEach((name, c) => {
    const item = el("span", "item"), icon = el("canvas");
    icon.style.width = icon.style.height = "14px";
    const ctx = prepare(icon, 14, 14);
    ctx.fillStyle = head.colours[c]; ctx.strokeStyle = "#0000";
    marker(ctx, c % 6, 7, 7, 5);
    item.append(icon, el("span", "", `${name}: ${head.counts[c].toLocaleString("en")}`));
    legend.append(item);
  });
  state.bayes = el("span", "item rule solid", "Bayes boundary");
  state.aim = el("span", "item rule dashed", "where this strategy aims");
  legend.append(state.bayes, state.aim);
  return legend;
};

const buildPanels = (state) => {
  state.panels = state.head.panels.map((p) => {
    const figure = el("figure", p.flawed ? "panel flawed" : "panel"), caption = el("figcaption"), canvas = el("canvas");
    caption.append(el("span", "title", p.title));
    if (p.flawed) caption.append(el("span", "badge", "flawed"));
    const note = el("span", "note");
    canvas.setAttribute("role", "img");
    figure.append(caption, canvas, note);
    return { figure, canvas, note };
  });
  return state.panels.map((p) => p.figure);
};

// Light ink means dark paper.
const theme = (state) => {
  const ink = getComputedStyle(state.root).color.match(/\d+/g).map(Number), dark = ink[0] + ink[1] + ink[2] > 382;
  if (dark !== state.dark || !state.palette) {
    state.dark = dark;
    state.palette = palette(state);
  }
};

// Room for the frames of a run.
const open = (state, head) => {
  const rows = head.panels.length, total = head.steps.length;
  Object.assign(state, { head, side: head.resolution, frames: 0, frame: 0, live: true, ended: false, end: null, truth: null, palette: null });
  state.overlays = new Map();
  state.maps = Array.from({ length: total }, () => Array(rows));
  state.curves = new Float32Array(3 * total * rows).fill(NaN);
  state.confusion = Array.from({ length: total }, () => Array(rows));
  state.there = new Uint32Array(rows);
  state.plane = new OffscreenCanvas(state.side, state.side);
  state.image = new ImageData(state.side, state.side);
  state.pixels = new Uint32Array(state.image.data.buffer);
};

// The frames of one piece; maps come as differences from the frame before.
const store = (state, { rows, first, frames, maps, curves, confusion }) => {
  const size = state.side ** 2, all = state.head.panels.length, cells = 2 * state.head.classes.length ** 2; // of two rules
  for (let f = 0; f < frames; f++) rows.forEach((row, j) => {
    const map = maps.subarray((f * rows.length + j) * size, (f * rows.length + j + 1) * size);
    const last = state.maps[first + f - 1]?.[row];
    if (f) for (let i = 0; i < size; i++) map[i] += last[i]; // differences, modulo 256
    state.maps[first + f][row] = map;
    state.confusion[first + f][row] = confusion.subarray((f * rows.length + j) * cells, (f * rows.length + j + 1) * cells);
    for (let k = 0; k < 3; k++) state.curves[((first + f) * all + row) * 3 + k] = curves[(k * frames + f) * rows.length + j];
  });
  for (const row of rows) state.there[row] = Math.max(state.there[row], first + frames);
};

// Metrics of one confusion matrix (counts by true and decided class), as scikit-learn defines them.
const measures = (table, k) => {
  const sum = (from, step) => { let t = 0; for (let i = 0; i < k; i++) t += table[from + i * step]; return t; };
  const recall = [], precision = [], f1 = [];
  for (let c = 0; c < k; c++) {
    const hit = table[c * k + c], of = sum(c * k, 1), taken = sum(c, k);
    recall.push(of ? hit / of : NaN);
    precision.push(taken ? hit / taken : NaN);
    f1.push(of + taken ? (2 * hit) / (of + taken) : 0);
  }
  const mean = (v) => v.reduce((a, b) => a + b, 0) / v.length;
  return { recall, precision, balanced: mean(recall.filter(Number.isFinite)), f1: mean(f1) };
};

const percent = (v) => (Number.isFinite(v) ? `${(100 * v).toFixed(1)}\u00a0%` : "–");

const rarest = (head) => head.counts.reduce((best, n, c) => (n <= head.counts[best] ? c : best), 0);

// One line a strategy and decision rule; its cells are filled by drawNumbers.
const buildNumbers = (state) => {
  const { head } = state, rare = rarest(head), table = el("table", "numbers"), top = el("tr"), body = el("tbody"), thead = el("thead");
  const order = head.classes.map((_, c) => c).sort((a, b) => head.counts[a] - head.counts[b]).slice(0, 4);
  state.columns = [
    ...order.map((c) => [`Recall, ${head.classes[c]}`, (m) => percent(m.recall[c])]),
    [`Precision, ${head.classes[rare]}`, (m) => percent(m.precision[rare])],
    ["Balanced accuracy", (m) => percent(m.balanced)],
    ["Macro-F1", (m) => m.f1.toFixed(3)],
  ];
  for (const name of [head.seed === null ? "Test part, at this step" : `Test part, at this step, seed ${head.seed}`, ...state.columns.map(([title]) => title)]) {
    const cell = el("th", "", name);
    cell.scope = "col";
    top.append(cell);
  }
  thead.append(top);
  state.lines = [];
  head.panels.forEach((p, row) => p.rules.forEach((rule, d) => {
    const line = el("tr"), title = el("th", "", p.rules.length > 1 ? `${p.title}, by ${rule}` : p.title);
    title.scope = "row";
    const cells = state.columns.map(() => el("td"));
    line.append(title, ...cells);
    body.append(line);
    state.lines.push({ row, d, cells });
  }));
  table.append(thead, body);
  const scroll = el("div", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Metrics on the test part at this step");
  scroll.append(table);
  return scroll;
};

const confusionOf = (state, row, d) => {
  const k = state.head.classes.length;
  return state.confusion[state.frame][row].subarray(d * k * k, (d + 1) * k * k);
};

const fillNumbers = (state) => {
  const k = state.head.classes.length;
  for (const { row, d, cells } of state.lines) {
    const found = measures(confusionOf(state, row, d), k);
    state.columns.forEach(([, text], i) => { const t = text(found); if (cells[i].textContent !== t) cells[i].textContent = t; });
  }
};

const download = (name, blob) => {
  const link = el("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

// Text within an SVG.
const XML = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
const xml = (text) => String(text).replace(/[&<>"']/g, (c) => XML[c]).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
