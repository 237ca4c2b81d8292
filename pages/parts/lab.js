// The logit lab: one example under the hand, what every loss makes of it, a shift, a plane, and multiplying beside adding.
// The state is the link's: what is dragged is drawn at once and told to the page when it is let go. Follows canvas.js, kernel.js,
// labwords.js, plane.js and labdraw.js.

const FINE = 121, COARSE = 61, STEPS_SHOWN = 60;

const labelled = (text, node, className) => { const box = el("label", className); box.append(el("span", "", text), node); return box; };

const input = (type, set, name) => {
  const node = el("input");
  node.type = type;
  Object.assign(node, set);
  if (name) node.setAttribute("aria-label", name);
  return node;
};

const pickFrom = (options, value, name) => {
  const node = el("select");
  for (const [v, text] of options) { const o = el("option", "", text); o.value = v; node.append(o); }
  node.value = value;
  if (name) node.setAttribute("aria-label", name);
  return node;
};

const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };

const pressable = (text, name, act, className = "worded") => {
  const node = el("button", className, text);
  node.type = "button";
  if (name) node.title = name;
  node.addEventListener("click", act);
  return node;
};

const entryOf = (state, name) => state.told.catalogue.strategies.find((s) => s.name === name);
const knobValue = (state, name, knob) => state.knobs[name]?.[knob.name] ?? knob.default;
const logits = (state) => state.z.map((v) => v + state.t);
const referenceOf = (state) => (state.z.length === 2 ? null : state.z.findIndex((_, c) => !state.axes.includes(c)));
const reachOf = (state, point) => {
  const { reaches } = state.told.catalogue, needed = Math.max(Math.abs(point[0]), Math.abs(point[1]));
  if (needed <= state.gripped) return state.gripped; // the picture stands still under the hand
  return reaches.find((r) => r >= Math.max(state.reach, needed)) ?? 2 * needed;
};

// The link: what is at its default is left out, as lossviz/lab.py does.
const row = (values) => values.map((v) => String(+v.toPrecision(12))).join(",");
const linked = (state) => {
  const { catalogue } = state.told, k = state.z.length;
  const said = {
    z: [row(state.z), row(catalogue.logits.slice(0, 2))], y: [String(state.y), "1"], n: [row(state.n), row(catalogue.counts.slice(0, k))],
    w: [Array.isArray(state.w) ? row(state.w) : state.w, "inverse_frequency"], s: [state.shown.join(","), catalogue.shown.join(",")],
    t: [row([state.t]), "0"], eta: [row([state.eta]), "1"], range: [row([state.reach]), "4"], axes: [row(state.axes), "0,1"], p: [row([state.p]), "0.2"],
  };
  const out = Object.fromEntries(Object.entries(said).filter(([, [v, usual]]) => v !== usual).map(([name, [v]]) => [name, v]));
  for (const s of catalogue.strategies) for (const knob of s.knobs) {
    const v = knobValue(state, s.name, knob);
    if (v !== knob.default) out[`${s.name}-${knob.name}`] = String(v);
  }
  return out;
};

const commit = (state) => state.tell("moved", linked(state));

// Something moved: paths were from elsewhere, and the picture is drawn with the next frame.
const touch = (state, keepPaths) => {
  if (!keepPaths) { stopFollowing(state); state.paths = null; }
  if (state.waiting) return;
  state.waiting = requestAnimationFrame(() => { state.waiting = 0; draw(state); });
};

// Tables hang on counts, weights, knobs and the choice of strategies: the server has them in a few milliseconds. While one
// answer is on its way, only the latest wish waits.
const ask = async (state) => {
  const empty = [["counts", state.n], ["weights", state.w]].find(([, v]) => Array.isArray(v) && v.every((x) => x === 0));
  if (empty) { state.problem = `The ${empty[0]} are all 0: at least one class must count. What was there before is shown.`; touch(state, true); return; }
  if (state.busy) { state.again = true; return; }
  state.busy = true;
  try {
    const answer = await fetch(`${state.told.url}?${new URLSearchParams({ ...linked(state), z: row(state.z), n: row(state.n) })}`, { cache: "no-store" });
    if (!state.root.isConnected) return;
    if (answer.ok) { state.offers = await answer.json(); state.problem = ""; state.version++; } else state.problem = await answer.text();
  } catch { state.problem = "The server cannot be reached; trying again."; setTimeout(() => state.root.isConnected && ask(state), 2000); }
  state.busy = false;
  touch(state);
  if (state.again) { state.again = false; ask(state); }
};

const tablesFit = (state) => state.offers.weights.length === state.z.length;
const shownTables = (state) => state.shown.filter((name) => state.offers.tables[name]).map((name) => [entryOf(state, name), state.offers.tables[name]]);

// ---- the hand: logits, true class, counts, weights, strategies, knobs

const ranged = (state, set, name, get, put, shown, after = touch) => {
  const range = input("range", set, name), commitAt = () => commit(state);
  const box = el("span", "pair"), out = el("output");
  range.addEventListener("input", () => { put(+range.value); after(state); });
  range.addEventListener("change", commitAt);
  box.append(range, out);
  state.bound.push(() => { range.value = get(); say(out, shown(get())); range.setAttribute("aria-valuetext", out.textContent); });
  return box;
};

// A field for a number that must be within bounds; what is not is said and not used.
const field = (state, set, name, get, put, after = touch) => {
  const { generation } = state;
  const node = input("number", { step: "any", ...set }, name);
  node.addEventListener("input", () => {
    const v = node.valueAsNumber, ok = v >= set.min && v <= set.max;
    node.setAttribute("aria-invalid", String(!ok));
    state.refused = ok ? "" : `${name} must be a number from ${num(set.min)} to ${num(set.max)}; ${num(get())} is used.`;
    if (ok) put(v);
    after(state, true);
    if (ok) after(state);
  });
  node.addEventListener("change", () => {
    if (state.generation !== generation) return; // taken away while it was written in
    node.setAttribute("aria-invalid", "false"); state.refused = "";
    node.value = get();
    commit(state);
    touch(state, true);
  });
  state.bound.push(() => { if (state.root.getRootNode().activeElement !== node) node.value = +get().toPrecision(8); });
  return node;
};

const resize = (state, k) => {
  const { catalogue } = state.told, keep = (old, usual) => Array.from({ length: k }, (_, c) => old[c] ?? usual[c]);
  state.z = keep(state.z, catalogue.logits);
  state.n = keep(state.n, catalogue.counts);
  if (Array.isArray(state.w)) state.w = keep(state.w, [1, 1, 1, 1, 1]);
  state.y = Math.min(state.y, k - 1);
  if (Math.max(...state.axes) >= k) state.axes = [0, 1];
  buildHand(state);
  ask(state);
};

const buildHand = (state) => {
  const { catalogue } = state.told, k = state.z.length, askAll = (s, keep) => (keep ? touch(s, true) : ask(s));
  state.generation = (state.generation ?? 0) + 1;
  state.bound = [...state.always];
  const hand = el("div", "hand"), columns = el("div", "logits");
  hand.setAttribute("role", "group");
  hand.setAttribute("aria-label", "The example: logits and true class");
  state.z.forEach((_, c) => {
    const column = el("div", "logit"), name = `Logit ${zed(c)} of class ${c}`;
    column.style.setProperty("--class", catalogue.colours[c]);
    const reach = Math.max(10, ...state.z.map(Math.abs));
    const range = input("range", { min: -reach, max: reach, step: 0.1, value: state.z[c], className: "upright" }, name);
    range.addEventListener("input", () => { state.z[c] = +range.value; touch(state); });
    range.addEventListener("change", () => commit(state));
    state.bound.push(() => { if (Math.abs(state.z[c]) > +range.max) { range.min = -Math.abs(state.z[c]); range.max = Math.abs(state.z[c]); } range.value = state.z[c]; range.setAttribute("aria-valuetext", num(state.z[c])); });
    const truth = input("radio", { name: "true", value: c, checked: c === state.y });
    truth.addEventListener("change", () => { state.y = c; touch(state); commit(state); });
    state.bound.push(() => { truth.checked = c === state.y; });
    const number = field(state, { min: -catalogue.most, max: catalogue.most }, `${name}, as a number`, () => state.z[c], (v) => { state.z[c] = v; });
    column.append(el("span", "name", `${zed(c)}`), range, number, labelled(`class ${c} is true`, truth, "true"));
    columns.append(column);
  });
  hand.append(columns);
  const table = el("div", "weights"), byHand = Array.isArray(state.w);
  table.append(el("span", "head", "Examples of each class"), el("span", "head", ""), el("span", "head", "weight"));
  state.n.forEach((_, c) => {
    const slider = ranged(state, { min: 0, max: 6, step: 0.01 }, `Count of class ${c}, on a log scale`, () => Math.log10(Math.max(state.n[c], 1)), (v) => { state.n[c] = Math.round(10 ** v); }, () => `class ${c}`, ask);
    const count = field(state, { min: 0, max: catalogue.many, step: 1 }, `Count of class ${c}`, () => state.n[c], (v) => { state.n[c] = v; }, askAll);
    const weight = el("output", "weight");
    state.bound.push(() => say(weight, num(Array.isArray(state.w) ? state.w[c] : state.offers.weights[c] ?? NaN)));
    table.append(slider, count, weight);
  });
  hand.append(table);
  const scheme = pickFrom([...Object.entries(catalogue.schemes), ["hand", "By hand"]], byHand ? "hand" : state.w, "Class weights from counts");
  scheme.addEventListener("change", () => {
    state.w = scheme.value === "hand" ? state.offers.weights.map((v) => +v.toPrecision(6)) : scheme.value;
    buildHand(state);
    ask(state);
    commit(state);
  });
  hand.append(labelled("Class weights", scheme, "line"));
  if (byHand) {
    const own = el("div", "own");
    state.w.forEach((_, c) => {
      const slider = ranged(state, { min: -3, max: 2, step: 0.01 }, `Weight of class ${c}, on a log scale`, () => Math.log10(Math.max(state.w[c], 1e-3)), (v) => { state.w[c] = +(10 ** v).toPrecision(3); }, () => `class ${c}`, ask);
      own.append(slider, field(state, { min: 0, max: 1e6 }, `Weight of class ${c}`, () => state.w[c], (v) => { state.w[c] = v; }, askAll));
    });
    hand.append(own);
  }
  const axes = pickFrom(state.z.flatMap((_, a) => state.z.map((__, b) => [a, b])).filter(([a, b]) => a !== b).map(([a, b]) => [`${a},${b}`, `class ${a} across, class ${b} up`]), state.axes.join(), "Classes on the axes");
  axes.addEventListener("change", () => { state.axes = axes.value.split(",").map(Number); touch(state); commit(state); });
  state.axesPick.replaceChildren(axes);
  state.hand.replaceChildren(hand);
  state.classes.value = k;
};

const buildChoice = (state) => {
  const list = el("div", "chips");
  for (const s of state.told.catalogue.strategies) {
    const chip = pressable(s.title + (s.flawed ? " ⚠" : ""), s.summary, () => {
      state.shown = state.shown.includes(s.name) ? state.shown.filter((n) => n !== s.name) : state.told.catalogue.strategies.map((e) => e.name).filter((n) => n === s.name || state.shown.includes(n));
      if (!state.shown.length) state.shown = [s.name];
      buildKnobs(state);
      ask(state);
      commit(state);
    }, "chip");
    state.always.push(() => chip.setAttribute("aria-pressed", state.shown.includes(s.name)));
    list.append(chip);
  }
  return list;
};

const buildKnobs = (state) => {
  const { catalogue } = state.told, before = state.bound, wanted = catalogue.strategies.filter((s) => s.knobs.length && (state.shown.includes(s.name) || catalogue.adders.includes(s.name)));
  state.bound = [];
  state.knobBox.replaceChildren(...wanted.flatMap((s) => s.knobs.map((knob) => {
    const put = (v) => { (state.knobs[s.name] ??= {})[knob.name] = v; }, name = `${s.title}: ${knob.title}`;
    if (!knob.options) return labelled(name, ranged(state, { min: knob.low, max: knob.high, step: knob.step }, name, () => knobValue(state, s.name, knob), put, num, ask), "line");
    const choice = pickFrom(knob.options.map((o) => [o, o === "hand" ? "as set above" : catalogue.schemes[o] ?? o]), knobValue(state, s.name, knob), name);
    choice.addEventListener("change", () => { put(choice.value); ask(state); commit(state); });
    return labelled(name, choice, "line");
  })));
  state.knobBound = state.bound;
  state.bound = before;
};

// ---- all of it

const draw = (state) => {
  if (!state.root.isConnected) return;
  const ink = getComputedStyle(state.root).color.match(/\d+/g).map(Number);
  state.dark = ink[0] + ink[1] + ink[2] > 382;
  for (const put of [...state.bound, ...state.knobBound]) put();
  const problem = state.problem || state.refused || "";
  say(state.warning, problem);
  state.warning.hidden = !problem;
  if (!tablesFit(state)) return;
  const shown = shownTables(state), z = logits(state), layout = shown.map(([e]) => e.name).join();
  state.found = shown.map(([entry, t]) => {
    const r = evaluate(t, z, state.y), next = z.map((v, c) => v - state.eta * r.gradient[c]);
    return { entry, t, r, next, after: evaluate(t, next, state.y).value, unshifted: evaluate(t, state.z, state.y).value };
  });
  if (state.layout !== layout) {
    state.layout = layout;
    buildCards(state, shown);
    buildShiftRows(state, shown);
    state.panels = shown.map(([entry]) => panelOf(state, entry, (at) => drag(state, at)));
    state.planeGrid.replaceChildren(...state.panels.map((p) => p.figure));
  }
  // read before anything is written: each reading between writings would lay the page out anew
  for (const canvas of [...[...state.cards, ...state.panels, ...state.addPanels].map((x) => x.canvas), state.shiftCanvas, state.strip]) canvas.room = { width: canvas.clientWidth, height: canvas.clientHeight };
  drawCards(state, state.found);
  say(state.cardSentence, exampleSentence(state, z, state.found));
  state.found.forEach(({ r, unshifted }, i) => {
    const moved = r.value - unshifted, same = Math.abs(moved) <= 1e-9 * Math.max(1, Math.abs(unshifted));
    [long(unshifted), long(r.value), same ? "unchanged" : `${moved > 0 ? "+" : "−"}${long(Math.abs(moved))}`].forEach((text, j) => say(state.shiftRows[i].cells[j], text));
  });
  say(state.shiftHead, `at t = ${num(state.t, 5)}`);
  if (seen(state, state.shiftCanvas)) drawShift(state, shown);
  say(state.shiftSentence, shiftSentence(state, state.found));
  if (seen(state, state.planeGrid)) drawPanels(state, state.panels, planeSpecs(state, shown), state.scale);
  state.panels.forEach((p, i) => {
    const note = panelNote(state, state.found[i]);
    say(p.note, note);
    p.canvas.setAttribute("aria-label", `${p.entry.title}: loss over the plane of logits. ${note}`);
  });
  say(state.planeSentence, planeSentence(state, z, state.found));
  const follows = state.following ? "Pause" : "Follow the gradient";
  say(state.followButton, follows);
  drawAdd(state);
  if (state.details.open) fillTable(state);
  state.drawn = (state.drawn ?? 0) + 1;
  Object.assign(state.root.dataset, { drawn: state.drawn, settled: Boolean(state.settled), steps: state.paths ? state.upTo : 0, now: JSON.stringify(linked(state)), version: state.version });
  clearTimeout(state.settling);
  if (!state.settled) state.settling = setTimeout(() => { state.settled = true; draw(state); }, 200);
  else state.settled = false; // the next change is drawn coarsely first
};

// What is out of sight is drawn when it comes near; the words about it are always written.
const seen = (state, node) => state.everything || !state.hidden.has(node);

const watchSight = (state, nodes) => {
  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) state.hidden.delete(target); else state.hidden.add(target);
    if (entries.some((e) => e.isIntersecting)) touch(state, true);
  }, { rootMargin: "150px" });
  for (const node of nodes) sight.observe(node);
};

const drawAdd = (state) => {
  const { adders } = state.told.catalogue, [a, b] = state.axes, z = [a, b].map((c) => state.z[c] + state.t), prior = state.n[b] / (state.n[a] + state.n[b]);
  const pairs = adders.map((name) => ({ entry: entryOf(state, name), t: pairOf(state.offers.tables[name], a, b) }));
  const found = pairs.map(({ entry, t }) => ({ entry, t, ...thresholds(t, z, reachOf(state, z)), ends: optimum(t, z, state.p) }));
  found.prior = prior;
  if (seen(state, state.addGrid)) drawPanels(state, state.addPanels, mixSpecs(state, pairs), state.addScale);
  found.forEach((f, i) => {
    const note = endNote(state, f);
    say(state.addPanels[i].note, note);
    state.addPanels[i].canvas.setAttribute("aria-label", `${f.entry.title}: expected loss when ${portion(state.p)} of the labels are class ${b}. ${note}`);
  });
  if (seen(state, state.strip)) drawStrip(state, found);
  const words = addSentence(state, found);
  say(state.addSentence, words);
  state.strip.setAttribute("aria-label", words);
};

// One row a strategy: everything that is in the cards.
const fillTable = (state) => {
  const k = state.z.length, head = ["Strategy", "loss", "weight", "−log q_y", "focus factor", "cost", ...state.z.map((_, c) => `q${c}`), ...state.z.map((_, c) => `∂ℓ/∂z${c}`), ...state.z.map((_, c) => `z${c} after a step`), "loss after a step"];
  const line = (cells, tag) => { const tr = el("tr"); cells.forEach((text, i) => { const cell = el(i && tag !== "th" ? "td" : "th", "", text); cell.scope = tag === "th" ? "col" : "row"; if (cell.tagName === "TD") cell.removeAttribute("scope"); tr.append(cell); }); return tr; };
  const body = state.found.map(({ entry, r, next, after }) => line([entry.title, ...[r.value, r.weight, r.nats, r.factor, r.charge, ...r.q, ...r.gradient, ...next, after].map(long)], "td"));
  const thead = el("thead"), tbody = el("tbody");
  thead.append(line(head, "th"));
  tbody.append(...body);
  state.table.replaceChildren(thead, tbody);
  state.table.dataset.columns = k;
};

const build = (state) => {
  const { root, told } = state, { catalogue } = told, sentence = () => { const p = el("p", "sentence"); p.setAttribute("role", "status"); return p; };
  const h2 = (text) => el("h2", "", text), p = (text) => el("p", "axes", text);
  state.always = []; // what shows a value of the state: the hand and the knobs are built anew, the rest stays
  state.bound = state.always;
  state.knobBound = [];
  state.classes = pickFrom([2, 3, 4, 5].map((k) => [k, `${k} classes`]), state.z.length, "Number of classes");
  state.classes.addEventListener("change", () => { const k = +state.classes.value; state.z.length = Math.min(state.z.length, k); state.n.length = Math.min(state.n.length, k); resize(state, k); commit(state); });
  const bar = el("div", "transport");
  const link = pressable("Link", "Copy the link to this page as it is", async () => {
    const query = new URLSearchParams(location.search), mine = ["z", "y", "n", "w", "s", "t", "eta", "range", "axes", "p", ...catalogue.strategies.flatMap((x) => x.knobs.map((k) => `${x.name}-${k.name}`))];
    for (const name of mine) query.delete(name);
    for (const [name, value] of Object.entries(linked(state))) query.set(name, value);
    const at = `${location.origin}${location.pathname}${[...query].length ? `?${query}` : ""}`;
    say(link, await navigator.clipboard.writeText(at).then(() => "Copied", () => "Copy it from the address"));
    setTimeout(() => say(link, "Link"), 2000);
  });
  const save = (kind) => () => { state.everything = true; draw(state); state.everything = false; saved(state.panels.map((x) => ({ title: x.entry.title + (x.entry.flawed ? " (flawed)" : ""), note: x.note.textContent, flawed: x.entry.flawed, ground: (pen, size) => drawGround(pen, size, x.spec, state.dark), above: (pen, size) => drawAbove(pen, size, x.spec.above, state.dark) })), `Loss at z = ${vector(logits(state))}, true class ${state.y}`, state.dark, kind); };
  bar.append(state.classes, pressable("PNG", "Save the planes as PNG", save("png")), pressable("SVG", "Save the planes as SVG", save("svg")), link, pressable("Start again", "Everything as it was at first", () => { Object.assign(state, initial({})); buildHand(state); buildKnobs(state); ask(state); commit(state); }));
  const choice = el("details", "choice"), knobs = el("details", "choice");
  const chosen = el("summary");
  state.always.push(() => say(chosen, `Strategies: ${state.shown.map((n) => entryOf(state, n).title + (entryOf(state, n).flawed ? " ⚠" : "")).join(", ")} (choose others)`));
  choice.append(chosen, buildChoice(state));
  state.knobBox = el("div", "knobs");
  knobs.append(el("summary", "", "Knobs of the strategies"), state.knobBox);
  state.hand = el("div");
  state.cardGrid = el("div", "cards");
  state.warning = el("p", "problem");
  state.warning.setAttribute("role", "alert");
  const bench = el("div", "bench"), side = el("div", "side");
  side.append(state.hand, knobs);
  bench.append(side, state.cardGrid);
  state.axesPick = el("span");
  state.cardSentence = sentence();
  state.details = el("details", "matrices");
  state.table = el("table", "numbers");
  const scroll = el("div", "scroll");
  scroll.tabIndex = 0; scroll.setAttribute("role", "region"); scroll.setAttribute("aria-label", "All numbers of the cards");
  scroll.append(state.table);
  state.details.append(el("summary", "", "The numbers in these pictures"), scroll);
  state.details.addEventListener("toggle", () => touch(state, true));

  const shift = el("div", "shift"), shiftTable = el("table", "numbers shifts"), thead = el("thead"), top = el("tr");
  state.shiftBody = el("tbody");
  state.shiftHead = el("th");
  top.append(el("th", "", "Loss"), el("th", "", "at t = 0"), state.shiftHead, el("th", "", "change"));
  for (const cell of top.children) cell.scope = "col";
  thead.append(top);
  shiftTable.append(thead, state.shiftBody);
  state.shiftCanvas = el("canvas", "curves");
  state.shiftCanvas.setAttribute("role", "img");
  state.shiftCanvas.setAttribute("aria-label", "Loss of each strategy over what is added to every logit; the table beside it holds the numbers");
  state.shiftSentence = sentence();
  const shiftScroll = el("div", "scroll");
  shiftScroll.tabIndex = 0; shiftScroll.setAttribute("role", "region"); shiftScroll.setAttribute("aria-label", "Losses before and after the shift");
  shiftScroll.append(shiftTable);
  shift.append(shiftScroll, state.shiftCanvas);
  const knob = catalogue.knobs, tSlider = labelled("Add t to every logit", ranged(state, { min: -Math.max(10, Math.abs(state.t)), max: Math.max(10, Math.abs(state.t)), step: 0.1 }, "t, added to every logit", () => state.t, (v) => { state.t = v; }, (v) => `t = ${num(v)}`), "line wide");

  state.planeGrid = el("div", "grid planes");
  state.planeSentence = sentence();
  state.followButton = pressable("Follow the gradient", "Slow motion, in all panels from the same point", () => follow(state));
  state.scale = el("div", "scale");
  const reach = pickFrom(catalogue.reaches.map((r) => [r, `±${num(r)}`]), state.reach, "How far the planes reach");
  reach.addEventListener("change", () => { state.reach = +reach.value; touch(state); commit(state); });
  state.always.push(() => { reach.value = state.reach; });
  const eta = ranged(state, { min: -2, max: 2, step: 0.01 }, "Step size η, on a log scale", () => Math.log10(state.eta), (v) => { state.eta = Math.min(Math.max(+(10 ** v).toPrecision(3), knob.eta.low), knob.eta.high); }, () => `η = ${num(state.eta)}`);
  const steps = el("div", "transport");
  steps.setAttribute("role", "group");
  steps.setAttribute("aria-label", "Steps along the gradient");
  steps.append(state.followButton, pressable("One step", "One step, in all panels", () => { stopFollowing(state); walk(state, 1); }), pressable("Back to the start", "Take the steps back", () => touch(state)), labelled("Step size", eta, "inline"), labelled("Reach", reach, "inline"), labelled("Axes", state.axesPick, "inline"));

  const share = labelled("", ranged(state, { min: -6.9, max: 6.9, step: 0.01 }, "True share, on a logit scale", () => Math.log(state.p / (1 - state.p)), (v) => { state.p = Math.min(Math.max(+(1 / (1 + Math.exp(-v))).toPrecision(3), knob.p.low), knob.p.high); }, () => portion(state.p)), "line wide");
  state.always.push(() => say(share.firstChild, `True share of class ${state.axes[1]} at this spot`));
  state.addPanels = catalogue.adders.map((name) => panelOf(state, entryOf(state, name), ([x, y]) => { const [a, b] = state.axes, r = (v) => Math.round(100 * (v - state.t)) / 100; state.z[a] = r(x); state.z[b] = r(y); touch(state); }));
  const addGrid = state.addGrid = el("div", "grid planes");
  addGrid.append(...state.addPanels.map((x) => x.figure));
  state.addScale = el("div", "scale");
  state.strip = el("canvas", "strip");
  state.strip.setAttribute("role", "img");
  state.addSentence = sentence();

  root.replaceChildren(
    bar, choice, state.warning, bench, state.cardSentence, state.details,
    h2("The same added to every logit"), p("Which class is largest, and by how much, stays; so must a loss that is a softmax's. Dashed: flawed."), tSlider, shift, state.shiftSentence,
    h2("The plane of logits"), p("One scale in all panels. Arrows: downhill. Solid line: where the raw logits change class; dotted: another rule of the strategy. Dashed orange: the flat valley, along which no probability changes; of three classes and more, its projection: the logits that are held still here move along it too, so it crosses the bands and the loss stays. Click or drag the point."), steps, state.scale, state.planeGrid, state.planeSentence,
    h2("Multiply or add?"), p("Where both classes occur at one spot: the expected loss, above its least. The path goes from the point above to the minimum (★). Below: the true share from which on that class is decided, by raw logits (◆; the bar: from other starts) and by those of training (○)."), share, state.addScale, addGrid, state.strip, state.addSentence,
  );
  buildHand(state);
  buildKnobs(state);
  watchSight(state, [state.cardGrid, state.shiftCanvas, state.planeGrid, addGrid, state.strip]);
};

const initial = (lab) => ({
  z: [2, 1], y: 1, n: [500, 31], w: "inverse_frequency", t: 0, eta: 1, reach: 4, axes: [0, 1], p: 0.2, shown: ["cross_entropy", "weighted_cross_entropy", "multiplied_logits"], knobs: {},
  ...structuredClone(lab),
});

const states = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".lab");
  if (!root || !data?.lab) return;
  let state = states.get(root);
  if (!state) {
    state = { root, told: data, offers: data.offers, version: 0, fields: new Map(), hidden: new Set(), upTo: 0, tell: setStateValue, ...initial(data.lab) };
    states.set(root, state);
    build(state);
    new ResizeObserver(() => root.isConnected && touch(state, true)).observe(root);
    let before = getComputedStyle(root).color;
    const watch = setInterval(() => { // the theme can be changed in the page's menu
      if (!root.isConnected) { clearInterval(watch); return; }
      const now = getComputedStyle(root).color;
      if (now !== before) { before = now; touch(state, true); }
    }, 1000);
    draw(state);
  }
  state.tell = setStateValue;
  return () => { if (!root.isConnected) { stopFollowing(state); states.delete(root); } };
}
