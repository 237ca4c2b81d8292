// What the logit lab draws: cards, the shift, planes, and multiplying beside adding. Follows kernel.js, labwords.js, plane.js.

const buildCards = (state, shown) => {
  state.cards = shown.map(([entry]) => {
    const figure = el("figure", entry.flawed ? "panel card flawed" : "panel card"), caption = el("figcaption"), canvas = el("canvas");
    caption.append(el("span", "title", entry.title));
    if (entry.flawed) caption.append(el("span", "badge", "flawed"));
    canvas.setAttribute("role", "img");
    const parts = { loss: el("p", "loss"), formula: el("p", "formula"), adjusted: el("p", "formula"), note: el("p", "note") };
    figure.append(caption, parts.loss, parts.formula, parts.adjusted, canvas, parts.note);
    return { figure, canvas, ...parts };
  });
  state.cardGrid.replaceChildren(...state.cards.map((c) => c.figure));
};

// Columns, one a class: the logit as a bar, an arrow to where a step takes it, and the probability below.
const drawCard = (state, canvas, z, r, next) => {
  const { width, height } = canvas.room;
  if (!width) return;
  const ctx = prepare(canvas, width, height), k = z.length, { dark } = state, ink = dark ? "#fff" : "#111", faint = dark ? "#fff4" : "#0004";
  const top = 18, middle = 132, low = height - 18, span = Math.max(2.5, ...state.z.map((v) => Math.abs(v + state.t))) * 1.15, left = 20, each = (width - left) / k;
  const py = (v) => top + ((span - Math.min(Math.max(v, -span), span)) / (2 * span)) * (middle - top), qy = (q) => low - q * (low - middle - 26);
  ctx.font = "11px system-ui, sans-serif";
  ctx.fillStyle = ink;
  ctx.textAlign = "left";
  ctx.fillText("z", 2, py(0) + 4); ctx.fillText("∇", 2, middle + 12); ctx.fillText("q", 2, low - 2); ctx.fillText("%", 2, height - 4);
  ctx.strokeStyle = faint; ctx.lineWidth = 1;
  ctx.beginPath(); ctx.moveTo(left - 6, py(0)); ctx.lineTo(width, py(0)); ctx.moveTo(left - 6, low); ctx.lineTo(width, low); ctx.stroke();
  for (let c = 0; c < k; c++) {
    const x = left + (c + 0.5) * each, bar = Math.min(each * 0.42, 34), colour = state.told.catalogue.colours[c];
    ctx.fillStyle = colour;
    ctx.globalAlpha = 0.55;
    ctx.fillRect(x - bar / 2, Math.min(py(z[c]), py(0)), bar, Math.max(Math.abs(py(z[c]) - py(0)), 1));
    ctx.globalAlpha = 1;
    ctx.fillRect(x - bar / 2, qy(r.q[c]), bar, low - qy(r.q[c]));
    ctx.strokeStyle = ink; ctx.lineWidth = 1.5; ctx.setLineDash([3, 3]); // the ghost
    ctx.strokeRect(x - bar / 2, Math.min(py(next[c]), py(0)), bar, Math.max(Math.abs(py(next[c]) - py(0)), 1));
    ctx.setLineDash([]);
    ctx.lineWidth = 2.5;
    arrow(ctx, x, py(z[c]), x, py(next[c]), 7);
    ctx.fillStyle = ink;
    ctx.textAlign = "center";
    ctx.fillText(`${c === state.y ? "★ " : ""}${num(z[c])}`, x, top - 6);
    ctx.fillText(num(r.gradient[c], 2), x, middle + 12, each);
    ctx.fillText(portion(r.q[c], k > 3 ? 2 : 3).replace("\u00a0%", ""), x, height - 4, each);
  }
};

const drawCards = (state, found) => {
  const z = logits(state);
  found.forEach(({ entry, t, r, next, after }, i) => {
    const card = state.cards[i], said = formulaOf(t, state.y, r);
    say(card.loss, `ℓ = ${num(r.value, 4)}`);
    say(card.formula, said.loss);
    say(card.adjusted, said.q);
    const note = stepWords(state, entry, t, z, r, next, after);
    say(card.note, note);
    card.canvas.setAttribute("aria-label", `${entry.title}: probabilities ${r.q.map((q, c) => `${portion(q)} for class ${c}`).join(", ")}; gradient ${vector(r.gradient)}. ${note}`);
    if (seen(state, state.cardGrid)) drawCard(state, card.canvas, z, r, next);
  });
};

// ---- the shift

const drawShift = (state, shown) => {
  const { shiftCanvas: canvas } = state, { width, height } = canvas.room;
  const far = Math.max(10, Math.abs(state.t)), count = 81, at = Array.from({ length: count }, (_, i) => -far + (2 * far * i) / (count - 1));
  const curves = shown.map(([entry, t]) => ({ entry, v: at.map((s) => evaluate(t, state.z.map((x) => x + s), state.y).value) }));
  if (!width || !curves.length) return;
  const ctx = prepare(canvas, width, height), ink = state.dark ? "#ddd" : "#333", left = 44, right = 14, top = 12, bottom = 30;
  const start = shown.map(([, t]) => evaluate(t, state.z, state.y).value), high = 1.1 * Math.max(0.1, ...curves.map(({ v }, i) => Math.min(Math.max(...v), 4 * Math.max(...start, 0.5), 1e6)));
  const px = (s) => left + ((s + far) / (2 * far)) * (width - left - right), py = (v) => top + (1 - v / high) * (height - top - bottom);
  ctx.font = "12px system-ui, sans-serif"; ctx.fillStyle = ink; ctx.lineWidth = 1; ctx.strokeStyle = state.dark ? "#fff2" : "#0002";
  for (const v of niceTicks(0, high, 4)) { ctx.beginPath(); ctx.moveTo(left, py(v)); ctx.lineTo(width - right, py(v)); ctx.stroke(); ctx.textAlign = "right"; ctx.fillText(tickText(v), left - 6, py(v) + 4); }
  ctx.textAlign = "center";
  for (const s of niceTicks(-far, far, 6)) ctx.fillText(tickText(s), px(s), height - bottom + 15);
  ctx.fillText("t, added to every logit", (left + width - right) / 2, height - 4);
  ctx.save();
  ctx.beginPath(); ctx.rect(left, top - 4, width - left - right, height - top - bottom + 8); ctx.clip();
  curves.forEach(({ entry, v }, i) => {
    ctx.strokeStyle = entry.colour; ctx.lineWidth = 2.6; ctx.setLineDash(entry.flawed ? [7, 4] : []);
    ctx.beginPath();
    v.forEach((value, j) => ctx.lineTo(px(at[j]), py(value)));
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = entry.colour; ctx.strokeStyle = ink; ctx.lineWidth = 1.5;
    marker(ctx, i % 6, px(state.t), py(Math.min(state.found[i].r.value, high)), 5);
  });
  ctx.strokeStyle = ink; ctx.lineWidth = 1; ctx.setLineDash([2, 3]);
  ctx.beginPath(); ctx.moveTo(px(state.t), top); ctx.lineTo(px(state.t), height - bottom); ctx.stroke();
  ctx.setLineDash([]);
  ctx.restore();
};

const buildShiftRows = (state, shown) => {
  state.shiftRows = shown.map(([entry], i) => {
    const line = el("tr"), name = el("th"), swatch = el("canvas"), cells = [el("td"), el("td"), el("td")];
    name.scope = "row";
    swatch.style.cssText = "width:30px;height:14px;vertical-align:middle;margin-right:.4rem";
    swatch.width = 60; swatch.height = 28;
    const ctx = swatch.getContext("2d");
    ctx.scale(2, 2);
    ctx.strokeStyle = entry.colour; ctx.lineWidth = 2.6; ctx.setLineDash(entry.flawed ? [5, 3] : []);
    ctx.beginPath(); ctx.moveTo(0, 7); ctx.lineTo(30, 7); ctx.stroke();
    ctx.setLineDash([]); ctx.fillStyle = entry.colour; ctx.strokeStyle = "#0000";
    marker(ctx, i % 6, 15, 7, 4.5);
    name.append(swatch, el("span", "", entry.title + (entry.flawed ? " (flawed)" : "")));
    line.append(name, ...cells);
    return { line, cells };
  });
  state.shiftBody.replaceChildren(...state.shiftRows.map((r) => r.line));
};

// ---- planes

// A panel: a canvas whose ground is kept until something that it shows changes.
const panelOf = (state, entry, press) => {
  const figure = el("figure", entry.flawed ? "panel flawed" : "panel"), caption = el("figcaption"), canvas = el("canvas", "plane"), note = el("span", "note");
  caption.append(el("span", "title", entry.title));
  if (entry.flawed) caption.append(el("span", "badge", "flawed"));
  canvas.setAttribute("role", "img");
  figure.append(caption, canvas, note);
  const panel = { entry, figure, canvas, note, ground: document.createElement("canvas"), key: "" };
  const move = (event) => {
    const box = canvas.getBoundingClientRect(), size = box.width, within = (v) => Math.min(Math.max(v, 0), size);
    press(placing(state.gripped, size).back(within(event.clientX - box.left), within(event.clientY - box.top)));
  };
  canvas.addEventListener("pointerdown", (event) => { if (event.button) return; panel.held = true; state.gripped = panel.spec.reach; canvas.setPointerCapture(event.pointerId); move(event); });
  canvas.addEventListener("pointermove", (event) => { if (panel.held) move(event); });
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => { if (panel.held) { panel.held = false; state.gripped = 0; commit(state); touch(state, true); } });
  return panel;
};

// The last planes that were computed, by all that they hang on: fine where there was time to, else coarse while a hand moves.
const fieldOf = ({ fields, settled }, key, reach, make) => {
  const fine = `${key}|${FINE}`, coarse = `${key}|${COARSE}`, name = fields.has(fine) || settled ? fine : coarse;
  if (!fields.has(name)) {
    const side = name === fine ? FINE : COARSE;
    if (fields.size > 80) fields.delete(fields.keys().next().value);
    fields.set(name, { key: name, side, ...make(Float64Array.from({ length: side }, (_, i) => -reach + (2 * reach * i) / (side - 1)), side * side) });
  }
  return fields.get(name);
};

const drawLegend = (node, { levels, colours }, dark) => {
  const key = [levels.length, dark].join();
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.replaceChildren(el("span", "", "nats:"), ...colours.map((c, i) => {
    const item = el("span", "band"), box = el("i");
    box.style.background = `rgb(${c})`;
    item.append(box, el("span", "", i ? tickText(levels[i - 1]) : "0"));
    return item;
  }));
};

// Panels share a scale: bands to the highest of all, arrows to the strongest of all.
const drawPanels = (state, panels, specs, scale) => {
  const high = Math.max(...specs.map((s) => s.high)), strongest = Math.max(...specs.map((s) => s.strength)) || 1;
  const bands = bandsTo(high, state.dark);
  drawLegend(scale, bands, state.dark);
  panels.forEach((panel, i) => {
    const spec = { ...specs[i], bands, strongest }, size = panel.canvas.room.width;
    panel.spec = spec;
    if (!size) return;
    const key = [spec.key, size, state.dark, high, strongest].join("|");
    if (panel.key !== key) { panel.key = key; drawGround(prepare(panel.ground, size, size), size, spec, state.dark); }
    const ctx = prepare(panel.canvas, size, size);
    ctx.drawImage(panel.ground, 0, 0, size, size);
    drawAbove(ctx, size, spec.above, state.dark);
  });
};

const coordinatesOf = (state) => {
  const [a, b] = state.axes, r = referenceOf(state);
  return (z) => (r === null ? [z[a], z[b]] : [z[a] - z[r], z[b] - z[r]]);
};

const strongestIn = (descent, zAt, reach) => {
  let most = 0;
  for (let i = 0; i < 7; i++) for (let j = 0; j < 7; j++) most = Math.max(most, Math.hypot(...descent(zAt(-reach + (reach * i) / 3, -reach + (reach * j) / 3))));
  return most;
};

const planeSpecs = (state, shown) => {
  const z = logits(state), [a, b] = state.axes, r = referenceOf(state), coordinates = coordinatesOf(state), point = coordinates(z), reach = reachOf(state, point);
  const base = z.map((v, c) => (c === a || c === b ? (r === null ? 0 : z[r]) : v));
  const zAt = (x, y) => base.map((v, c) => (c === a ? v + x : c === b ? v + y : v));
  const titles = r === null ? [zed(a), zed(b)] : [`${zed(a)} − ${zed(r)}`, `${zed(b)} − ${zed(r)}`];
  const others = base.filter((_, c) => c !== a && c !== b).map((v) => v.toPrecision(8)).join();
  return shown.map(([entry, t], i) => {
    const key = [entry.name, state.version, state.y, state.axes, others, reach].join("|");
    const descent = (p) => coordinates(evaluate(t, p, state.y).gradient).map((v) => -v);
    const found = fieldOf(state, key, reach, (at, count) => {
      const out = evaluatePlane(t, state.y, base, a, b, at, new Float64Array(count));
      return { field: out, high: out.reduce((m, v) => Math.max(m, v), 0), strength: strongestIn(descent, zAt, reach) };
    });
    const v = coordinates(valleyOf(t, z)), flat = Math.hypot(...v) > 1e-12 && dead(t, z).length < 2 ? v : null;
    const path = state.paths?.[entry.name]?.map(coordinates);
    return { ...found, reach, zAt, descent, titles, rules: t.rules, above: { reach, point, valley: flat, path, upTo: state.upTo, colour: state.told.catalogue.colours[state.y] } };
  });
};

const drag = (state, [x, y]) => {
  const [a, b] = state.axes, r = referenceOf(state), base = r === null ? -state.t : state.z[r], { most } = state.told.catalogue;
  const put = (v) => Math.min(Math.max(Math.round(100 * (v + base)) / 100, -most), most);
  state.z[a] = put(x);
  state.z[b] = put(y);
  touch(state);
};

const stopFollowing = (state) => { cancelAnimationFrame(state.tick); state.following = false; };

const walk = (state, by) => {
  if (!state.paths) {
    state.paths = Object.fromEntries(shownTables(state).map(([entry, t]) => [entry.name, descend(t, logits(state), state.y, state.eta, STEPS_SHOWN)]));
    state.upTo = 0;
  }
  state.upTo = Math.min(state.upTo + by, STEPS_SHOWN);
  touch(state, true);
};

// Slow motion; at once for those who want no motion.
const follow = (state) => {
  if (state.following) { stopFollowing(state); touch(state, true); return; }
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) { walk(state, STEPS_SHOWN); return; }
  if (state.upTo >= STEPS_SHOWN) state.paths = null;
  state.following = true;
  let before = 0;
  const tick = (now) => {
    if (!state.following || !state.root.isConnected) return;
    if (now - before >= 120) { before = now; walk(state, 1); }
    if (state.upTo >= STEPS_SHOWN) { stopFollowing(state); touch(state, true); return; }
    state.tick = requestAnimationFrame(tick);
  };
  state.tick = requestAnimationFrame(tick);
};

// ---- multiply or add: two of the classes, labels mixed as the true share says

const mixSpecs = (state, pairs) => {
  const [a, b] = state.axes, z = [a, b].map((c) => state.z[c] + state.t), reach = reachOf(state, z), { p } = state, zAt = (x, y) => [x, y];
  return pairs.map(({ entry, t }) => {
    const slope = (v) => { const g0 = evaluate(t, v, 0).gradient, g1 = evaluate(t, v, 1).gradient; return g0.map((g, c) => (1 - p) * g + p * g1[c]); };
    const end = optimum(t, z, p), descent = (v) => slope(v).map((g) => -g), key = ["mix", entry.name, state.version, state.axes, reach, p].join("|");
    const found = fieldOf(state, key, reach, (at, count) => {
      const of0 = evaluatePlane(t, 0, [0, 0], 0, 1, at, new Float64Array(count)), of1 = evaluatePlane(t, 1, [0, 0], 0, 1, at, new Float64Array(count));
      const out = of0.map((v, i) => (1 - p) * v + p * of1[i]);
      // above its least: what is left is how far the model is from the truth
      const least = end ? (1 - p) * evaluate(t, end, 0).value + p * evaluate(t, end, 1).value : Math.min(...out);
      for (let i = 0; i < out.length; i++) out[i] = Math.max(out[i] - least, 0);
      return { field: out, high: out.reduce((m, v) => Math.max(m, v), 0), strength: strongestIn(descent, zAt, reach) };
    });
    const most = Math.max(1, ...t.S[0].map((s) => s * s)), path = [z];
    for (let i = 0; i < 150; i++) {
      const step = slope(path[i]).map((g) => g / most);
      if (Math.hypot(...step) < 1e-3) break;
      path.push(path[i].map((v, c) => v - step[c]));
    }
    return { ...found, reach, zAt, descent, titles: [zed(a), zed(b)], rules: t.rules, above: { reach, point: z, path, upTo: path.length - 1, ends: end, colour: "#888" } };
  });
};

const drawStrip = (state, found) => {
  const { strip: canvas } = state, { width, height } = canvas.room;
  if (!width) return;
  const ctx = prepare(canvas, width, height), ink = state.dark ? "#eee" : "#222", left = width < 560 ? 12 : 150, right = 16, top = 26, line = (height - top - 40) / found.length;
  const far = Math.log(0.9995 / 0.0005), clamp = (v) => Math.min(Math.max(v, -far), far), px = (logit) => left + ((clamp(logit) + far) / (2 * far)) * (width - left - right);
  const odds = (v) => Math.log(v / (1 - v)), bottom = top + line * found.length;
  ctx.font = "12px system-ui, sans-serif"; ctx.fillStyle = ink; ctx.textAlign = "center";
  ctx.strokeStyle = state.dark ? "#fff3" : "#0002"; ctx.lineWidth = 1;
  for (const v of [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]) { ctx.beginPath(); ctx.moveTo(px(odds(v)), top); ctx.lineTo(px(odds(v)), bottom); ctx.stroke(); ctx.fillText(`${+(100 * v).toPrecision(4)}\u00a0%`, px(odds(v)), bottom + 15); }
  ctx.fillText(`true share of class ${state.axes[1]}, from which on it is decided`, (left + width - right) / 2, height - 3);
  for (const [at, text] of [[odds(state.p), "here"], [odds(found.prior), "prior"]]) {
    if (!Number.isFinite(at)) continue;
    lineTwice(ctx, state.dark, 1.5, text === "here" ? [] : [4, 3], () => { ctx.moveTo(px(at), top - 6); ctx.lineTo(px(at), bottom); });
    ctx.fillStyle = ink; ctx.fillText(text, px(at), text === "here" ? top - 14 : top - 3 + (Math.abs(px(at) - px(odds(state.p))) < 34 ? 0 : -8));
  }
  found.forEach(({ entry, raw, low, high, trained }, i) => {
    const y = top + (i + 0.62) * line;
    ctx.fillStyle = ink;
    ctx.textAlign = "left";
    if (left > 100) ctx.fillText(entry.title, 4, y + 4, left - 10); else ctx.fillText(entry.title, left, y - 10);
    ctx.fillStyle = entry.colour; ctx.globalAlpha = 0.35;
    ctx.fillRect(px(low), y - 6, Math.max(px(high) - px(low), 2), 12);
    ctx.globalAlpha = 1; ctx.strokeStyle = ink; ctx.lineWidth = 1.5;
    marker(ctx, 3, px(raw), y, 6);
    ctx.fillStyle = state.dark ? "#0e1117" : "#fff"; ctx.lineWidth = 2;
    ctx.beginPath(); ctx.arc(px(trained), y, 5, 0, 2 * Math.PI); ctx.fill(); ctx.stroke();
    ctx.textAlign = "center";
  });
};
