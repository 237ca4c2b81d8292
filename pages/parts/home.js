// The home page's picture: two sliders, three boundaries and the truth. Every move trains anew; while one answer is on its
// way, only the latest wish waits. Follows canvas.js.

const show = (state) => {
  if (!state.root.isConnected || !state.end || !state.frames) return; // the answer is still on its way
  theme(state);
  state.head.panels.forEach((p, i) => {
    drawPanel(state, i);
    state.panels[i].canvas.setAttribute("aria-label", `${p.title}: ${state.end.notes[i]}`);
    state.panels[i].note.textContent = p.flawed ? "the same weights, multiplied into the logits, decided as trained" : i ? "each example's loss times its class's weight" : "no weights";
  });
  fillNumbers(state);
  const words = whole(state.end.sentence);
  if (state.sentence.textContent !== words) state.sentence.textContent = words;
  Object.assign(state.root.dataset, { frames: state.frames, total: state.head.steps.length, frame: state.frame, run: JSON.stringify(state.shown) });
};

const settle = (state, head) => {
  const layout = JSON.stringify(head.panels.map((p) => p.title));
  const counts = head.counts.join();
  cancelAnimationFrame(state.tick); // of the run before, whose frames are gone
  open(state, head);
  if (state.layout === layout && state.counts === counts) return;
  Object.assign(state, { layout, counts });
  const grid = el("div", "grid");
  grid.append(...buildPanels(state));
  const legend = buildLegend(state);
  state.aim.hidden = true;
  const numbers = el("details", "matrices");
  numbers.append(el("summary", "", "The numbers in this picture"), buildNumbers(state));
  state.numbers.replaceChildren(numbers);
  state.stage.replaceChildren(legend, grid);
};

// The first answer plays its training, later ones jump to the end.
const animate = (state) => {
  cancelAnimationFrame(state.tick);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (state.played || still) { state.frame = state.frames - 1; state.played = true; show(state); return; }
  state.played = true;
  state.frame = 0;
  let next = 0;
  const tick = (now) => {
    if (now >= next) { show(state); next = now + 60; if (state.frame === state.frames - 1) return; state.frame++; }
    state.tick = requestAnimationFrame(tick);
  };
  state.tick = requestAnimationFrame(tick);
};

const ask = async (state) => {
  if (state.busy) { state.again = true; return; }
  state.busy = true;
  const wanted = { ...state.values };
  const slow = setTimeout(() => { state.sentence.textContent = state.end ? "Training…" : "Training… on a machine's first start, programs are compiled first, which takes up to a minute."; }, 1000);
  try {
    const answer = await fetch(`${state.url}?${new URLSearchParams(wanted)}`, { signal: state.abort.signal });
    if (!answer.ok) throw new Error(await answer.text());
    const parts = {};
    for await (const message of messages(answer.body)) {
      if (message.kind === "head") { settle(state, message); state.shown = wanted; }
      if (message.kind === "piece") store(state, message);
      if (message.kind === "truth") state.truth = message;
      if (message.kind === "end") state.end = message;
    }
    state.frames = Math.min(...state.there);
    animate(state);
    window.lossvizHome = wanted; // a door shows the same run: the server has it ready now
    window.dispatchEvent(new Event("lossviz:home"));
  } catch (error) {
    if (state.abort.signal.aborted) return;
    state.sentence.textContent = `${error.message || error} Trying again…`;
    setTimeout(() => ask(state), 2000);
  } finally {
    clearTimeout(slow);
    state.busy = false;
  }
  if (state.again) { state.again = false; ask(state); }
};

const states = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".home");
  if (!root || !data?.url) return;
  let state = states.get(root);
  if (!state) {
    state = { root, url: data.url, values: {}, abort: new AbortController() };
    states.set(root, state);
    const controls = el("div", "sliders");
    for (const knob of data.knobs) {
      const box = el("label", "slider"), range = el("input"), value = el("output");
      range.type = "range";
      Object.assign(range, { min: knob.low, max: knob.high, step: knob.step, value: knob.value });
      state.values[knob.name] = knob.value;
      const say = () => { value.textContent = knob.name === "weight" ? `${range.value} ×` : `1 in ${+range.value + 1}`; range.setAttribute("aria-valuetext", value.textContent); };
      range.addEventListener("input", () => { state.values[knob.name] = +range.value; say(); ask(state); });
      range.addEventListener("change", () => setStateValue("moved", { ...state.values }));
      range.name = knob.name;
      box.title = knob.help;
      box.hidden = knob.hidden; // a link may leave one to turn
      say();
      box.append(el("span", "", knob.title), range, value);
      controls.append(box);
    }
    state.stage = el("div", "stage");
    state.sentence = el("p", "sentence", "Training three small networks…");
    state.sentence.setAttribute("role", "status");
    state.numbers = el("div");
    root.replaceChildren(controls, state.stage, state.sentence, state.numbers);
    new ResizeObserver(() => show(state)).observe(root);
    ask(state);
  }
  return () => { if (!root.isConnected) { state.abort.abort(); states.delete(root); } };
}
