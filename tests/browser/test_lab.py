"""The logit lab in a real browser: dragged, shifted, followed, shared; and how long a hand waits for its picture."""

import io
import json
import re
import time
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import ROOT
from lab_cases import cases, check
from PIL import Image
from playwright.sync_api import expect

from lossviz import STRATEGIES, lab, loss

pytestmark = pytest.mark.browser

SOON = 30_000


def opened(new_page, path="/lab", **options):
    page = new_page(path, **options)
    until(page, "(e) => +e.dataset.drawn > 0")
    return page


def until(page, text):
    """Wait until a function of the lab's element is true; asked anew from here, as the page's policy allows no eval."""
    end = time.monotonic() + SOON / 1000
    while not page.locator(".lab").evaluate(text):
        assert time.monotonic() < end, f"{text}: {page.locator('.lab').get_attribute('data-now')}"
        page.wait_for_timeout(30)


def addressed(page, part):
    """Wait until the link holds this."""
    expect(page).to_have_url(re.compile(re.escape(part)), timeout=SOON)


def now(page):
    return json.loads(page.locator(".lab").get_attribute("data-now"))


def shift_table(page):
    """Losses at t = 0 and at t, by strategy."""
    rows = page.locator(".shifts tbody tr")
    return {r.locator("th").inner_text(): r.locator("td").all_inner_texts() for r in rows.all()}


def test_the_kernel_is_the_equation(new_page):
    """What the page computes with equals `lossviz.loss` and `lossviz.gradient`: every strategy, random and extreme points."""
    page = opened(new_page)
    kernel = (ROOT / "pages" / "parts" / "kernel.js").read_text()
    page.evaluate(f"() => {{ {kernel}; window.kernel = {{ evaluate }}; }}")
    for case in cases():
        found = page.evaluate(
            "({ tables, z, y }) => z.map((v, i) => kernel.evaluate(tables, v, y[i])).map((r) => [r.value, r.gradient])",
            {k: case[k] for k in ("tables", "z", "y")},
        )
        check(case, [f[0] for f in found], [f[1] for f in found])


def test_the_first_picture_has_the_catalogues_numbers(new_page):
    page = opened(new_page)
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator(".card.flawed")).to_have_count(1)
    assert {k: v[0] for k, v in shift_table(page).items()} == {
        "Cross-entropy": "1.3132617", "Weighted cross-entropy": "1.2365929", "Multiplied logits (flawed)": "0.3634597",
    }  # fmt: skip
    formula = page.locator(".card").nth(1).locator(".formula").first
    expect(formula).to_have_text("w₁ · (−log q₁) = 0.942 × 1.313 = 1.237")
    expect(page.locator(".card").nth(2).locator(".formula").nth(1)).to_contain_text("softmax(0.0584·z₀, 0.942·z₁)")
    knob = page.get_by_role("slider", name="t, added to every logit")
    knob.fill("5")
    expect(page.locator(".shifts tbody tr").nth(2).locator("td").nth(1)).to_have_text("0.0052807")
    table = shift_table(page)
    assert table["Cross-entropy"][1:] == ["1.3132617", "unchanged"]
    assert table["Weighted cross-entropy"][1:] == ["1.2365929", "unchanged"]
    assert table["Multiplied logits (flawed)"][1:] == ["0.0052807", "−0.3581790"]
    expect(page.get_by_text("Yet the loss moves: Multiplied logits from 0.3634597 to 0.0052807")).to_be_visible()
    page.get_by_role("radio", name="class 0 is true").check()
    expect(page.locator(".shifts tbody tr").nth(2).locator("td").nth(1)).to_have_text("5.2463353")
    assert shift_table(page)["Multiplied logits (flawed)"][0] == "1.1883185"
    assert shift_table(page)["Weighted cross-entropy"][0] == "0.0182883"
    addressed(page, "y=0")
    addressed(page, "t=5")
    page.reload()
    until(page, "(e) => +e.dataset.drawn > 0")
    assert shift_table(page)["Multiplied logits (flawed)"][1] == "5.2463353"


def test_every_strategys_card_says_its_loss(new_page):
    names = ",".join(STRATEGIES)
    page = opened(new_page, f"/lab?z=0.5,-1,2&y=2&w=balanced&n=900,80,20&s={names}")
    expect(page.locator(".card")).to_have_count(len(STRATEGIES))
    table = shift_table(page)
    state, _ = lab.read({"z": "0.5,-1,2", "y": "2", "w": "balanced", "n": "900,80,20", "s": names})
    for entry in STRATEGIES.values():
        expected = loss(entry.name, state.logits, 2, state.counts, **lab.arguments(state, entry.name))
        said = table[entry.title + (" (flawed)" if entry.flawed else "")][0]
        assert float(said.replace("−", "-")) == pytest.approx(float(expected), abs=6e-8), entry.name


def test_counts_weights_and_knobs_reach_the_tables(new_page):
    page = opened(new_page, "/lab?s=weighted_cross_entropy,focal")
    page.get_by_label("Class weights from counts").select_option("By hand")
    weight = page.get_by_role("spinbutton", name="Weight of class 1")
    weight.fill("7.5")
    weight.press("Enter")
    expect(page.locator(".card").first.locator(".formula").first).to_contain_text("7.5 × 1.313 = 9.849")
    weight.fill("-1")
    expect(page.locator(".problem")).to_contain_text("Weight of class 1 must be a number from 0 to")
    weight.fill("0")
    weight.press("Enter")
    expect(page.locator(".card").first.locator(".loss")).to_have_text("ℓ = 0")
    page.get_by_role("spinbutton", name="Weight of class 0").fill("0")
    expect(page.locator(".problem")).to_contain_text("The weights are all 0")
    page.get_by_label("Class weights from counts").select_option("Balanced")
    expect(page.locator(".problem")).to_be_hidden()
    page.get_by_role("spinbutton", name="Count of class 1").fill("500")
    expect(page.locator(".card").first.locator(".formula").first).to_have_text("(−log q₁) = 1.313")
    page.get_by_text("Knobs of the strategies").click()
    page.get_by_role("slider", name="Focal loss: Focus γ").fill("0")
    expect(page.locator(".card").nth(1).locator(".formula").first).to_have_text("(−log q₁) = 1.313")
    page.get_by_role("slider", name="Focal loss: Focus γ").press("ArrowRight")
    addressed(page, "focal-gamma=0.1")
    page.get_by_label("Number of classes").select_option("4 classes")
    expect(page.get_by_role("slider", name=re.compile("Logit z.* of class"))).to_have_count(4)
    until(page, "(e) => JSON.parse(e.dataset.now).z?.split(',').length === 4")
    page.get_by_role("button", name="Start again").click()
    until(page, "(e) => e.dataset.now === '{}'")
    expect(page).to_have_url(re.compile(r"/lab$"), timeout=SOON)


def test_the_point_is_dragged_in_a_plane(new_page):
    page = opened(new_page)
    plane = page.locator(".planes").first.locator("canvas").nth(2)
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    before = plane.evaluate("(c) => c.toDataURL()")
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.375)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75, steps=5)
    until(page, "(e) => (JSON.parse(e.dataset.now).z ?? '').startsWith('-')")
    assert "z" not in parse_qs(urlsplit(page.url).query), "the link is written when it is let go"
    page.mouse.up()
    addressed(page, "z=")
    x, y = map(float, now(page)["z"].split(","))
    assert x == pytest.approx(-2, abs=0.04)
    assert y == pytest.approx(-2, abs=0.04)
    assert plane.evaluate("(c) => c.toDataURL()") != before
    expect(page.locator(".sentence").first).to_contain_text("punished, as its logit is negative")


def test_the_plane_is_painted_with_the_losses(new_page):
    """The colour of a band for the loss at each of some spots where nothing else is drawn, in every panel on one scale."""
    page = opened(new_page, "/lab?z=-3.9,3.9&range=4")
    page.locator(".planes").first.scroll_into_view_if_needed()
    page.wait_for_timeout(600)  # until it is drawn finely
    bands = page.locator(".scale").first.locator(".band")
    colours = [b.locator("i").evaluate("(e) => getComputedStyle(e).backgroundColor") for b in bands.all()]
    colours = np.array([[int(v) for v in re.findall(r"\d+", c)[:3]] for c in colours])
    levels = np.array([float(b.locator("span").inner_text()) for b in bands.all()])
    state, _ = lab.read({"z": "-3.9,3.9"})
    rng = np.random.default_rng(0)
    for i, name in enumerate(state.shown):
        png = page.locator(".planes").first.locator("canvas").nth(i).screenshot()
        picture = np.array(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        height, width = picture.shape[:2]
        hits = 0
        for x, y in rng.uniform(-3.7, 3.7, (300, 2)):
            spot = picture[int((4 - y) / 8 * height), int((x + 4) / 8 * width)]
            value = float(lab.value(lab.tables(state, name), [x, y], 1))
            band = np.searchsorted(levels, value, "right") - 1
            hits += np.abs(spot - colours[band]).max() < 6
        assert hits > 200, f"{name}: of 300 spots {hits} have the colour of their loss; arrows and lines cover some"


def test_following_the_gradient(new_page):
    page = opened(new_page, "/lab?z=2,-2&w=balanced", reduced_motion="reduce")
    page.get_by_role("button", name="One step").click()
    until(page, "(e) => e.dataset.steps === '1'")
    expect(page.locator(".planes").first.locator(".note").first).to_contain_text("step 1: z = [1.02, −1.02]")
    page.get_by_role("button", name="Follow the gradient").click()
    until(page, "(e) => +e.dataset.steps >= 60")
    said = page.locator(".sentence").nth(2).inner_text()
    assert "After 60 steps" in said
    assert "Cross-entropy at [" in said
    z = np.array([2.0, -2.0])
    for _ in range(60):
        p = np.exp(z) / np.exp(z).sum()
        z = z - (p - [0, 1])
    assert f"Cross-entropy at [−{-z[0]:.3g}, {z[1]:.3g}]" in said
    page.get_by_role("button", name="Back to the start").click()
    until(page, "(e) => e.dataset.steps === '0'")


def test_slow_motion_is_slow_and_stops(new_page):
    page = opened(new_page)
    page.get_by_role("button", name="Follow the gradient").click()
    until(page, "(e) => +e.dataset.steps >= 2 && +e.dataset.steps < 30")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Follow the gradient")).to_be_visible()
    steps = page.locator(".lab").get_attribute("data-steps")
    page.wait_for_timeout(400)
    assert page.locator(".lab").get_attribute("data-steps") == steps


def test_multiply_or_add(new_page):
    page = opened(new_page, "/lab?w=balanced&n=90,10")
    words = page.locator(".sentence").nth(3)
    expect(words).to_contain_text("raw logits decide class 1 (from 10\u00a0% on; class 1 is 10\u00a0% of the two)")
    expect(words).to_contain_text("the adjusted ones class 0, as plain cross-entropy would")
    raw = re.search(r"raw they decide class (\d) from this start \(from ([<>\d.]+)", words.inner_text())
    # the start keeps z0/a0 + z1/a1; on the decision line both are m; scaled they tie at half
    a = np.array([100 / 180, 100 / 20])
    m = (2 / a[0] + 1 / a[1]) / (1 / a).sum()
    threshold = 1 / (1 + np.exp(-(a[1] - a[0]) * m))
    assert float(raw[2]) == pytest.approx(100 * threshold, abs=0.01)
    page.get_by_role("slider", name="True share, on a logit scale").fill("-3")
    expect(words).to_contain_text("the raw logits decide class 0 (from 10")
    page.get_by_role("slider", name="Logit z₀ of class 0").fill("-8")
    page.get_by_role("slider", name="Logit z₁ of class 1").fill("-8")
    expect(words).to_contain_text("raw they decide class 1 from this start")


def test_the_batch_is_edited(new_page):
    page = opened(new_page, "/lab?batch=2,1,1&batch-weights=0.5,2")
    said = page.get_by_text("The same weights, three numbers")
    expect(said).to_contain_text("Keras 2.626523, PyTorch 1.313262, TF1 2.626523", timeout=SOON)
    grid = page.get_by_test_id("stDataFrame").nth(1)
    grid.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # until the table stands still
    box = grid.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 52)
    page.wait_for_timeout(300)
    page.keyboard.type("4")
    page.wait_for_timeout(700)  # its editor is loaded when it is first needed
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Keras 5.253047, PyTorch 1.313262", timeout=SOON)
    addressed(page, "batch-weights=0.5")
    assert parse_qs(urlsplit(page.url).query)["batch-weights"] == ["0.5,4"]


def test_pictures_to_take_home(new_page):
    page = opened(new_page)
    until(page, "(e) => e.dataset.settled === 'true'")
    with page.expect_download() as png:
        page.get_by_role("button", name="PNG", exact=True).click()
    picture = Image.open(png.value.path())
    assert picture.size[0] > 1500
    assert len(picture.convert("RGB").getcolors(1 << 24)) > 50
    with page.expect_download() as svg:
        page.get_by_role("button", name="SVG", exact=True).click()
    tree = ElementTree.parse(svg.value.path())
    texts = [t.text for t in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "Multiplied logits (flawed)" in texts
    assert len(list(tree.iter("{http://www.w3.org/2000/svg}image"))) == 3
    page.get_by_text("The numbers in these pictures").click()
    expect(page.get_by_role("region", name="All numbers of the cards").locator("tbody tr")).to_have_count(3)
    expect(page.get_by_role("region", name="All numbers of the cards")).to_contain_text("0.3634597")


def test_the_surface_turns_without_the_server_and_keeps_its_camera(browser, server):
    """Without the fixture that hears complaints: the browser's own software rendering warns of its slowness."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{server}/lab?s=cross_entropy")
    until(page, "(e) => +e.dataset.drawn > 0")
    page.get_by_text("Draw the surfaces").click()
    chart = page.locator(".chart[aria-label*='red point']")
    expect(chart.locator("canvas").first).to_be_visible(timeout=SOON)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    eye = "(e) => JSON.stringify(e._fullLayout.scene._scene.getCamera().eye)"
    before = chart.evaluate(eye)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 120, box["y"] + box["height"] / 2 + 20, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)
    turned = chart.evaluate(eye)
    assert turned != before
    drawn = chart.get_attribute("data-drawn")
    page.get_by_role("radio", name="class 0 is true").check()
    expect(chart).not_to_have_attribute("data-drawn", drawn, timeout=SOON)
    expect(chart).to_have_attribute("aria-label", re.compile("Loss when class 0 is true"))
    assert json.loads(chart.evaluate(eye)) == pytest.approx(json.loads(turned), abs=1e-6)
    assert "solid=true" in page.url
    context.close()


def test_the_link_is_copied(new_page):
    page = opened(
        new_page, "/lab?batch=2,1,1&batch-weights=0.5,2&z=0,1", permissions=["clipboard-read", "clipboard-write"]
    )
    page.get_by_role("slider", name="Logit z₀ of class 0").fill("-2.5")
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(copied).query) == {"batch": ["2,1,1"], "batch-weights": ["0.5,2"], "z": ["-2.5,1"]}
    other = opened(new_page, copied)
    assert now(other) == {"z": "-2.5,1"}


def test_embedded_there_are_picture_and_controls_only(new_page):
    page = opened(new_page, "/lab?embed=true")
    expect(page.get_by_role("slider", name="Logit z₀ of class 0")).to_be_visible()
    expect(page.get_by_role("heading", name="Logit lab")).to_have_count(0)
    expect(page.get_by_role("heading", name="Three means")).to_have_count(0)


def test_on_a_phone_by_keyboard(new_page):
    page = opened(new_page, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    slider = page.get_by_role("slider", name="Logit z₁ of class 1")
    slider.focus()
    slider.press("ArrowUp")
    until(page, "(e) => JSON.parse(e.dataset.now).z === '2,1.1'")
    addressed(page, "z=2")
    number = page.get_by_role("spinbutton", name="Logit z₁ of class 1, as a number")
    number.fill("10000")
    expect(page.locator(".card").first.locator(".loss")).to_have_text("ℓ = 0")
    number.fill("1e9")
    expect(page.locator(".problem")).to_contain_text("must be a number from −10,000 to 10,000")
    number.press("Tab")
    expect(page.locator(".problem")).to_be_hidden()


WATCH = """([e]) => {
  window.waits = [];
  let begun = 0, before = 0;
  for (const kind of ["pointermove", "input"]) e.addEventListener(kind, (event) => {
    if (event.buttons || kind === "input") begun ||= event.timeStamp;
  }, true);
  const look = () => {
    if (begun && +e.dataset.drawn > before) {
      const from = begun;
      begun = 0;
      // this callback runs after the picture's own of the same frame; the next task comes after the frame is painted
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.waits.push(performance.now() - from);
      channel.port2.postMessage(0);
    }
    before = +e.dataset.drawn;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@pytest.mark.parametrize(
    "shown", ["cross_entropy,weighted_cross_entropy,multiplied_logits", ",".join([*STRATEGIES][:8])]
)
def test_the_hand_does_not_wait(new_page, shown):
    """Median from pointer to picture: a logit and a plane's point below 50 ms; a weight, which asks the server, below 100."""
    page = opened(new_page, f"/lab?s={shown}&w=0.5,8")
    until(page, "(e) => e.dataset.settled === 'true'")
    page.evaluate(WATCH, [page.locator(".lab").element_handle()])
    plane = page.locator(".planes").first.locator("canvas").first
    for what, target in (
        ("logit", page.get_by_role("slider", name="Logit z₀ of class 0")),
        ("plane", plane),
        ("weight", page.get_by_role("slider", name="Weight of class 1, on a log scale")),
    ):
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        page.evaluate("window.waits.length = 0")
        upright = box["height"] > box["width"]
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        for i in range(40):
            far = 0.5 + 0.3 * np.sin(i / 4)
            page.mouse.move(
                *(
                    box["x"] + box["width"] * (0.5 if upright else far),
                    box["y"] + box["height"] * (far if upright else 0.5),
                )
            )
            page.wait_for_timeout(25)
        page.mouse.up()
        page.wait_for_timeout(300)
        waits = page.evaluate("window.waits")
        median = np.median(waits)
        print(f"{what}, {shown.count(',') + 1} strategies: {median:.0f} ms median, {max(waits):.0f} at most")
        assert len(waits) > 15
        assert median < (100 if what == "weight" else 50), what


def test_past_the_edge_of_a_plane_is_its_edge(new_page):
    page = opened(new_page)
    canvas = page.locator("canvas.plane").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for i in range(8):
        page.mouse.move(box["x"] + box["width"] + 8 + i, box["y"] + box["height"] / 2)
        page.wait_for_timeout(60)
    page.mouse.up()
    addressed(page, "z=4")
    assert parse_qs(urlsplit(page.url).query)["z"][0].startswith("4,")


def test_who_comes_back_finds_what_was_left(new_page, visit):
    page = opened(new_page, "/lab?z=3,0,1&y=2&batch=1,2,0;0,0,1")
    visit(page, "Reference")
    expect(page.get_by_role("heading", name="Reference")).to_be_visible(timeout=SOON)
    visit(page, "Logit lab")
    addressed(page, "batch=1")
    until(page, "(e) => +e.dataset.drawn > 0")
    query = parse_qs(urlsplit(page.url).query)
    assert (query["z"], query["y"]) == (["3,0,1"], ["2"])
    assert now(page)["z"] == "3,0,1"


@pytest.mark.parametrize(
    ("link", "said", "unsaid"),
    [
        ("z=2,1&y=0&s=masked_logits&w=0,1", "does not move z: the gradient is 0; ℓ stays", "falls"),
        ("z=1,1&n=500,500", "Multiplied: as in training", "smaller factor on the rarer class"),
        ("n=0,31&w=balanced", "there is no minimum to compare", "ends at [500"),
    ],
)
def test_what_is_said_is_so(new_page, link, said, unsaid):
    page = opened(new_page, f"/lab?{link}")
    text = page.locator(".lab").inner_text()
    assert said in text
    assert unsaid not in text
