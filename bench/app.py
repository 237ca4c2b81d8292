"""What a visitor waits for: a running server, a real browser, warm workers; `python -m bench.app [--quick]`.

The reference race, the pages that train something else, the home page, and what is left of a run that is no longer wanted.
"""

import argparse
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

from bench.__main__ import machine, passed
from lossviz import STRATEGIES
from lossviz.multilabel import STEPS

ROOT = Path(__file__).parents[1]
RACE = "cross_entropy weighted_cross_entropy multiplied_logits focal class_balanced logit_adjustment ldam cdt".split()
ROUNDS = 8
DONE = "() => document.querySelectorAll('[data-testid=stDataFrame]').length === 1"
UP = "[data-testid=stNumberInputStepUp]"
SEED = f".st-key-seed {UP}"
# A visitor's click begins the clock.
CLICKED = (
    "addEventListener('pointerdown', () => { window.clicked = performance.now(); }, { once: true, capture: true });"
)
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
      if (+race.dataset.frames > 1) window.seen.trained ??= performance.now() - window.clicked;
      if (race.dataset.frames === race.dataset.total) window.seen.done ??= performance.now() - window.clicked;
    }
  };
  window.watcher?.disconnect();
  window.watcher = new MutationObserver(look);
  window.watcher.observe(race, { attributes: true });
  CLICKED
}""".replace("CLICKED", CLICKED)
# The same of a chart that is drawn again and again while it trains; its sentence says after how many steps.
CHART = """() => {
  window.seen = {};
  const look = (changes) => {
    for (const { target } of changes.filter(({ target }) => target.closest('.st-key-chart-found'))) {
      window.seen.first ??= performance.now() - window.clicked;
      const ended = target.getAttribute('aria-label').startsWith('After LAST steps');
      if (ended) window.seen.done ??= performance.now() - window.clicked;
    }
  };
  window.watcher?.disconnect();
  window.watcher = new MutationObserver(look);
  window.watcher.observe(document.body, { subtree: true, attributes: true, attributeFilter: ['data-drawn'] });
  CLICKED
}""".replace("CLICKED", CLICKED).replace("LAST", str(int(STEPS.default)))
TARGETS = {
    "click → first picture, ms": 300,
    "click → whole reference race, ms": 600,
    "Multi-label: click → first picture, ms": 500,
    "Segmentation: click → first frame, ms": 2000,
    "Segmentation: click → first trained frame, ms": 2000,
    "Costs: click → first picture, ms": 300,
    "home, cold browser: first contentful paint, ms": 1700,
    "home, cold browser: the picture, ms": 2500,
    "home, cold browser: transferred, MB": 4,
    "home: a slider's move → its picture, ms": 300,
    "changed control → nothing left of the old run, ms": 150,
}
"""What the median may be at most."""


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
    seen = rounds(page, WATCH, "seed", DONE)
    return {
        "click → first picture, ms": [s["first"] for s in seen],
        "click → whole reference race, ms": [s["done"] for s in seen],
    }


def rounds(page: Page, watch: str, key: str, after: str = "() => true") -> list[dict[str, float]]:
    """Milliseconds from a click on a page's seed to the first picture, the first trained one and the last, every round.

    Args:
        page: The page, its last run ended.
        watch: What is to be evaluated before each click.
        key: Of the seed.
        after: What must be so after each round.
    """
    seen = []
    for _ in range(ROUNDS):
        page.evaluate(watch)
        page.locator(f".st-key-{key} {UP}").click()
        page.wait_for_function("() => window.seen.done", timeout=120_000)
        seen.append(page.evaluate("window.seen"))
        page.wait_for_function(after)
        time.sleep(1)  # the numbers that follow a run
    return seen


def others(page: Page, url: str) -> dict[str, list[float]]:
    """The same of the pages that train something else: to the first picture, and of scenes to the first trained one."""
    out = {}
    for title, watch, key, drawn in (
        ("Multi-label", CHART, "m-seed", f"[aria-label^='After {int(STEPS.default)} steps']"),
        ("Segmentation", WATCH, "seg-seed", ".st-key-chart-segmentation-iou .chart"),
        ("Costs", WATCH, "c-seed", ".st-key-chart-cost-curve .chart"),
    ):
        page.goto(f"{url}/{title.lower().replace('-', '')}")
        page.locator(drawn).first.wait_for(timeout=300_000)
        time.sleep(1)
        seen = rounds(page, watch, key)
        what = "first frame" if title == "Segmentation" else "first picture"
        out[f"{title}: click → {what}, ms"] = [s["first"] for s in seen]
        if title == "Segmentation":
            out[f"{title}: click → first trained frame, ms"] = [s["trained"] for s in seen]
    return out


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
    global ROUNDS
    parser = argparse.ArgumentParser(prog="python -m bench.app", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two rounds: does it run?")
    if parser.parse_args().quick:
        ROUNDS = 2
    with sync_playwright() as p:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        with served() as url:
            found = clicks(page, url) | others(page, url) | home(browser, url)
        with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0") as cluster:
            client = Client(cluster)
            with served(LOSSVIZ_SCHEDULER=cluster.scheduler_address, LOSSVIZ_WARM="0") as url:
                found["changed control → nothing left of the old run, ms"] = stops(page, url, client)
            client.close()
        browser.close()
    print("\n".join(["### In the app: a real browser, server and worker on the same two cores", "", *machine()]))
    print(f"| in the app, warm, {ROUNDS} clicks | median | min | max | target |\n|---|--:|--:|--:|---|")
    for name, ms in found.items():
        digits = 1 if max(ms) < 100 else 0
        median = statistics.median(ms)
        said = f"{TARGETS[name]:,}: {passed(median <= TARGETS[name])}"
        print(f"| {name} | {median:.{digits}f} | {min(ms):.{digits}f} | {max(ms):.{digits}f} | {said} |")


if __name__ == "__main__":
    main()
