// What players of a run share: buttons, playing and scrubbing, and following the run's messages. Follows canvas.js; the script
// after it has `draw(state)`, which draws the frame it is at, and `take`, what to do with each kind of message.

const ICONS = { play: "M4 2 L14 8 L4 14 Z", pause: "M3 2 H6.5 V14 H3 Z M9.5 2 H13 V14 H9.5 Z", back: "M3 2 H5 V14 H3 Z M14 2 L6 8 L14 14 Z", on: "M2 2 L10 8 L2 14 Z M11 2 H13 V14 H11 Z" };
const icon = (node, name) => {
  if (node.dataset.icon === name) return;
  node.dataset.icon = name;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  node.replaceChildren(svg);
};

const button = (shape, name, act) => {
  const node = el("button");
  icon(node, shape);
  node.type = "button";
  node.title = name;
  node.setAttribute("aria-label", name);
  node.addEventListener("click", act);
  return node;
};

const SPEEDS = [0.25, 0.5, 1, 2, 4]; // of 15 frames a second

const go = (state, frame) => {
  state.live = false;
  state.frame = Math.min(Math.max(Math.round(frame), 0), Math.max(state.frames - 1, 0));
  draw(state);
};

const stop = (state) => {
  state.playing = false;
  cancelAnimationFrame(state.tick);
};

const play = (state) => {
  if (state.playing) { stop(state); draw(state); return; }
  let at = state.frame >= state.frames - 1 ? 0 : state.frame, before;
  state.playing = true;
  const tick = (now) => {
    if (!state.playing || !state.root.isConnected) return;
    if (before !== undefined) at += ((now - before) / 1000) * 15 * state.speed;
    before = now;
    if (at >= state.frames - 1 && state.ended) { stop(state); at = state.frames - 1; }
    if (state.playing) state.tick = requestAnimationFrame(tick);
    if (Math.floor(at) !== state.frame || !state.playing) go(state, Math.floor(at));
  };
  state.tick = requestAnimationFrame(tick);
};

const follow = async (state, url, tell) => {
  state.abort?.abort();
  const { signal } = (state.abort = new AbortController());
  for (let tries = 0; tries < 20 && !signal.aborted && state.root.isConnected; tries++) {
    const answer = await fetch(url, { signal, cache: "no-store" }).catch(() => null); // lost: try again
    if (answer?.status === 204) break; // no such run any more
    if (answer?.ok) for await (const message of messages(answer.body)) {
      if (signal.aborted || !state.root.isConnected) return;
      take[message.kind]?.(state, message);
      if (message.kind === "end") return tell("ended", url);
    }
    await new Promise((again) => setTimeout(again, 1000));
  }
  if (!signal.aborted && state.root.isConnected) tell("gone", url); // the page starts the run again
};

const copyLink = async (state, node) => {
  const said = await navigator.clipboard.writeText(location.href).then(() => "Copied", () => "Copy it from the address");
  node.textContent = said;
  setTimeout(() => { node.textContent = "Link"; }, 2000);
};

const linkButton = (worded) => {
  if (location.protocol.startsWith("http")) worded("Link", "Copy the link to this page as it is", copyLink);
};

// The bar of a player: a frame back, play, a frame on, the slider and what it reads, the speed; and what adds a button to it.
const playerBar = (state) => {
  const bar = el("div", "transport"), step = (by) => () => { stop(state); go(state, state.frame + by); };
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "Player: space plays, arrows step");
  state.playButton = button("play", "Play", () => play(state));
  state.range = el("input");
  Object.assign(state.range, { type: "range", min: 0 });
  state.range.setAttribute("aria-label", "Step of training");
  state.range.addEventListener("input", () => { stop(state); go(state, +state.range.value); });
  state.readout = el("output", "readout");
  const speed = el("select");
  speed.setAttribute("aria-label", "Speed");
  for (const s of SPEEDS) { const option = el("option", "", `${s}×`); option.value = s; option.selected = s === state.speed; speed.append(option); }
  speed.addEventListener("change", () => { state.speed = +speed.value; });
  bar.append(button("back", "One frame back", step(-1)), state.playButton, button("on", "One frame on", step(1)), state.range, state.readout, speed);
  const worded = (text, name, act) => {
    const node = el("button", "worded", text);
    Object.assign(node, { type: "button", title: name });
    node.addEventListener("click", () => state.frames && act(state, node));
    bar.append(node);
  };
  return { bar, worded };
};

// The player's keys, anywhere in the component: space plays, arrows step, Home and End go to the ends.
const listen = (state) => state.root.addEventListener("keydown", (event) => {
  if (!state.head || event.target.matches("select")) return;
  const act = { " ": () => play(state), ArrowLeft: () => go(state, state.frame - 1), ArrowRight: () => go(state, state.frame + 1), Home: () => go(state, 0), End: () => go(state, state.frames - 1) }[event.key];
  if (!act || (event.key === " " && event.target.matches("button"))) return;
  event.preventDefault();
  if (event.key !== " ") stop(state);
  act();
});
