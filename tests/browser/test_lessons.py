"""Lessons in a real browser: the keys of a clicker, what a class sees, and a phone."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def step(page, title):
    """Wait until the lesson is at a step; the link says so, too."""
    chosen = page.get_by_role("radio", name=title, exact=True)
    expect(chosen).to_be_checked(timeout=60_000)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)
    if title != "Question":
        expect(page).to_have_url(re.compile(f"[?&]step={title}"))


def test_a_class_with_a_clicker(new_page):
    page = new_page("/lessons?lesson=rare&present=true")
    expect(page.locator(".keys[data-listening]")).to_be_attached(timeout=60_000)
    step(page, "Question")
    assert page.get_by_role("link", name="Home").count() == 0  # no menu
    size = page.get_by_text("A test for a disease").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 22
    page.keyboard.press("PageDown")
    step(page, "Predict")
    page.keyboard.press("ArrowRight")  # it waits for the teacher
    expect(page.get_by_test_id("stAlertContentWarning")).to_contain_text("Waiting for the class")
    step(page, "Predict")
    page.get_by_text("few: under 30 %").click()
    expect(page).to_have_url(re.compile("answers=rare-C-_"))
    page.keyboard.press("b")  # a clicker's key that blanks the screen
    step(page, "Experiment")
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=60_000)
    page.keyboard.press(" ")
    step(page, "Reveal")
    expect(page.get_by_test_id("stAlertContentSuccess")).to_contain_text("You expected C")
    page.keyboard.press("ArrowRight")
    step(page, "Explain")
    page.keyboard.press("PageUp")
    step(page, "Reveal")
    page.keyboard.press("ArrowLeft")
    step(page, "Experiment")
    page.get_by_role("slider", name="Imbalance").focus()
    page.keyboard.press("ArrowRight")  # a slider keeps its own keys
    expect(page.get_by_role("slider", name="Imbalance")).to_have_value("51")
    expect(page).to_have_url(re.compile("rare-imbalance=51"))
    step(page, "Experiment")
    page.reload()  # the link is the state
    step(page, "Experiment")
    expect(page.get_by_role("slider", name="Imbalance")).to_have_value("51")


def test_on_a_phone(new_page):
    page = new_page("/lessons", viewport={"width": 390, "height": 844})
    page.get_by_role("button", name=re.compile("Sigmoid or softmax")).click(timeout=60_000)
    for title in ("Question", "Predict", "Experiment", "Reveal", "Explain", "Transfer"):
        step(page, title)
        if title in ("Experiment", "Reveal", "Explain"):
            expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth") <= 390
        page.locator(".st-key-step-next button").click()
    expect(page.get_by_role("heading", name=re.compile("Pixels"))).to_be_visible()


def test_without_presenter_mode_keys_do_nothing(new_page):
    page = new_page("/lessons?lesson=means")
    step(page, "Question")
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(700)
    step(page, "Question")
    assert page.locator(".keys").count() == 0


def test_a_link_leaves_one_slider_of_home(new_page):
    page = new_page("/?only=imbalance&weight=5&present=true")
    expect(page.locator(".home:not([data-frames='0'])")).to_be_visible(timeout=120_000)
    expect(page.locator("input[type=range][name=imbalance]")).to_be_visible()
    expect(page.locator("input[type=range][name=weight]")).to_be_hidden()
    page.locator("input[type=range][name=imbalance]").press("ArrowRight")
    expect(page).to_have_url(re.compile("imbalance=13"))
    assert "weight=5" in page.url
    assert "present=true" in page.url
    assert "only=imbalance" in page.url
