"""The page of multi-label training, run without a browser."""

import html
import io
import json
import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from parts.titles import MULTILABEL
from streamlit.testing.v1 import AppTest

QUICK = {"m-n": "200", "m-rarest": "0.1", "m-steps": "20"}


class Page:
    """The page in one session."""

    def __init__(self):
        self.at = AppTest.from_file(ROOT / "pages" / "multilabel.py", default_timeout=180)

    def open(self, **parameters):
        """Open it, and run it until it has trained; `warned` holds what it said meanwhile, some of it once."""
        self.at.query_params.update(parameters)
        self.warned = []
        end = time.monotonic() + 150
        while True:
            self.at.run()
            assert not self.at.exception
            self.warned += [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", w.value) for w in self.at.warning]
            run = self.at.session_state["m run"] if "m run" in self.at.session_state else None
            if self.at.error or run is None or all(f.done() for f in run[1]):
                return self
            assert time.monotonic() < end
            time.sleep(0.2)

    @property
    def told(self):
        return [json.loads(c.proto.json) for c in self.at.get("bidi_component")]

    @property
    def sentences(self):
        return " ".join(html.unescape(e.proto.body) for e in self.at.get("html"))

    @property
    def problem(self):
        return re.sub(r"\\(.)", r"\1", self.at.error[0].value)


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def page(engine):
    return Page()


@pytest.mark.parametrize("view", ["found", "boundary", "threshold", "calibration", "twice"])
def test_every_view_that_trains(page, view):
    page.open(**QUICK, **{"m-view": MULTILABEL["m-view"][view]})
    page.at.run()
    told = page.told
    assert told[0]["name"] == view
    assert told[0]["label"] in page.sentences
    assert json.loads(told[0]["figure"])["data"]


@pytest.mark.parametrize(("view", "said"), [("logits", "give the loss logits"), ("worked", "0.60672")])
def test_every_view_that_does_not(page, view, said):
    page.open(**{"m-view": MULTILABEL["m-view"][view]})
    assert said in page.told[0]["label"]
    assert "m run" not in page.at.session_state


EXEC = """
import json, sys
for code in json.load(sys.stdin):
    scope = {}
    exec(code, scope)
    print("\\n@", scope["numbers"].to_json(orient="split", double_precision=15))
"""


def test_code_gives_the_numbers_of_the_picture_above_it(page):
    codes, tables = [], []
    for view, title in MULTILABEL["m-view"].items():
        page.open(**QUICK, **{"m-view": title, "m-asymmetric-margin": "0.1"})
        if view not in ("logits", "worked"):
            page.at.run()
        assert len(page.at.code) == len(page.at.dataframe) == len(page.told) == (2 if view == "twice" else 1)
        codes += [c.value for c in page.at.code]
        tables += [d.value for d in page.at.dataframe]
        page = Page()
    out = subprocess.run(
        [sys.executable, "-c", EXEC], input=json.dumps(codes), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    found = [pd.read_json(io.StringIO(line[2:]), orient="split") for line in out.splitlines() if line.startswith("@ ")]
    assert len(found) == len(tables) == len(MULTILABEL["m-view"]) + 1
    for mine, theirs in zip(found, tables, strict=True):
        assert list(mine.columns) == list(theirs.columns)
        finite = theirs.replace([np.inf, -np.inf], np.nan)  # JSON has no infinity
        pd.testing.assert_frame_equal(mine, finite, check_dtype=False, rtol=1e-9)


def test_pictures_of_an_ended_run_are_promised_while_it_trains(engine):
    at = AppTest.from_file(ROOT / "pages" / "multilabel.py", default_timeout=180)
    at.query_params.update({"m-view": MULTILABEL["m-view"]["threshold"], "m-steps": "3000", "m-n": "2000"})
    at.run()
    assert any("follows when training has ended" in c.value for c in at.caption)
    engine.client.cancel(at.session_state["m run"][1])


def test_what_is_wrong_is_said(page):
    page.open(**QUICK, **{"m-common": "0.05"})
    assert "rarest must not be more than common" in page.problem
    other = Page().open(**QUICK, **{"m-view": MULTILABEL["m-view"]["twice"], "m-example": "5000"})
    other.at.run()
    assert "5,000 is none of them" in other.problem


def lines(change=lambda i, row: row, head="a,b,u,v"):
    rows = [change(i, [i % 11, i % 7, int(i % 5 == 0), int(i % 3 == 0)]) for i in range(90)]
    return (head + "\n" + "\n".join(",".join(map(str, row)) for row in rows)).encode()


def test_a_fault_of_a_table_is_one_box_and_forgets_no_control(page):
    page.open(**{"m-data": MULTILABEL["m-data"]["upload"], "m-steps": "50", "m-model": MULTILABEL["m-model"]["mlp"]})
    page.at.file_uploader[0].set_value(
        ("two.csv", lines(lambda i, row: [*row[:2], 2 if i == 6 else row[2], row[3]]), "")
    )
    page.open()
    assert "Not of 0 and 1: 'u' holds '2' in row 7" in page.problem
    assert len(page.at.error) + len(page.at.warning) + len(page.at.info) == 1
    assert page.at.number_input(key="m-steps").value == 50
    assert page.at.selectbox(key="m-model").value == "mlp"
    # the mended table is another one: what was chosen of the first is not asked of it
    page.at.file_uploader[0].set_value(("mended.csv", lines(), ""))
    page.open()
    assert not page.at.error
    plan = page.at.session_state["m run"][0]
    assert "'steps': 50" in plan
    assert page.at.button_group(key="m-columns").value == ["u", "v"]
    assert page.at.button_group(key="m-features").value == ["a", "b"]


def test_labels_beyond_the_most_are_told_and_are_no_features(page):
    head = "a,b," + ",".join(f"l{k}" for k in range(10))
    page.open(**{"m-data": MULTILABEL["m-data"]["upload"], "m-steps": "20"})
    table = lines(lambda i, row: row[:2] + [int(i % (k + 2) == 0) for k in range(10)], head)
    page.at.file_uploader[0].set_value(("ten.csv", table, ""))
    page.open()
    assert "10 columns hold only 0 and 1" in page.at.info[0].value
    assert page.at.button_group(key="m-features").value == ["a", "b"]


def test_names_with_signs_are_as_they_are_in_lists_and_as_written_in_links(page):
    parameters = {"m-data": MULTILABEL["m-data"]["upload"], "m-view": MULTILABEL["m-view"]["threshold"]}
    link = {"m-columns": [r"is\_late", r"very\-dear"], "m-features": ["temp_c"]}
    page.open(**parameters, **link, **{"m-steps": "20"})
    table = lines(lambda i, row: [row[0], int(i % 4 == 0), *row[2:]], "temp_c,x-2,is_late,very-dear")
    page.at.file_uploader[0].set_value(("signs.csv", table, ""))
    page.open()
    assert page.at.button_group(key="m-columns").value == ["is_late", "very-dear"]
    assert page.at.query_params["m-columns"] == link["m-columns"]
    assert sorted(page.at.selectbox(key="m-label").options) == ["is_late", "very-dear"]
    (said,) = set(page.warned)
    assert r"m-features=temp_c (must be temp\_c" in said, "the name as it would be read"


def test_a_label_that_is_not_there_is_answered_by_those_that_are(page):
    page.open(**QUICK, **{"m-view": MULTILABEL["m-view"]["threshold"], "m-label": "zebra"})
    (said,) = set(page.warned)
    assert f"m-label=zebra (must be {', '.join(page.at.selectbox(key='m-label').options)})" in said


@pytest.mark.parametrize("key", ["m-methods", "m-view"])
def test_nothing_chosen_is_what_a_link_may_say(page, key):
    page.open(**QUICK, **{key: ""})
    assert not page.warned
    assert not page.at.button_group(key=key).value


def test_what_is_found_in_vain_after_the_last_control_is_said_by_a_page_that_runs_again():
    def script():
        import streamlit as st
        from parts import controls

        controls.begin()
        if "ran" not in st.session_state:
            st.session_state["ran"] = True
            controls.dropped("m-rate=7 (must be less)")
            controls.unread()
            controls.dropped("m-example=abc (must be a number)")
            controls.rerun()
        controls.unread()

    (warning,) = AppTest.from_function(script).run().warning
    said = re.sub(r"\\(.)", r"\1", warning.value)
    assert "m-rate=7 (must be less)" in said
    assert "m-example=abc (must be a number)" in said
