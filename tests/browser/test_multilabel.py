"""Multi-label training in a real browser: it streams to its end, links show the same, a table with a fault is told."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SMALL = "/multilabel?m-n=200&m-rarest=0.1&m-steps=50"


def drawn(page, key):
    chart = page.locator(f".st-key-chart-{key} .chart[data-drawn]").first
    expect(chart).to_be_visible(timeout=120_000)


def test_it_trains_to_the_end_and_fits_a_phone(new_page):
    page = new_page(SMALL, viewport={"width": 390, "height": 844})
    drawn(page, "found")
    expect(page.get_by_text("After 50 steps")).to_be_visible(timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    page.get_by_text("Yes twice").click()
    drawn(page, "twice")
    assert "m-view=" in page.url


def test_a_table_is_told_what_is_wrong_or_trained(new_page):
    page = new_page("/multilabel?m-data=upload&m-steps=50")
    lines = [f"{i % 11},{i % 7},{int(i % 5 == 0)},{int(i % 3 == 0)}" for i in range(90)]
    field = page.locator("input[type=file]")
    table = "a,b,u,v\n" + "\n".join(lines)
    never = table.replace(",1\n", ",0\n")
    field.set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": (never[:-1] + "0").encode()})
    expect(page.get_by_text("it is never there")).to_be_visible(timeout=60_000)
    field.set_input_files({"name": "good.csv", "mimeType": "text/csv", "buffer": table.encode()})
    expect(page.get_by_text("After 50 steps")).to_be_visible(timeout=120_000)


def test_embedded_there_are_picture_and_controls(new_page):
    page = new_page("/multilabel?m-view=worked&embed=true")
    drawn(page, "worked")
    expect(page.get_by_role("heading", name="Multi-label")).to_have_count(0)
    expect(page.get_by_text("Take it away")).to_have_count(0)
