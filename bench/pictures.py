"""Pictures of the running app: `python -m bench.pictures [folder]` makes the README's, in docs by default.

`python -m bench.pictures --pages [folder]` takes every page, light, dark and on a phone, for looking at.
"""

import shutil
import sys
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from bench.app import ROOT, served
from lossviz import STRATEGIES

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
RACE = {"blobs-classes": 2, "blobs-imbalance": 30}
RACERS = ("cross_entropy", "weighted_cross_entropy", "multiplied_logits")
STRIP = (0, 5, 12, 25, -1)
"""Frames of the race that stand side by side."""


def opened(
    browser: Browser, address: str, ready: str, look: tuple[int, int, str] = LOOKS["light"], scale: float = 1
) -> Page:
    """A page once what is named is there and has come to rest."""
    width, height, scheme = look
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        device_scale_factor=scale,
        reduced_motion="reduce",
    )
    page.goto(address)
    page.locator(ready).first.wait_for(timeout=300_000)
    page.wait_for_timeout(1500)
    return page


def whole(page: Page, path: Path) -> None:
    """Save a page down to its end."""
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(tall, 6000)})
    page.wait_for_timeout(700)
    page.screenshot(path=path)
    page.close()


def race(names: tuple[str, ...], **more: object) -> str:
    """The link of a race of these strategies."""
    titles = [("strategies", STRATEGIES[n].title + (" ⚠" if STRATEGIES[n].flawed else "")) for n in names]
    return f"/race?{urlencode([*titles, *RACE.items(), *more.items()])}"


def home(browser: Browser, url: str, path: Path) -> None:
    """The home page's first screen."""
    page = opened(browser, url, PAGES["home"][1], (1280, 860, "light"))
    page.screenshot(path=path)
    page.close()


def strip(browser: Browser, url: str, path: Path) -> None:
    """Some frames of the race side by side, a row a strategy."""
    page = opened(
        browser, url + race(RACERS, embed="true", hide="strategies"), ".race[data-frames]", (330, 1600, "light")
    )
    total = int(page.locator(".race").get_attribute("data-total"))
    page.locator(f".race[data-frames='{total}']").wait_for(timeout=300_000)
    scrubber, columns = page.get_by_label("Step of training"), []
    for frame in STRIP:
        scrubber.fill(str(frame % total))
        page.wait_for_timeout(400)
        picture = b64encode(page.locator(".race .grid").first.screenshot()).decode()
        columns.append(
            f"<div>{page.locator('.readout').inner_text()}<br><img src='data:image/png;base64,{picture}'></div>"
        )
    page.close()
    page = browser.new_page(viewport={"width": 330 * len(STRIP), "height": 400})
    style = "display:inline-flex;gap:16px;padding:16px;background:white;font:600 18px 'Source Sans',sans-serif;text-align:center"
    page.set_content(f"<body style='margin:0'><main style=\"{style}\">{''.join(columns)}</main>")
    page.locator("main").screenshot(path=path)
    page.close()


def valley(browser: Browser, url: str, path: Path) -> None:
    """Loss surfaces of the plain, the weighted and the multiplied loss, on one scale."""
    page = opened(browser, f"{url}/surfaces?embed=true", ".chart[data-drawn]", (1280, 900, "light"))
    page.locator(".chart").first.screenshot(path=path)
    page.close()


def verdict(browser: Browser, url: str, path: Path) -> None:
    """What came of the race: every metric, and the sentence below them."""
    page = opened(
        browser, url + race((*RACERS, "threshold_moving")), "[data-testid=stDataFrame]", (1500, 3600, "light")
    )
    title = page.get_by_role("heading", name="test examples")
    top, end = title.bounding_box(), page.get_by_text("Take it away").last.bounding_box()
    clip = {"x": top["x"] - 12, "y": top["y"] - 12, "width": 1500 - top["x"] - 40, "height": end["y"] - top["y"] - 12}
    page.screenshot(path=path, clip=clip)
    page.close()


def main(pages: bool, folder: Path) -> None:
    """Save the README's pictures, or the whole of each page in each look."""
    folder.mkdir(parents=True, exist_ok=True)
    with served() as url, sync_playwright() as p:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        if pages:
            for name, look in LOOKS.items():
                for title, (link, ready) in PAGES.items():
                    whole(opened(browser, url + link, ready, look), folder / f"{title}-{name}.png")
        else:
            for picture in (home, strip, valley, verdict):
                picture(browser, url, folder / f"{picture.__name__}.png")
        browser.close()


if __name__ == "__main__":
    asked = sys.argv[1:2] == ["--pages"]
    given = sys.argv[2:] if asked else sys.argv[1:]
    main(asked, Path(given[0]) if given else ROOT / "docs" / ("pictures" if asked else ""))
