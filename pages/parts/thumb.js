// A small living picture on a door. Follows canvas.js. Each drawing takes (ctx, width, height, data, seconds, state).

const ease = (t) => 0.5 - 0.5 * Math.cos(Math.PI * Math.min(Math.max(t, 0), 1));

const DRAWINGS = {
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
