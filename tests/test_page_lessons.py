"""The page of lessons, run without a browser: every lesson, step and answer; what its link gives again; what a link hides."""

import html
import json
import re
import sys

import pytest
from conftest import ROOT
from parts.titles import TITLES
from streamlit.testing.v1 import AppTest

from lossviz.lesson import LETTERS, STEPS, Formula
from lossviz.lessons import LESSONS

PAGE = ROOT / "pages" / "lessons.py"


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """Streamlit puts each script in the place of `__main__`, which a worker that starts later would try to import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def opened(page=PAGE, **parameters):
    """A page in a session of its own; its link holds titles, as a browser's does."""
    at = AppTest.from_file(page, default_timeout=120)
    for key, value in parameters.items():
        key = key.replace("_", "-")
        at.query_params[key] = TITLES.get(key, {}).get(value, value)
    at.run()
    assert not at.exception
    return at


def run(at):
    at.run()
    assert not at.exception
    return at


def pictures(at):
    """What charts were told."""
    told = [json.loads(c.proto.json) for c in at.get("bidi_component") if "figure" in c.proto.json]
    return [t for t in told if "label" in t]


def sentences(at):
    return " ".join(html.unescape(e.proto.body) for e in at.get("html"))


def texts(at):
    return " ".join(e.value for kind in ("markdown", "info", "success", "warning", "error") for e in at.get(kind))


@pytest.mark.parametrize("name", LESSONS)
def test_every_step_with_each_answer(name, engine):
    entry = LESSONS[name]
    at = opened(lesson=name)
    assert entry.question in texts(at)
    assert all(word in texts(at) for word in entry.words)
    seen = {}
    for i, answer in enumerate(entry.prediction.answers):
        at.session_state["step"] = "predict"
        run(at)
        (radio,) = at.radio
        radio.set_value(LETTERS[i])
        run(at)
        assert f"{name}-{LETTERS[i]}-_" in at.query_params["answers"]
        at.button(key="step-next").click()
        run(at)
        assert at.session_state["step"] == "experiment"
        (picture,) = pictures(at)
        assert len(picture["label"]) > 40
        assert picture["label"] in sentences(at)
        at.button(key="step-next").click()
        run(at)
        (box,) = [*at.success, *at.warning]
        seen[answer.name] = type(box).__name__
        assert answer.feedback in box.value
    assert sorted(seen.values()) == ["Success"] + ["Warning"] * (len(seen) - 1)  # one of them came true
    came = next(n for n, kind in seen.items() if kind == "Success")
    at.button(key="step-next").click()
    run(at)
    assert at.session_state["step"] == "explain"
    found = at.session_state["lesson found"][1]
    assert entry.outcome(found) == came
    for part in entry.explanation(found):
        assert (part.words if isinstance(part, Formula) else part) in texts(at)
    assert len(at.latex) == sum(isinstance(p, Formula) for p in entry.explanation(found))
    at.button(key="step-next").click()
    run(at)
    rights = 0
    for i, answer in enumerate(entry.transfer.answers):
        at.radio[0].set_value(LETTERS[i])
        run(at)
        (box,) = [*at.success, *at.warning]
        assert box.value == answer.feedback
        rights += type(box).__name__ == "Success"
    assert rights == 1
    at.button(key="step-next").click()
    run(at)
    names = [*LESSONS, "all"]
    assert at.session_state["lesson"] == names[names.index(name) + 1]


def test_the_link_gives_it_again(engine):
    at = opened(lesson="rare", step="reveal", answers="rare-C-B.costs-B-_", rare_imbalance="5")
    assert at.session_state["step"] == "reveal"
    assert at.slider(key="rare-imbalance").value == 5
    assert "With 5 common examples" in sentences(at)
    assert "You expected **C**" in texts(at)
    assert any("not where the question had them" in c.value for c in at.caption)
    at.session_state["step"] = "transfer"
    run(at)
    assert at.radio[0].value == "B"
    at.session_state["lesson"] = "all"
    run(at)
    there = [c.value.split("· ")[1] for c in at.caption if "minutes ·" in c.value]
    assert there == ["done"] + ["not begun"] * 7 + ["begun"] + ["not begun"]


def test_answers_that_are_none_are_told():
    at = opened(lesson="rare", answers="rare-Z-A.nonsense.<b>-A-A")
    assert "rare-Z-A" in re.sub(r"\\(.)", r"\1", at.warning[0].value)
    assert "<b>" not in at.warning[0].value


def test_other_controls_other_numbers(engine):
    at = opened(lesson="rare", step="experiment")
    before = pictures(at)[0]["label"]
    at.slider(key="rare-imbalance").set_value(1)
    run(at)
    assert pictures(at)[0]["label"] != before
    assert not at.error


def test_before_a_class_the_prediction_waits(engine):
    at = opened(lesson="costs", step="predict", present="true")
    assert not at.title
    assert not at.expander  # the notes are not for the class
    assert "Waiting for the class" in at.info[0].value
    assert at.button(key="step-next").label == "**Run the experiment**"
    at.button(key="step-next").click()
    run(at)
    assert at.session_state["step"] == "experiment"
    assert json.loads(pictures(at)[0]["figure"])["layout"]["font"]["size"] == 20


def test_embedded_it_is_the_lesson_only(engine, monkeypatch):
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.is_embedded", property(lambda self: True))
    at = opened(lesson="means", step="experiment")
    assert len(pictures(at)) == 1
    assert not at.title
    assert not at.expander
    assert {b.key for b in at.button} == {"step-back", "step-next"}


def test_a_link_hides_knobs_of_a_lesson(engine):
    at = opened(lesson="rare", step="experiment", only="imbalance", rare_overlap="0.3")
    assert [s.key for s in at.slider] == ["rare-imbalance"]
    assert "overlap" in str(at.session_state["lesson found"][0])
    assert "0.3" in at.session_state["lesson found"][0][1]
    at = opened(lesson="rare", step="experiment", hide="imbalance", rare_imbalance="7")
    assert [s.key for s in at.slider] == ["rare-overlap"]
    assert "'imbalance': 7" in at.session_state["lesson found"][0][1]
    at = opened(lesson="ways", step="experiment", only="imbalance")  # another lesson's: this one keeps its own
    assert [s.key for s in at.slider] == ["ways-weight", "ways-gap"]
    assert not at.warning


@pytest.mark.parametrize(
    "link", [{"only": "nonsense"}, {"hide": "nonsense"}, {"present": "1"}, {"figure": "yes"}, {"lesson": "foo"}]
)
@pytest.mark.parametrize("lesson", ["all", "rare"])
def test_a_link_that_asks_for_what_is_not_there_is_told_at_once(link, lesson):
    at = opened(**{"lesson": lesson} | link)
    (told,) = at.warning
    assert f"{next(iter(link))}={next(iter(link.values()))} (" in re.sub(r"\\(.)", r"\1", told.value)


def test_on_the_list_a_lesson_s_knob_is_known():
    assert not opened(only="imbalance", hide="overlap").warning


def test_before_a_class_the_sentence_waits_and_the_vote_is_the_class_s(engine):
    at = opened(lesson="rare", step="experiment", present="true")
    (picture,) = pictures(at)
    assert picture["bare"]
    assert picture["label"] not in sentences(at)
    at.button(key="step-next").click()
    run(at)
    assert "The class voted; what came true is **C**" in texts(at)
    assert pictures(at)[0]["label"] in sentences(at)
    at.session_state["step"] = "explain"
    run(at)
    assert "/race?present=true" in sentences(at)


def test_answers_outlive_the_link():
    at = opened(answers="rare-C-B")
    del at.query_params["answers"]  # as the menu's link
    run(at)
    assert at.query_params["answers"] == "rare-C-B"
    assert any("done" in c.value for c in at.caption)


def test_picture_and_knobs_alone(engine):
    at = opened(lesson="means", figure="true")
    assert len(pictures(at)) == 1
    assert [s.key for s in at.slider] == ["means-size", "means-factor"]
    assert not at.button
    assert not at.header
    at = opened(lesson="means", step="question")
    assert "figure=true" in sentences(at)


def test_a_link_hides_controls_of_other_pages(engine):
    at = opened(ROOT / "pages" / "surfaces.py", look="fading", only="f-weight", f_until="3")
    kept = [*at.slider, *at.number_input]
    assert [c.key for c in kept] == ["f-weight"]
    assert not at.get("button_group")
    assert "10³" in sentences(at)
    at = opened(ROOT / "pages" / "surfaces.py", look="fading", hide="weight,overlap")
    assert {c.key for c in [*at.slider, *at.number_input]} == {"f-until", "f-gamma", "f-l2"}
    at = opened(ROOT / "pages" / "weights.py", hide="scheme,counts", counts="a,70\nb,30")
    assert "scheme" not in {c.key for c in at.selectbox}
    assert not at.text_area
    assert any("'b'" in c.value for c in at.code)  # what the link gives is counted
    at = opened(ROOT / "pages" / "reference.py", only="gamma", strategy="focal", ref_counts="70, 30")
    assert not at.text_input
    at = opened(ROOT / "pages" / "claims.py", hide="revealed", claim="9", revealed="true")
    assert not at.toggle
    assert len(pictures(at)) == 1
    at = opened(ROOT / "pages" / "race.py", only="blobs-imbalance", steps="50", model="linear", data="blobs")
    assert [c.key for c in [*at.slider, *at.number_input, *at.selectbox]] == ["blobs-imbalance"]


def test_steps_are_all_there():
    assert list(TITLES["step"]) == list(STEPS)
