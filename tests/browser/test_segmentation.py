"""Segmentation in a real browser: it streams, scrubs, shows stuck pixels, keeps to the link, and files open again."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import expect

from lossviz.figures import STUCK_COLOUR, ZERO_COLOUR
from lossviz.scenes import VOID
from lossviz.segplan import prepare_scenes

pytestmark = pytest.mark.browser

FIRST = 180_000
SOON = 30_000
SMALL = "/segmentation?seg-steps=20&seg-scenes=8"


def trained(page, timeout=FIRST):
    """The component, once the last frame is drawn."""
    root = page.locator(".segments").first
    expect(root).to_have_attribute("data-frames", re.compile("[1-9]"), timeout=timeout)
    expect(root).to_have_attribute("data-frames", root.get_attribute("data-total"), timeout=timeout)
    return root


def pixels(page, row, kind):
    """What a canvas shows, [64, 64, 3]; row −1 is the scene and its truth."""
    canvas = page.locator(f".map canvas[data-kind={kind}]").nth(max(row, 0))
    found = canvas.evaluate("(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]")
    return np.array(found, np.uint8).reshape(64, 64, 4)[..., :3]


def test_what_is_drawn_is_the_run_and_the_stuck_are_seen(new_page):
    page = new_page(SMALL + "&seg-methods=plain&seg-methods=multiplied_mask")
    root = trained(page)
    plan = prepare_scenes(["plain", "multiplied_mask"], steps=20, scenes=8)
    scene = plan.shown()
    np.testing.assert_array_equal(pixels(page, -1, "image"), scene.images[2])
    root.locator("input[type=range]").focus()
    page.keyboard.press("Home")
    expect(root).to_have_attribute("data-frame", "0")
    plain, stuck = (int(n) for n in root.get_attribute("data-stuck").split(","))
    assert plain == 0
    pink = [int(STUCK_COLOUR[i : i + 2], 16) for i in (1, 3, 5)]
    drawn = (pixels(page, 1, "gradient") == pink).all(-1)
    assert drawn.sum() == stuck > 0
    assert not drawn[scene.labels[2] == VOID].any()
    expect(root.locator(".method.flawed p")).to_contain_text("loss 2.485 = log 12, gradient exactly 0")
    page.keyboard.press("ArrowRight")
    expect(root).to_have_attribute("data-frame", "1")
    box = root.locator(".map canvas").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.8)
    expect(root.get_by_text("Road. Plain:")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_exactly_zero_has_a_colour_of_its_own(new_page, scheme):
    page = new_page(SMALL + "&seg-methods=true_mask", color_scheme=scheme)
    root = trained(page)
    zero = [int(ZERO_COLOUR[i : i + 2], 16) for i in (1, 3, 5)]
    truth = prepare_scenes(["true_mask"], steps=20, scenes=8).shown().labels[2]
    mask = pixels(page, 0, "mask")
    np.testing.assert_array_equal((mask == zero).all(-1), truth == VOID)
    others = np.abs(mask[truth != VOID].astype(int) - zero).sum(-1)
    assert others.min() > 100, "no other weight looks alike"
    expect(root.get_by_text("white: weight, loss or gradient exactly 0")).to_be_visible()


def test_files_open_again(new_page):
    page = new_page(SMALL + "&seg-methods=plain")
    root = trained(page)
    with page.expect_download(timeout=SOON) as download:
        root.get_by_role("button", name="PNG").click()
    with Image.open(download.value.path()) as picture:
        assert picture.size[0] > 1000
    with page.expect_download(timeout=SOON) as download:
        root.get_by_role("button", name="SVG").click()
    svg = ElementTree.fromstring(download.value.path().read_bytes())
    space = {"s": "http://www.w3.org/2000/svg"}
    assert len(svg.findall("s:image", space)) == 6
    assert {"Sky", "exactly 0", "stuck"} <= {t.text for t in svg.findall("s:text", space)}
    root.get_by_label("Speed").select_option("4")
    page.get_by_text("Take it away").click()
    with page.expect_download(timeout=SOON) as download:
        page.get_by_role("button", name="IoU of every frame (CSV)").click()
    table = pd.read_csv(download.value.path())
    assert list(table["Step"]) == prepare_scenes(["plain"], steps=20, scenes=8).steps.tolist()
    with page.expect_download(timeout=SOON) as download:
        page.get_by_role("button", name="The arrays (NPZ)").click()
    kept = np.load(io.BytesIO(download.value.path().read_bytes()))
    assert kept["iou"].shape[1:] == (1, 12)
    with page.expect_download(timeout=SOON) as download:
        page.get_by_role("button", name="Interactive page (HTML)").click()
    saved = download.value.path().read_text()
    alone = page.context.new_page()
    alone.set_content(saved)
    expect(alone.locator(".segments")).to_have_attribute("data-frames", root.get_attribute("data-total"), timeout=SOON)


def test_another_scene_is_in_the_link_and_trains_nothing(new_page):
    page = new_page(SMALL + "&seg-methods=plain&seg-scene=Training+scene+1")
    root = trained(page)
    expect(root).to_have_attribute("data-scene", "0")
    run = root.get_attribute("data-run")
    page.get_by_role("combobox", name=re.compile("Scene")).click()
    page.get_by_role("option", name="Unseen scene 2").click()
    expect(root).to_have_attribute("data-scene", "3", timeout=SOON)
    assert root.get_attribute("data-run") == run
    page.wait_for_url("**seg-scene=Unseen+scene+2**")


def test_the_link_is_the_state(new_page):
    page = new_page(SMALL + "&seg-methods=plain")
    before = trained(page).get_attribute("data-run")
    page.get_by_role("button", name="Weighted by true label").click()
    page.get_by_role("combobox", name=re.compile("Class weights")).click()
    page.get_by_role("option", name="Square root").click()
    page.get_by_text("Void has weight 0").click()
    page.wait_for_url("**seg-void=false**")
    root = page.locator(".segments").first
    expect(root.locator(".method")).to_have_count(2, timeout=FIRST)
    root = trained(page)
    run, words = root.get_attribute("data-run"), root.locator(".sentence").inner_text()
    assert run != before
    other = new_page(page.url)
    again = trained(other)
    assert again.get_attribute("data-run") == run
    expect(again.locator(".sentence")).to_have_text(words)


def test_embedded_there_are_pictures_and_controls_only(new_page):
    page = new_page(SMALL + "&seg-methods=plain&embed=true")
    root = trained(page)
    expect(root.get_by_label("Step of training")).to_be_visible()
    expect(root.locator(".numbers").first).to_be_hidden()
    expect(page.get_by_role("button", name="Dice")).to_be_visible()
    page.wait_for_timeout(1500)
    expect(page.get_by_role("heading", name=re.compile("Segmentation|How each class|Weights from"))).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
    expect(page.get_by_test_id("stExpander")).to_have_count(0)


@pytest.mark.parametrize("more", ["", "&embed=true", "&seg-look=masks"])
def test_on_a_phone_nothing_scrolls_sideways(new_page, more):
    page = new_page(
        f"{SMALL}&seg-methods=plain&seg-methods=multiplied_mask{more}", viewport={"width": 390, "height": 844}
    )
    trained(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    expect(page.get_by_role("heading", name="Weights from pixels")).to_have_count(0 if "embed" in more else 1)
