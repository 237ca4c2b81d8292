"""Home in a real browser: the picture is the models', a slider trains anew, the link says where the sliders are."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from parts.listing import PAGES
from playwright.sync_api import expect

from lossviz import demo, wire

pytestmark = pytest.mark.browser

FIRST = 120_000
SOON = 30_000


def shown(page, **values):
    """Wait until the picture is that of these values."""
    page.wait_for_function(
        """([e, wanted]) => {
          const run = JSON.parse(e.dataset.run || "{}");
          return Object.entries(wanted).every(([k, v]) => run[k] === v) && e.dataset.frame == e.dataset.total - 1;
        }""",
        arg=[page.locator(".home").element_handle(), values],
        timeout=FIRST,
    )


def said(imbalance, weight):
    return wire.unpack(demo.demo(imbalance, weight))[-1]["sentence"].replace(" %", "\u00a0%")


def test_home_shows_what_the_models_do(new_page):
    page = new_page()
    shown(page, imbalance=12, weight=12)
    expect(page.locator(".panel")).to_have_count(3)
    expect(page.locator(".panel.flawed")).to_have_count(1)
    expect(page.locator(".sentence")).to_have_text(said(12, 12))
    weight = page.get_by_role("slider", name="Weight of a minority example")
    weight.focus()
    weight.press("Home")
    shown(page, imbalance=12, weight=1)
    expect(page.locator(".sentence")).to_contain_text("Multiplied logits: unchanged")
    weight.fill("30")
    shown(page, imbalance=12, weight=30)
    expect(page.locator(".sentence")).to_have_text(said(12, 30))
    weight.press("ArrowRight")
    shown(page, imbalance=12, weight=31)
    page.wait_for_function("location.search.includes('weight=31')", timeout=SOON)
    assert parse_qs(urlsplit(page.url).query) == {"imbalance": ["12"], "weight": ["31"]}
    page.reload()
    shown(page, imbalance=12, weight=31)
    assert page.get_by_role("slider", name="Weight of a minority example").input_value() == "31"


def test_dragging_ends_at_the_latest_value(new_page):
    page = new_page("/?weight=5")
    shown(page, imbalance=12, weight=5)
    rare = page.get_by_role("slider", name="How rare is the minority?")
    for value in range(13, 40, 2):
        rare.fill(str(value))
    shown(page, imbalance=39, weight=5)
    run = json.loads(page.locator(".home").get_attribute("data-run"))
    assert run == {"imbalance": 39, "weight": 5}
    expect(page.locator(".legend")).to_contain_text("minority: 12")


def test_embedded_there_are_sliders_and_pictures_only(new_page):
    page = new_page("/?embed=true")
    shown(page, imbalance=12, weight=12)
    expect(page.get_by_role("heading")).to_have_count(0)
    expect(page.locator(".thumb")).to_have_count(0)
    expect(page.get_by_role("link", name="Strategy race")).to_have_count(0)


def test_the_numbers_of_the_picture_are_a_click_away(new_page):
    page = new_page()
    shown(page, imbalance=12, weight=12)
    page.get_by_text("The numbers in this picture").click()
    rows = page.locator(".numbers tbody tr")
    expect(rows).to_have_count(4)
    expect(page.locator(".panel canvas").nth(1)).to_have_attribute(
        "aria-label", re.compile("Weighted cross-entropy: .*recall")
    )


def test_doors_lead_to_the_pages(new_page):
    page = new_page(viewport={"width": 390, "height": 844})
    shown(page, imbalance=12, weight=12)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    thumbnails = page.locator(".thumb")
    expect(thumbnails).to_have_count(len(PAGES) - 1)
    for thumbnail in thumbnails.all():
        thumbnail.scroll_into_view_if_needed()
        page.wait_for_function("([e]) => +e.dataset.drawn > 3", arg=[thumbnail.element_handle()], timeout=SOON)
        painted = "(e) => new Set(e.querySelector('canvas').getContext('2d').getImageData(0, 0, 300, 200).data).size"
        assert thumbnail.evaluate(painted) > 5, "there is a picture"
    page.get_by_test_id("stMain").get_by_role("link", name="Strategy race").click()
    expect(page.get_by_role("heading", name="Strategy race", exact=True)).to_be_visible(timeout=SOON)
