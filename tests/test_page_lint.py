"""The page on which one pastes code, run without a browser."""

import html
import json
import re

import pytest
from conftest import ROOT
from parts.listing import PAGES
from streamlit.testing.v1 import AppTest

from lossviz.lint import lint
from lossviz.lintflaws import RULES
from lossviz.lintsamples import SAMPLES

FIRST = next(iter(SAMPLES.values()))


def unescaped(text):
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))


class Page:
    def __init__(self, **parameters):
        self.at = AppTest.from_file(ROOT / "pages" / "lint.py", default_timeout=30)
        self.at.query_params.update(parameters)
        self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def paste(self, code):
        self.at.text_area(key="lint code").set_value(code)
        return self.run()

    @property
    def html(self):
        return " ".join(e.proto.body for e in self.at.get("html"))

    @property
    def titles(self):
        return [s.value for s in self.at.header]


@pytest.mark.parametrize("title", SAMPLES)
def test_samples_are_one_click_away(title):
    page = Page()
    page.at.button(key=f"sample {title}").click()
    page.run()
    found = lint(SAMPLES[title])
    assert page.at.text_area(key="lint code").value == SAMPLES[title]
    assert page.titles == [f"Line {f.line}: {f.rule.title}" for f in found]
    assert page.html.count("⚠") == len({f.line for f in found})
    codes = [c.value for c in page.at.code]
    assert all(f.fix in codes for f in found)
    if not found:
        assert "No flaw found" in page.html


def test_reason_claim_and_rules_are_told():
    page = Page()
    said = unescaped(" ".join(m.value for m in page.at.markdown))
    (f,) = lint(FIRST)
    assert f"{f.detail} {f.rule.reason}" in said
    assert all(r.title in said and r.code in said for r in RULES.values())
    assert "claims?claim=1" in page.html
    page.paste(SAMPLES["Sampler and weights"])
    assert page.titles
    assert "claims?claim" not in page.html, "no claim is about it"


def test_flaws_are_summed_up_in_one_sentence():
    page = Page().paste("loss = F.cross_entropy(logits * class_weights, y)\nz = F.softmax(F.softmax(x))")
    assert "2 flaws. Line 1: logits multiplied by class weights; line 2: softmax or sigmoid applied twice." in page.html
    page.paste("print 'old'")
    assert "?. " not in unescaped(page.at.error[0].value)


def test_short_code_is_in_the_link_and_long_is_not():
    short = "loss = F.cross_entropy(logits * class_weights, y)"
    page = Page().paste(short)
    assert page.at.query_params["code"] in (short, [short])
    again = Page(code=short)
    assert again.titles == ["Line 1: Logits multiplied by class weights"]
    page.paste(short + "\n" + "# more\n" * 300)
    assert "code" not in page.at.query_params
    assert any("not part of the link" in c.value for c in page.at.caption)
    page.paste(FIRST)
    assert "code" not in page.at.query_params


def test_what_cannot_be_parsed_is_told_with_its_line():
    page = Page().paste("x = 1\nprint 'old'\n")
    (error,) = page.at.error
    assert unescaped(error.value).startswith("Line 2, column 1: Not valid Python 3: Missing parentheses")
    assert "cannot be parsed" in page.html
    assert page.at.text_area(key="lint code").value == "x = 1\nprint 'old'\n", "nothing is lost"
    page.paste("(" * 3000)
    assert len(page.at.error) == 1
    page.paste("   \n ")
    assert [i.value for i in page.at.info] == ["Paste some code, or click an example."]


def test_what_is_read_in_part_is_told_in_part():
    branches = "\n".join(f"if x: a{i} = 1" for i in range(3500))
    page = Page().paste(f"loss = F.cross_entropy(logits * class_weights, y)\n{branches}\n")
    assert page.titles == ["Line 1: Logits multiplied by class weights"]
    (error,) = page.at.error
    assert "too long to be followed to its end" in unescaped(error.value)
    assert "the rest was not checked" in unescaped(error.value)


def notebook(*cells):
    made = [{"cell_type": kind, "source": text.splitlines(keepends=True)} for kind, text in cells]
    return json.dumps({"cells": made, "nbformat": 4})


def test_the_file_of_a_notebook_is_read_by_cell():
    code = "# scores\nz = logits * class_weights"
    page = Page().paste(
        notebook(("markdown", "x"), ("code", "a = 1"), ("code", code), ("code", "F.cross_entropy(z, y)"))
    )
    assert not page.at.error
    assert page.titles == ["Cell 3, line 2: Logits multiplied by class weights"]
    assert "1 flaw. Cell 3, line 2: logits multiplied by class weights." in page.html
    assert "# scores" in page.html
    assert "a = 1" not in page.html, "only the cells with a flaw are shown"
    assert [c.value for c in page.at.caption if c.value.startswith("Cell")] == ["Cell 3"]
    assert "The loss is in cell 4, line 1." in unescaped(" ".join(m.value for m in page.at.markdown))
    page.paste(notebook(("code", "a = 1")))
    assert "No flaw found" in page.html


def test_a_cell_that_cannot_be_read_is_named_and_the_others_checked():
    flawed = ("code", "loss = F.cross_entropy(logits * class_weights, y)")
    page = Page().paste(notebook(flawed, ("code", "x = 1\nprint 'old'")))
    (error,) = page.at.error
    assert unescaped(error.value).startswith("Cell 2, line 2, column 1: Not valid Python 3: Missing parentheses")
    assert "The other cells were checked: see below." in unescaped(error.value)
    assert page.titles == ["Cell 1, line 1: Logits multiplied by class weights"]
    page.paste('{"cells": [{"cell_type": "code"}], "nbformat": 4}')
    (error,) = page.at.error
    assert "not a Jupyter notebook" in unescaped(error.value)
    assert "No flaw found" not in page.html


def test_code_is_only_text():
    evil = "x = '<img src=x onerror=alert(1)>'  # **b** $x$ :red[x]\n"
    evil += "loss = F.cross_entropy(logits * class_weights, '</div><script>')"
    page = Page().paste(evil)
    assert "<img" not in page.html
    assert "<script" not in page.html
    assert "&lt;img src=x onerror=alert(1)&gt;" in page.html


def test_thumbnail_is_what_the_linter_says():
    (listed,) = (p for p in PAGES if p.file == "lint.py")
    kind, data = listed.thumbnail({})
    (f,) = lint(FIRST)
    assert kind == "lint"
    assert data["lines"][data["at"]] == FIRST.split("\n")[f.line - 1]
    assert data["fix"] == f.fix.split("\n")
    assert json.dumps(data)
