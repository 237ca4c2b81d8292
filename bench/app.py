"""What a visitor waits for: a running server, a real browser, the reference race with warm workers.

python -m bench.app
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

from lossviz import STRATEGIES

ROOT = Path(__file__).parents[1]
RACE = "cross_entropy weighted_cross_entropy multiplied_logits focal class_balanced logit_adjustment ldam cdt".split()
ROUNDS = 8
# Watches the component from inside the page: a poll from outside would add its own round trips.
WATCH = """() => {
  const find = (node) => {
    for (const e of node.querySelectorAll('*')) {
      if (e.classList.contains('race')) return e;
      const inside = e.shadowRoot && find(e.shadowRoot);
      if (inside) return inside;
    }
  };
  const race = find(document), before = race.dataset.run;
  window.seen = {};
  const look = () => {
    if (race.dataset.run !== before && +race.dataset.frames > 0) {
      window.seen.first ??= performance.now() - window.clicked;
      if (race.dataset.frames === race.dataset.total) window.seen.done ??= performance.now() - window.clicked;
    }
  };
  window.watcher?.disconnect();
  window.watcher = new MutationObserver(look);
  window.watcher.observe(race, { attributes: true });
  addEventListener('pointerdown', () => { window.clicked = performance.now(); }, { once: true, capture: true });
}"""


def main() -> None:
    """Print medians of click → first picture and click → finished race."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://localhost:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health")
                break
            except OSError:
                time.sleep(0.2)
        chosen = [("strategies", STRATEGIES[n].title + (" ⚠" if STRATEGIES[n].flawed else "")) for n in RACE]
        with sync_playwright() as p:
            path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
            browser = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{url}/?{urlencode(chosen)}")
            done = "document.querySelectorAll('[data-testid=stDataFrame]').length === 1"
            page.wait_for_function(done, timeout=300_000)
            time.sleep(float(os.environ.get("WARM_SECONDS", "120")))  # every program of every model compiles meanwhile
            first, whole = [], []
            for _ in range(ROUNDS):
                page.evaluate(WATCH)
                seed = page.locator(".st-key-seed [data-testid=stNumberInputStepUp]")
                seed.click()
                page.wait_for_function("window.seen.done", timeout=60_000)
                seen = page.evaluate("window.seen")
                first.append(seen["first"])
                whole.append(seen["done"])
                page.wait_for_function(done)
                time.sleep(1)
            browser.close()
        print(f"| in the app, warm, {ROUNDS} clicks | median | min | max |\n|---|---|---|---|")
        for name, ms in (("click → first picture, ms", first), ("click → whole reference race, ms", whole)):
            print(f"| {name} | {statistics.median(ms):.0f} | {min(ms):.0f} | {max(ms):.0f} |")
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    main()
