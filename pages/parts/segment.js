// Segmentation: a scene, its truth, and of each method the weights, losses, gradients and predictions of its pixels at the
// scrubbed step; IoU of every class. Follows canvas.js and transport.js.

const MAPS = [["mask", "Weight mask"], ["loss", "Loss"], ["gradient", "Gradient"], ["predicted", "Prediction"]];

// Colours of the levels of a map; level 0 is exactly 0.
const ramp = (head) => {
  const { levels, colours } = head.scale, stops = colours.map(rgb), out = [rgb(head.zeroColour)];
  for (let i = 0; i < levels; i++) {
    const at = (i / (levels - 1)) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2), part = at - low;
    out.push(stops[low].map((v, k) => v + part * (stops[low + 1][k] - v)));
  }
  return out;
};

const level = ({ low, high, levels }, v) => (v > 0 ? 1 + Math.round((levels - 1) * Math.min(Math.max(Math.log(v / low) / Math.log(high / low), 0), 1)) : 0);
const value = ({ low, high, levels }, b) => (b ? low * (high / low) ** ((b - 1) / (levels - 1)) : 0);

const size = (state) => state.side ** 2;
const of = (state, array) => array.subarray(state.scene * size(state), (state.scene + 1) * size(state));
const frameOf = (state, row) => state.kept[state.frame]?.[row];

// The number a map shows at a pixel; the weight mask follows from truth and prediction.
const weightAt = (state, row, i) => {
  const panel = state.head.panels[row], k = state.head.classes.length;
  return panel.table[of(state, state.head.labels)[i] * k + of(state, frameOf(state, row).predicted)[i]];
};

const colourOf = (state, row, kind) => {
  const { head } = state, classes = state.classColours, frame = row < 0 ? null : frameOf(state, row);
  if (kind === "image") { const image = head.images.subarray(3 * state.scene * size(state)); return (i) => [image[3 * i], image[3 * i + 1], image[3 * i + 2]]; }
  if (kind === "truth") { const truth = of(state, head.labels); return (i) => classes[truth[i]]; }
  if (kind === "predicted") { const map = of(state, frame.predicted); return (i) => classes[map[i]]; }
  if (kind === "mask") return (i) => state.ramp[level(head.scale, weightAt(state, row, i))];
  const map = of(state, frame[kind]), stuck = of(state, frame.stuck), pink = state.stuckColour;
  return (i) => (kind === "gradient" && stuck[i] ? pink : state.ramp[map[i]]);
};

const paint = (state, canvas, row, kind) => {
  if (row >= 0 && !frameOf(state, row)) return;
  const { side } = state, colour = colourOf(state, row, kind), image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    const [r, g, b] = colour(i);
    image.data.set([r, g, b, 255], 4 * i);
  }
  if (canvas.width !== side) canvas.width = canvas.height = side;
  canvas.getContext("2d").putImageData(image, 0, 0);
};

const figure = (state, row, kind, title) => {
  const box = el("figure", "map"), canvas = el("canvas");
  canvas.setAttribute("role", "img");
  canvas.dataset.kind = kind;
  for (const event of ["pointermove", "pointerdown"]) canvas.addEventListener(event, (e) => {
    const at = canvas.getBoundingClientRect(), x = Math.floor(((e.clientX - at.left) / at.width) * state.side), y = Math.floor(((e.clientY - at.top) / at.height) * state.side);
    state.at = x >= 0 && y >= 0 && x < state.side && y < state.side ? [x, y] : null;
    draw(state);
  });
  canvas.addEventListener("pointerleave", () => { state.at = null; draw(state); });
  box.append(el("figcaption", "", title), canvas);
  state.pictures.push({ canvas, row, kind, title });
  return box;
};

const dot = (colour) => { const node = el("span", "dot"); node.style.background = colour; return node; };

const legend = ({ head }) => {
  const box = el("div", "legend");
  head.classes.forEach((name, c) => {
    const item = el("span", "item");
    item.append(dot(head.colours[c]), el("span", "", name));
    box.append(item);
  });
  return box;
};

const keys = (state) => {
  const { head } = state, box = el("div", "keys"), scale = el("span", "item"), bar = el("span", "bar");
  bar.style.background = `linear-gradient(to right, ${head.scale.colours.join(", ")})`;
  const ends = el("span", "item");
  ends.append(el("span", "", String(head.scale.low)), bar, el("span", "", String(head.scale.high)));
  scale.append(el("span", "", "Weight, loss and gradient, on one scale:"), ends);
  const zero = el("span", "item"), stuck = el("span", "item");
  zero.append(dot(head.zeroColour), el("span", "", "white: weight, loss or gradient exactly 0"));
  stuck.append(dot(head.stuckColour), el("span", "", "stuck: wrong, and the gradient is exactly 0"));
  box.append(scale, zero, stuck);
  return box;
};

const player = (state) => {
  const { bar, worded } = playerBar(state);
  worded("PNG", "Save the pictures at this step as PNG", (s) => sheet(s).toBlob((blob) => download("segmentation.png", blob)));
  worded("SVG", "Save the pictures at this step as SVG", saveSvg);
  linkButton(worded);
  return bar;
};

// IoU of every class, a column a method.
const numbers = (state) => {
  const { head } = state, table = el("table", "numbers"), top = el("tr"), thead = el("thead"), body = el("tbody");
  for (const text of ["Class", "Share", "Weight", ...head.panels.map((p) => (p.flawed ? `${p.title} ⚠` : p.title))]) {
    const th = el("th", "", text);
    th.scope = "col";
    top.append(th);
  }
  thead.append(top);
  state.cells = [];
  const order = head.classes.map((_, c) => c).filter((c) => c !== head.void).sort((a, b) => head.shares[b] - head.shares[a]);
  for (const c of [...order, -1]) {
    const line = el("tr"), name = el("th", "", c < 0 ? "Mean" : "");
    name.scope = "row";
    if (c >= 0) name.append(dot(head.colours[c]), el("span", "", head.classes[c]));
    line.append(name, el("td", "", c < 0 ? "" : `${(100 * head.shares[c]).toPrecision(2)}\u00a0%`), el("td", "", c < 0 ? "" : String(+head.weights[c].toPrecision(3))));
    head.panels.forEach((p, row) => {
      const td = el("td", "share");
      td.style.setProperty("--line", p.colour);
      line.append(td);
      state.cells.push({ c, row, td });
    });
    body.append(line);
  }
  table.append(thead, body);
  const scroll = el("div", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Intersection over union of every class at this step");
  scroll.append(table);
  return scroll;
};

const fill = (state) => {
  for (const { c, row, td } of state.cells) {
    const frame = frameOf(state, row), v = frame ? (c < 0 ? frame.mean : frame.iou[c]) : NaN, text = percent(v);
    if (td.textContent === text) continue;
    td.textContent = text;
    td.style.setProperty("--part", `${100 * (v || 0)}%`);
  }
};

// Mean IoU over the steps, a line a method.
const curves = (state) => {
  const { head, curveCanvas } = state, width = curveCanvas.clientWidth, height = curveCanvas.clientHeight;
  if (!width) return;
  const ctx = prepare(curveCanvas, width, height), ink = state.dark ? "#ddd" : "#333", left = 46, right = 12, top = 10, bottom = 30;
  const last = head.steps.at(-1), means = head.panels.map((_, row) => head.steps.map((__, f) => state.kept[f]?.[row]?.mean));
  const high = Math.max(0.1, ...means.flat().filter(Number.isFinite)) * 1.08;
  const px = (s) => left + (s / last) * (width - left - right), py = (v) => top + (1 - v / high) * (height - top - bottom);
  ctx.font = "12px system-ui, sans-serif";
  for (const t of niceTicks(0, high, 4)) {
    ctx.strokeStyle = state.dark ? "#fff2" : "#0002";
    ctx.beginPath(); ctx.moveTo(left, py(t)); ctx.lineTo(width - right, py(t)); ctx.stroke();
    ctx.fillStyle = ink; ctx.textAlign = "right"; ctx.fillText(`${Math.round(100 * t)} %`, left - 6, py(t) + 4);
  }
  ctx.textAlign = "center";
  for (const t of niceTicks(0, last, 5)) ctx.fillText(tickText(t), px(t), height - bottom + 15);
  ctx.fillText("step", (left + width - right) / 2, height - 2);
  head.panels.forEach((p, row) => {
    ctx.strokeStyle = p.colour;
    ctx.lineWidth = 2.5;
    ctx.setLineDash(p.flawed ? [6, 4] : []);
    ctx.beginPath();
    means[row].forEach((v, f) => { if (v !== undefined) ctx.lineTo(px(head.steps[f]), py(v)); });
    ctx.stroke();
  });
  ctx.setLineDash([]);
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.5;
  ctx.beginPath(); ctx.moveTo(px(head.steps[state.frame]), top); ctx.lineTo(px(head.steps[state.frame]), height - bottom); ctx.stroke();
};

const build = (state) => {
  const { root, head } = state;
  state.pictures = [];
  const pair = el("div", "pair");
  pair.append(figure(state, -1, "image", "Scene"), figure(state, -1, "truth", "Truth"));
  state.pointed = el("p", "axes");
  state.methods = head.panels.map((p, row) => {
    const box = el("section", p.flawed ? "method flawed" : "method"), title = el("h2"), four = el("div", "four");
    const line = dot(p.colour);
    title.append(line, el("span", "", p.title));
    if (p.flawed) title.append(el("span", "badge", "flawed"));
    const note = el("p");
    for (const [kind, name] of MAPS) four.append(figure(state, row, kind, p.region && kind === "loss" ? "1 − q of the truth" : name));
    box.append(title, note, four);
    return { box, note };
  });
  const side = el("div");
  side.append(legend(state), keys(state), state.pointed);
  const scenes = el("div", "scenes");
  scenes.append(pair, side);
  state.sentence = el("p", "sentence");
  state.curveCanvas = el("canvas", "thinline");
  state.curveCanvas.setAttribute("role", "img");
  const charts = el("div", "charts"), table = el("div"), curve = el("div");
  table.append(el("h2", "", "IoU of every class, unseen scenes, at this step"), el("p", "axes", "Intersection over union: right pixels over all that are of the class or said to be. Void pixels are not judged."), numbers(state));
  curve.append(el("h2", "", "Mean IoU"), el("p", "axes", "Of the classes that occur. Dashed: flawed. The colours are those beside the methods' names."), state.curveCanvas);
  charts.append(table, curve);
  charts.hidden = Boolean(state.only);
  root.replaceChildren(player(state), scenes, ...state.methods.map((m) => m.box), state.sentence, charts);
};

const number = (v) => (v === 0 ? "0" : String(+v.toPrecision(2)));

const pointed = (state) => {
  const { head, at, side } = state;
  if (!at || !state.frames) return "Point at a picture: the same pixel is read in all of them.";
  const i = at[1] * side + at[0];
  return `Row ${at[1]}, column ${at[0]}: ${head.classes[of(state, head.labels)[i]]}. ` + head.panels.map((p, row) => {
    const f = frameOf(state, row);
    return `${p.title}: ${head.classes[of(state, f.predicted)[i]]}, weight ${number(weightAt(state, row, i))}, loss ${number(value(head.scale, of(state, f.loss)[i]))}, gradient ${number(value(head.scale, of(state, f.gradient)[i]))}${of(state, f.stuck)[i] ? ", stuck" : ""}`;
  }).join("; ") + ".";
};

const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };

const draw = (state) => {
  const { root, head } = state;
  if (!root.isConnected || !head) return;
  const ink = getComputedStyle(root).color.match(/\d+/g).map(Number), dark = ink[0] + ink[1] + ink[2] > 382;
  state.dark = dark;
  const total = head.steps.length, now = head.steps[state.frame], training = `step ${now} of ${head.steps[total - 1]}`;
  const shown = [state.run, state.frame, state.scene, state.frames > 0].join();
  if (state.painted !== shown) {
    state.painted = shown;
    for (const { canvas, row, kind, title } of state.pictures) {
      paint(state, canvas, row, kind);
      const whose = row < 0 ? head.scenes[state.scene] : head.panels[row].title;
      canvas.setAttribute("aria-label", `${title}, ${whose}, ${training}${row >= 0 && frameOf(state, row) ? `: ${frameOf(state, row).words}` : ""}`);
    }
    state.methods.forEach(({ note }, row) => put(note, frameOf(state, row) ? `${head.panels[row].note} Here: ${whole(frameOf(state, row).words)}.` : head.panels[row].note));
    fill(state);
    const final = state.end && state.frame === total - 1;
    const words = final ? whole(state.end.sentence) : state.frames ? `Step ${now}: ${head.panels.map((p, row) => `${p.title}: ${whole(frameOf(state, row).words)}`).join("; ")}.` : "Training…";
    put(state.sentence, words);
    state.curveCanvas.setAttribute("aria-label", `Mean IoU over the steps. ${words}`);
  }
  put(state.pointed, pointed(state));
  curves(state);
  state.range.max = total - 1;
  state.range.value = state.frame;
  state.range.setAttribute("aria-valuetext", training);
  put(state.readout, training);
  icon(state.playButton, state.playing ? "pause" : "play");
  state.playButton.title = state.playing ? "Pause" : "Play";
  state.playButton.setAttribute("aria-label", state.playButton.title);
  Object.assign(root.dataset, { frames: state.frames, total, frame: state.frame, run: state.run, scene: state.scene, stuck: state.frames ? head.panels.map((_, row) => of(state, frameOf(state, row).stuck).reduce((a, b) => a + b, 0)).join() : "" });
};

// All pictures at this step on one sheet: what PNG and SVG hold.
const places = (state) => {
  const { head } = state, cell = 224, gap = 20, top = 64, out = [];
  state.pictures.forEach((p) => {
    const column = p.row < 0 ? (p.kind === "image" ? 0 : 1) : MAPS.findIndex(([kind]) => kind === p.kind), row = p.row + 1;
    out.push({ ...p, x: gap + column * (cell + gap), y: top + row * (cell + 60), text: p.row < 0 || column ? p.title : `${head.panels[p.row].title}${head.panels[p.row].flawed ? " (flawed)" : ""}: ${p.title}` });
  });
  const line = Math.ceil((4 * cell + 4 * gap) / 170);
  const { low, high, colours } = head.scale, maps = [["exactly 0", head.zeroColour], [`${low} or less`, colours[0]], [`${high} or more`, colours.at(-1)], ["stuck", head.stuckColour]];
  const names = [...head.classes.map((name, c) => [name, head.colours[c]]), ...maps].map(([name, colour], c) => ({ name, colour, x: gap + (c % line) * 170, y: top + (head.panels.length + 1) * (cell + 60) - 24 + Math.floor(c / line) * 22 }));
  return { cell, out, names, width: gap + 4 * (cell + gap), height: names.at(-1).y + 30, title: `${head.scenes[state.scene]}, step ${head.steps[state.frame]}` };
};

const sheet = (state) => {
  const { cell, out, names, width, height, title } = places(state), canvas = el("canvas"), ctx = (canvas.width = 2 * width, canvas.height = 2 * height, canvas.getContext("2d"));
  ctx.scale(2, 2);
  ctx.imageSmoothingEnabled = false;
  ctx.fillStyle = state.dark ? "#0e1117" : "#fff";
  ctx.fillRect(0, 0, width, height);
  ctx.fillStyle = state.dark ? "#fff" : "#222";
  ctx.font = "600 16px system-ui, sans-serif";
  ctx.fillText(title, 20, 26, width - 40);
  ctx.font = "14px system-ui, sans-serif";
  for (const p of out) { ctx.fillText(p.text, p.x, p.y - 8, cell); ctx.drawImage(p.canvas, p.x, p.y, cell, cell); }
  for (const { name, colour, x, y } of names) {
    ctx.fillStyle = colour; ctx.fillRect(x, y - 11, 13, 13);
    ctx.strokeStyle = "#888"; ctx.strokeRect(x, y - 11, 13, 13);
    ctx.fillStyle = state.dark ? "#fff" : "#222"; ctx.fillText(name, x + 19, y);
  }
  return canvas;
};

const saveSvg = (state) => {
  const { cell, out, names, width, height, title } = places(state), ink = state.dark ? "#fff" : "#222";
  const body = [`<text x="20" y="26" font-size="16" font-weight="bold">${xml(title)}</text>`];
  for (const p of out) body.push(`<text x="${p.x}" y="${p.y - 8}" font-size="14">${xml(p.text)}</text><image x="${p.x}" y="${p.y}" width="${cell}" height="${cell}" style="image-rendering:pixelated" href="${p.canvas.toDataURL()}"/>`);
  for (const n of names) body.push(`<rect x="${n.x}" y="${n.y - 11}" width="13" height="13" fill="${n.colour}" stroke="#888"/><text x="${n.x + 19}" y="${n.y}" font-size="14">${xml(n.name)}</text>`);
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" fill="${ink}"><rect width="${width}" height="${height}" fill="${state.dark ? "#0e1117" : "#fff"}"/>${body.join("")}</svg>`;
  download("segmentation.svg", new Blob([text], { type: "image/svg+xml" }));
};

const take = {
  head(state, head) {
    stop(state);
    const layout = JSON.stringify([head.panels.map((p) => [p.title, p.flawed])]);
    Object.assign(state, { head, side: head.side, frames: 0, frame: 0, live: true, ended: false, end: null, painted: null, ramp: ramp(head) });
    state.kept = head.steps.map(() => Array(head.panels.length));
    state.classColours = head.colours.map(rgb);
    state.stuckColour = rgb(head.stuckColour);
    build(state);
    draw(state);
  },
  piece(state, message) {
    state.kept[message.frame][message.row] = message;
    let there = 0;
    while (there < state.kept.length && state.head.panels.every((_, row) => state.kept[there][row])) there++;
    if (there === state.frames) return;
    state.frames = there;
    if (state.live) state.frame = there - 1;
    draw(state);
  },
  status(state, { text }) {
    if (text && !state.frames) state.sentence.textContent = text;
  },
  end(state, message) {
    Object.assign(state, { ended: true, end: message.done ? message : null, painted: null });
    draw(state);
  },
};

const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".segments");
  if (!root || !data?.url) return;
  let state = states.get(root);
  if (!state) {
    state = { root, speed: 1 };
    states.set(root, state);
    new ResizeObserver(() => root.isConnected && draw(state)).observe(root);
    listen(state);
  }
  state.only = data.only;
  state.scene = data.scene;
  if (state.url === data.url) draw(state);
  else {
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
