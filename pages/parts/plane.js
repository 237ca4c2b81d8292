// Planes of logits: loss as bands on one scale for all panels, decision lines, the gradient, the flat valley, paths. Everything
// is drawn through a pen, a canvas's or one that writes SVG. Follows canvas.js and kernel.js.

const STEPS = [1, 2, 5];
const LEVELS = Array.from({ length: 27 }, (_, i) => STEPS[i % 3] * 10 ** (Math.floor(i / 3) - 3)); // 0.001 to 500,000
const LOWEST = 0.01; // all below is one band
const RAMPS = { light: ["#fbfcff", "#cfe1f2", "#8fbcdc", "#4a8fc0", "#1f5f9c", "#0b2f63"], dark: ["#10141c", "#16304d", "#1f5480", "#3f82b3", "#84b6d8", "#d9ecf8"] };

const blend = (stops, s) => {
  const i = Math.min(Math.floor(s * (stops.length - 1)), stops.length - 2), f = s * (stops.length - 1) - i;
  const from = rgb(stops[i]), to = rgb(stops[i + 1]);
  return from.map((v, j) => Math.round(v + f * (to[j] - v)));
};

// Bands between levels, from LOWEST to the first level that no panel passes.
const bandsTo = (high, dark) => {
  const levels = LEVELS.filter((v) => v >= LOWEST && v < high), last = Math.max(levels.length, 1);
  const colours = Array.from({ length: last + 1 }, (_, i) => blend(RAMPS[dark ? "dark" : "light"], i / last));
  return { levels, colours };
};

const bandOf = (levels, v) => {
  let low = 0, high = levels.length;
  while (low < high) { const mid = (low + high) >> 1; if (v >= levels[mid]) low = mid + 1; else high = mid; }
  return low;
};

const bandImage = (field, side, { levels, colours }) => {
  const canvas = new OffscreenCanvas(side, side), ctx = canvas.getContext("2d"), image = ctx.createImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer), inks = colours.map((c) => new Uint32Array(new Uint8Array([...c, 255]).buffer)[0]);
  for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) pixels[i * side + j] = inks[bandOf(levels, field[(side - 1 - i) * side + j])];
  ctx.putImageData(image, 0, 0);
  return canvas;
};

const lineTwice = (pen, dark, width, dash, trace) => { // with a halo, so that it is seen on every band
  for (const [colour, w] of [[dark ? "#000c" : "#fffc", width + 2.5], [dark ? "#fff" : "#000", width]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = w;
    pen.setLineDash(dash);
    pen.beginPath();
    trace();
    pen.stroke();
  }
  pen.setLineDash([]);
};

const textTwice = (pen, dark, text, x, y) => {
  pen.lineWidth = 3;
  pen.strokeStyle = dark ? "#000b" : "#fffd";
  pen.fillStyle = dark ? "#fff" : "#111";
  pen.strokeText(text, x, y);
  pen.fillText(text, x, y);
};

const arrow = (pen, x0, y0, x1, y1, head) => {
  const long = Math.hypot(x1 - x0, y1 - y0);
  if (long < 0.5) return;
  const ux = (x1 - x0) / long, uy = (y1 - y0) / long, h = Math.min(head, long);
  pen.beginPath();
  pen.moveTo(x0, y0); pen.lineTo(x1, y1);
  pen.moveTo(x1 - h * (ux + 0.6 * uy), y1 - h * (uy - 0.6 * ux)); pen.lineTo(x1, y1); pen.lineTo(x1 - h * (ux - 0.6 * uy), y1 - h * (uy + 0.6 * ux));
  pen.stroke();
};

// Where plane coordinates are on a square of `size`, and back.
const placing = (reach, size) => ({
  px: (x) => ((x + reach) / (2 * reach)) * size,
  py: (y) => size - ((y + reach) / (2 * reach)) * size,
  back: (px, py) => [(px / size) * 2 * reach - reach, (1 - py / size) * 2 * reach - reach],
});

const ARROWS = 9;

// What does not change while the point is dragged: bands, isolines, the gradient field, decision lines, numbers at the axes.
// `spec`: field, side, bands, reach, zAt(x, y) -> logits in the plane, descent(z) -> [dx, dy], strongest, rules, titles.
const drawGround = (pen, size, spec, dark) => {
  const { px, py } = placing(spec.reach, size), { side } = spec, cell = size / (side - 1), half = cell / 2;
  pen.drawImage(bandImage(spec.field, side, spec.bands), -half, -half, size + cell, size + cell);
  pen.strokeStyle = dark ? "#fff5" : "#0005";
  pen.lineWidth = 0.8;
  pen.beginPath();
  for (const level of spec.bands.levels) isolines(spec.field, side, level, (x0, y0, x1, y1) => { pen.moveTo(x0 * cell, size - y0 * cell); pen.lineTo(x1 * cell, size - y1 * cell); });
  pen.stroke();
  const apart = size / ARROWS;
  pen.lineWidth = 1.3;
  pen.strokeStyle = dark ? "#ffd27a" : "#8a2f00";
  for (let i = 0; i < ARROWS; i++) for (let j = 0; j < ARROWS; j++) {
    const x = (j + 0.5) * apart, y = (i + 0.5) * apart;
    const [dx, dy] = spec.descent(spec.zAt(...placing(spec.reach, size).back(x, y))), strength = Math.hypot(dx, dy);
    const long = 0.46 * apart * Math.min(Math.sqrt(strength / spec.strongest), 1);
    if (long > 1) arrow(pen, x - (long * dx) / strength, y + (long * dy) / strength, x + (long * dx) / strength, y - (long * dy) / strength, 4);
  }
  const coarse = 25, at = (i) => -spec.reach + (2 * spec.reach * i) / (coarse - 1), step = size / (coarse - 1);
  spec.rules.forEach((rule, i) => lineTwice(pen, dark, 2, i ? [2, 4] : [], () => {
    frontiers(rule, coarse, (j, k) => spec.zAt(at(j), at(k)), (x0, y0, x1, y1) => { pen.moveTo(x0 * step, size - y0 * step); pen.lineTo(x1 * step, size - y1 * step); });
  }));
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "center";
  for (const t of niceTicks(-spec.reach, spec.reach, 4)) {
    if (px(t) > 30 && px(t) < size - 14) textTwice(pen, dark, tickText(t), px(t), size - 5);
  }
  pen.textAlign = "left";
  for (const t of niceTicks(-spec.reach, spec.reach, 4)) if (py(t) > 22 && py(t) < size - 20) textTwice(pen, dark, tickText(t), 4, py(t) + 4);
  pen.font = "600 12px system-ui, sans-serif";
  textTwice(pen, dark, spec.titles[1], 4, 13);
  pen.textAlign = "right";
  textTwice(pen, dark, spec.titles[0], size - 4, size - 5);
};

// What moves: the flat valley through the point, paths, and the point. Coordinates of the plane.
const drawAbove = (pen, size, { reach, point, valley, path, upTo, ends, colour }, dark) => {
  const { px, py } = placing(reach, size), far = 3 * reach;
  if (valley) {
    const long = Math.hypot(...valley) || 1, [vx, vy] = [(far * valley[0]) / long, (far * valley[1]) / long];
    pen.lineCap = "butt";
    for (const [stroke, w] of [[dark ? "#000c" : "#fffc", 5], ["#D55E00", 3]]) {
      pen.strokeStyle = stroke;
      pen.lineWidth = w;
      pen.setLineDash([9, 5]);
      pen.beginPath(); pen.moveTo(px(point[0] - vx), py(point[1] - vy)); pen.lineTo(px(point[0] + vx), py(point[1] + vy)); pen.stroke();
    }
    pen.setLineDash([]);
  }
  if (path) {
    const shown = path.slice(0, upTo + 1);
    lineTwice(pen, dark, 2, [], () => shown.forEach(([x, y], i) => (i ? pen.lineTo(px(x), py(y)) : pen.moveTo(px(x), py(y)))));
    pen.strokeStyle = dark ? "#000" : "#fff";
    pen.lineWidth = 1;
    pen.fillStyle = dark ? "#fff" : "#000";
    if (shown.length < 80) for (const [x, y] of shown) { pen.beginPath(); pen.arc(px(x), py(y), 2.5, 0, 2 * Math.PI); pen.fill(); }
    const [x, y] = shown[shown.length - 1];
    pen.fillStyle = dark ? "#000" : "#fff";
    pen.strokeStyle = dark ? "#fff" : "#000";
    pen.lineWidth = 2.5;
    pen.beginPath(); pen.arc(px(x), py(y), 6, 0, 2 * Math.PI); pen.fill(); pen.stroke();
  }
  if (ends) {
    pen.fillStyle = dark ? "#fff" : "#000";
    pen.strokeStyle = dark ? "#000" : "#fff";
    pen.lineWidth = 1;
    marker(pen, 5, px(ends[0]), py(ends[1]), 7);
  }
  pen.fillStyle = colour;
  pen.strokeStyle = dark ? "#fff" : "#000";
  pen.lineWidth = 2;
  pen.beginPath(); pen.arc(px(point[0]), py(point[1]), 7, 0, 2 * Math.PI); pen.fill(); pen.stroke();
};

// A pen that writes SVG: as much of a canvas's as is drawn with here.
class SvgPen {
  constructor() { this.out = []; this.d = []; this.dash = []; this.font = "11px sans-serif"; this.textAlign = "left"; this.fillStyle = this.strokeStyle = "#000"; this.lineWidth = 1; }
  at(v) { return v.toFixed(1); }
  setLineDash(dash) { this.dash = dash; }
  beginPath() { this.d = []; }
  moveTo(x, y) { this.d.push(`M${this.at(x)} ${this.at(y)}`); }
  lineTo(x, y) { this.d.push(`${this.d.length ? "L" : "M"}${this.at(x)} ${this.at(y)}`); }
  arc(x, y, r) { this.d.push(`M${this.at(x - r)} ${this.at(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`); }
  closePath() { this.d.push("Z"); }
  fill() { this.out.push(`<path fill="${this.fillStyle}" d="${this.d.join("")}"/>`); }
  stroke() { this.out.push(`<path fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}"${this.dash.length ? ` stroke-dasharray="${this.dash}"` : ""} d="${this.d.join("")}"/>`); }
  words(text, x, y, paint) {
    const [, bold, size] = /^(\d+ |bold )?(\d+)px/.exec(this.font), anchor = { left: "start", center: "middle", right: "end" }[this.textAlign];
    this.out.push(`<text x="${this.at(x)}" y="${this.at(y)}" font-size="${size}"${bold ? ' font-weight="bold"' : ""} text-anchor="${anchor}" ${paint}>${xml(text)}</text>`);
  }
  fillText(text, x, y) { this.words(text, x, y, `fill="${this.fillStyle}"`); }
  strokeText(text, x, y) { this.words(text, x, y, `fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}"`); }
  drawImage(image, x, y, w, h) {
    const canvas = document.createElement("canvas");
    canvas.width = image.width; canvas.height = image.height;
    canvas.getContext("2d").drawImage(image, 0, 0);
    this.out.push(`<image x="${this.at(x)}" y="${this.at(y)}" width="${this.at(w)}" height="${this.at(h)}" preserveAspectRatio="none" href="${canvas.toDataURL()}"/>`);
  }
}

// A note in up to three lines of a panel's width.
const wrapped = (note) => {
  const lines = [""];
  for (const word of note.split(" ")) {
    const last = lines[lines.length - 1];
    if (last && last.length + word.length > 56 && lines.length < 3) lines.push(word); else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines;
};

// The panels laid out anew, with titles and notes. `panels`: { title, note, flawed, ground, above } with drawing functions.
const saved = (panels, heading, dark, kind) => {
  const size = 320, gap = 24, top = 56, line = size + 64, columns = Math.min(4, panels.length);
  const width = gap + columns * (size + gap), height = top + Math.ceil(panels.length / columns) * line, ink = dark ? "#fff" : "#222", paper = dark ? "#0e1117" : "#fff";
  const place = (i) => [gap + (i % columns) * (size + gap), top + 18 + Math.floor(i / columns) * line];
  if (kind === "svg") {
    const body = panels.map((p, i) => {
      const [left, y] = place(i), pen = new SvgPen();
      p.ground(pen, size);
      p.above(pen, size);
      const frame = `<rect x="${left}" y="${y}" width="${size}" height="${size}" fill="none" stroke="${ink}"${p.flawed ? ' stroke-width="2" stroke-dasharray="6 4"' : ""}/>`;
      return `<text x="${left}" y="${y - 8}" font-size="15" font-weight="bold">${xml(p.title)}</text><svg x="${left}" y="${y}" width="${size}" height="${size}">${pen.out.join("")}</svg>${frame}${wrapped(p.note).map((line, j) => `<text x="${left}" y="${y + size + 18 + 14 * j}" font-size="11">${xml(line)}</text>`).join("")}`;
    });
    const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" fill="${ink}"><rect width="${width}" height="${height}" fill="${paper}"/><text x="${gap}" y="30" font-size="15">${xml(heading)}</text>${body.join("")}</svg>`;
    download("logit-plane.svg", new Blob([text], { type: "image/svg+xml" }));
    return;
  }
  const canvas = el("canvas");
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  ctx.fillStyle = paper; ctx.fillRect(0, 0, width, height);
  ctx.fillStyle = ink; ctx.font = "15px system-ui, sans-serif"; ctx.fillText(heading, gap, 30);
  panels.forEach((p, i) => {
    const [left, y] = place(i);
    ctx.textAlign = "left"; ctx.fillStyle = ink;
    ctx.font = "bold 15px system-ui, sans-serif"; ctx.fillText(p.title, left, y - 8, size);
    ctx.font = "11px system-ui, sans-serif"; wrapped(p.note).forEach((line, j) => ctx.fillText(line, left, y + size + 18 + 14 * j, size));
    ctx.save();
    ctx.beginPath(); ctx.rect(left, y, size, size); ctx.clip();
    ctx.translate(left, y);
    p.ground(ctx, size);
    p.above(ctx, size);
    ctx.restore();
    ctx.lineWidth = p.flawed ? 2 : 1; ctx.strokeStyle = ink; ctx.setLineDash(p.flawed ? [6, 4] : []);
    ctx.strokeRect(left, y, size, size); ctx.setLineDash([]);
  });
  canvas.toBlob((blob) => download("logit-plane.png", blob));
};
