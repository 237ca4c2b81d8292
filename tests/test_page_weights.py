"""The page of class weights, run without a browser: every way to give labels, every fault, every setting."""

import base64
import gzip
import html
import json
import re
from urllib.parse import parse_qsl

import numpy as np
import pytest
from conftest import ROOT
from parts.words import plain
from streamlit.testing.v1 import AppTest

import lossviz
from lossviz import SCHEMES, advice, costs, snippets
from lossviz import apart as aparts
from lossviz.labelfiles import read_labels

PAGE = ROOT / "pages" / "weights.py"


def unescaped(text):
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))


class Page:
    """The page in one session."""

    def __init__(self):
        self.at = AppTest.from_file(PAGE, default_timeout=60)

    def open(self, **parameters):
        self.at.query_params.update(parameters)
        return self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def count(self, text):
        self.at.text_area(key="counts").set_value(text)
        return self.run()

    def upload(self, data, name="mine.csv"):
        if "labels-file" not in [f.key for f in self.at.get("file_uploader")]:
            self.open(**{"from": "Drop a file"})
        self.at.file_uploader[0].set_value((name, data, ""))
        return self.run()

    @property
    def headline(self):
        return unescaped(self.at.header[0].value)

    @property
    def problem(self):
        (error,) = self.at.error
        return unescaped(error.value)

    @property
    def sentences(self):
        return " ".join(html.unescape(e.proto.body) for e in self.at.get("html"))

    def table(self, column):
        """The first table that has a column of that name."""
        return next(d.value for d in self.at.dataframe if column in d.value.columns)

    @property
    def code(self):
        return self.at.code[-1].value


@pytest.fixture
def page():
    return Page()


@pytest.fixture(scope="module", autouse=True)
def ended():
    yield
    aparts.close()


def test_the_example_is_there_at_once(page):
    page.run()
    assert page.headline.startswith("531 rows, 2 classes, 'fraud' the rarest with 31 (5.8 %).")
    table = page.table("95 % from").set_index("Label")
    np.testing.assert_allclose(table.loc[["fine", "fraud"], "Weight"], lossviz.class_weights([500, 31]))
    assert "Balanced weights say that missing one 'fraud' costs as much as 16 false alarms." in page.sentences
    side = page.table("Square root").set_index("Label")
    for scheme in SCHEMES.values():
        np.testing.assert_allclose(
            side.loc[["fine", "fraud"], scheme.title], lossviz.class_weights([500, 31], scheme.name)
        )
    found = advice.verdict(read_labels(b"fraud,31\nfine,500", layout="table", header=False).counts)
    chart = json.loads(page.at.get("bidi_component")[0].proto.json)
    assert chart["label"] == advice.picture_sentence(found)
    figure = json.loads(chart["figure"])
    assert figure["layout"]["yaxis"]["ticktext"] == ["fraud", "fine"], "the most frequent on top"
    up = figure["data"][1]["error_x"]["array"]
    up = np.frombuffer(base64.b64decode(up["bdata"]), up["dtype"])
    np.testing.assert_allclose(up, (found.intervals.high - found.weights)[::-1])


def test_quotes_inside_a_label_are_its_own(page):
    table = page.run().count('5" 12\nsay "hi" 50\n"bye bye" 30').table("95 % from").set_index("Label")
    assert table["Count"].to_dict() == {'5"': 12, 'say "hi"': 50, "bye bye": 30}


def test_what_one_word_does_not_explain_is_asked_about(page):
    page.run()
    for text in ("model 3 000\nmodel 4 500", "grade 1 200\nothers 300", "cat 1 200"):
        page.count(text)
        assert "write counts without marks of thousands" in page.at.error[0].value


@pytest.mark.parametrize(
    "text", ["class 1, 500\nclass 2, 120", "class 1: 500\nclass 2: 120", "class 1 500\nclass 2 120"]
)
def test_a_label_may_end_in_a_number(page, text):
    table = page.run().count(text).table("95 % from").set_index("Label")
    assert table["Count"].to_dict() == {"class 1": 500, "class 2": 120}


def test_what_is_no_count_is_told(page):
    page.run().count("cat 12\n`dog` -3")
    assert page.at.error[0].value == plain("'`dog` -3' is no label with its count: write them as cat,12 or cat: 12.")
    assert page.count("[500  31]").table("95 % from").set_index("Label")["Count"].to_dict() == {"0": 500, "1": 31}


@pytest.mark.parametrize(
    "text",
    [
        "cat 12\nNew York 5",
        "cat: 12\n\nNew York : 5\n",
        "cat = 12\nNew York=5",
        "cat,12\nNew York,5",
        '"cat": 12,\n"New York": 5,',
        "cat\xa012\nNew York\xa05",
        "kind\ncat         12\nNew York     5\nName: count, dtype: int64",  # as pandas prints them
        "cat         12\nNew York     5\ndtype: int64",
    ],
)
def test_counts_as_one_writes_them(page, text):
    table = page.run().count(text).table("95 % from").set_index("Label")
    assert table["Count"].to_dict() == {"cat": 12, "New York": 5}


@pytest.mark.parametrize(
    "text",
    [
        "cat: 1,200",
        "cat 1,200",
        "cat\t1.200",
        "cat,1,200",
        "cat;1,200",
        "cat: 1\xa0200",
        "cat 1 200",
        "cat\t1\xa0200",
        "cat 1,200,",
        "0: 1,200",
        "class 1,500",
    ],
)
def test_thousands_are_asked_about(page, text):
    page.run().count(f"{text}\ndog,1300")
    assert "write counts without marks of thousands" in page.at.error[0].value
    assert page.count("cat: 1200\ndog: 1300").table("95 % from").set_index("Label")["Count"].to_dict() == {
        "cat": 1200,
        "dog": 1300,
    }


def test_embedded_is_picture_and_controls(page, monkeypatch):
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.is_embedded", True)
    page.run()
    assert page.at.get("bidi_component")
    assert not page.at.title
    assert not page.at.code
    assert not page.at.get("download_button")


@pytest.mark.parametrize("text", ["500, 31", "500 31", "500 / 31", "500\n31", "0,500\n1,31"])
def test_counts_alone_are_classes_from_0(page, text):
    table = page.run().count(text).table("95 % from")
    assert table["Label"].tolist() == ["0", "1"]
    assert table["Count"].tolist() == [500, 31]


@pytest.mark.parametrize("normalise", ["sum", "classes", "mean"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_and_scale(page, scheme, normalise):
    titles = {"sum": "Σw = 1", "classes": "Σw = K", "mean": "mean example 1"}
    page.open(counts="a,900\nb,90\nc,10", scheme=SCHEMES[scheme].title, normalise=titles[normalise])
    table = page.table("95 % from")
    np.testing.assert_allclose(table["Weight"], lossviz.class_weights([900, 90, 10], scheme, normalise))
    assert page.at.selectbox(key="scheme").value == scheme
    compile(page.code, "snippet", "exec")
    assert "classes = ['a', 'b', 'c']" in page.code


def test_a_turned_knob_reaches_the_weights_and_the_code(page):
    page.open(counts="a,900\nb,90", scheme="Effective number", **{"scheme-effective_number-beta": "0.9"})
    expected = lossviz.class_weights([900, 90], "effective_number", beta=0.9)
    np.testing.assert_allclose(page.table("95 % from")["Weight"], expected)
    assert any("Effective-number" in w.value or "effective" in w.value for w in page.at.warning), "flat, and told"
    assert "0.9" in page.code


def test_a_messy_file_offers_what_it_may_mean_and_changes_nothing_unasked(page):
    rows = ["ok"] * 200 + ["ok "] * 3 + ["OK"] * 2 + ["bad"] * 30 + ["NA"] * 4 + [""] * 5
    data = ("id;state\n" + "\n".join(f"{i};{r}" for i, r in enumerate(rows)) + "\n900;ok;extra\n").encode("utf-16")
    page.upload(data)
    table = page.table("95 % from").set_index("Label")
    assert table["Count"].to_dict() == {"NA": 4, "OK": 2, "bad": 30, "ok": 200, "ok ": 3}
    assert "1 row with too many cells, not 2 (the first has 3, on line" in page.sentences
    offers = [c for c in page.at.checkbox if (c.key or "").startswith("fix-")]
    assert len(offers) == 3
    assert not any(c.value for c in offers)
    for offer in offers:
        offer.check()
    page.run()
    table = page.table("95 % from").set_index("Label")
    assert table["Count"].to_dict() == {"bad": 30, "ok": 205}
    scope = {}
    head = page.code.split("# Made-up data")[0]
    exec("\n".join(line for line in head.splitlines() if not line.startswith("import keras")), scope)
    assert scope["renaming"] == {"ok ": "ok", "OK": "ok"}
    assert scope["classes"] == ["bad", "ok"]


def test_what_was_detected_can_be_corrected(page):
    page.upload(b"kind,site\na|b,x\na,y\nb|c,x\na,y\n")
    assert page.at.selectbox(key="read-layout").value == "auto"
    page.at.selectbox(key="read-column").select("site")
    page.at.selectbox(key="read-layout").select("single")
    page.run()
    assert page.table("95 % from")["Label"].tolist() == ["x", "y"]
    page.at.selectbox(key="read-header").select("no")
    page.run()
    page.at.selectbox(key="read-column").select("column 2")
    page.run()
    assert page.table("95 % from")["Label"].tolist() == ["site", "x", "y"]
    page.at.selectbox(key="read-delimiter").select(";")
    page.run()
    assert page.at.selectbox(key="read-delimiter").value == ";", "nothing the user did is lost"


def test_a_text_that_was_not_read_leaves_nothing_behind(page):
    page.open(**{"from": "Type counts"})
    for text, said in (("ham\nspam", "no label with its count"), ("ham, 1.25\nspam, 300", "whole numbers")):
        page.count(text)
        assert said in page.at.error[0].value
    page.count("ham, 900\nspam, 100")
    assert not page.at.error
    assert page.table("95 % from").set_index("Label")["Count"].to_dict() == {"ham": 900, "spam": 100}


def test_several_labels_in_a_cell(page):
    page.upload(b"id,tags\n1,a|b\n2,a\n3,b|a\n4,c\n5,a\n6,\n")
    table = page.table("95 % from").set_index("Label")
    assert table["Count"].to_dict() == {"a": 4, "b": 2, "c": 1}
    assert "5 with a label, 1 without" in page.sentences
    assert "Label more for 'a' first; until then weight gently" in page.headline
    page.at.selectbox(key="scheme").select("pos_weight")
    page.run()
    table = page.table("95 % from").set_index("Label")
    np.testing.assert_allclose(table.loc[["a", "b", "c"], "Weight"], [1 / 4, 3 / 2, 4 / 1])
    assert "missing one 'c' costs as much as 4 false alarms" in page.sentences
    assert "pos_weight" in page.code
    assert {"Keras: class_weight"}.isdisjoint(page.at.selectbox(key="snippet").options)


def test_columns_of_0_and_1(page):
    page.upload(b"wet,cold\n1,0\n1,1\n0,0\n1,0\n")
    assert page.table("95 % from").set_index("Label")["Count"].to_dict() == {"wet": 3, "cold": 1}


def test_pixels(page):
    page.upload(b"label,pixels,images\nsky,100,200\npole,10,100\nroad,80,200\n")
    table = page.table("95 % from").set_index("Label")
    np.testing.assert_allclose(table.loc[["pole", "road", "sky"], "Weight"], [4, 1, 0.8])
    assert "by median frequency" in page.headline
    assert "Go on" not in [h.value for h in page.at.subheader], "the race has no pixels"


def test_costs_of_two_classes(page):
    page.open(counts="fraud,31\nfine,500", costs="true", miss="99", alarm="1")
    assert "Decide 'fraud' where its probability is at least 1 %" in page.headline
    assert costs.thresholds([[0, 1], [99, 0]], ["fine", "fraud"]).sentence in page.sentences
    pairs = page.table("Decide").set_index("Decide")
    assert pairs.loc["fraud", "over fine"] == pytest.approx(0.01)


def test_costs_of_a_label_named_as_a_column_is(page):
    page.open(counts="Decide,31\nLabel,500", costs="true", miss="99", alarm="1")
    assert not page.at.exception
    assert page.table("Decide").set_index("Decide").loc["Decide", "over Label"] == pytest.approx(0.01)


def test_costs_of_three_classes(page):
    page.open(counts="a,900\nb,90\nc,10", costs="true", **{"cost-table": "0, 1, 1; 5, 0, 5; 20, 20, 0"})
    assert page.table("Decide").set_index("Decide").loc["c", "over a"] == pytest.approx(1 / 21)
    page.at.text_input(key="cost-table").set_value("0, 1, 1; 5, 6, 5; 20, 20, 0")
    page.run()
    assert "what is right must not cost more" in page.problem
    page.at.text_input(key="cost-table").set_value("0, x, 1")
    page.run()
    assert "'x' is no number" in page.problem
    assert page.at.text_input(key="cost-table").value == "0, x, 1"


@pytest.mark.parametrize(
    ("counts", "classes", "raced", "said"),
    [
        ("a,900\nb,90\nc,10", "3", "900, 90, 10", ""),
        ("fraud,31\nfine,500", "2", "500, 31", ""),
        ("a,9000000\nb,1000", "2", "19998, 2", "20,000 points in place of 9,001,000"),
        (
            "\n".join(f"c{i},{10 * 2**i}" for i in range(8)),
            "6",
            None,
            "6 of 8 classes, from the largest to the smallest",
        ),
    ],
)
def test_on_to_the_race_with_these_counts(page, counts, classes, raced, said):
    page.open(counts=counts)
    link = html.unescape(page.at.get("html")[-1].proto.body)
    given = dict(parse_qsl(link.split("race?")[1].split('"')[0]))
    assert given["blobs-classes"] == classes
    assert raced in (None, given["blobs-counts"])
    assert said in link
    made = lossviz.make_dataset(
        "blobs", classes=int(classes), counts=[int(n) for n in given["blobs-counts"].split(", ")]
    )
    assert made.counts.min() >= 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"   \n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "an image"),
        (b"\x1f\x8b" + b"broken", "gzip"),
        (b"PAR1" + bytes(50), "Parquet"),
        (b"id\n" + b"\n".join(b"%d" % i for i in range(100_002)), "id column"),
        (b"PK\x03\x04" + bytes(60), "zip"),
        (b"a" * (5 << 20), "4 MB"),
        (gzip.compress(b"a" * (5 << 20)), "4 MB"),
    ],
    ids=["empty", "blank", "image", "gzip", "parquet", "ids", "zip", "one line", "packed line"],
)
def test_a_bad_file_gets_a_sentence(page, data, said):
    page.upload(data)
    assert said in page.problem
    assert page.at.file_uploader, "the controls stay"
    page.upload(b"label\na\nb\na\n")
    assert not page.at.error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,1\nb,-2", "'-2'"),
        ("a,1\nb", "'b' is no label with its count"),
        ("a,x", "'x'"),
        ("a,0\nb,0", "all 0"),
        ("a\t12\nb 3", "'b 3' is no label with its count"),
        ("1.200 / 300", "'1.200 / 300' is no label with its count"),
        ("a;12;b;3", "a line of its own"),
        ("a,99999999999999999999", "from 0 to 9,007,199,254,740,991"),
    ],
)
def test_bad_counts_get_a_sentence(page, text, said):
    page.run().count(text)
    assert said in page.problem
    assert page.at.text_area(key="counts").value == text


HOSTILE = ["<img src=x onerror=alert(1)>", "![x](http://a.b/c.png)", "=cmd()", ":red[x]", "$x^2$ **b** `c`", "long " * 300,
           "\u202eright to left", '"; import os', "<a href='http://a.b'>x</a>"]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_what_a_user_wrote_is_shown_as_data(page, label):
    quoted = '"' + label.replace('"', '""') + '"'
    page.upload((f"label\n{quoted}\n" * 3 + "b\n" * 30).encode())
    assert label in page.table("95 % from")["Label"].tolist()
    for element in (*page.at.markdown, *page.at.header, *page.at.warning, *page.at.caption, *page.at.checkbox):
        text = getattr(element, "value", "") if element.type != "checkbox" else element.label
        assert label not in str(text) or re.fullmatch(r"[\w ]*", label), f"{element.type}: {text}"
    for element in page.at.get("html"):
        assert "<img" not in element.proto.body
        assert "<a href='http" not in element.proto.body
    chart = json.loads(page.at.get("bidi_component")[0].proto.json)["figure"]
    assert "<img" not in chart
    assert "<a href" not in chart
    scope = {}
    exec(next(line for line in page.code.split("index = ")[0].split("\n\n")[-1:]).strip(), scope)
    assert label in scope["classes"]


def test_one_class_only(page):
    page.upload(b"label\n" + b"a\n" * 20)
    assert "nothing to tell apart" in page.headline
    assert any("one class only" in i.value for i in page.at.info)


def test_every_snippet_that_fits_is_offered(page):
    page.run()
    box = page.at.selectbox(key="snippet")
    fitting = [s for s in snippets.SNIPPETS.values() if "single" in s.kinds]
    assert box.options == [s.title for s in fitting]
    counts = read_labels(b"fraud,31\nfine,500", layout="table", header=False).counts
    for entry in fitting:
        page.at.selectbox(key="snippet").select(entry.name)
        page.run()
        given = {"scheme": "balanced", "normalise": None}
        code = snippets.code(entry.name, counts, lossviz.class_weights([500, 31]), renaming={}, **given)
        assert page.code == code.rstrip("\n")
