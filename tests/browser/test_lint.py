"""Is my loss flawed, in a real browser: an example, a paste, a link; and no scrolling sideways on a phone."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SOON = 30_000


def test_click_paste_and_share(new_page):
    page = new_page("/lint")
    expect(page.get_by_role("heading", name="Line 5: Logits multiplied by class weights")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Softmax twice").click()
    expect(page.get_by_role("heading", name="Line 5: Softmax or sigmoid applied twice")).to_be_visible(timeout=SOON)
    area = page.get_by_role("textbox", name="Python")
    area.fill("loss = F.cross_entropy(logits * class_weights, y)")
    area.press("Control+Enter")
    expect(page.get_by_role("heading", name="Line 1: Logits multiplied by class weights")).to_be_visible(timeout=SOON)
    expect(page).to_have_url(re.compile(r"code=loss"))
    copy = new_page(page.url)
    expect(copy.get_by_role("heading", name="Line 1: Logits multiplied by class weights")).to_be_visible(timeout=SOON)
    expect(copy.get_by_role("textbox", name="Python")).to_have_value(
        "loss = F.cross_entropy(logits * class_weights, y)"
    )


def test_on_a_phone(new_page):
    page = new_page("/lint", viewport={"width": 390, "height": 844})
    expect(page.get_by_role("heading", name="Line 5: Logits multiplied by class weights")).to_be_visible(timeout=SOON)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
