"""Loss surfaces in a real browser: a click gives a model, the camera stays, files open again, links show the same."""

import io
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

FIRST = 120_000
SOON = 30_000
SMALL = "/surfaces?resolution=20&s-steps=50&s-blobs-n=200"


def drawn(page, key, timeout=FIRST):
    """The chart of that place, once Plotly has drawn it."""
    chart = page.locator(f".st-key-chart-{key} .chart[data-drawn]").first
    expect(chart).to_be_visible(timeout=timeout)
    return chart


def saved(page, name):
    with page.expect_download(timeout=SOON) as download:
        page.get_by_role("button", name=name).first.click()
    return download.value.path().read_bytes()


def test_a_click_gives_the_model_there(new_page):
    page = new_page(SMALL)
    chart = drawn(page, "surface")
    chart.scroll_into_view_if_needed()
    box = chart.locator(".nsewdrag").nth(1).bounding_box()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"])
    page.wait_for_timeout(300)
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("heading", name="The model at the point")).to_be_visible(timeout=SOON)
    found = parse_qs(urlsplit(page.url).query)
    across, up = (float(v) for v in found["at"][0].split(","))
    ends = chart.evaluate("(e) => [e._fullLayout.xaxis2.range, e._fullLayout.yaxis2.range]")
    (x0, x1), (y0, y1) = ends
    assert across == pytest.approx(x0 + 0.7 * (x1 - x0), abs=0.06 * (x1 - x0)), "a grid point near the pointer"
    assert up == pytest.approx(y1 - 0.3 * (y1 - y0), abs=0.06 * (y1 - y0))
    drawn(page, "decided")
    expect(page.get_by_text(re.compile("decided as Weighted cross-entropy"))).to_be_visible()
    copy = new_page(page.url)
    drawn(copy, "decided")
    expect(copy.get_by_text(re.compile("decided as Weighted cross-entropy"))).to_be_visible()


def test_what_is_taken_home_is_what_was_there(new_page):
    page = new_page(SMALL + "&s-model=bias")
    drawn(page, "surface")
    page.get_by_text("Take it away").click()
    arrays = np.load(io.BytesIO(saved(page, "The arrays (NPZ)")))
    code = page.get_by_test_id("stCode").inner_text()
    scope = {}
    exec(code.replace("print(", "str("), scope)
    made = scope["surface"]
    np.testing.assert_allclose(arrays["loss"], made.loss, rtol=1e-5)
    assert arrays["loss"].shape[1:] == (20, 20)
    html = saved(page, "Interactive page (HTML)").decode()
    assert "Plotly.newPlot" in html
    assert "src=" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    chart = drawn(page, "surface")
    chart.hover()
    with page.expect_download(timeout=SOON) as download:
        chart.locator("[data-title='Download plot as SVG']").click()
    assert b"<svg" in download.value.path().read_bytes()


def test_the_camera_stays_when_data_change(new_page):
    page = new_page(SMALL + "&drawn=solid&s-strategies=cross_entropy", quiet=False)
    chart = drawn(page, "solid")
    camera = "(e) => (({x, y, z}) => [x, y, z])(e._fullLayout.scene._scene.getCamera().eye)"
    began = chart.evaluate(camera)
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 120, box["y"] + box["height"] / 2 + 20, steps=6)
    page.mouse.up()
    turned = None
    while turned != (turned := chart.evaluate(camera)):  # software WebGL follows the mouse late
        page.wait_for_timeout(1000)
    before = int(chart.get_attribute("data-drawn"))
    page.locator(".st-key-s-seed [data-testid=stNumberInputStepUp]").click()
    page.wait_for_function("([e, n]) => +e.dataset.drawn > n", arg=[chart.element_handle(), before], timeout=FIRST)
    assert chart.evaluate(camera) == pytest.approx(turned, rel=1e-9)
    assert turned != pytest.approx(began, rel=0.1), "it was turned"


def test_embedded_there_are_picture_and_controls(new_page):
    page = new_page(SMALL + "&embed=true")
    drawn(page, "surface")
    expect(page.get_by_role("heading", name="Loss surfaces")).to_have_count(0)
    expect(page.get_by_text("Take it away")).to_have_count(0)


@pytest.mark.parametrize("look", ["between", "undone", "fading"])
def test_every_view_opens_from_its_link_on_a_phone(new_page, look):
    page = new_page(f"{SMALL}&look={look}", viewport={"width": 390, "height": 844})
    drawn(page, {"between": "line", "undone": "recall", "fading": "fading"}[look])
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
