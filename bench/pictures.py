"""Screenshots of every page, light, dark and on a phone: `python -m bench.pictures [folder]`.

The README's own pictures, docs/home.png and docs/race.png, are made anew by `make pictures`.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.app import ROOT, served

PAGES = {  # path and what is there once the page is
    "home": ("/", ".home:not([data-frames='0'])"),
    "lessons": ("/lessons?lesson=rare&step=explain", ".chart[data-drawn]"),
    "race": ("/race", "[data-testid=stDataFrame]"),
    "race-curves": ("/race?view=roc&seeds=5", ".js-plotly-plot"),
    "weights": ("/weights", ".chart[data-drawn]"),
    "lab": ("/lab", ".chart[data-drawn]"),
    "surfaces": ("/surfaces", ".chart[data-drawn]"),
    "multilabel": ("/multilabel", ".chart[data-drawn]"),
    "segmentation": ("/segmentation?seg-steps=50", ".chart[data-drawn]"),
    "costs": ("/costs", ".chart[data-drawn]"),
    "claims": ("/claims?claim=1&revealed=true", ".chart[data-drawn]"),
    "lint": ("/lint", "[data-testid=stCode]"),
    "reference": ("/reference", ".chart[data-drawn]"),
}
LOOKS = {"light": (1280, 900, "light"), "dark": (1280, 900, "dark"), "phone": (390, 844, "light")}


def main(folder: Path) -> None:
    """Save a picture of the whole of each page in each look."""
    folder.mkdir(parents=True, exist_ok=True)
    with served() as url, sync_playwright() as p:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for look, (width, height, scheme) in LOOKS.items():
            for name, (link, ready) in PAGES.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(url + link)
                page.locator(ready).first.wait_for(timeout=300_000)
                page.wait_for_timeout(1500)
                tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                page.set_viewport_size({"width": width, "height": min(tall, 6000)})
                page.wait_for_timeout(700)
                page.screenshot(path=folder / f"{name}-{look}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs" / "pictures")
