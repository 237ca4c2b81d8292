"""The race in a real browser: open, change, train, upload, share, reload."""

import base64
import io
import json
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from sklearn import metrics

import lossviz
from lossviz.figures import CLASS_COLOURS

pytestmark = pytest.mark.browser

FIRST = 120_000
"""Milliseconds for the first picture, as the worker may still be compiling."""
SOON = 30_000

# Playwright's selectors look into shadow roots; `race` is the component's root.
DONE = """([old]) => {
  const find = (root) => {
    for (const e of root.querySelectorAll("*")) {
      if (e.classList.contains("race")) return e;
      const inner = e.shadowRoot && find(e.shadowRoot);
      if (inner) return inner;
    }
  };
  const race = find(document);
  return race && race.dataset.total && race.dataset.frames === race.dataset.total && race.dataset.run !== old;
}"""


def trained(page, old=None, timeout=SOON, sight="[data-testid=stDataFrame]"):
    """Wait until a run, another one than `old`, is drawn to its end, and what came of it is in `sight`; its id."""
    page.wait_for_function(DONE, arg=[old], timeout=timeout)
    expect(page.get_by_role("heading", name="test examples")).to_be_visible(timeout=SOON)
    expect(page.locator(sight).first).to_be_visible(timeout=SOON)
    return page.locator(".race").get_attribute("data-run")


def maps(page):
    """What is on the canvas of each panel, [panels, height, width, 3]."""
    out = []
    for canvas in page.locator(".panel canvas").all():
        png = canvas.evaluate("(c) => c.toDataURL('image/png').split(',')[1]")
        out.append(np.array(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")))
    return np.stack(out)


def choose(page, label, option):
    box = page.get_by_test_id("stSelectbox").filter(has_text=label).get_by_role("combobox")
    box.evaluate("(e) => e.scrollIntoView({ block: 'center' })")  # one that scrolls when it is clicked closes its list
    box.click()
    page.get_by_role("option", name=option, exact=True).click()


def link(page):
    return {name: values for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_the_first_picture_is_the_models(new_page):
    page = new_page("/race")
    trained(page, timeout=FIRST)
    expect(page.locator(".panel")).to_have_count(3)
    expect(page.locator(".panel.flawed")).to_have_count(1)
    expect(page.locator(".sentence").first).to_contain_text("the rarest class")

    data = lossviz.make_dataset("blobs", seed=0)
    names = ["cross_entropy", "weighted_cross_entropy", "multiplied_logits"]
    plan = lossviz.plan.prepare(names, data.X, data.y, X_test=data.X_test, y_test=data.y_test, steps=400)
    run = lossviz.fit(names, data.X, data.y, X_test=data.X_test, y_test=data.y_test, steps=400)
    decided, sure = lossviz.decode_maps(run.maps[-1], 3)
    colours = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in CLASS_COLOURS[:3]])
    painted = maps(page)
    assert painted.shape[0] == 3
    # Points, lines and numbers cover part of the picture: of the pixels that show paper and class colour only, each
    # must be of the colour of its class, and they must be most of the picture.
    height, width = painted.shape[1:3]
    at_y = ((np.arange(height) + 0.5) * 100 / height).astype(int)
    at_x = ((np.arange(width) + 0.5) * 100 / width).astype(int)
    for i in range(3):
        c, p = decided[i][::-1][np.ix_(at_y, at_x)], sure[i][::-1][np.ix_(at_y, at_x)]
        alpha = 0.1 + 0.38 * (p - 1 / 3) / (1 - 1 / 3)
        expected = 255 + alpha[..., None] * (colours[c] - 255.0)
        off = np.abs(painted[i] - expected).max(-1)
        assert (off < 8).mean() > 0.6, plan.rows[i].title
        for k in range(3):
            assert ((off < 8) & (c == k)).sum() > 50, f"class {k} is on the map of {plan.rows[i].title}"


def test_a_changed_control_changes_link_and_picture(new_page):
    page = new_page("/race")
    first = trained(page, timeout=FIRST)
    assert link(page) == {}
    before = maps(page)
    choose(page, "Model", "Linear (logistic regression)")
    second = trained(page, first)
    assert link(page) == {"model": ["Linear (logistic regression)"]}
    assert (maps(page) != before).any()
    choose(page, "Dataset", "Two moons")
    third = trained(page, second)
    assert link(page)["data"] == ["Two moons"]
    expect(page.locator(".legend")).to_contain_text("1:")
    page.get_by_role("button", name="LDAM", exact=True).click()
    fourth = trained(page, third)
    expect(page.locator(".panel")).to_have_count(4)
    assert "LDAM" in link(page)["strategies"]

    shared = maps(page)
    copy = new_page(page.url)
    assert trained(copy) == fourth
    np.testing.assert_array_equal(maps(copy), shared)
    expect(copy.locator(".sentence").first).to_have_text(page.locator(".sentence").first.inner_text())
    page.reload()
    assert trained(page) == fourth
    np.testing.assert_array_equal(maps(page), shared)


def test_points_are_clicked_in_and_blobs_dragged(new_page):
    page = new_page("/race?steps=50&model=linear")
    first = trained(page, timeout=FIRST)
    shown = page.locator(".panel canvas").first
    page.get_by_label("A click on a picture").select_option("adds a point of class 2")
    shown.click(position={"x": 100, "y": 80})
    second = trained(page, first)
    expect(page.locator(".legend")).to_contain_text("class 2: 72")
    shown.click(position={"x": 60, "y": 60})
    third = trained(page, second)
    ((x, y, c), _) = (map(float, p.split(",")) for p in link(page)["blobs-points"][0].split(";"))
    data = lossviz.make_dataset("blobs")
    given = {"X_test": data.X_test, "y_test": data.y_test}
    x0, x1, y0, y1 = lossviz.plan.prepare("cross_entropy", data.X, data.y, **given).extent
    box = shown.bounding_box()
    # the border is one pixel wide; clicks fall on whole ones
    assert x == pytest.approx(x0 + (x1 - x0) * 101 / box["width"], abs=0.02 * (x1 - x0))
    assert y == pytest.approx(y1 - (y1 - y0) * 81 / box["height"], abs=0.02 * (y1 - y0))
    assert c == 2

    page.get_by_label("A click on a picture").select_option("takes a blob to drag")
    shown.scroll_into_view_if_needed()
    box = shown.bounding_box()
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + 40, at[1], steps=4)
    page.mouse.up()
    fourth = trained(page, third)
    centres = [[float(v) for v in row.split(",")] for row in link(page)["blobs-centres"][0].split(";")]
    moved = np.array(centres) - data.truth.centres
    assert (np.abs(moved).max(1) > 0.01).sum() == 1, "one blob"
    assert np.abs(moved).max() == pytest.approx(40 / box["width"] * (x1 - x0), rel=0.1)
    copy = new_page(page.url)
    assert trained(copy) == fourth
    page.get_by_role("button", name="Undo point").click()
    fifth = trained(page, fourth)
    assert link(page)["blobs-points"][0].count(";") == 0
    page.get_by_role("button", name="Reset edits").click()
    assert trained(page, fifth) == first
    assert not {"blobs-points", "blobs-centres"} & set(link(page))


def test_a_chart_keeps_its_zoom(new_page):
    page = new_page("/race?steps=50&model=linear&view=roc")
    first = trained(page, timeout=FIRST, sight=".chart[data-drawn]")
    chart = page.locator(".chart")
    assert chart.get_attribute("role") == "group"
    assert chart.get_attribute("aria-label").startswith("ROC AUC for class 2")
    range_of = "([e]) => e._fullLayout.xaxis.range.map((v) => +v.toFixed(6))"
    chart.scroll_into_view_if_needed()
    plot = chart.locator(".nsewdrag").bounding_box()
    page.mouse.move(plot["x"] + 0.3 * plot["width"], plot["y"] + 0.3 * plot["height"])
    page.mouse.down()
    page.mouse.move(plot["x"] + 0.7 * plot["width"], plot["y"] + 0.7 * plot["height"], steps=5)
    page.mouse.up()
    zoomed = page.evaluate(range_of, [chart.element_handle()])
    assert zoomed[1] - zoomed[0] < 0.6
    drawn = int(chart.get_attribute("data-drawn"))
    page.locator(".st-key-seed [data-testid=stNumberInputStepUp]").click()
    trained(page, first, sight=".chart[data-drawn]")
    page.wait_for_function("([e, n]) => +e.dataset.drawn > n", arg=[chart.element_handle(), drawn], timeout=SOON)
    assert page.evaluate(range_of, [chart.element_handle()]) == zoomed
    page.get_by_text("The numbers in this picture").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()


def test_a_preset_is_in_the_link(new_page):
    page = new_page("/race?steps=50&data=moons&model=linear")
    first = trained(page, timeout=FIRST)
    page.get_by_text("Start from a story").click()
    page.get_by_role("link", name="Three uneven classes").click()
    page.wait_for_url("**preset=uneven**")
    second = trained(page, first)
    expect(page.get_by_text("Three uneven classes: The smallest is one in fifty")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("Balanced weights:")
    found = link(page)
    assert found["blobs-imbalance"] in (["45"], ["45.0"])
    assert len(found["strategies"]) == 5
    page.get_by_role("button", name="CDT", exact=True).click()
    third = trained(page, second)
    copy = new_page(page.url)
    assert trained(copy) == third


def test_ones_own_table(new_page):
    page = new_page("/race?data=Your+own+table…&steps=50&model=Linear+(logistic+regression)")
    expect(page.get_by_text("Choose a file in the side bar")).to_be_visible(timeout=SOON)
    rng = np.random.default_rng(0)
    kinds = ["fraud"] * 15 + ["fair"] * 285
    rows = [f"{a:.3f},{b:.3f},{c:.3f},{k}" for (a, b, c), k in zip(rng.normal(size=(300, 3)), kinds, strict=True)]
    rows += ["1,?,0,fair", "x,2,0,fair", "3,inf,0,fraud", "4,5,0,", "6,7,0,<img src=http://a.b/c.png>", "8,9"]
    table = "amount,age,hour,kind\n" + "\n".join(rows) + "\n"
    upload = page.locator("input[type=file]")
    upload.set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": table.encode()})
    first = trained(page, timeout=FIRST)
    notes = page.get_by_text("What was done to the data").locator("xpath=ancestor::details")
    expect(notes).to_contain_text("1 row left out: not 4 cells as in the header")
    expect(notes).to_contain_text("Class '<img src=http://a.b/c.png>' has 1 row to use: left out.")
    expect(notes).to_contain_text("the value is missing")
    expect(page.locator(".legend")).to_contain_text("fraud:")
    expect(page.locator(".axes").first).to_contain_text("Horizontal: amount. Vertical: age.")
    assert len(np.unique(maps(page)[0].reshape(-1, 3), axis=0)) > 10
    choose(page, "Class", "hour")
    expect(page.get_by_test_id("stAlert")).to_contain_text("Column 'hour' has", timeout=SOON)
    choose(page, "Class", "kind")
    assert trained(page) == first
    upload.set_input_files({"name": "no.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n\0"})
    expect(page.get_by_test_id("stAlert")).to_contain_text("'no.csv' is not a table but an image", timeout=SOON)
    expect(page.get_by_test_id("stSelectbox").filter(has_text="Model")).to_be_visible()


def test_hostile_names_are_text(new_page):
    page = new_page("/race?data=Your+own+table…&steps=50&model=Linear+(logistic+regression)")
    hostile = ["<img src=http://a.b/c.png onerror=alert(1)>", "![x](http://a.b/c.png)", "=1+1", ":red[x]"]
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{hostile[i % 4]}" for i, (a, b) in enumerate(rng.normal(size=(100, 2)))]
    table = f"{hostile[0]},{hostile[1]},kind\n" + "\n".join(rows) + "\n"
    page.locator("input[type=file]").set_input_files(
        {"name": f"{hostile[1].replace('/', '')}.csv", "mimeType": "text/csv", "buffer": table.encode()}
    )
    trained(page, timeout=FIRST)
    for text in hostile:
        expect(page.locator(".legend")).to_contain_text(text)
    expect(page.locator(".axes").first).to_contain_text(f"Horizontal: {hostile[0]}. Vertical: {hostile[1]}.")
    assert page.locator("img[src*='a.b']").count() == 0


def test_a_phone(new_page):
    page = new_page("/race?steps=50&data=moons", viewport={"width": 390, "height": 844}, device_scale_factor=2)
    trained(page, timeout=FIRST)
    assert link(page)["data"] == ["Two moons"], "Streamlit writes what it shows; names are read, too"
    wide = page.evaluate(
        "() => [document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map((e) => e.scrollWidth - e.clientWidth)"
    )
    assert wide == [0, 0]
    box = page.locator(".panel canvas").first.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["width"] >= 150
    assert maps(page).shape[2] == round(2 * (box["width"] - 2))


def test_the_player(new_page):
    page = new_page("/race?steps=200&data=moons&model=linear")
    trained(page, timeout=FIRST)
    race, scrubber = page.locator(".race"), page.get_by_label("Step of training")
    last = maps(page)
    frames = int(race.get_attribute("data-total"))
    assert race.get_attribute("data-frame") == str(frames - 1)
    scrubber.fill("0")
    first = maps(page)
    assert (first != last).any()
    expect(page.locator(".readout")).to_have_text("step 0 of 200")
    expect(page.locator(".note").first).to_have_text("step 0 of 200")
    page.get_by_role("button", name="One frame on").click()
    assert race.get_attribute("data-frame") == "1"
    scrubber.press("End")
    np.testing.assert_array_equal(maps(page), last)
    scrubber.press("Home")
    np.testing.assert_array_equal(maps(page), first)
    page.get_by_label("Speed").select_option("4")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(
        "([e, n]) => e.dataset.frame === n", arg=[race.element_handle(), str(frames - 1)], timeout=SOON
    )
    np.testing.assert_array_equal(maps(page), last)

    data = lossviz.make_dataset("moons", seed=0)
    names = ["cross_entropy", "weighted_cross_entropy", "multiplied_logits"]
    run = lossviz.fit(names, data.X, data.y, "linear", steps=200, X_test=data.X_test, y_test=data.y_test)
    scrubber.fill("30")
    painted, decided = maps(page), lossviz.decode_maps(run.maps[30], 2)[0]
    at = ((np.arange(painted.shape[1]) + 0.5) * 100 / painted.shape[1]).astype(int)
    blue = painted[..., 2].astype(int) > painted[..., 0]
    for i in range(3):
        agree = blue[i] == (decided[i][::-1][np.ix_(at, at)] == 0)
        assert agree.mean() > 0.75, "frame 30 is drawn as frame 30; points and lines cover some of it"


def test_what_is_taken_home_is_what_was_there(new_page, tmp_path):
    page = new_page("/race?steps=100&data=moons&model=linear", accept_downloads=True)
    trained(page, timeout=FIRST)
    shown = maps(page)

    def saved(click, name):
        with page.expect_download(timeout=SOON) as download:
            click()
        assert download.value.suggested_filename == name
        path = tmp_path / name
        download.value.save_as(path)
        return path

    png = np.array(Image.open(saved(page.get_by_role("button", name="PNG").click, "race.png")).convert("RGB"))
    assert png.shape[:2] == (2 * (64 + 360 + 56), 2 * (24 + 3 * 384))
    for i in range(3):  # the three maps, each over its own 360 × 360 points
        part = png[2 * 64 : 2 * 424, 2 * (24 + 384 * i) : 2 * (24 + 384 * i) + 720]
        at = ((np.arange(60) + 0.5) * shown.shape[1] / 60).astype(int)
        small, same = part[6::12, 6::12].astype(int), shown[i][np.ix_(at, at)].astype(int)
        assert (np.abs(small - same).max(-1) < 12).mean() > 0.7
    svg = ElementTree.fromstring(saved(page.get_by_role("button", name="SVG").click, "race.svg").read_bytes())
    space = {"s": "http://www.w3.org/2000/svg"}
    assert len(svg.findall("s:image", space)) == 3
    texts = [t.text for t in svg.findall("s:text", space)]
    assert "Multiplied logits (flawed)" in texts
    assert "class 1: 91" in texts
    data = svg.find("s:image", space).get("href").split(",")[1]
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (100, 100)

    page.get_by_text("Take it away").click()
    csv = saved(page.get_by_role("button", name="Metrics (CSV)").click, "metrics.csv").read_text()
    assert csv.startswith('Strategy,Seed,"Recall, class 1"')
    assert len(csv.splitlines()) == 5
    run = json.loads(saved(page.get_by_role("button", name="The run (JSON)").click, "run.json").read_text())
    assert run["steps"][-1] == 100
    assert run["call"] in page.get_by_test_id("stCode").inner_text() + "\n"

    html = saved(page.get_by_role("button", name="Interactive page (HTML)").click, "race.html")
    alone = page.context.new_page()
    failed = []
    alone.on("pageerror", lambda error: failed.append(str(error)))
    alone.goto(html.as_uri())
    alone.wait_for_function(DONE, arg=[None], timeout=SOON)
    alone.get_by_label("Step of training").fill("0")
    expect(alone.locator(".readout")).to_have_text("step 0 of 100")
    page.get_by_label("Step of training").fill("0")
    first = [p.locator(".panel canvas").first for p in (alone, page)]
    assert alone.locator(".sentence").first.inner_text() == page.locator(".sentence").first.inner_text()
    assert first[0].get_attribute("aria-label") == first[1].get_attribute("aria-label")
    assert not failed


def test_embedded_there_are_picture_and_controls_only(new_page):
    page = new_page("/race?steps=50&data=moons&model=linear&embed=true")
    page.wait_for_function(DONE, arg=[None], timeout=FIRST)
    expect(page.locator(".panel")).to_have_count(3)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
    expect(page.get_by_role("heading", name="Strategy race", exact=True)).to_have_count(0)
    expect(page.get_by_label("Step of training")).to_be_visible()
    expect(page.locator(".numbers").first).to_be_hidden()
    expect(page.locator(".curves").first).to_be_hidden()
    expect(page.get_by_role("link", name="Home")).to_have_count(0)
    expect(page.locator(".sentence").first).to_be_visible()


def test_another_file_shows_the_columns_that_are_trained(new_page):
    page = new_page("/race?data=upload&steps=50&model=linear")
    expect(page.get_by_text("Choose a file in the side bar")).to_be_visible(timeout=SOON)
    rng = np.random.default_rng(0)

    def upload(name, columns):
        rows = [",".join(["ab"[i % 5 == 0] if c in ("kind", "label") else f"{v:.2f}" for c, v in zip(columns, x, strict=True)])
                for i, x in enumerate(rng.normal(size=(120, len(columns))))]  # fmt: skip
        data = "\n".join([",".join(columns), *rows, ""]).encode()
        page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})

    def held(label):
        box = page.get_by_test_id("stSelectbox").filter(has_text=label)
        return box.get_by_role("combobox").input_value() or box.inner_text().split("\n")[-1]

    upload("first.csv", ["amount", "score", "kind"])
    first = trained(page, timeout=FIRST)
    assert (held("Class"), held("Horizontal"), held("Vertical")) == ("kind", "amount", "score")
    upload("second.csv", ["score", "amount", "kind", "label"])
    trained(page, first)
    axes = page.locator(".axes").first.inner_text()
    assert f"Horizontal: {held('Horizontal')}. Vertical: {held('Vertical')}." in axes
    assert held("Class") == "kind", "what was chosen stays while the new file has it"


def test_axes_that_depend_on_each_other_are_in_the_link(new_page):
    page = new_page("/race?data=iris&iris-axes=two&steps=50&model=linear")
    first = trained(page, timeout=FIRST)
    choose(page, "Horizontal", "petal length (cm)")
    second = trained(page, first)
    axes = page.locator(".axes").first.inner_text()
    assert "Horizontal: petal length (cm). Vertical: sepal width (cm)." in axes
    copy = new_page(page.url)
    assert trained(copy) == second
    expect(copy.locator(".axes").first).to_have_text(axes)


def test_every_control_is_in_the_link(new_page):
    page = new_page(
        "/race?data=blobs&blobs-n=500&blobs-classes=4&blobs-imbalance=7.5&blobs-overlap=0.7&blobs-noise=0.05&seed=3&model=linear"
        "&optimizer=sgd&rate-sgd=0.5&batch=64&steps=100&l2=0.01&seeds=2&inference=scaled&strategies=focal"
        "&strategies=multiplied_logits&focal-gamma=1.5&focal-class_weight=sqrt&blobs-points=0,0,1&view=roc"
    )
    run = trained(page, timeout=FIRST, sight=".chart[data-drawn]")
    copy = new_page(page.url)
    assert trained(copy, sight=".chart[data-drawn]") == run
    code = copy.get_by_test_id("stCode")
    copy.get_by_text("Take it away").click()
    expect(code).to_contain_text("n=500")
    for part in (
        "classes=4", "imbalance=7.5", "overlap=0.7", "noise=0.05", "seed=3", "model='linear'", "steps=100",
        "[0.0, 0.0, 1.0]", "optimizer='sgd'", "learning_rate=0.5", "batch_size=64", "l2=0.01", "inference='scaled'",
        "repeats=2", "'gamma': 1.5", "'class_weight': 'sqrt'", "['multiplied_logits', 'focal']",
    ):  # fmt: skip
        expect(code).to_contain_text(part)


def test_fast_clicks_all_count(new_page):
    page = new_page("/race?steps=50&model=linear")
    trained(page, timeout=FIRST)
    page.get_by_label("A click on a picture").select_option("adds a point of class 1")
    canvas = page.locator(".panel canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for i in range(6):
        page.mouse.click(box["x"] + 20 + 15 * i, box["y"] + 30)
        page.wait_for_timeout(60)
    expect(page.locator(".legend")).to_contain_text("class 1: 229", timeout=SOON)
    page.wait_for_function(
        "new URLSearchParams(location.search).get('blobs-points').split(';').length === 6", timeout=SOON
    )


def test_points_are_clicked_in_where_their_field_is_hidden(new_page):
    page = new_page("/race?steps=50&model=linear&only=seed")
    first = trained(page, timeout=FIRST)
    page.get_by_label("A click on a picture").select_option("adds a point of class 2")
    page.locator(".panel canvas").first.click(position={"x": 100, "y": 80})
    trained(page, first)
    expect(page.locator(".legend")).to_contain_text("class 2: 72")


def test_scrubbing_keeps_up_with_the_screen(new_page):
    names = [n for n in lossviz.STRATEGIES][:8]
    page = new_page("/race?steps=400&model=linear&" + "&".join(f"strategies={n}" for n in names))
    trained(page, timeout=FIRST)
    expect(page.locator(".panel")).to_have_count(8)
    spent = page.evaluate(
        """([range]) => {
          const spent = [];
          for (let i = 0; i < 60; i++) {
            const begun = performance.now();
            range.value = i;
            range.dispatchEvent(new Event("input", { bubbles: true }));
            spent.push(performance.now() - begun);
          }
          return spent.sort((a, b) => a - b)[30];
        }""",
        [page.get_by_label("Step of training").element_handle()],
    )
    assert spent < 16, "eight maps of a frame are drawn within a sixtieth of a second"


def test_the_sentence_says_that_it_is_of_the_end(new_page):
    page = new_page("/race?steps=50&model=linear")
    trained(page, timeout=FIRST)
    last = page.locator(".sentence").first.inner_text()
    assert last.startswith("Recall of class 2")
    page.get_by_label("Step of training").fill("3")
    expect(page.locator(".sentence").first).to_have_text(f"At the end of training: {last}")
    page.get_by_text("The losses as a table").click()
    expect(page.locator(".matrices .numbers tr")).to_have_count(52)


def test_slow_motion_shows_who_pushes(new_page):
    page = new_page("/race?steps=100&data=moons&model=linear")
    trained(page, timeout=FIRST)
    page.get_by_label("Step of training").fill("5")
    before = maps(page)
    toggle = page.get_by_role("button", name="Slow motion")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".note").nth(1)).to_contain_text("of the push is from class", timeout=SOON)
    early = page.locator(".note").nth(1).inner_text()
    assert (maps(page) != before).any(axis=(1, 2, 3)).all(), "examples are ringed in every panel"
    page.get_by_role("button", name="One frame on").click()
    expect(page.locator(".note").nth(1)).to_contain_text("of the push is from class", timeout=SOON)
    page.get_by_label("Step of training").fill("60")
    expect(page.locator(".note").nth(1)).not_to_have_text(early, timeout=SOON)
    expect(page.locator(".note").nth(1)).to_contain_text("of the push is from class", timeout=SOON)
    toggle.click()
    page.get_by_label("Step of training").fill("5")
    np.testing.assert_array_equal(maps(page), before)


def test_numbers_follow_the_scrubber(new_page):
    page = new_page("/race?steps=200&data=moons&model=linear")
    trained(page, timeout=FIRST)
    data = lossviz.make_dataset("moons", seed=0)
    names = ["cross_entropy", "weighted_cross_entropy", "multiplied_logits"]
    run = lossviz.fit(names, data.X, data.y, "linear", steps=200, X_test=data.X_test, y_test=data.y_test)
    page.get_by_text("Confusion matrices").click()
    scrubber = page.get_by_label("Step of training")
    for frame in (1, 30, 60):
        scrubber.fill(str(frame))
        lines = [line.split("\t") for line in page.locator(".numbers tbody").inner_text().splitlines()]
        assert len(lines) == 4, "the multiplied logits are decided on raw and scaled"
        for cells, (row, rule) in zip(lines, [(0, 0), (1, 0), (2, 0), (2, 1)], strict=True):
            table = run.confusion[frame, row, rule]
            y, decided = (np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], table.ravel(), 0)).T
            recall = metrics.recall_score(y, decided, average=None, labels=[0, 1])
            precision = metrics.precision_score(y, decided, pos_label=1, zero_division=np.nan)
            expected = [f"{100 * v:.1f}\u00a0%" for v in (recall[1], recall[0])]
            expected += [f"{100 * precision:.1f}\u00a0%" if np.isfinite(precision) else "–"]
            expected += [f"{100 * metrics.balanced_accuracy_score(y, decided):.1f}\u00a0%"]
            expected += [f"{metrics.f1_score(y, decided, average='macro'):.3f}"]
            assert cells[1:] == expected
        shown = [int(t.replace(",", "")) for t in page.locator(".confusion td:not(:empty)").all_inner_texts()]
        assert shown == run.confusion[frame, :, 0].ravel().tolist()


def test_pointing_reads_the_model_and_the_truth(new_page):
    page = new_page("/race?steps=200&data=moons&model=linear")
    trained(page, timeout=FIRST)
    canvas = page.locator(".panel canvas").first
    canvas.hover(position={"x": 20, "y": 20})
    expect(page.locator(".axes").first).to_contain_text("in truth: class 0, 100")
    expect(page.locator(".note").first).to_contain_text("here: class 0,")
    page.mouse.move(5, 5)
    expect(page.locator(".note").first).to_contain_text("recall of class 1")


def test_leaving_stops_and_a_new_run_takes_over_without_a_blank(new_page, visit):
    page = new_page("/race?steps=50&data=moons&model=linear")
    old = trained(page, timeout=FIRST)
    blank = """() => {
      const find = (root) => {
        for (const e of root.querySelectorAll("*")) {
          if (e.matches(".panel canvas")) return e;
          const inner = e.shadowRoot && find(e.shadowRoot);
          if (inner) return inner;
        }
      };
      const canvas = find(document);
      window.blanks = 0;
      const spot = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const look = () => {
        spot.clearRect(0, 0, 1, 1);
        spot.drawImage(canvas, 30, 30, 1, 1, 0, 0, 1, 1);
        if (spot.getImageData(0, 0, 1, 1).data.slice(0, 3).every((v) => v === 0 || v === 255)) window.blanks++;
        requestAnimationFrame(look);
      };
      look();
    }"""
    page.evaluate(blank)
    page.locator(".st-key-seed [data-testid=stNumberInputStepUp]").click()
    trained(page, old)
    assert page.evaluate("window.blanks") == 0, "the corner of the map is never without its colour"

    asked, given_up = [], []
    page.on("request", lambda r: "/live/" in r.url and asked.append(r.url))
    page.on("requestfailed", lambda r: "/live/" in r.url and given_up.append(r.url))
    page.goto(page.url.split("?")[0] + "?data=moons&moons-n=20000&steps=5000")
    page.wait_for_function(
        "([e]) => +e.dataset.frames > 0", arg=[page.locator(".race").element_handle()], timeout=FIRST
    )
    visit(page, "Reference")
    expect(page.get_by_role("heading", name="Reference", exact=True)).to_be_visible(timeout=SOON)
    page.wait_for_timeout(3000)
    assert len(asked) == 1, "nothing asks again for what nobody looks at"
    assert set(asked) <= set(given_up), "the stream is given up, so that the run is cancelled"


def test_dark_mode(new_page):
    page = new_page("/race?steps=50&data=Two+moons", color_scheme="dark")
    trained(page, timeout=FIRST)
    dark = maps(page)
    assert 20 < np.median(dark.mean(-1)) < 120, "class colours on dark paper"
    assert len(np.unique(dark[0].reshape(-1, 3), axis=0)) > 10
    light = new_page("/race?steps=50&data=Two+moons")
    trained(light)
    assert np.median(maps(light).mean(-1)) > 150


def test_the_reference_opens_from_the_top(new_page, visit):
    page = new_page("/race?steps=50")
    trained(page, timeout=FIRST)
    visit(page, "Reference")
    expect(page.get_by_role("heading", name="Reference", exact=True)).to_be_visible(timeout=SOON)
    for title in ("Strategies", "Class weights", "Datasets", "Cross-entropy"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    visit(page, "Strategy race")
    trained(page)
