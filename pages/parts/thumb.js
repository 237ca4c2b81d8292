// A small living picture on a door. Follows canvas.js. Each drawing takes (ctx, width, height, data, seconds, state).

const ease = (t) => 0.5 - 0.5 * Math.cos(Math.PI * Math.min(Math.max(t, 0), 1));

const DRAWINGS = {
  // A lesson: a question with its rare examples, then how many of them are found.
  vote(ctx, width, height, { recall, imbalance }, seconds, state) {
    const t = seconds % 6, n = 20, step = Math.min((width - 20) / 10, (height - 50) / 2.4), left = width / 2 - 4.5 * step;
    const shown = Math.round(n * recall * ease((t - 2) / 1.2));
    for (let i = 0; i < n; i++) {
      ctx.beginPath();
      ctx.arc(left + (i % 10) * step, 26 + Math.floor(i / 10) * step, 0.32 * step, 0, 2 * Math.PI);
      ctx.lineWidth = 2;
      ctx.strokeStyle = state.ink;
      ctx.fillStyle = "#E69F00";
      if (i < shown) ctx.fill();
      ctx.stroke();
    }
    ctx.fillStyle = state.ink;
    ctx.textAlign = "center";
    ctx.font = "600 14px system-ui, sans-serif";
    ctx.fillText(t < 2 ? `1 in ${imbalance + 1} is rare. Found: ?` : `Found: ${Math.round(100 * recall)} %`, width / 2, height - 8, width);
  },
  // The three boundaries of the picture above, as they form, again and again.
  race(ctx, width, height, data, seconds, state) {
    const { run } = state;
    if (!run) return;
    const n = run.head.panels.length, gap = 8, size = Math.min((width - (n - 1) * gap) / n, height);
    run.frame = Math.min(Math.floor((seconds % 4) * 6), run.frames - 1);
    for (let i = 0; i < n; i++) {
      const left = (width - n * size - (n - 1) * gap) / 2 + i * (size + gap), top = (height - size) / 2;
      ctx.drawImage(paintMap(run, i), left, top, size, size);
      ctx.setLineDash(run.head.panels[i].flawed ? [5, 4] : []);
      ctx.strokeStyle = state.ink;
      ctx.strokeRect(left + 0.5, top + 0.5, size - 1, size - 1);
    }
    ctx.setLineDash([]);
  },
  // Counts turn into weights, by one scheme after another.
  bars(ctx, width, height, { counts, weights }, seconds, state) {
    const names = Object.keys(weights), round = seconds % (3 * names.length), name = names[Math.floor(round / 3)];
    const t = ease(((round % 3) - 0.8) / 0.8), total = counts.reduce((a, b) => a + b, 0), room = height - 40;
    const wide = Math.min(56, width / 6);
    counts.forEach((n, c) => {
      const share = (1 - t) * (n / total) + t * weights[name][c], h = Math.max(2, share * room);
      ctx.fillStyle = ["#0072B2", "#E69F00"][c];
      ctx.fillRect(width / 2 + (c ? 0.25 * wide : -1.25 * wide), 10 + room - h, wide, h);
    });
    ctx.fillStyle = state.ink;
    ctx.textAlign = "center";
    ctx.font = "600 14px system-ui, sans-serif";
    ctx.fillText(t < 0.5 ? "Counts" : `Weights: ${name}`, width / 2, height - 8, width);
  },
  // The same number added to both logits, to and fro: the losses at it, of which the flawed one's moves.
  twice(ctx, width, height, { sigmoid, softmax }, seconds, state) {
    const at = seconds % 6, from = Math.min(Math.floor(at / 1.5), sigmoid.length - 1), to = (from + 1) % sigmoid.length, t = ease((at % 1.5) / 0.6);
    const room = height - 34, wide = (width - 24) / 2, bar = wide / 5;
    [["sigmoids", sigmoid, "#0072B2"], ["a softmax ⚠", softmax, "#D55E00"]].forEach(([title, rows, colour], side) => {
      const left = side * (wide + 24);
      rows[from].forEach((v, c) => {
        const h = Math.max(2, ((1 - t) * v + t * rows[to][c]) * room);
        ctx.fillStyle = ctx.strokeStyle = colour;
        const x = left + bar * (0.5 + 1.5 * c), y = 6 + room - h;
        ctx.setLineDash(side ? [5, 4] : []);
        if (side) { ctx.globalAlpha = 0.45; ctx.fillRect(x, y, bar, h); ctx.globalAlpha = 1; ctx.strokeRect(x, y, bar, h); } else ctx.fillRect(x, y, bar, h);
      });
      ctx.setLineDash([2, 4]);
      ctx.strokeStyle = ctx.fillStyle = state.ink;
      ctx.beginPath(); ctx.moveTo(left, 6 + room / 2); ctx.lineTo(left + wide, 6 + room / 2); ctx.stroke();
      ctx.setLineDash([]);
      ctx.font = "14px system-ui, sans-serif";
      ctx.textAlign = "center";
      ctx.fillText(title, left + wide / 2, height - 6);
    });
  },
  shift(ctx, width, height, { rows, low, high }, seconds, state) {
    const at = 0.5 - 0.5 * Math.cos(seconds), count = rows[0].losses.length, most = 1.1 * Math.max(...rows.flatMap((r) => r.losses));
    const left = 8, right = width - 8, bottom = height - 8, px = (i) => left + ((right - left) * i) / (count - 1), py = (v) => 8 + (1 - v / most) * (bottom - 8);
    ctx.strokeStyle = ctx.fillStyle = state.ink;
    rows.forEach((r, i) => {
      const colour = r.flawed ? "#D55E00" : ["#0072B2", "#009E73"][i % 2];
      ctx.setLineDash(r.flawed ? [6, 4] : []);
      ctx.lineWidth = 2.5;
      ctx.strokeStyle = colour;
      ctx.beginPath();
      r.losses.forEach((v, j) => ctx.lineTo(px(j), py(v)));
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.fillStyle = colour;
      const here = at * (count - 1), j = Math.min(Math.floor(here), count - 2), v = r.losses[j] + (here - j) * (r.losses[j + 1] - r.losses[j]);
      ctx.beginPath(); ctx.arc(px(here), py(v), 6, 0, 2 * Math.PI); ctx.fill();
    });
    ctx.fillStyle = state.ink;
    ctx.font = "14px system-ui, sans-serif";
    ctx.textAlign = "right";
    const t = low + at * (high - low);
    ctx.fillText(`loss at z + ${t < 0 ? `(−${Math.abs(t).toFixed(1)})` : t.toFixed(1)}`, right, 20);
  },
  // Claims, a square each: one after the other gets its verdict.
  trial(ctx, width, height, { verdicts }, seconds, state) {
    const looks = { true: ["#0072B2", "✓"], depends: ["#7A7A7A", "±"], false: ["#D55E00", "✗"] };
    const found = ["true", "depends", "false"].flatMap((v) => Array(verdicts[v] ?? 0).fill(v));
    const rows = Math.max(1, Math.round(Math.sqrt((found.length * (height - 30)) / width))), columns = Math.ceil(found.length / rows);
    const cell = Math.min((width - 8) / columns, (height - 34) / rows), left = (width - columns * cell) / 2;
    const known = Math.min(found.length, Math.floor((seconds % 9) * 6));
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.font = `600 ${Math.round(cell * 0.5)}px system-ui, sans-serif`;
    found.forEach((v, i) => {
      // verdicts come in an order that mixes them
      const at = (i * 7) % found.length, x = left + (at % columns) * cell, y = 4 + Math.floor(at / columns) * cell;
      const told = at < known;
      ctx.globalAlpha = told ? 1 : 0.35;
      ctx.fillStyle = ctx.strokeStyle = told ? looks[v][0] : state.ink;
      if (told) ctx.fillRect(x + 2, y + 2, cell - 4, cell - 4);
      else ctx.strokeRect(x + 2.5, y + 2.5, cell - 5, cell - 5);
      ctx.fillStyle = told ? "#fff" : state.ink;
      ctx.fillText(told ? looks[v][1] : "?", x + cell / 2, y + cell / 2 + 1);
    });
    ctx.globalAlpha = 1;
    ctx.textBaseline = "alphabetic";
    ctx.fillStyle = state.ink;
    ctx.font = "600 14px system-ui, sans-serif";
    ctx.fillText(`${verdicts.true} true, ${verdicts.false} false, ${verdicts.depends} depend`, width / 2, height - 8, width);
  },
  // Two surfaces in bands of equal loss, and the walk down each, again and again.
  walks(ctx, width, height, { drawn }, seconds, state) {
    const gap = 10, wide = (width - gap * (drawn.length - 1)) / drawn.length, high = height - 24;
    drawn.forEach(({ title, loss, path }, i) => {
      const left = Math.round(i * (wide + gap)), rows = loss.length, columns = loss[0].length, cw = wide / columns, ch = high / rows;
      const ground = ((state.grounds ??= [])[i] ??= el("canvas")); // painted once for each size
      if (ground.width !== Math.round(wide) || ground.height !== Math.round(high)) {
        Object.assign(ground, { width: Math.round(wide), height: Math.round(high) });
        const pen = ground.getContext("2d");
        pen.fillStyle = "#0072B2";
        loss.forEach((line, y) => line.forEach((v, x) => {
          pen.globalAlpha = 0.08 + 0.72 * Math.round((1 - v) * 9) / 9;
          const at = Math.round(x * cw), top = Math.round(high - (y + 1) * ch); // on whole pixels: no seams
          pen.fillRect(at, top, Math.round((x + 1) * cw) - at, Math.round(high - y * ch) - top);
        }));
      }
      ctx.drawImage(ground, left, 0);
      const now = Math.min(1, (seconds % 5) / 4) * (path.length - 1), there = path.slice(0, Math.floor(now) + 1);
      for (const [colour, thick] of [["#fff", 5], ["#D55E00", 2.5]]) {
        ctx.beginPath();
        there.forEach(([x, y]) => ctx.lineTo(left + x * wide, high - y * high));
        Object.assign(ctx, { strokeStyle: colour, lineWidth: thick });
        ctx.stroke();
      }
      const [x, y] = there.at(-1);
      ctx.beginPath();
      ctx.arc(left + x * wide, high - y * high, 5, 0, 7);
      ctx.fillStyle = "#D55E00";
      ctx.fill();
      ctx.lineWidth = 1;
      ctx.fillStyle = state.ink;
      ctx.textAlign = "center";
      ctx.font = "600 13px system-ui, sans-serif";
      ctx.fillText(title, left + wide / 2, height - 6, wide);
    });
  },
  // Code is read line by line; the flawed one is marked, and put right.
  lint(ctx, width, height, { lines, at, title, fix }, seconds, state) {
    const t = seconds % 8, read = Math.min(t * 2, lines.length), corrected = t > 5, high = Math.min(19, (height - 30) / (at + fix.length));
    const shown = corrected ? [...lines.slice(0, at), ...fix] : lines;
    ctx.font = `${Math.min(12, 0.85 * high)}px ui-monospace, monospace`;
    ctx.textAlign = "left";
    shown.forEach((text, i) => {
      const y = 6 + high * (i + 0.5), flawed = !corrected && i === at && read > at, right = corrected && i >= at;
      if (flawed || right) {
        ctx.globalAlpha = 0.2;
        ctx.fillStyle = flawed ? "#D55E00" : "#009E73";
        ctx.fillRect(4, y - high / 2, width - 8, high);
        ctx.globalAlpha = 1;
        ctx.fillRect(4, y - high / 2, 4, high);
      }
      ctx.globalAlpha = corrected || i < read ? 1 : 0.35;
      ctx.fillStyle = state.ink;
      ctx.textBaseline = "middle";
      let cut = text;
      while (cut && ctx.measureText(`${cut}…`).width > width - 24) cut = cut.slice(0, -1);
      ctx.fillText(cut === text ? text : `${cut}…`, 14, y);
      ctx.globalAlpha = 1;
    });
    ctx.textBaseline = "alphabetic";
    ctx.textAlign = "center";
    ctx.fillStyle = state.ink;
    ctx.font = "600 14px system-ui, sans-serif";
    ctx.fillText(corrected ? "Put right" : read > at ? `⚠ ${title}` : "Reading…", width / 2, height - 6, width);
  },
  // What deciding costs while a miss costs more and more: by the most probable class, and by cost.
  prices(ctx, width, height, { ratio, curves }, seconds, state) {
    const names = Object.keys(curves), count = ratio.length, at = (0.5 - 0.5 * Math.cos(0.7 * seconds)) * (count - 1), j = Math.min(Math.floor(at), count - 2);
    const left = 8, right = width - 8, top = 26, bottom = height - 8, px = (i) => left + ((right - left) * i) / (count - 1), py = (v) => bottom - Math.min(v, 2) / 2 * (bottom - top);
    ctx.strokeStyle = state.ink;
    ctx.globalAlpha = 0.4;
    ctx.setLineDash([3, 4]);
    ctx.beginPath(); ctx.moveTo(left, py(1)); ctx.lineTo(right, py(1)); ctx.stroke();
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
    names.forEach((name, i) => {
      ctx.strokeStyle = ctx.fillStyle = ["#E69F00", "#0072B2"][i];
      ctx.lineWidth = 2.5;
      ctx.beginPath();
      curves[name].forEach((v, x) => ctx.lineTo(px(x), py(v)));
      ctx.stroke();
      const v = curves[name][j] + (at - j) * (curves[name][j + 1] - curves[name][j]);
      ctx.beginPath(); ctx.arc(px(at), py(v), 6, 0, 2 * Math.PI); ctx.fill();
    });
    ctx.lineWidth = 1;
    ctx.fillStyle = state.ink;
    ctx.font = "14px system-ui, sans-serif";
    ctx.textAlign = "left";
    const now = ratio[j], told = now < 9.95 ? now.toFixed(1) : Math.round(now);
    ctx.fillText(`a miss costs ${told} false alarms`, left, 16, width - 16);
  },
  // A street scene, the class of each pixel, and how much each weighs, one after the other.
  scene(ctx, width, height, { pictures, colours, weights, side }, seconds, state) {
    const looks = ["Scene", "Classes", "Weights"], size = height - 24, gap = 10, n = Math.min(pictures.length, Math.floor((width + gap) / (size + gap)));
    const round = (seconds % 9) / 3, k = Math.floor(round), part = ease((round - k - 0.75) / 0.25);
    state.scenes ??= pictures.map(({ pixels, classes }) => looks.map((look) => {
      const plane = new OffscreenCanvas(side, side), image = new ImageData(side, side);
      classes.forEach((c, i) => {
        const shade = 255 * weights[c], hue = [1, 3, 5].map((at) => parseInt(colours[c].slice(at, at + 2), 16));
        image.data.set(look === "Scene" ? [...pixels.slice(3 * i, 3 * i + 3), 255] : look === "Classes" ? [...hue, 255] : [shade, shade, shade, 255], 4 * i);
      });
      plane.getContext("2d").putImageData(image, 0, 0);
      return plane;
    }));
    ctx.imageSmoothingEnabled = false;
    for (let i = 0; i < n; i++) {
      const left = (width - n * size - (n - 1) * gap) / 2 + i * (size + gap);
      ctx.drawImage(state.scenes[i][k], left, 0, size, size);
      ctx.globalAlpha = part;
      ctx.drawImage(state.scenes[i][(k + 1) % 3], left, 0, size, size);
      ctx.globalAlpha = 1;
    }
    ctx.fillStyle = state.ink;
    ctx.textAlign = "center";
    ctx.font = "600 13px system-ui, sans-serif";
    ctx.fillText(looks[part < 0.5 ? k : (k + 1) % 3], width / 2, height - 6, width);
  },
  // The tables of one strategy after another: what the equation multiplies, adds and charges.
  tables(ctx, width, height, { rows }, seconds, state) {
    const row = rows[Math.floor(seconds / 2) % rows.length], letters = Object.keys(row.tables);
    const cell = Math.min((height - 46) / 3, (width - 60) / (3 * letters.length)), apart = (width - 3 * cell * letters.length) / (letters.length + 1);
    ctx.fillStyle = state.ink;
    ctx.textAlign = "center";
    ctx.font = "600 14px system-ui, sans-serif";
    ctx.fillText(row.title, width / 2, height - 8, width);
    letters.forEach((letter, t) => {
      const table = row.tables[letter], left = apart + t * (3 * cell + apart), top = 20;
      ctx.fillText(letter, left + 1.5 * cell, 14);
      for (let y = 0; y < 3; y++) for (let c = 0; c < 3; c++) {
        const v = table[y][c], neutral = letter === "W" || letter === "S" ? 1 : 0, off = v - neutral;
        const strength = off ? 0.25 + 0.65 * Math.min(Math.log1p(Math.abs(off)) / Math.log1p(8), 1) : 0;
        ctx.globalAlpha = strength;
        ctx.fillStyle = off > 0 ? "#D55E00" : "#0072B2";
        ctx.fillRect(left + c * cell, top + y * cell, cell - 1.5, cell - 1.5);
        ctx.globalAlpha = 0.4;
        ctx.strokeStyle = state.ink;
        ctx.strokeRect(left + c * cell + 0.5, top + y * cell + 0.5, cell - 2.5, cell - 2.5);
        ctx.globalAlpha = 1;
        ctx.fillStyle = state.ink;
      }
    });
  },
};

// The run of the picture above, once the server has it.
const load = async (state) => {
  const { url } = state, values = window.lossvizHome;
  if (!url || !values) return;
  const wanted = `${url}?${new URLSearchParams(values)}`;
  if (state.wanted === wanted) return;
  state.wanted = wanted;
  const answer = await fetch(wanted).catch(() => null);
  if (!answer?.ok || state.wanted !== wanted) return;
  const run = { root: state.root };
  for await (const message of messages(answer.body)) {
    if (message.kind === "head") open(run, message);
    if (message.kind === "piece") store(run, message);
  }
  run.frames = Math.min(...run.there);
  theme(run);
  state.run = run;
};

const states = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".thumb");
  if (!root || !data) return;
  let state = states.get(root);
  if (!state) {
    state = { root, began: performance.now() };
    states.set(root, state);
    const canvas = el("canvas");
    canvas.setAttribute("aria-hidden", "true"); // the words beside it say the same
    root.append(canvas);
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const seen = new IntersectionObserver(([entry]) => { state.inSight = entry.isIntersecting; });
    seen.observe(root);
    let last = 0;
    const tick = (now) => {
      if (!root.isConnected) { seen.disconnect(); return; }
      requestAnimationFrame(tick);
      if (now - last < (still.matches ? 1000 : 80) || !canvas.clientWidth || !state.inSight) return;
      last = now;
      const ctx = prepare(canvas, canvas.clientWidth, canvas.clientHeight);
      state.ink = getComputedStyle(root).color;
      if (state.run) theme(state.run);
      DRAWINGS[state.kind](ctx, canvas.clientWidth, canvas.clientHeight, state.data, still.matches ? 3.9 : (now - state.began) / 1000, state);
      root.dataset.drawn = String(+(root.dataset.drawn ?? 0) + 1);
    };
    requestAnimationFrame(tick);
    window.addEventListener("lossviz:home", () => root.isConnected && load(state));
  }
  Object.assign(state, { kind: data.kind, data: data.data, url: data.run });
  load(state);
}
