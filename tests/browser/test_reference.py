"""The reference in a real browser: its link, its formulas, and that it fits a phone."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
FIRST, SOON = 60_000, 15_000


def drawn(page, charts=2):
    expect(page.locator(".chart[data-drawn]")).to_have_count(charts, timeout=FIRST)


def fits(page):
    return page.evaluate(
        "document.querySelector('.stMain').scrollWidth <= document.querySelector('.stMain').clientWidth"
    )


def test_an_entry_from_its_link(new_page):
    page = new_page("/reference?strategy=vs&ref-counts=500,31")
    drawn(page)
    expect(page.get_by_role("heading", name="VS loss", exact=True)).to_be_visible()
    expect(page.locator(".katex-error")).to_have_count(0)
    lit = page.locator(".katex-display .underline-line")
    expect(lit).to_have_count(2)
    away = page.get_by_role("link", name="arXiv:2103.01550")
    assert away.get_attribute("target") == "_blank"
    assert "noopener" in away.get_attribute("rel")
    expect(page.get_by_text("One call of Keras")).to_have_count(0)
    page.get_by_role("button", name="Equalization (SEQL) →").click()
    expect(page.get_by_role("heading", name="Equalization (SEQL)", exact=True)).to_be_visible(timeout=SOON)
    expect(page).to_have_url(re.compile(r"strategy=equalization"))
    assert "ref-counts=500" in page.url


def test_found_and_then_kept_on_reload(new_page):
    page = new_page("/reference")
    drawn(page)
    page.get_by_label("Find by name or source").fill("2007.10740")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Balanced softmax", exact=True)).to_be_visible(timeout=SOON)
    expect(page).to_have_url(re.compile(r"strategy=balanced_softmax"))
    page.reload()
    drawn(page)
    expect(page.get_by_role("heading", name="Balanced softmax", exact=True)).to_be_visible()


def test_a_knob_changes_pictures_and_code(new_page):
    page = new_page("/reference?strategy=focal")
    drawn(page)
    before = page.get_by_text("With the true logit 1 behind, an example").inner_text()
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("With the true logit 1 behind, an example")).not_to_have_text(before, timeout=SOON)
    expect(page.locator("code").filter(has_text="gamma = 2.1").first).to_be_visible(timeout=SOON)
    expect(page).to_have_url(re.compile(r"focal-gamma=2.1"))


@pytest.mark.parametrize("path", ["strategy=error_weighted&ref-counts=9,8,7,6,5,4,3,2,1,1", "scheme=pos_weight"])
def test_it_fits_a_phone(new_page, path):
    page = new_page(f"/reference?{path}", viewport={"width": 390, "height": 844}, color_scheme="dark")
    drawn(page, 2 if "strategy" in path else 1)
    assert fits(page)


def test_embedded_it_is_picture_and_controls(new_page):
    page = new_page("/reference?strategy=ldam&embed=true", viewport={"width": 390, "height": 844})
    drawn(page)
    expect(page.get_by_role("heading")).to_have_count(0)
    expect(page.locator("table")).to_have_count(0)
    expect(page.get_by_label("Examples of each class").first).to_be_visible()
    assert fits(page)
