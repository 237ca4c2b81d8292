"""The reference page: every entry in full, from its link; what is looked for; bad counts."""

import json
import re

import pytest
from conftest import ROOT
from parts.titles import TITLES
from parts.words import maths
from streamlit.testing.v1 import AppTest

from lossviz import DATASETS, SCHEMES, STRATEGIES, anatomy, calls, referencefigures
from lossviz.knobs import Knob

ENTRIES = [("strategy", s) for s in STRATEGIES.values()] + [("scheme", s) for s in SCHEMES.values()]


def opened(**parameters):
    at = AppTest.from_file(ROOT / "pages" / "reference.py", default_timeout=30)
    at.query_params.update(parameters)
    at.run()
    assert not at.exception
    return at


def unescaped(text):
    return re.sub(r"\\(.)", r"\1", text)


def text(at):
    return unescaped("\n".join(m.value for m in at.markdown))


def htmls(at):
    return "\n".join(e.proto.body for e in at.get("html")).replace("<wbr>", "")


def charts(at):
    return [json.loads(c.proto.json) for c in at.get("bidi_component")]


@pytest.mark.parametrize(("kind", "entry"), ENTRIES, ids=[e.name for _, e in ENTRIES])
def test_an_entry_in_full(kind, entry):
    at = opened(**{kind: entry.name, "ref-counts": "500, 31"})
    assert not at.error
    assert not at.warning or getattr(entry, "wrong", "")
    (heading,) = [h.value for h in at.header if h.value.startswith(entry.title)][:1]
    assert ("flawed" in heading) == getattr(entry, "flawed", False)
    assert f"`{entry.name}` · {entry.summary}" in text(at)
    formulas = [f.value for f in at.latex]
    assert any(entry.formula in f for f in formulas)
    named = anatomy.symbols(entry.formula, entry.knobs)
    assert all(unescaped(maths(words)) in text(at) for words in named.values())
    for knob in entry.knobs:
        assert f"`{knob.name}` · {knob.title}" in text(at)
    knobs = {
        k.name: k.default for k in entry.knobs if isinstance(k, Knob) or len(k.options) > 1
    }  # those with a control
    code = [c.value for c in at.code]
    page = htmls(at)
    for reference, address in anatomy.references(entry.source).items():
        assert f'<a href="{address}" target="_blank" rel="noopener noreferrer">{reference}</a>' in page
    if kind == "strategy":
        t = entry.tables([500, 31], **knobs)
        on = anatomy.active(t)
        assert "\n".join(formulas).count(r"\underline") == len(on)
        assert set(anatomy.gradient(t)) <= {f.strip("$\n") for f in formulas}
        assert anatomy.in_words(t).replace("'", "&#x27;") in page
        assert calls.call("keras", entry.name, [500, 31], **knobs).code.strip() in [c.strip() for c in code]
        assert calls.ours(entry.name, [500, 31], knobs).strip() in [c.strip() for c in code]
        assert ("What this is on average, from LossViz" in text(at)) == (entry.name == "resampling")
        assert ("The same numbers from LossViz" in text(at)) == (entry.name != "resampling")
        for told, what in zip(charts(at), referencefigures.WHAT, strict=True):
            figure, said = referencefigures.curve(entry.name, [500, 31], knobs, what)
            assert told["label"] == said
            assert told["figure"] == figure.to_json()
        if entry.wrong:
            assert entry.wrong in unescaped(at.warning[0].value)
            assert f"?strategy={entry.instead}&amp;ref-counts=500%2C+31" in page
    else:
        (told,) = charts(at)
        scale = None if entry.sigmoid else "mean"
        assert told["label"] == referencefigures.scheme_curve(entry.name, [500, 31], knobs, scale)[1]
        assert calls.use("keras", entry.name, [500, 31], scale, **knobs).code.strip() in [c.strip() for c in code]


def test_a_ratio_has_no_scale_to_choose():
    at = opened(scheme="pos_weight", **{"ref-counts": "500, 31", "ref-code": "PyTorch"})
    other = opened(scheme="sqrt")
    keys = [[w.key for w in page.get("button_group")] for page in (at, other)]
    assert keys == [["ref-code"], ["ref-scale", "ref-code"]]
    said = text(at) + htmls(at) + "".join(c.value for c in at.code)
    assert "same optimum" not in said
    assert "multiplied by the weight of its true class" not in said
    assert not any("softmax" in c.value for c in at.code)
    assert "negatives: 500" in said
    assert "mean example 1" not in said
    assert any("pos_weight = torch.tensor(16.12903)" in c.value for c in at.code)
    assert any('class_weights([500, 31], "pos_weight")' in c.value for c in at.code)


def test_all_are_listed_with_links():
    page = htmls(opened())
    for kind, entry in ENTRIES:
        assert f'href="?{kind}={entry.name}"' in page
        assert f"<code>{entry.name}</code>" in page
    assert all(f"<code>{d.name}</code>" in page for d in DATASETS.values())
    assert page.count("⚠ flawed") == sum(s.flawed for s in STRATEGIES.values())


def test_nothing_but_the_chosen_is_drawn():
    at = opened()
    assert len(charts(at)) == 2
    assert at.header[0].value == "Cross-entropy"


def test_previous_and_next_go_round():
    at = opened(strategy="cross_entropy")
    at.button(key="ref-before").click().run()
    assert at.header[0].value == "Positive weight"
    assert at.query_params["scheme"] in ("pos_weight", ["pos_weight"])
    assert "strategy" not in at.query_params
    at.button(key="ref-after").click().run()
    assert at.header[0].value == "Cross-entropy"


@pytest.mark.parametrize(
    ("words", "first"), [("focal", "Focal loss"), ("1901.05555", "Class-balanced"), ("ENet", "Log-smoothed")]
)
def test_found_by_name_or_source(words, first):
    assert opened(find=words).header[0].value == first
    at = opened(strategy="cdt")
    at.text_input(key="find").set_value(words).run()
    assert at.header[0].value == first
    listed = re.findall(r'href="\?(\w+)=(\w+)"', htmls(at))
    assert listed == [(kind, e.name) for kind, e in ENTRIES if anatomy.matches(e, words)]


def test_nothing_found_lists_all():
    at = opened(find="<b>nonesuch", strategy="cdt")
    assert at.header[0].value == "CDT"
    assert "Nothing has these words" in at.info[0].value
    assert 'href="?strategy=focal"' in htmls(at)


def test_counts_and_knobs_change_all_of_it():
    at = opened(strategy="focal", **{"focal-gamma": "0.5", "ref-counts": "9, 1, 5, 7"})
    assert '"focal", logits, labels, [9, 1, 5, 7], gamma=0.5' in at.code[-1].value
    before = charts(at)[0]["figure"]
    at.slider(key="focal-gamma").set_value(4.0).run()
    assert charts(at)[0]["figure"] != before
    assert "gamma=4.0" in at.code[-1].value
    at.slider(key="focal-gamma").set_value(0.0).run()
    assert "\n".join(f.value for f in at.latex).count(r"\underline") == 0
    assert any("this is cross-entropy" in c.value for c in at.caption)


@pytest.mark.parametrize("framework", calls.TITLES)
def test_every_framework(framework):
    at = opened(strategy="vs", **{"ref-code": TITLES["ref-code"][framework]})
    made = calls.call(framework, "vs", [900, 90, 10], gamma=0.2, tau=1.0, class_weight="none")
    assert made.remark in text(at)
    assert (made.code.strip() in [c.value.strip() for c in at.code]) == bool(made.code)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ("9, x", "'x' is no number; write them like 900, 90, 10"),
        ("9", "give 2 to 10 numbers; not 1"),
        ("9, 0", "0 must be from 1 to 10¹²"),
        ("9, nan", "nan must be from 1 to 10¹²"),
        (", ".join("9" * 11), "give 2 to 10 numbers; not 11"),
        ("<img src=x>, 3", "'<img src=x>' is no number"),
    ],
)
def test_bad_counts(counts, said):
    at = opened(strategy="cdt", **{"ref-counts": counts})
    assert said in unescaped(at.error[0].value)
    assert at.text_input(key="ref-counts").value == counts, "nothing the user did is lost"
    assert 'href="?strategy=focal&amp;' in htmls(at)


def test_a_link_in_vain_is_told():
    at = opened(strategy="nonesuch")
    assert "strategy=nonesuch" in unescaped(at.warning[0].value)
    assert at.header[0].value == "Cross-entropy"
