"""Lessons in a real browser: the keys of a clicker, what a class sees, and a phone."""

import re
import time
from itertools import pairwise

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
    page.keyboard.press("r")
    step(page, "Reveal")
    expect(page.get_by_test_id("stAlertContentSuccess")).to_contain_text("The class expected C")
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


def top(page):
    """How far the page is scrolled."""
    return page.locator("[data-testid=stMain]").evaluate("e => e.scrollTop")


def test_every_step_begins_at_its_heading(new_page):
    for width, height in ((390, 844), (1280, 720)):
        page = new_page("/lessons?lesson=rare&step=Experiment", viewport={"width": width, "height": height})
        for title in ("Experiment", "Reveal", "Explain", "Transfer"):
            step(page, title)
            assert 0 <= page.get_by_role("heading", name="1. Why").bounding_box()["y"] < height / 2
            page.locator(".st-key-step-next button").click()  # at the end of what may be a long page
        expect(page.get_by_role("heading", name="2. Two")).to_be_in_viewport(ratio=1, timeout=60_000)


def test_a_slider_that_was_dragged_leaves_the_clicker_its_keys(new_page):
    page = new_page("/lessons?lesson=rare&step=Experiment&present=true", viewport={"width": 1280, "height": 1000})
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=60_000)
    step(page, "Experiment")
    slider, track = (
        page.get_by_role("slider", name="Imbalance", include_hidden=True),
        page.locator(".stSlider [data-rac]").nth(1),
    )
    track.click()
    expect(page).to_have_url(re.compile(r"rare-imbalance=10\d"))
    turned = slider.input_value()
    page.keyboard.press("ArrowRight")
    step(page, "Reveal")
    page.keyboard.press("ArrowLeft")
    step(page, "Experiment")
    slider.focus()
    page.keyboard.press("PageDown")  # nor does one that was reached by keyboard take these
    step(page, "Reveal")
    expect(slider).to_have_value(turned)


def test_a_clicker_shows_the_whole_of_a_long_step(new_page):
    page = new_page("/lessons?lesson=rare&step=Explain&present=true", viewport={"width": 1280, "height": 720})
    chart = page.locator(".chart[data-drawn]")
    expect(chart).to_be_attached(timeout=60_000)
    step(page, "Explain")
    expect(chart).not_to_be_in_viewport(ratio=0.5)
    seen = [top(page)]
    for _ in range(5):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(300)
        if page.get_by_role("radio", name="Transfer", exact=True).is_checked() or top(page) <= seen[-1]:
            break
        seen.append(top(page))
    assert len(seen) > 1
    assert max(b - a for a, b in pairwise(seen)) < 720  # nothing is passed over
    step(page, "Transfer")
    assert top(page) == 0
    page.keyboard.press("PageUp")
    step(page, "Explain")
    page.keyboard.press(" ")
    page.keyboard.press(" ")
    expect(chart).to_be_in_viewport(ratio=0.9)
    page.keyboard.press("PageUp")
    page.wait_for_timeout(300)
    step(page, "Explain")


def test_fast_keys_are_all_heard(new_page):  # on a screen where no step is out of sight
    page = new_page("/lessons?lesson=rare&step=Predict&present=true", viewport={"width": 1280, "height": 2400})
    expect(page.locator(".keys[data-listening]")).to_be_attached(timeout=60_000)
    step(page, "Predict")
    for key in ("b", "PageDown", "PageDown", "ArrowRight"):
        page.keyboard.press(key)
    step(page, "Transfer")


LISTENERS = """() => {
    window.listeners = 0;
    for (const [name, by] of [["addEventListener", 1], ["removeEventListener", -1]]) {
        const does = window[name];
        window[name] = function (kind, ...more) {
            if (kind === "resize") window.listeners += by;
            return does.call(this, kind, ...more);
        };
    }
}"""


def test_a_picture_that_was_left_listens_no_more(new_page):
    page = new_page("/lessons?lesson=rare&present=true&step=Explain")
    step(page, "Explain")
    page.evaluate(LISTENERS)
    seen = []
    for times in (1, 3):
        for _ in range(times):
            page.keyboard.press("ArrowRight")
            step(page, "Transfer")
            page.keyboard.press("ArrowLeft")
            step(page, "Explain")
            expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=60_000)
        page.wait_for_timeout(5_000)  # they look whether they are there no more
        seen.append(page.evaluate("listeners"))
    assert seen[1] <= seen[0]


def test_progress_outlives_other_pages(new_page, visit):
    page = new_page("/lessons?lesson=rare&step=Explain&answers=rare-C-B")
    step(page, "Explain")
    page.get_by_role("main").get_by_role("link", name="Strategy race").click()
    expect(page.get_by_role("heading", name="Strategy race", exact=True)).to_be_visible(timeout=60_000)
    visit(page, "Lessons")
    expect(page.get_by_text("6 minutes · done")).to_be_visible(timeout=60_000)
    expect(page).to_have_url(re.compile("answers=rare-C-B"))
    visit(page, "Costs")
    expect(page.get_by_role("heading", name="Costs", exact=True)).to_be_visible(timeout=60_000)
    visit(page, "Lessons")
    expect(page.get_by_text("6 minutes · done")).to_be_visible(timeout=60_000)


def test_before_a_class_links_and_the_list_stay_in_presenter_mode(new_page):
    page = new_page("/lessons?present=true")
    expect(page.locator(".keys[data-listening]")).to_be_attached(timeout=60_000)
    expect(page.locator(".st-key-open-rare")).to_be_visible()
    page.keyboard.press("ArrowRight")
    step(page, "Question")
    expect(page.get_by_role("heading", name="1. Why")).to_be_visible()
    page.keyboard.press("PageUp")
    expect(page.locator(".st-key-open-rare")).to_be_visible()
    page.goto(page.url.split("?")[0] + "?lesson=rare&step=Explain&present=true")
    step(page, "Explain")
    page.get_by_role("link", name="Strategy race").click()
    expect(page).to_have_url(re.compile(r"/race\?.*present=true"), timeout=60_000)
    expect(page.locator("[data-frames]:not([data-frames='0'])").first).to_be_visible(timeout=60_000)
    assert page.get_by_role("link", name="Home").count() == 0
    page.go_back()
    step(page, "Explain")


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


CLASH = """() => {
    const chart = document.querySelector(".chart"), box = chart.getBoundingClientRect();
    const texts = [...chart.querySelectorAll("text")].filter((t) => t.textContent.trim() && t.getBoundingClientRect().width);
    const at = texts.map((t) => t.getBoundingClientRect()), bad = [];
    for (const [i, a] of at.entries()) {
        if (a.top < box.top - 1 || a.bottom > box.bottom + 1 || a.right > box.right + 1) bad.push("cut: " + texts[i].textContent);
        for (const [j, b] of at.entries()) {
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (j > i && wide > 2 && high > 4) bad.push(texts[i].textContent + " on " + texts[j].textContent);
        }
    }
    return bad;
}"""


@pytest.mark.parametrize(
    ("name", "more", "width"),
    [
        ("price", "&present=true", 390),
        ("price", "&present=true", 1280),
        ("costs", "&present=true", 1280),
        ("ways", "&present=true&step=Explain", 1920),
        ("price", "&present=true&step=Explain", 1920),
        ("pixels", "&present=true", 1920),
    ],
)
def test_no_text_of_a_picture_stands_on_another(new_page, name, more, width):
    step = "" if "step=" in more else "&step=Reveal"
    size = {"width": width, "height": 1080 if width == 1920 else 720}
    page = new_page(f"/lessons?lesson={name}{step}{more}", viewport=size)
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=60_000)
    assert page.evaluate(CLASH) == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_before_a_class_the_whole_picture_is_in_sight(new_page, width, height):
    page = new_page("/lessons?lesson=undone&step=Reveal&present=true", viewport={"width": width, "height": height})
    chart = page.locator(".chart[data-drawn]")
    for name in ("rare", "undone", "pixels"):
        for title in ("Experiment", "Reveal"):
            page.goto(f"{page.url.split('?')[0]}?lesson={name}&step={title}&present=true")
            step(page, title)
            expect(chart).to_be_in_viewport(ratio=1, timeout=60_000)
            expect(chart.locator(".legendtext").first).to_be_in_viewport(ratio=1)
            if title == "Experiment":  # with nothing below it but the way on
                expect(page.locator(".st-key-step-next button")).to_be_in_viewport(ratio=1)
    drawn = page.evaluate('document.querySelector(".chart").layout')
    assert (drawn["height"] > 500, drawn["font"]["size"] > 25) == (height > 720,) * 2  # of a larger screen, more


SIZE = "(() => { const { height, font } = document.querySelector('.chart').layout; return [height, font.size]; })()"


def drawn(page, as_wished):
    """The height and type of the picture once it is drawn as it should be."""
    end = time.monotonic() + 20
    while None in (size := page.evaluate(SIZE)) or not as_wished(size):  # Plotly forgets the height while it resizes
        assert time.monotonic() < end, size
        page.wait_for_timeout(200)
    return size


def test_before_a_class_a_picture_follows_the_screen_and_the_step(new_page):
    page = new_page("/lessons?lesson=rare&step=Experiment&present=true", viewport={"width": 1280, "height": 720})
    chart = page.locator(".chart[data-drawn]")
    expect(chart).to_be_visible(timeout=60_000)
    step(page, "Experiment")
    page.wait_for_timeout(1500)
    small = page.evaluate(SIZE)
    page.set_viewport_size({"width": 1920, "height": 1080})  # a projector is plugged in
    drawn(page, lambda size: size[0] > small[0] and size[1] > 25)
    page.set_viewport_size({"width": 1280, "height": 720})
    drawn(page, lambda size: size == small)
    page.keyboard.press("ArrowRight")
    step(page, "Reveal")
    drawn(page, lambda size: size != small)  # other things stand above it now
    page.wait_for_timeout(1000)
    by_key = page.evaluate(SIZE)
    page.reload()
    expect(chart).to_be_visible(timeout=60_000)
    drawn(page, lambda size: size == by_key)  # as by its link


def test_values_on_narrow_bars_are_turned(new_page):
    page = new_page("/lessons?lesson=undone&step=reveal", viewport={"width": 390, "height": 720})
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=60_000)
    expect(page.locator(".chart .bartext").first).to_have_attribute("transform", re.compile("rotate"))


def test_images_on_a_phone_take_the_width_there_is(new_page):
    page = new_page("/lessons?lesson=pixels&step=reveal", viewport={"width": 390, "height": 844})
    expect(page.locator(".chart[data-drawn]")).to_be_visible(timeout=60_000)
    panels = page.evaluate(
        '[...document.querySelectorAll(".chart .heatmaplayer image")].map((i) => i.getBoundingClientRect().width)'
    )
    assert len(panels) == 3
    assert min(panels) > 220
