// The keys of a keyboard, and of a clicker, which types PageDown, PageUp and, to blank the screen, B or a full stop.

const KEYS = { ArrowRight: "next", PageDown: "next", " ": "next", ArrowLeft: "back", PageUp: "back", r: "reveal", R: "reveal", b: "reveal", B: "reveal", ".": "reveal" };
// what uses such a key itself keeps it; but for a clicker's, PageDown and PageUp, only what is written in or is open
const WRITTEN = "textarea, [contenteditable], [role=listbox], [aria-expanded=true][role=combobox]";
const OWN = `${WRITTEN}, input:not([type=checkbox], [type=radio]), select, [role=slider], [role=combobox], [role=tab]`;
const LINE = 24;

// Clickers cannot scroll: what is out of sight is shown first. The buttons at the end need not be seen.
const scrolled = (what) => {
  const main = document.querySelector("[data-testid=stMain]"), end = document.querySelector(".st-key-step-next");
  if (!main) return false;
  const bottom = main.getBoundingClientRect().bottom;
  const unseen = what === "back" ? main.scrollTop : end ? end.getBoundingClientRect().top - bottom : main.scrollHeight - main.clientHeight - main.scrollTop;
  if (unseen < LINE) return false;
  main.scrollBy(0, (what === "back" ? -0.85 : 0.85) * main.clientHeight);
  return true;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".keys");
  if (!root) return;
  // the page says how many keys it has heard; a message before that would tell it the step of before, and undo the last
  const state = (root.state ??= { heard: data.heard, waiting: [], since: 0 });
  const busy = () => state.since && performance.now() - state.since < 30000;
  const send = () => {
    if (busy() || !state.waiting.length) return;
    state.since = performance.now();
    setTriggerValue("pressed", { last: state.heard + state.waiting.length, keys: state.waiting.splice(0) });
  };
  const pressed = (event) => {
    const what = KEYS[event.key], at = event.target;
    if (!what || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const page = event.key.startsWith("Page");
    if (at.closest?.(page ? WRITTEN : OWN)) return;
    if (event.key === " " && at.closest?.("button, a, summary, label, input")) return;
    if (event.key.startsWith("Arrow") && at.closest?.("[type=radio], [role=radio]")) return;
    event.preventDefault();
    event.stopPropagation();
    if ((page || event.key === " ") && !busy() && scrolled(what)) return;
    state.waiting.push(what);
    send();
  };
  // what was clicked gives the keys back; what was reached by keyboard, or is written in, keeps them
  const letGo = () => setTimeout(() => { if (!document.activeElement?.matches(`${WRITTEN}, [type=text], [type=number], [role=combobox]`)) document.activeElement?.blur(); });
  const clicked = (event) => { if (event.detail) letGo(); };
  const heard = { keydown: pressed, click: clicked, pointerup: letGo }; // a slider may be let go of beside it: no click
  window.lossvizKeys?.();
  for (const [kind, listener] of Object.entries(heard)) window.addEventListener(kind, listener, true);
  const stop = window.lossvizKeys = () => { for (const [kind, listener] of Object.entries(heard)) window.removeEventListener(kind, listener, true); };
  root.dataset.listening = "true";
  // the step that was made comes with this word, and is set a moment later
  setTimeout(() => {
    if (state.heard === data.heard) return;
    Object.assign(state, { heard: data.heard, since: 0 });
    send();
  }, 100);
  return stop;
}
