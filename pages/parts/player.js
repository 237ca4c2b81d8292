// The strategy race: a player over small multiples, the numbers and the loss curves at the scrubbed frame. Follows canvas.js.

// Curves over the steps; `lines` are [what, thick] with what: 0 own loss, 1 cross-entropy of the training part, 2 of the
// test part. With `own`, each row has a scale of its own, from its lowest to its highest value.
const drawCurves = (state, canvas, lines, own) => {
  const { head } = state, width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width) return;
  const ctx = prepare(canvas, width, height), rows = head.panels.length, ink = state.dark ? "#ddd" : "#333";
  const right = width < 560 ? 12 : 190, left = 46, bottom = 30, top = 10, frames = state.frames;
  const raw = (kind, frame, row) => state.curves[(frame * rows + row) * 3 + kind]; // own, training, test
  const spans = head.panels.map((_, j) => {
    const v = Array.from({ length: frames }, (_, f) => raw(0, f, j)).filter(Number.isFinite);
    return [Math.min(...v), Math.max(...v)];
  });
  // on its own scale each loss falls fast and then hardly: a logarithm of what is left, down to a hundredth, shows both
  const rest = (v, [low, high]) => 1 + Math.log10((v - low) / (high - low || 1) * 0.99 + 0.01) / 2;
  const at = (kind, frame, row) => own ? rest(raw(kind, frame, row), spans[row]) : raw(kind, frame, row);
  let high = 1.04;
  if (!own) {
    const values = [];
    for (const [k] of lines) for (let f = 0; f < frames; f++) for (let j = 0; j < rows; j++) if (Number.isFinite(raw(k, f, j))) values.push(raw(k, f, j));
    values.sort((a, b) => a - b);
    high = 1.06 * Math.max(values[Math.floor(0.98 * (values.length - 1))] || 1, 0.05);
  }
  const last = head.steps[head.steps.length - 1];
  const px = (s) => left + (s / last) * (width - left - right), py = (v) => top + (1 - v / high) * (height - top - bottom);
  ctx.font = "12px system-ui, sans-serif";
  ctx.lineWidth = 1;
  for (const t of own ? [0, 1] : niceTicks(0, high, 4)) {
    ctx.strokeStyle = state.dark ? "#fff2" : "#0002";
    ctx.beginPath(); ctx.moveTo(left, py(t)); ctx.lineTo(width - right, py(t)); ctx.stroke();
    ctx.fillStyle = ink; ctx.textAlign = "right"; ctx.fillText(own ? ["low", "high"][t] : tickText(t), left - 6, py(t) + 4);
  }
  ctx.textAlign = "center";
  for (const t of niceTicks(0, last, 5)) ctx.fillText(tickText(t), px(t), height - bottom + 15);
  ctx.fillText("step", (left + width - right) / 2, height - 2);
  ctx.save();
  ctx.beginPath(); ctx.rect(left, top - 4, width - left - right, height - top - bottom + 4); ctx.clip();
  for (const [k, thick] of lines) for (let j = 0; j < rows; j++) {
    ctx.strokeStyle = head.panels[j].colour;
    ctx.globalAlpha = thick ? 1 : 0.45;
    ctx.lineWidth = thick ? 2.4 : 1.2;
    ctx.setLineDash(head.panels[j].flawed ? [6, 4] : []);
    ctx.beginPath();
    for (let f = 0; f < frames; f++) ctx.lineTo(px(head.steps[f]), py(at(k, f, j)));
    ctx.stroke();
  }
  if (frames) { // where the pictures above are
    ctx.globalAlpha = 0.7;
    ctx.setLineDash([]);
    ctx.strokeStyle = ink;
    ctx.lineWidth = 1.5;
    ctx.beginPath(); ctx.moveTo(px(head.steps[state.frame]), top); ctx.lineTo(px(head.steps[state.frame]), height - bottom); ctx.stroke();
  }
  ctx.restore();
  if (right > 100 && frames) {
    const kind = lines.find(([, thick]) => thick)[0];
    const ends = head.panels.map((p, j) => ({ p, y: py(Math.min(at(kind, frames - 1, j), high)) })).sort((a, b) => a.y - b.y);
    ends.forEach((e, i) => { e.y = Math.max(e.y, i ? ends[i - 1].y + 14 : top + 4); });
    for (let i = ends.length - 1, low = height - 10; i >= 0 && ends[i].y > low; low -= 14) ends[i--].y = low;
    ctx.textAlign = "left";
    for (const e of ends) {
      ctx.fillStyle = e.p.colour; ctx.fillRect(width - right + 18, e.y - 4, 14, 8);
      ctx.fillStyle = ink; ctx.fillText(e.p.title, width - right + 37, e.y + 4, right - 40);
    }
  }
};

const drawNumbers = (state) => {
  if (!state.frames) return;
  const k = state.head.classes.length;
  fillNumbers(state);
  if (!state.matrices.open) return;
  state.tables.forEach((cells, row) => {
    const table = confusionOf(state, row, state.head.panels[row].shown);
    for (let y = 0; y < k; y++) {
      const of = table.subarray(y * k, (y + 1) * k).reduce((a, b) => a + b, 0) || 1;
      for (let c = 0; c < k; c++) {
        const cell = cells[y * k + c], n = table[y * k + c];
        cell.textContent = n.toLocaleString("en");
        cell.style.background = `color-mix(in srgb, ${state.head.colours[y]} ${Math.round((60 * n) / of)}%, transparent)`;
      }
    }
  });
};

const buildMatrices = (state) => {
  const { head } = state, box = el("details", "matrices"), grid = el("div", "grid");
  box.append(el("summary", "", "Confusion matrices at this step (a row a true class, a column a decision)"), grid);
  state.tables = head.panels.map((p) => {
    const table = el("table", "confusion"), top = el("tr"), cells = [];
    table.append(el("caption", "", p.rules.length > 1 ? `${p.title}, by ${p.rules[p.shown]}` : p.title));
    top.append(el("td"));
    for (const name of head.classes) { const th = el("th", "", name); th.scope = "col"; top.append(th); }
    table.append(top);
    for (const name of head.classes) {
      const line = el("tr"), th = el("th", "", name);
      th.scope = "row";
      line.append(th);
      for (let c = 0; c < head.classes.length; c++) { const td = el("td"); cells.push(td); line.append(td); }
      table.append(line);
    }
    const scroll = el("div", "scroll");
    scroll.append(table);
    grid.append(scroll);
    return cells;
  });
  box.addEventListener("toggle", () => drawNumbers(state));
  state.matrices = box;
  return box;
};

// What a byte of a map says: class and probability.
const decode = (byte, classes) => {
  const k = classes.length, levels = Math.floor(256 / k);
  return `${classes[Math.min(Math.floor(byte / levels), k - 1)]}, ${Math.round(100 * (1 / k + ((1 - 1 / k) * (byte % levels)) / (levels - 1)))}\u00a0%`;
};

const cellAt = ([x, y], side) => Math.min(Math.floor(y * side), side - 1) * side + Math.min(Math.floor(x * side), side - 1);

const where = (canvas, event) => {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
};

const point = (state, canvas, event) => {
  const [x, y] = where(canvas, event);
  state.at = x >= 0 && x < 1 && y >= 0 && y < 1 ? [x, y] : null;
  draw(state);
};

// Editing the data by hand: parts of the picture (0 to 1) -> data units, and what is told to the page.
const units = ({ extent: [x0, x1, y0, y1] }, [x, y]) => ({ x: x0 + x * (x1 - x0), y: y0 + y * (y1 - y0) });
const parts = ({ extent: [x0, x1, y0, y1] }, [x, y]) => [(x - x0) / (x1 - x0), (y - y0) / (y1 - y0)];

// Points that the page has not confirmed are told again: a message can be lost while the page is at work.
const deliver = (state) => {
  clearTimeout(state.again);
  if (!state.sent.length || !state.root.isConnected) return;
  state.tell("edit", { kind: "add", points: state.sent });
  state.again = setTimeout(() => deliver(state), 700);
};

const press = (state, canvas, event) => {
  const { head, mode, edit } = state, at = where(canvas, event);
  if (mode === "" || !edit || event.button) return;
  event.preventDefault();
  if (mode !== "move") {
    const c = +mode, id = Math.max(Date.now(), state.clicked + 1);
    state.clicked = id;
    state.added.push({ x: at[0], y: at[1], c });
    state.sent.push({ ...units(head, at), c, id });
    deliver(state);
    draw(state);
    return;
  }
  const spots = edit.centres.map((centre) => parts(head, centre));
  const far = spots.map(([x, y]) => (x - at[0]) ** 2 + (y - at[1]) ** 2), c = far.indexOf(Math.min(...far));
  canvas.setPointerCapture(event.pointerId);
  state.drag = { c, from: spots[c], grip: [at[0] - spots[c][0], at[1] - spots[c][1]], x: spots[c][0], y: spots[c][1] };
};

const drag = (state, canvas, event) => {
  if (!state.drag || state.drag.dropped) return;
  const [x, y] = where(canvas, event), { grip } = state.drag;
  Object.assign(state.drag, { x: x - grip[0], y: y - grip[1] });
  cancelAnimationFrame(state.dragging);
  state.dragging = requestAnimationFrame(() => draw(state));
};

const drop = (state) => {
  if (!state.drag || state.drag.dropped) return;
  const { c, x, y, from } = state.drag;
  state.drag.dropped = true;
  if (Math.abs(x - from[0]) + Math.abs(y - from[1]) > 1e-3) state.tell("edit", { kind: "move", ...units(state.head, [x, y]), c, at: Date.now() });
  else state.drag = null;
};

// Rings around the centres of blobs, while they can be dragged.
const drawCentres = (state, ctx, size) => {
  state.edit.centres.forEach((centre, c) => {
    const [x, y] = state.drag?.c === c ? [state.drag.x, state.drag.y] : parts(state.head, centre);
    for (const [colour, w] of [[state.dark ? "#000" : "#fff", 5], [state.head.colours[c], 3]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = w;
      ctx.beginPath(); ctx.arc(x * size, (1 - y) * size, 11, 0, 2 * Math.PI); ctx.stroke();
    }
  });
};

const editing = (state) => {
  const { head, edit } = state, bar = el("div", "transport");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Edit the data");
  const label = el("label", "", "A click on a picture "), pick = el("select");
  const offers = [["", "reads what is there"], ...head.classes.map((name, c) => [String(c), `adds a point of ${name}`]), ...(edit.centres ? [["move", "takes a blob to drag"]] : [])];
  for (const [value, text] of offers) { const option = el("option", "", text); option.value = value; pick.append(option); }
  if (!offers.some(([value]) => value === state.mode)) state.mode = "";
  pick.value = state.mode;
  pick.addEventListener("change", () => { state.mode = pick.value; draw(state); });
  label.append(pick);
  bar.append(label);
  state.takeBack = [["Undo point", "undo"], ["Reset edits", "reset"]].map(([text, kind]) => {
    const node = el("button", "worded", text);
    node.type = "button";
    node.addEventListener("click", () => state.tell("edit", { kind, at: Date.now() }));
    bar.append(node);
    return node;
  });
  return bar;
};

// The picture at the scrubbed frame, laid out anew: what PNG and SVG draw. Calls back with each panel's corner.
const layout = (state, size, each) => {
  const columns = Math.min(4, state.head.panels.length), gap = 24, top = 64;
  const rows = Math.ceil(state.head.panels.length / columns), line = size + 56;
  state.head.panels.forEach((p, i) => each(p, i, gap + (i % columns) * (size + gap), top + Math.floor(i / columns) * line));
  return [gap + columns * (size + gap), top + rows * line];
};

const legendText = (head) => head.classes.map((name, c) => `${name}: ${head.counts[c].toLocaleString("en")}`);
const axesText = ({ head, truth }) => `Horizontal: ${head.features[0]}. Vertical: ${head.features[1]}.${truth?.lines.length ? " Solid: Bayes boundary. Dotted: where a strategy aims." : ""}`;
const caption = (state, p) => (p.flawed ? `${p.title} (flawed)` : p.title);

const savePng = (state) => {
  const size = 360, places = [], [width, height] = layout(state, size, (...place) => places.push(place));
  const canvas = el("canvas"), ctx = (canvas.width = 2 * width, canvas.height = 2 * height, canvas.getContext("2d"));
  ctx.scale(2, 2);
  ctx.fillStyle = state.dark ? "#0e1117" : "#fff";
  ctx.fillRect(0, 0, width, height);
  const ink = state.dark ? "#fff" : "#222";
  let x = 24;
  ctx.font = "15px system-ui, sans-serif";
  legendText(state.head).forEach((text, c) => {
    ctx.fillStyle = state.head.colours[c]; ctx.strokeStyle = "#0000";
    marker(ctx, c % 6, x + 6, 24, 6);
    ctx.fillStyle = ink;
    ctx.fillText(text, x + 18, 29);
    x += 40 + ctx.measureText(text).width;
  });
  for (const [p, i, left, top] of places) {
    ctx.fillStyle = ink;
    ctx.font = "bold 16px system-ui, sans-serif";
    ctx.fillText(caption(state, p), left, top - 8, size);
    ctx.drawImage(paintMap(state, i), left, top, size, size);
    ctx.drawImage(overlay(state, size, state.truth?.aims[i] ?? -1), left, top, size, size);
    ctx.strokeStyle = ink;
    ctx.lineWidth = p.flawed ? 2 : 1;
    ctx.setLineDash(p.flawed ? [6, 4] : []);
    ctx.strokeRect(left, top, size, size);
    ctx.font = "13px system-ui, sans-serif";
    ctx.fillText(state.panels[i].note.textContent, left, top + size + 18, size);
  }
  ctx.fillText(axesText(state), 24, height - 6, width - 48);
  canvas.toBlob((blob) => download("race.png", blob));
};

// Records what marker() draws as the path of an SVG.
const pathOf = (shape, x, y, r) => {
  const out = [], at = (v) => v.toFixed(1);
  marker({
    beginPath() {}, closePath() { out.push("Z"); }, fill() {}, stroke() {},
    arc: (cx, cy, s) => out.push(`M${at(cx - s)} ${at(cy)}a${s} ${s} 0 1 0 ${2 * s} 0a${s} ${s} 0 1 0 ${-2 * s} 0`),
    moveTo: (px, py) => out.push(`M${at(px)} ${at(py)}`),
    lineTo: (px, py) => out.push(`${out.length ? "L" : "M"}${at(px)} ${at(py)}`),
    rect: (px, py, w, h) => out.push(`M${at(px)} ${at(py)}h${w}v${h}h${-w}`),
  }, shape, x, y, r);
  return out.join("");
};

const saveSvg = (state) => {
  const { head, truth } = state, size = 360, ink = state.dark ? "#fff" : "#222", body = [], map = el("canvas");
  map.width = map.height = state.side;
  const line = (index, left, top, dotted) => {
    const [from, count] = truth.lines[index], cell = size / head.lineGrid, w = dotted ? 2.5 : 2, out = [];
    for (let i = from; i < from + count; i++) {
      if (dotted && i % 4) continue;
      out.push(`M${(left + (truth.dots[2 * i] + 1) * cell - w / 2).toFixed(1)} ${(top + size - (truth.dots[2 * i + 1] + 1) * cell - w / 2).toFixed(1)}h${w}v${w}h${-w}Z`);
    }
    return `<path fill="${ink}" d="${out.join("")}"/>`;
  };
  const [width, height] = layout(state, size, (p, i, left, top) => {
    map.getContext("2d").drawImage(paintMap(state, i), 0, 0);
    body.push(`<text x="${left}" y="${top - 8}" font-weight="bold" font-size="16">${xml(caption(state, p))}</text>`);
    body.push(`<image x="${left}" y="${top}" width="${size}" height="${size}" preserveAspectRatio="none" href="${map.toDataURL()}"/>`);
    body.push(`<svg x="${left}" y="${top}" width="${size}" height="${size}">`); // cuts off what lies outside
    head.counts.forEach((n, c) => {
      let d = "";
      for (let j = 0; j < head.labels.length; j++) if (head.labels[j] === c) d += pathOf(c % 6, head.points[2 * j] * size, (1 - head.points[2 * j + 1]) * size, 2.5);
      body.push(`<path fill="${head.colours[c]}" stroke="#fff" stroke-width="0.5" d="${d}"/>`);
    });
    if (truth?.lines.length) body.push(line(0, 0, 0, false));
    if (truth?.aims[i] > 0) body.push(line(truth.aims[i], 0, 0, true));
    body.push("</svg>", `<rect x="${left}" y="${top}" width="${size}" height="${size}" fill="none" stroke="${ink}"${p.flawed ? ' stroke-dasharray="6 4" stroke-width="2"' : ""}/>`);
    body.push(`<text x="${left}" y="${top + size + 18}" font-size="13">${xml(state.panels[i].note.textContent)}</text>`);
  });
  let x = 24;
  legendText(head).forEach((text, c) => {
    body.push(`<path fill="${head.colours[c]}" d="${pathOf(c % 6, x + 6, 24, 6)}"/><text x="${x + 18}" y="29" font-size="15">${xml(text)}</text>`);
    x += 44 + 8 * text.length;
  });
  body.push(`<text x="24" y="${height - 6}" font-size="13">${xml(axesText(state))}</text>`);
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" fill="${ink}"><rect width="${width}" height="${height}" fill="${state.dark ? "#0e1117" : "#fff"}"/>${body.join("")}</svg>`;
  download("race.svg", new Blob([text], { type: "image/svg+xml" }));
};

// Slow motion: how hard each example pushes in the step after the frame that is shown. A server works it out.
const push = async (state) => {
  const wanted = state.frame;
  if (!state.slow || state.pushing || state.pushed?.frame === wanted || !state.frames) return;
  state.pushing = true;
  try {
    const answer = await fetch(`${state.url}/push/${wanted}`, { cache: "no-store" });
    if (answer.ok) for await (const message of messages(answer.body)) if (state.slow) state.pushed = message;
  } catch { /* a lost connection: the next frame asks again */ }
  state.pushing = false;
  if (!state.slow || !state.root.isConnected) return;
  draw(state);
  if (state.frame !== wanted) push(state);
};

const drawPush = (state, ctx, row, size) => {
  const { head, pushed } = state, count = head.labels.length;
  for (let i = 0; i < count; i++) {
    const hard = pushed.pushes[row * count + i], r = 3 + 11 * hard;
    if (hard < 0.2) continue; // the many that hardly push would cover those that do
    ctx.globalAlpha = 0.25 + 0.65 * hard;
    ctx.lineWidth = 1 + hard;
    ctx.strokeStyle = state.dark ? "#fff" : "#000";
    ctx.beginPath(); ctx.arc(head.points[2 * i] * size, (1 - head.points[2 * i + 1]) * size, r, 0, 2 * Math.PI); ctx.stroke();
  }
  ctx.globalAlpha = 1;
};

const transport = (state) => {
  const { bar, worded } = playerBar(state);
  if (state.url.startsWith("/")) {
    const toggle = el("button", "worded", "Slow motion");
    toggle.type = "button";
    toggle.title = "Ring each example by how hard it pushes in the next step";
    toggle.setAttribute("aria-pressed", Boolean(state.slow));
    toggle.addEventListener("click", () => {
      state.slow = !state.slow;
      state.pushed = null;
      toggle.setAttribute("aria-pressed", state.slow);
      if (state.slow) stop(state);
      if (state.head) draw(state);
    });
    bar.append(toggle);
  }
  worded("PNG", "Save the picture at this step as PNG", savePng);
  worded("SVG", "Save the picture at this step as SVG", saveSvg);
  linkButton(worded);
  return bar;
};

// The numbers of both charts of losses, as a table, once it is opened.
const buildLosses = (state) => {
  const box = el("details", "matrices"), scroll = el("div", "scroll");
  box.append(el("summary", "", "The losses as a table"), scroll);
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Losses by step");
  box.addEventListener("toggle", () => fillLosses(state));
  state.losses = box;
  return box;
};

const fillLosses = (state) => {
  const { head, frames, losses } = state, key = `${state.run} ${frames}`;
  if (!losses.open || losses.dataset.key === key) return;
  losses.dataset.key = key;
  const table = el("table", "numbers"), top = el("tr"), kinds = ["test part", "training part", "own loss"];
  top.append(el("th", "", "Step"));
  for (const p of head.panels) for (const kind of kinds) { const th = el("th", "", `${p.title}, ${kind}`); th.scope = "col"; top.append(th); }
  table.append(top);
  for (let f = 0; f < frames; f++) {
    const line = el("tr"), step = el("th", "", String(head.steps[f]));
    step.scope = "row";
    line.append(step);
    for (let j = 0; j < head.panels.length; j++) for (const kind of [2, 1, 0]) line.append(el("td", "", state.curves[(f * head.panels.length + j) * 3 + kind].toPrecision(4)));
    table.append(line);
  }
  losses.querySelector(".scroll").replaceChildren(table);
};

const build = (state) => {
  const { root, head } = state;
  const legend = buildLegend(state);
  if (head.weights) legend.append(el("span", "item faint", `Balanced weights: ${head.weights.map((w) => +w.toPrecision(3)).join(", ")}`));
  const grid = el("div", "grid");
  grid.append(...buildPanels(state));
  for (const { canvas } of state.panels) {
    for (const kind of ["pointermove", "pointerdown"]) canvas.addEventListener(kind, (event) => point(state, canvas, event));
    canvas.addEventListener("pointerdown", (event) => press(state, canvas, event));
    canvas.addEventListener("pointermove", (event) => drag(state, canvas, event));
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => drop(state));
    canvas.addEventListener("pointerleave", () => { state.at = null; draw(state); });
  }
  state.axes = el("p", "axes");
  state.sentence = el("p", "sentence");
  const chart = (title, key) => {
    const canvas = el("canvas", "curves"), box = el("div");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", title);
    box.append(el("h2", "", title), el("p", "axes", key), canvas);
    return { canvas, box };
  };
  const common = chart("Unweighted cross-entropy, nats", "Thick: test part. Thin: training part. Dashed: flawed. One scale for all, whatever each one minimises.");
  const own = chart("What each one minimises", "Training part, each on a scale of its own, what is left above its lowest value in powers of ten: these cannot be compared with each other.");
  state.curveCanvas = common.canvas;
  state.ownCanvas = own.canvas;
  const charts = el("div", "charts");
  charts.append(common.box, own.box);
  state.curveSentence = el("p", "sentence");
  const names = el("div", "names"); // instead of the names at the curves' ends, where there is no room for them
  head.panels.forEach((p) => {
    const item = el("span", "item"), line = el("span", "swatch");
    line.style.borderTop = `4px ${p.flawed ? "dashed" : "solid"} ${p.colour}`;
    item.append(line, el("span", "", p.title));
    names.append(item);
  });
  const numbers = buildNumbers(state), more = [numbers, buildMatrices(state), charts, names, state.curveSentence, buildLosses(state)];
  for (const node of more) node.hidden = Boolean(state.only); // embedded: picture and controls
  root.replaceChildren(legend, transport(state), ...(state.edit ? [editing(state)] : []), grid, state.axes, state.sentence, ...more);
};

const draw = (state) => {
  if (!state.root.isConnected) return;
  const { root, head, end } = state, total = head.steps.length, last = head.steps[total - 1];
  theme(state);
  const now = head.steps[state.frame], training = `step ${now} of ${last}`;
  const atEnd = end && state.frame === state.frames - 1;
  const pushed = state.slow && state.pushed?.frame === state.frame ? state.pushed : null;
  push(state);
  state.panels.forEach((panel, i) => {
    const here = state.at && state.frames ? `here: ${decode(state.maps[state.frame][i][cellAt(state.at, state.side)], head.classes)}` : "";
    const note = here || (pushed ? whole(pushed.notes[i]) : "") || (atEnd ? whole(end.notes[i]) : training);
    if (panel.note.textContent !== note) {
      panel.note.textContent = note;
      if (!here) panel.canvas.setAttribute("aria-label", `${head.panels[i].title}: ${note}`);
    }
    drawPanel(state, i);
    if (pushed) drawPush(state, panel.canvas.getContext("2d"), i, panel.canvas.clientWidth);
    if (state.mode === "move" && state.edit?.centres) drawCentres(state, panel.canvas.getContext("2d"), panel.canvas.clientWidth);
    panel.canvas.style.cursor = { "": "", move: "grab" }[state.mode] ?? "crosshair";
    panel.canvas.style.touchAction = state.mode ? "none" : "";
  });
  for (const node of state.takeBack ?? []) node.hidden = !state.edit?.byHand;
  drawCurves(state, state.curveCanvas, [[1, false], [2, true]], false);
  drawCurves(state, state.ownCanvas, [[0, true]], true);
  drawNumbers(state);
  const [x0, x1, y0, y1] = head.extent;
  let where = `Horizontal: ${head.features[0]}. Vertical: ${head.features[1]}. The same axes in every panel; point at one to read all.`;
  if (state.at) {
    where = `At ${head.features[0]} = ${tickText(x0 + state.at[0] * (x1 - x0))}, ${head.features[1]} = ${tickText(y0 + state.at[1] * (y1 - y0))}`;
    if (state.truth?.posterior.length) where += `, in truth: ${decode(state.truth.posterior[cellAt(state.at, head.lineGrid)], head.classes)}`;
    where += ".";
  }
  if (state.axes.textContent !== where) state.axes.textContent = where;
  state.bayes.hidden = !state.truth?.lines.length;
  state.aim.hidden = !state.truth?.aims.some((a) => a > 0);
  const words = end ? (atEnd || !state.frames ? "" : "At the end of training: ") + whole(end.sentence) : `Training: step ${head.steps[Math.max(state.frames - 1, 0)]} of ${last}.`;
  if (state.sentence.textContent !== words) state.sentence.textContent = words;
  const curveWords = end ? whole(end.curveSentence) : "";
  if (state.curveSentence.textContent !== curveWords) {
    state.curveSentence.textContent = curveWords;
    if (curveWords) state.curveCanvas.setAttribute("aria-label", `Unweighted cross-entropy. ${curveWords}`);
    const left = (j) => (100 * (state.curves[((state.frames - 1) * head.panels.length + j) * 3] / state.curves[j * 3] || 0)).toPrecision(2);
    if (curveWords) state.ownCanvas.setAttribute("aria-label", `What each one minimises, at the end in percent of its start: ${head.panels.map((p, j) => `${p.title} ${left(j)}`).join(", ")}.`);
  }
  if (state.losses.open) fillLosses(state);
  state.range.max = total - 1;
  state.range.value = state.frame;
  state.range.setAttribute("aria-valuetext", training);
  state.range.style.setProperty("--filled", `${(100 * Math.max(state.frames - 1, 0)) / Math.max(total - 1, 1)}%`);
  state.readout.textContent = training;
  icon(state.playButton, state.playing ? "pause" : "play");
  state.playButton.title = state.playing ? "Pause" : "Play";
  state.playButton.setAttribute("aria-label", state.playButton.title);
  Object.assign(root.dataset, { frames: state.frames, total, frame: state.frame, run: state.run });
};

// A new run takes over the picture of the last one when its first frame is there, so that nothing flickers.
const begin = (state, head) => {
  stop(state);
  state.pushed = state.drag = null;
  state.added = [];
  const layout = JSON.stringify([head.panels.map((p) => [p.title, p.flawed]), head.classes, head.counts, head.features, Boolean(state.edit?.centres)]);
  open(state, head);
  if (layout !== state.layout) {
    state.layout = layout;
    build(state);
    draw(state);
  }
};

const take = {
  head: begin,
  piece(state, { rows, first, frames, maps, curves, confusion }) {
    store(state, { rows, first, frames, maps, curves, confusion });
    const now = Math.min(...state.there);
    if (now === state.frames) return;
    state.frames = now;
    if (state.live) state.frame = now - 1;
    draw(state);
  },
  truth(state, { lines, aims, dots, posterior }) {
    state.truth = { lines, aims, dots, posterior };
    if (state.frames) draw(state);
  },
  status(state, { text }) {
    if (text && !state.frames) state.sentence.textContent = text;
  },
  end(state, message) {
    state.ended = true;
    state.end = message.done ? message : null;
    if (state.frames) draw(state);
  },
};

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".race");
  if (!root || !data?.url) return;
  let state = states.get(root);
  if (!state) {
    state = { root, speed: 1, mode: "", added: [], sent: [], clicked: 0 };
    states.set(root, state);
    new ResizeObserver(() => root.isConnected && state.head && draw(state)).observe(root);
    listen(state);
  }
  state.edit = data.edit;
  state.sent = state.sent.filter((p) => p.id > (data.edit?.seen ?? 0));
  state.only = data.only;
  state.tell = setTriggerValue;
  if (state.url === data.url) { // as after an edit that the page could not use
    state.drag = null;
    state.added = [];
    if (state.head) draw(state);
  } else {
    state.url = data.url;
    state.run = data.run;
    follow(state, data.url, (name, value) => setTriggerValue(name, value));
  }
  return () => { // gone from the page, as when another is opened: nobody looks any more
    if (root.isConnected) return;
    stop(state);
    state.abort?.abort();
    state.url = null;
  };
}
