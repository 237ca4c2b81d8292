"""Costs in a real browser: models are trained for a matrix, its pictures come, a changed cost is in the link and trains anew."""

import io
import json
import re
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

FIRST = 120_000
SMALL = "/costs?c-problem=fraud&c-steps=50&c-fraud-n=200"


def drawn(page, key):
    chart = page.locator(f".st-key-chart-{key} .chart[data-drawn]").first
    expect(chart).to_be_visible(timeout=FIRST)
    return chart


def test_costs_are_trained_for_and_priced(new_page):
    page = new_page(SMALL)
    expect(page.locator(".race:not([data-frames='0'])")).to_be_visible(timeout=FIRST)
    expect(page.get_by_text("Edit the data")).to_have_count(0)
    drawn(page, "realised")
    curve = drawn(page, "cost-curve")
    low, high = curve.evaluate("(e) => e._fullLayout.xaxis.range")  # powers of ten
    assert -3 < low < high < 5, "the ratios that run, and nothing beyond"
    drawn(page, "assumed")
    field = page.get_by_role("textbox", name="Costs as rows")
    field.fill("0, 1; 1, 0")
    field.press("Enter")
    expect(page.get_by_text(re.compile("as usual: both mistakes cost the same"))).to_be_visible(timeout=FIRST)
    assert parse_qs(urlsplit(page.url).query)["c-fraud-cost"] == ["0, 1; 1, 0"]
    field.fill("0, 1; -4, 0")
    field.press("Enter")
    expect(page.get_by_text(re.compile("a cost cannot be negative"))).to_be_visible(timeout=FIRST)


SAID_AT_ONCE = """async ([field, option, text]) => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text);
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  option.click(); // heard first: the platform answers for its part of the page
  for (let i = 0; i < 20; i++) await null; // both are heard, and no timer runs
  const enter = { key: "Enter", keyCode: 13, charCode: 13, bubbles: true };
  for (const type of ["keydown", "keypress"]) field.dispatchEvent(new KeyboardEvent(type, enter));
}"""


def test_a_cost_counts_that_is_changed_in_the_same_moment_as_something_below(new_page):
    page = new_page(SMALL)
    drawn(page, "cost-curve")
    field = page.get_by_role("textbox", name="Costs as rows")
    box = field.element_handle()  # while a list is open, nothing else has a role
    runs = page.get_by_role("combobox", name="The mistake whose cost runs")
    runs.evaluate("(e) => e.scrollIntoView({ block: 'center' })")  # one that scrolls when it is clicked closes its list
    runs.click()
    option = page.get_by_role("option", name=re.compile("genuine taken for fraud"))
    option.wait_for()
    page.evaluate(SAID_AT_ONCE, [box, option.element_handle(), "0, 1; 1, 0"])
    expect(page.get_by_text(re.compile("as usual: both mistakes cost the same"))).to_be_visible(timeout=FIRST)
    assert parse_qs(urlsplit(page.url).query)["c-fraud-cost"] == ["0, 1; 1, 0"]


def type_cell(page, digit):
    """Type a number into the table's last row, the column of the first class."""
    page.wait_for_timeout(2000)
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    page.mouse.click(box["x"] + 30, box["y"] + 0.85 * box["height"])  # the true class, which cannot be edited
    for key in ("ArrowRight", digit, "Enter"):
        page.wait_for_timeout(500)
        page.keyboard.press(key)


def test_a_cell_and_the_field_are_written_in_turn(new_page):
    page = new_page(f"{SMALL}&c-fraud-cost=0,+1;+1,+0", viewport={"width": 1280, "height": 1000})
    drawn(page, "assumed")
    type_cell(page, "7")
    field = page.get_by_role("textbox", name="Costs as rows")
    expect(field).to_have_value("0, 1; 7, 0", timeout=FIRST)
    field.fill("0, 3; 8, 0")
    field.press("Enter")
    expect(page.get_by_text(re.compile("costs as much as 2.7 false alarms"))).to_be_visible(timeout=FIRST)
    type_cell(page, "9")
    expect(field).to_have_value("0, 3; 9, 0", timeout=FIRST)
    expect(page.get_by_text(re.compile("costs as much as 3 false alarms"))).to_be_visible(timeout=FIRST)
    assert parse_qs(urlsplit(page.url).query)["c-fraud-cost"] == ["0, 3; 9, 0"]
    type_cell(page, "Delete")  # an emptied cell is named, and the others stay what they are
    expect(page.get_by_text("row 2: number 1 is missing")).to_be_visible(timeout=FIRST)
    page.keyboard.press("Escape")
    type_cell(page, "6")
    expect(field).to_have_value("0, 3; 6, 0", timeout=FIRST)
    expect(page.get_by_text("is missing")).to_have_count(0)


def test_on_a_phone_nothing_is_wider_than_the_screen(new_page):
    page = new_page(SMALL, viewport={"width": 390, "height": 800})
    drawn(page, "realised")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def trained(page, old=None):
    """The run on the page once it is drawn to its end, another one than `old`."""
    race = page.locator(".race").first
    expect(race).to_have_attribute("data-frames", re.compile("[1-9]"), timeout=FIRST)
    if old:
        expect(race).not_to_have_attribute("data-run", old, timeout=FIRST)
    drawn(page, "realised")
    return race.get_attribute("data-run")


def test_the_link_is_the_state(new_page):
    page = new_page(SMALL)
    first = trained(page)
    page.get_by_role("button", name="Expected cost").click()
    second = trained(page, first)
    field = page.get_by_role("textbox", name="Costs as rows")
    field.fill("0, 4; 50, 1")
    field.press("Enter")
    third = trained(page, second)
    page.get_by_role("combobox", name=re.compile("Model")).click()
    page.get_by_role("option", name="MLP", exact=False).first.click()
    fourth = trained(page, third)
    page.wait_for_url("**c-model=MLP**")
    other = new_page(page.url)
    assert trained(other) == fourth
    expect(other.get_by_role("textbox", name="Costs as rows")).to_have_value("0, 4; 50, 1")
    words = other.locator(".st-key-chart-assumed .chart").get_attribute("aria-label")
    assert page.locator(".st-key-chart-assumed .chart").get_attribute("aria-label") == words


def test_files_open_again(new_page):
    page = new_page(SMALL)
    trained(page)
    drawn(page, "cost-curve")

    def taken(click):
        with page.expect_download(timeout=30_000) as download:
            click()
        return download.value.path().read_bytes()

    for i in range(2):
        page.get_by_text("Take these numbers away").nth(i).click()
        csv = taken(page.get_by_role("button", name="CSV", exact=True).nth(i).click)
        assert pd.read_csv(io.BytesIO(csv)).columns[0] == "Decided by"
    page.get_by_text("Take it away").click()
    metrics = pd.read_csv(io.BytesIO(taken(page.get_by_role("button", name="Metrics (CSV)").click)))
    assert "Recall, fraud" in metrics.columns
    run = json.loads(taken(page.get_by_role("button", name="The run (JSON)").click))
    assert run["classes"] == ["genuine", "fraud"]
    assert "classes=['genuine', 'fraud']" in run["call"]
    with Image.open(io.BytesIO(taken(page.get_by_role("button", name="PNG").first.click))) as picture:
        assert picture.size[0] > 1000
    alone = page.context.new_page()
    alone.set_content(taken(page.get_by_role("button", name="Interactive page (HTML)").click).decode())
    expect(alone.locator(".race")).to_have_attribute("data-frames", re.compile("[1-9]"), timeout=30_000)


def test_embedded_there_are_picture_and_controls_only(new_page):
    page = new_page(f"{SMALL}&embed=true")
    race = page.locator(".race").first
    expect(race).to_have_attribute("data-frames", re.compile("[1-9]"), timeout=FIRST)
    expect(race).to_have_attribute("data-frames", race.get_attribute("data-total"), timeout=FIRST)
    page.wait_for_timeout(1500)
    expect(page.get_by_role("textbox", name="Costs as rows")).to_be_visible()
    expect(page.get_by_role("heading", name="Costs", exact=True)).to_have_count(0)
    expect(page.locator(".chart")).to_have_count(0)
    expect(page.get_by_test_id("stExpander")).to_have_count(0)
