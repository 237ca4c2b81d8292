"""Class weights in a real browser: drop a file, take a fix, take code and files home, go on to the race."""

import io
import json
import time
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

import lossviz

pytestmark = pytest.mark.browser

SOON = 30_000
LABELS = ["ok"] * 400 + ["OK"] * 3 + ["fraud"] * 40 + [""] * 2


def saved(page, button, tmp_path):
    with page.expect_download(timeout=SOON) as download:
        page.get_by_role("button", name=button, exact=True).click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    return path


def upload(page, data, name="mine.csv"):
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})


def test_from_a_file_to_weights_code_and_the_race(new_page, tmp_path):
    page = new_page("/weights")
    expect(page.get_by_role("heading", name="531 rows, 2 classes")).to_be_visible(timeout=SOON)
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=SOON)
    page.locator(".chart[data-drawn]").hover()
    expect(page.locator(".modebar-btn[data-title*=PNG], .modebar-btn[data-title*=png]").first).to_be_visible()
    expect(page.locator(".modebar-btn[data-title*=Share]")).to_have_count(0)  # it would send the chart to a cloud
    page.get_by_role("radio", name="Drop a file").or_(page.get_by_role("button", name="Drop a file")).first.click()
    expect(page.get_by_text("Nothing is counted yet")).to_be_visible(timeout=SOON)
    upload(page, ("id,kind\n" + "\n".join(f"{i},{label}" for i, label in enumerate(LABELS)) + "\n").encode())
    expect(page.get_by_role("heading", name="443 rows, 3 classes")).to_be_visible(timeout=SOON)
    page.get_by_text("which differs from 'ok'").click()
    expect(page.get_by_role("heading", name="443 rows, 2 classes")).to_be_visible(timeout=SOON)
    expected = lossviz.class_weights([40, 403])

    found = json.loads(saved(page, "Weights (JSON)", tmp_path).read_text())
    assert found["counts"] == {"fraud": 40, "ok": 403}
    np.testing.assert_allclose(list(found["weights"].values()), expected)
    table = pd.read_csv(io.BytesIO(saved(page, "Weights (CSV)", tmp_path).read_bytes()))
    np.testing.assert_allclose(table["weight"], expected)
    cells = json.loads(saved(page, "Notebook of this library", tmp_path).read_text())["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    assert "classes = ['fraud', 'ok']" in code[0]

    page.get_by_role("link", name="Race the strategies on toy data with these counts").click()
    expect(page.locator(".legend")).to_contain_text("class 1: 40", timeout=120_000)
    assert parse_qs(urlsplit(page.url).query)["blobs-counts"] == ["403, 40"]


def test_five_megabytes_are_read_while_one_waits(new_page):
    page = new_page("/weights")
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=SOON)  # the libraries are there
    page.get_by_role("radio", name="Drop a file").or_(page.get_by_role("button", name="Drop a file")).first.click()
    expect(page.get_by_text("Nothing is counted yet")).to_be_visible(timeout=SOON)
    rng = np.random.default_rng(0)
    lines = [
        f"{i},{label},{i % 97}.25"
        for i, label in enumerate(rng.choice(["ok", "fraud", "odd"], 350_000, p=[0.9, 0.02, 0.08]))
    ]
    data = ("id,kind,amount\n" + "\n".join(lines) + "\n").encode()
    assert len(data) > 5e6
    begun = time.perf_counter()
    upload(page, data)
    expect(page.get_by_role("heading", name="350,000 rows, 3 classes")).to_be_visible(timeout=SOON)
    assert time.perf_counter() - begun < 10, "one second on a quiet machine, as bench/app.py measures"


def test_the_link_is_the_state(new_page):
    page = new_page("/weights?counts=a,900%0Ab,90%0Ac,10&scheme=sqrt&normalise=mean&costs=true")
    expect(page.get_by_role("heading", name="Square root weights, mean example 1")).to_be_visible(timeout=SOON)
    page.get_by_label("A label and its count on each line").fill("a,900\nb,9")
    page.get_by_label("A label and its count on each line").press("Control+Enter")
    expect(page.get_by_role("heading", name="909 rows, 2 classes")).to_be_visible(timeout=SOON)
    copy = new_page(page.url)
    expect(copy.get_by_role("heading", name="909 rows, 2 classes")).to_be_visible(timeout=SOON)
    expect(copy.get_by_role("heading", name="Square root weights, mean example 1")).to_be_visible(timeout=SOON)


def test_what_stands_twice_in_a_link_is_answered_in_words(new_page):
    page = new_page("/weights?counts=a,900%0Ab,90&counts=%3Cb%3E&scheme=sqrt&scheme=nonesuch&beta=NaN&miss=1&miss=inf")
    expect(page.get_by_text("'<b>' is no label with its count")).to_be_visible(timeout=SOON)  # the last one counts
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_on_a_phone_nothing_is_wider_than_the_page(new_page):
    page = new_page("/weights", viewport={"width": 390, "height": 844})
    expect(page.get_by_role("heading", name="531 rows, 2 classes")).to_be_visible(timeout=SOON)
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=SOON)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("[data-testid=stMain]").evaluate("e => e.scrollWidth") <= 390
