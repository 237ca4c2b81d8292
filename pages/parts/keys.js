// The keys of a keyboard, and of a clicker, which types PageDown, PageUp and, to blank the screen, B or a full stop.

const KEYS = { ArrowRight: "next", PageDown: "next", " ": "next", ArrowLeft: "back", PageUp: "back", r: "reveal", R: "reveal", b: "reveal", B: "reveal", ".": "reveal" };
// what uses such a key itself keeps it
const OWN = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=slider], [role=combobox], [role=listbox], [role=tab]";

export default function ({ parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".keys");
  const pressed = (event) => {
    const what = KEYS[event.key], at = event.target;
    if (!what || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (at.closest?.(OWN)) return;
    if (event.key === " " && at.closest?.("button, a, summary, label, input")) return;
    if (event.key.startsWith("Arrow") && at.closest?.("[type=radio], [role=radio]")) return;
    event.preventDefault();
    setTriggerValue("pressed", what);
  };
  // an answer that was clicked gives the arrows back; one that was reached by keyboard keeps them
  const clicked = (event) => { if (event.detail && event.target.closest?.("label, [role=radio]")) setTimeout(() => document.activeElement?.blur()); };
  window.lossvizKeys?.();
  window.addEventListener("keydown", pressed);
  window.addEventListener("click", clicked);
  const stop = window.lossvizKeys = () => { window.removeEventListener("keydown", pressed); window.removeEventListener("click", clicked); };
  if (root) root.dataset.listening = "true";
  return stop;
}
