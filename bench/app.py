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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from distributed import Client, LocalCluster, Worker
from playwright.sync_api import Browser, Page, sync_playwright

from lossviz import STRATEGIES

ROOT = Path(__file__).parents[1]
RACE = "cross_entropy weighted_cross_entropy multiplied_logits focal class_balanced logit_adjustment ldam cdt".split()
ROUNDS = 8
DONE = "() => document.querySelectorAll('[data-testid=stDataFrame]').length === 1"
SEED = ".st-key-seed [data-testid=stNumberInputStepUp]"
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


@contextmanager
def served(**env: str) -> Iterator[str]:
    """The app on a free port, with these environment variables; its address."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | env, **quiet)
    try:
        url = f"http://localhost:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health")
                break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def clicks(page: Page, url: str) -> dict[str, list[float]]:
    """Milliseconds from a click on the seed to the first picture, and to the whole race."""
    chosen = [("strategies", STRATEGIES[n].title + (" ⚠" if STRATEGIES[n].flawed else "")) for n in RACE]
    page.goto(f"{url}/race?{urlencode(chosen)}")
    page.wait_for_function(DONE, timeout=300_000)
    time.sleep(float(os.environ.get("WARM_SECONDS", "120")))  # every program of every model compiles meanwhile
    first, whole = [], []
    for _ in range(ROUNDS):
        page.evaluate(WATCH)
        page.locator(SEED).click()
        page.wait_for_function("() => window.seen.done", timeout=60_000)
        seen = page.evaluate("window.seen")
        first.append(seen["first"])
        whole.append(seen["done"])
        page.wait_for_function(DONE)
        time.sleep(1)
    return {"click → first picture, ms": first, "click → whole reference race, ms": whole}


HOME = """() => {
  const find = (node) => {
    for (const e of node.querySelectorAll('*')) {
      if (e.classList.contains('home')) return e;
      const inside = e.shadowRoot && find(e.shadowRoot);
      if (inside) return inside;
    }
  };
  const home = find(document);
  return home && home.dataset.frames > 0 && home;
}"""
MOVE = """async ([home, value]) => {
  const slider = home.querySelector('input[name=weight]'), begun = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event('input'));
  while (JSON.parse(home.dataset.run).weight !== value) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
PAINT = """() => [
  performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.now(),
  [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
    .reduce((sum, e) => sum + e.transferSize, 0) / 2 ** 20,
]"""


def home(browser: Browser, url: str) -> dict[str, list[float]]:
    """Cold browsers on the home page: first paint, the picture, megabytes; and from a slider's move to its picture."""
    paints, moves = [], []
    for i in range(ROUNDS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(url)
        found = page.wait_for_function(HOME, timeout=300_000)
        paints.append(page.evaluate(PAINT))
        time.sleep(1)
        moves.append(page.evaluate(MOVE, [found, 13 + 2 * i]))
        context.close()
    first, picture, size = zip(*paints, strict=True)
    return {
        "home, cold browser: first contentful paint, ms": list(first),
        "home, cold browser: the picture, ms": list(picture),
        "home, cold browser: transferred, MB": list(size),
        "home: a slider's move → its picture, ms": moves,
    }


def at_work(dask_worker: Worker) -> set[str]:
    """Keys of the training chunks that a worker has before it or is at, cancelled or not."""
    state = dask_worker.state
    busy = {t.key for t in state.tasks.values() if t.state in ("waiting", "ready", "executing", "cancelled")}
    return {k for k in busy if str(k).startswith("('_advance")}


def stops(page: Page, url: str, client: Client) -> list[float]:
    """Milliseconds from a changed control to the moment at which no worker has anything left of the old run."""

    def busy() -> set[str]:
        return set().union(*client.run(at_work).values())

    page.goto(f"{url}/race?steps=5000&blobs-n=5000")
    out = []
    for _ in range(ROUNDS):
        page.locator('.race:not([data-frames="0"])').wait_for(timeout=300_000)  # compiled
        while not busy():
            time.sleep(0.01)
        time.sleep(0.5)
        old = busy()
        page.evaluate(
            "() => addEventListener('pointerdown', () => { window.at = Date.now(); }, {once: true, capture: true})"
        )
        page.locator(SEED).click(no_wait_after=True)
        while busy() & old:
            pass
        end = time.time()
        out.append(1000 * end - page.evaluate("window.at"))
    return out


def main() -> None:
    """Print medians."""
    with sync_playwright() as p:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        with served() as url:
            found = clicks(page, url) | home(browser, url)
        with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0") as cluster:
            client = Client(cluster)
            with served(LOSSVIZ_SCHEDULER=cluster.scheduler_address, LOSSVIZ_WARM="0") as url:
                found["changed control → nothing left of the old run, ms"] = stops(page, url, client)
            client.close()
        browser.close()
    print(f"| in the app, warm, {ROUNDS} clicks | median | min | max |\n|---|---|---|---|")
    for name, ms in found.items():
        digits = 1 if max(ms) < 100 else 0
        print(f"| {name} | {statistics.median(ms):.{digits}f} | {min(ms):.{digits}f} | {max(ms):.{digits}f} |")


if __name__ == "__main__":
    main()
