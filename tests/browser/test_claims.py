"""Claims on trial in a real browser: a vote by keyboard, the evidence, on to the next; the link holds it; narrow and embedded."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SOON = 60_000


def test_vote_see_and_go_on(new_page):
    page = new_page("/claims")
    page.get_by_role("button", name="1 · Multiplying the logits").click(timeout=SOON)
    vote = page.get_by_role("button", name="False", exact=True)
    expect(vote).to_be_visible(timeout=SOON)
    expect(page.locator(".chart")).to_have_count(0)
    vote.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("heading", name="You said: false. Right. The experiment says: false")).to_be_visible()
    asked = parse_qs(urlsplit(page.url).query)
    assert (asked["claim"], asked["votes"]) == (["1"], ["1f"])
    copy = new_page(page.url)
    expect(copy.locator(".chart[data-drawn]")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Claim 2 of 25")).to_be_visible(timeout=SOON)
    expect(page.locator(".chart")).to_have_count(0)
    page.get_by_role("button", name="All claims").click()
    expect(page.get_by_role("button", name="✓ 1 · Multiplying the logits")).to_be_visible(timeout=SOON)


def test_keras_on_trial_on_a_phone(new_page):
    page = new_page("/claims?claim=21&revealed=true", viewport={"width": 390, "height": 844})
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("UTC, with keras")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_embedded(new_page):
    page = new_page("/claims?claim=9&revealed=true&embed=true")
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("button", name="Next")).to_be_visible()
    expect(page.get_by_role("heading")).to_have_count(0)
    expect(page.get_by_text("The experiment says: it depends")).to_be_visible()


def test_before_a_class_a_claim_has_the_whole_screen(new_page):
    page = new_page("/claims?claim=18&revealed=true&present=true", viewport={"width": 1280, "height": 720})
    expect(page.locator(".chart[data-drawn]")).to_be_in_viewport(ratio=1, timeout=SOON)
    expect(page.get_by_role("heading", name="Claims on trial")).to_have_count(0)
    page.get_by_role("button", name="All claims").click()
    expect(page.get_by_role("heading", name="Claims on trial")).to_be_visible(timeout=SOON)


WATCH = """() => {
    window.seen = { waited: false, both: false };
    new MutationObserver(() => {
        const waits = document.body.innerText.includes("The experiment runs…");
        window.seen.waited ||= waits;
        window.seen.both ||= waits && !!document.querySelector(".st-key-vote-true");
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def test_no_vote_while_the_experiment_runs(new_page):
    page = new_page("/claims?claim=11")
    vote = page.get_by_role("button", name="False", exact=True)
    expect(vote).to_be_visible(timeout=SOON)
    page.evaluate(WATCH)
    vote.click()
    expect(page.get_by_role("heading", name="You said: false. Right.")).to_be_visible(timeout=SOON)
    assert page.evaluate("window.seen") == {"waited": True, "both": False}
