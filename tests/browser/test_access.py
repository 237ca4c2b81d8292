"""Every page for everybody: axe-core finds nothing of ours, and pages load nothing from elsewhere."""

import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from parts.listing import PAGES
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SIGHTS = {
    "/": ".home:not([data-frames='0'])",
    "/race?steps=50&data=moons&model=linear": "[data-testid=stDataFrame]",
    "/race?steps=50&data=moons&model=linear&view=pr": ".chart[data-drawn]",
    "/surfaces?resolution=20&s-steps=50": ".chart[data-drawn]",
    "/surfaces?look=fading": ".chart[data-drawn]",
    "/multilabel?m-n=200&m-rarest=0.1&m-steps=50": ".chart[data-drawn]",
    "/multilabel?m-view=worked": ".chart[data-drawn]",
    "/costs?c-steps=50&c-medical-n=200": ".chart[data-drawn]",
    "/segmentation?seg-steps=20&seg-scenes=8": ".segments:not([data-frames='0'])",
    "/segmentation?seg-steps=20&seg-scenes=8&seg-methods=plain&seg-look=masks": ".segments:not([data-frames='0'])",
    "/weights": ".chart[data-drawn]",
    "/lab": ".chart[data-drawn]",
    "/lab?z=1,-2,0.5&s=cross_entropy,vs,masked_logits&w=0.5,8,2": ".chart[data-drawn]",
    "/lessons": "[data-testid=stHeading]",
    "/lessons?lesson=rare&step=predict": "[data-testid=stRadio]",
    "/lessons?lesson=schemes&step=explain": ".chart[data-drawn]",
    "/lessons?lesson=price&step=reveal&present=true": ".chart[data-drawn]",
    "/reference": ".chart[data-drawn]",
    "/reference?strategy=multiplied_logits": ".chart[data-drawn]",
    "/reference?scheme=sqrt": ".chart[data-drawn]",
    "/lint": "[data-testid=stCode]",
    "/lint?code=x%20%3D%20(": "[data-testid=stAlert]",
    "/claims": "[data-testid=stHeading]",
    "/claims?claim=1&revealed=true": ".chart[data-drawn]",
}
"""What to open, and what must be in sight before it is judged."""
PLATFORM = {"scrollable-region-focusable": "katex-display", "presentation-role-conflict": "stFileUploaderDropzone"}
"""Rules that elements of Streamlit's own break, by a mark of theirs: formulas scroll where they are wider than the page; a field
for several files is named, and declared to have no meaning."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", SIGHTS)
def test_axe_finds_nothing(new_page, path, scheme):
    page = new_page(path, color_scheme=scheme)
    expect(page.locator(SIGHTS[path]).first).to_be_visible(timeout=120_000)
    page.wait_for_timeout(1000)
    found = Axe().run(page).response["violations"]
    ours = [
        f"{v['id']} ({v['impact']}): {n['html'][:150]}: {n['failureSummary'][:200]}"
        for v in found
        for n in v["nodes"]
        if PLATFORM.get(v["id"], "nothing") not in n["html"]
    ]
    assert not ours, "\n".join(ours)


WALK = """() => {
  const inside = (e) => (e.shadowRoot ? deep(e.shadowRoot) : []);
  const deep = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...inside(e)]);
  const group = (e) => e.closest("[data-testid=stButtonGroup], [role=radiogroup], [data-testid=stTabs]"); // arrow keys move in it
  const seen = (e) => window.walked.has(e) || (group(e) && window.walked.has(group(e)));
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  window.walked ??= new Set();
  window.missed = () => deep(document)
    .filter((e) => e.matches("a[href], button, input, select, textarea, summary, [tabindex]"))
    .filter((e) => e.tabIndex >= 0 && !e.disabled && !seen(e) && !e.closest("[inert]") && (e.type !== "radio" || e.checked))
    .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length)
    .map((e) => e.outerHTML.slice(0, 300));
  if (!at || at === document.body) return "end";
  const before = window.walked.size;
  window.walked.add(at);
  if (group(at)) window.walked.add(group(at));
  return window.walked.size > before ? "new" : "again";
}"""
WALKED = [
    path for i, path in enumerate(SIGHTS) if path.split("?")[0] not in [p.split("?")[0] for p in list(SIGHTS)[:i]]
]


@pytest.mark.parametrize("path", WALKED)
def test_every_page_can_be_walked_by_keyboard_at_200_percent(new_page, path):
    page = new_page(path, viewport={"width": 640, "height": 450}, reduced_motion="reduce")
    expect(page.locator(SIGHTS[path]).first).to_be_visible(timeout=120_000)
    page.wait_for_timeout(1000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640, "wider than a screen of 1280 at 200 %"
    running = page.evaluate(
        "document.getAnimations().filter((a) => a.playState === 'running').map((a) => a.animationName)"
    )
    assert not running, "moves, though the visitor asked for stillness"
    steps, again = 0, 0
    while again < 40:  # in a table the key goes from cell to cell
        page.keyboard.press("Tab")
        found = page.evaluate(WALK)
        if found == "end":
            break
        steps, again = steps + 1, again + 1 if found == "again" else 0
    assert steps > 3
    missed = page.evaluate("window.missed()")
    assert not missed, "cannot be reached by the Tab key:\n" + "\n".join(missed)


def test_every_page_is_judged():
    assert {"/" + p.path for p in PAGES} == {path.split("?")[0] for path in SIGHTS}


def test_headers(server):
    with urllib.request.urlopen(server) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe-eval" not in policy
    assert "script-src 'self' blob: 'sha256-" in policy
    assert "default-src 'self'" in policy
