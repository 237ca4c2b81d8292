"""The page of multi-label training, run without a browser."""

import html
import json
import re
import sys
import time

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
        self.at.query_params.update(parameters)
        end = time.monotonic() + 150
        while True:
            self.at.run()
            assert not self.at.exception
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
    assert "fit_multilabel(data" in page.at.code[0].value


@pytest.mark.parametrize(("view", "said"), [("logits", "give the loss logits"), ("worked", "0.60672")])
def test_every_view_that_does_not(page, view, said):
    page.open(**{"m-view": MULTILABEL["m-view"][view]})
    assert said in page.told[0]["label"]
    assert "m run" not in page.at.session_state


def test_code_makes_the_same(page):
    page.open(**QUICK)
    scope = {}
    code = page.at.code[0].value
    exec(code.partition("run = ")[0].replace("from lossviz.multitrain import fit_multilabel\n", ""), scope)
    assert scope["data"].y.shape == (200, 4)


def test_what_is_wrong_is_said(page):
    page.open(**QUICK, **{"m-common": "0.05"})
    assert "rarest must not be more than common" in page.problem
    other = Page().open(**QUICK, **{"m-view": MULTILABEL["m-view"]["twice"], "m-example": "5000"})
    other.at.run()
    assert "5,000 is none of them" in other.problem
