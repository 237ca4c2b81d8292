"""The page of claims, run without a browser: the vote before the evidence, the link, and what a link asks for in vain."""

import html
import json
import re
from datetime import timedelta

import pytest
from conftest import ROOT
from parts.words import maths, plain
from streamlit.testing.v1 import AppTest

from lossviz.claim import THREADS
from lossviz.claims import CLAIMS

PAGE = ROOT / "pages" / "claims.py"


def unescaped(text):
    return re.sub(r"\\(.)", r"\1", text)


class Page:
    """The page in one session."""

    def __init__(self, **parameters):
        self.at = AppTest.from_file(PAGE, default_timeout=120)
        self.at.query_params.update(parameters)
        self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def click(self, label):
        next(b for b in self.at.button if label in (b.label, b.key)).click()
        return self.run()

    @property
    def charts(self):
        return [json.loads(c.proto.json) for c in self.at.get("bidi_component")]

    @property
    def text(self):
        parts = [*self.at.markdown, *self.at.caption, *self.at.header, *self.at.warning]
        said = [re.sub(r"\\(.)", r"\1", p.value) for p in parts]
        return html.unescape("\n".join([*said, *(h.proto.body for h in self.at.get("html"))]))

    def link(self, name):
        value = self.at.query_params.get(name)
        return value[0] if isinstance(value, list) else value


def test_the_list_says_every_claim_by_topic(engine):
    page = Page()
    labels = [unescaped(b.label) for b in page.at.button]
    assert sorted(labels) == sorted(unescaped(maths(plain(f"{n} · {c.said}"))) for n, c in CLAIMS.items())
    (second,) = (label for label in labels if label.startswith("2 ·"))
    assert "$w_{y}$ $z_{y}$" in second, "formulas are set as such"
    assert "w_y" not in second
    assert {s.value for s in page.at.header} == {c.topic for c in CLAIMS.values()}
    page.click("go-4")
    assert page.link("claim") == "4"
    assert CLAIMS[4].said in page.text


def test_vote_before_evidence(engine):
    page = Page(claim="1")
    assert not page.charts
    assert not page.at.code
    assert "The experiment says" not in page.text
    page.click("True")
    assert page.link("votes") == "1t"
    assert "You said: true. Not so. The experiment says: false" in page.text
    (chart,) = page.charts
    assert "The loss on trial equals the weighted loss on 0.0% of 2,000" in chart["label"]
    assert CLAIMS[1].why in page.text
    assert page.at.code[0].value == CLAIMS[1].code.strip()
    assert THREADS["binary"] in page.text
    assert "0 of 1 vote right so far" in page.text
    page.click("Next →")
    assert (page.link("claim"), page.charts) == ("2", [])
    page.click("← Previous").click("All claims")
    assert page.link("claim") is None
    marked = [b.key for b in page.at.button if b.label.startswith("✓")]
    assert marked == ["go-1"]


def test_a_vote_can_be_given_again(engine):
    page = Page(claim="4", votes="1f4t")
    assert "You said: true. Not so." in page.text
    page.click("Vote again")
    assert page.link("votes") == "1f"
    assert not page.charts
    assert "You said" not in page.text
    page.click("False")
    assert page.link("votes") == "1f4f"
    assert "You said: false. Right." in page.text
    alone = Page(claim="4", votes="4t").click("Vote again")
    assert alone.link("votes") is None
    assert "Vote again" not in {b.label for b in Page(claim="4", revealed="true").at.button}, "there is none to change"


def test_a_framework_on_trial_names_its_version(engine):
    page = Page(claim="22", votes="1f4t22f")
    assert "You said: false. Right. The experiment says: false" in page.text
    for name, version in CLAIMS[22].versions.items():
        assert f"{name} {version}" in page.text
    assert "2 of 3 votes right so far" in page.text
    page.click("Try it again")
    assert page.charts


def test_it_says_when_it_was_tried(engine):
    """Evidence that was kept does not pass for new."""
    page = Page(claim="1", votes="1f3t")
    (first,) = re.findall(r"Tried on (\d\d \w+ \d{4}, \d\d:\d\d:\d\d UTC), with arithmetic alone", page.text)
    held = page.at.session_state["claims evidence"]
    evidence, when = held[1]
    assert f"{when:%d %B %Y, %H:%M:%S} UTC" == first
    held[1] = evidence, when - timedelta(days=1)
    page.click("Next →").click("← Previous")
    assert first not in page.text
    assert f"{when - timedelta(days=1):%d %B %Y, %H:%M:%S} UTC" in page.text
    page.click("Try it again")
    assert page.at.session_state["claims evidence"][1][1] >= when


def test_a_teachers_link_skips_the_vote(engine):
    page = Page(claim="9", revealed="true")
    assert "The experiment says: it depends" in page.text
    assert "You said" not in page.text
    assert page.charts


@pytest.mark.parametrize("number", ["26", "x", "-1", "<b>"])
def test_unknown_claim_is_a_sentence(engine, number):
    page = Page(claim=number)
    (warning,) = page.at.warning
    said = re.sub(r"\\(.)", r"\1", warning.value)
    assert said == f"There is no claim {number!r}: the claims are numbered 1 to 25. Here is the list of them."
    assert len(page.at.button) == 25


def test_votes_that_cannot_be_read_are_told(engine):
    page = Page(claim="1", votes="1f99tbogus")
    assert "votes=1f99tbogus" in page.text
    assert page.charts, "the vote that can be read counts"


def test_a_verdict_that_changed_is_told(engine, monkeypatch):
    page = Page(claim="3", revealed="true")
    assert not page.at.warning
    from dataclasses import replace

    held = page.at.session_state["claims evidence"]
    evidence, when = held[3]
    held[3] = replace(evidence, verdict="false"), when
    page.run()
    assert "otherwise than on record (true)" in page.text


def test_embedded_is_picture_and_controls(engine, monkeypatch):
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.is_embedded", property(lambda self: True))
    page = Page(claim="4")
    assert {"True", "False", "It depends", "Next →"} <= {b.label for b in page.at.button}
    page.click("False")
    assert page.charts
    assert "You said: false. Right. The experiment says: false" in page.text
    assert not page.at.header
    assert not page.at.code
    assert not page.at.title
    assert "The experiment says: it depends" in Page(claim="9", revealed="true").text


def test_an_experiment_that_fails_is_a_sentence(engine, monkeypatch):
    from lossviz import claims

    monkeypatch.setattr(claims, "experiment", int)  # of the number: no evidence is in it
    monkeypatch.setattr("parts.work.wait", _give_up)
    page = Page(claim="3", revealed="true")
    (error,) = page.at.error
    assert "gave this up" in error.value
    assert CLAIMS[3].said in page.text
    assert any(b.label == "Next →" for b in page.at.button)


def _give_up(future, text):
    raise ValueError("The worker gave this up (KeyError): try again, or with less data.")
