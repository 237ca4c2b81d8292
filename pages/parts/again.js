// A server that was started anew knows nothing of an open page, and a word of the page is lost while the connection is:
// when there is a connection again, the whole page runs again, and says all that it knows.

const STATE = "data-test-connection-state";

export default function ({ parentElement, setTriggerValue }) {
  const app = document.querySelector("[data-testid=stApp]"), root = parentElement.querySelector(".again");
  if (!app || !root) return;
  let before = app.getAttribute(STATE);
  const watch = new MutationObserver(() => {
    const now = app.getAttribute(STATE);
    if (now === "CONNECTED" && before !== now) setTriggerValue("connected", performance.now());
    before = now;
  });
  watch.observe(app, { attributeFilter: [STATE] });
  root.dataset.watching = "true";
  return () => watch.disconnect();
}
