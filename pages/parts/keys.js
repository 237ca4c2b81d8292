// The keys of a keyboard, and of a clicker, which types PageDown, PageUp and, to blank the screen, B or a full stop.

const KEYS = { ArrowRight: "next", PageDown: "next", " ": "next", ArrowLeft: "back", PageUp: "back", r: "reveal", R: "reveal", b: "reveal", B: "reveal", ".": "reveal" };
// what uses such a key itself keeps it
const OWN = "input:not([type=checkbox]), textarea, select, [contenteditable], [role=slider], [role=combobox], [role=listbox], [role=tab]";

export default function ({ parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".keys");
  const pressed = (event) => {
    const what = KEYS[event.key], at = event.target;
    if (!what || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (at.closest?.(OWN)) return;
    if (event.key === " " && at.closest?.("button, a, summary, label")) return;
    event.preventDefault();
    setTriggerValue("pressed", what);
  };
  window.removeEventListener("keydown", window.lossvizKeys);
  window.lossvizKeys = pressed;
  window.addEventListener("keydown", pressed);
  if (root) root.dataset.listening = "true";
  return () => { window.removeEventListener("keydown", pressed); };
}
