"""Multi-label training in a real browser: it streams to its end, links show the same, a table with a fault is told."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
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


def test_a_picture_whose_script_is_still_on_its_way_says_so(new_page):
    page, held = new_page("/"), []
    page.route("**/vendor/*", lambda route: held.append(route))
    with page.expect_request("**/vendor/*", timeout=60_000):
        page.goto(page.url.rstrip("/") + "/multilabel?m-view=worked")
    chart = page.locator(".st-key-chart-worked .chart")
    expect(chart).to_be_attached(timeout=60_000)
    assert "Drawing the picture" in chart.evaluate("e => getComputedStyle(e, '::before').content")
    assert chart.get_attribute("data-drawn") is None
    held[0].continue_()
    drawn(page, "worked")
    assert chart.evaluate("e => getComputedStyle(e, '::before').content") == "none"


def said(page):
    """What the first view says once its run has ended."""
    expect(page.get_by_text("Take it away")).to_be_visible(timeout=120_000)
    chart = page.locator(".st-key-chart-found .chart[data-drawn]").first
    expect(chart).to_have_attribute("aria-label", re.compile("^After 50 steps"), timeout=120_000)
    return chart.get_attribute("aria-label")


def test_the_link_is_the_state(new_page):
    page = new_page(SMALL)
    first = said(page)
    page.get_by_role("button", name="Focal").click()
    page.get_by_role("combobox", name=re.compile("Model")).click()
    page.get_by_role("option", name="MLP", exact=False).first.click()
    page.get_by_role("combobox", name=re.compile("Decided")).click()
    page.get_by_role("option", name="Learned, best F1").click()
    page.wait_for_url("**m-rule=Learned**")
    page.wait_for_url("**m-model=MLP**")
    page.wait_for_timeout(2000)
    words = said(page)
    assert words != first
    assert "Focal" in words
    assert said(new_page(page.url)) == words


def test_what_a_link_asks_in_vain_is_still_said_when_training_has_ended(new_page):
    page = new_page(f"{SMALL}&m-seed=77777")
    said(page)
    page.wait_for_timeout(1000)
    expect(page.get_by_text("m-seed=77777")).to_be_visible()


def test_files_open_again(new_page):
    page = new_page(SMALL + "&m-view=threshold")
    drawn(page, "threshold")
    page.get_by_text("Take it away").click()

    def taken(name):
        with page.expect_download(timeout=30_000) as download:
            page.get_by_role("button", name=name).click()
        return download.value.path().read_bytes()

    table = pd.read_csv(io.BytesIO(taken("The numbers (CSV)")))
    assert set(table["decided"]) == {"Above a half", "Moved to the prior", "Learned, best F1"}
    assert table["recall"].between(0, 1).any()
    kept = np.load(io.BytesIO(taken("The arrays (NPZ)")))
    assert kept["recall"].shape[0] == 3
    alone = page.context.new_page()
    alone.set_content(taken("Interactive page (HTML)").decode())
    expect(alone.get_by_text("Moved to the prior").first).to_be_visible(timeout=30_000)
    page.locator(".st-key-chart-threshold .chart").hover()
    with page.expect_download(timeout=30_000) as download:
        page.locator(".st-key-chart-threshold [data-title='Download plot as a PNG']").click()
    with Image.open(download.value.path()) as picture:
        assert picture.size[0] > 1000


def test_embedded_a_trained_picture_is_alone(new_page):
    page = new_page(SMALL + "&m-view=threshold&embed=true")
    drawn(page, "threshold")
    expect(page.get_by_role("button", name="Focal")).to_be_visible()
    expect(page.get_by_role("heading", name="Multi-label")).to_have_count(0)
    expect(page.get_by_test_id("stExpander").filter(has_text="Take it away")).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
