"""The logit lab's page, run without a browser: what it sends to the browser, its links, and its three means."""

import asyncio
import json
import re
import time

import numpy as np
import pytest
from conftest import ROOT
from streamlit.testing.v1 import AppTest

from lossviz import STRATEGIES, lab, means

HOSTILE = ["<img src=x onerror=alert(1)>", "![x](http://a.b/c.png)", ":red[x]", "$x^2$ **b**", "nan,nan", "long " * 60]


def opened(**parameters):
    at = AppTest.from_file(ROOT / "pages" / "lab.py", default_timeout=60)
    at.query_params.update({k.replace("_", "-") if k.startswith("batch") else k: v for k, v in parameters.items()})
    at.run()
    assert not at.exception
    return at


def components(at):
    return [json.loads(c.proto.json) for c in at.get("bidi_component")]


def test_the_first_picture():
    at = opened()
    assert at.title[0].value == "Logit lab"
    bench, chart = components(at)
    assert bench["lab"]["z"] == [2, 1]
    assert bench["url"] == "/lab/tables"
    assert bench["offers"] == json.loads(json.dumps(lab.offers(lab.Lab())))
    assert [s["name"] for s in bench["catalogue"]["strategies"]] == list(STRATEGIES), (
        "a new strategy is offered by itself"
    )
    figure = json.loads(chart["figure"])
    assert [trace["name"] for trace in figure["data"]] == [*means.FORMULAS.values(), "Multiplied logits (flawed), mean"]
    assert chart["label"] == means.sentence(means.means(means.LOGITS, means.LABELS, means.WEIGHTS))
    assert not at.warning
    assert lab.call(lab.Lab()) in [c.value for c in at.code]


def test_a_link_is_read():
    at = opened(z="1,-2,0.5", y="2", n="9,3,1", w="1,2,3", s="focal,vs", **{"focal-gamma": "3"}, t="-1.5", axes="2,1")
    held = components(at)[0]
    assert held["lab"] | {"z": None} == {
        "z": None, "y": 2, "n": [9, 3, 1], "w": [1, 2, 3], "shown": ["focal", "vs"], "t": -1.5, "knobs": {"focal": {"gamma": 3}},
        "eta": 1, "reach": 4, "axes": [2, 1], "p": 0.2,
    }  # fmt: skip
    assert held["offers"]["tables"]["focal"]["gamma"] == [3, 3, 3]
    assert not at.warning


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["z", "y", "n", "w", "s", "t", "axes", "focal-gamma", "batch", "batch-weights"])
def test_a_link_that_asks_in_vain_is_told(name, text):
    at = opened(**{name: text})
    said = re.sub(r"\\(.)", r"\1", at.warning[0].value)
    assert "The link asks for what is not there" in said
    assert " ".join(text.split())[:20] in said
    assert not re.search(r"(?<!\\)[<>*`$!\[\]]", at.warning[0].value), "shown letter by letter"
    assert components(at)[0]["lab"]["z"] == [2, 1]
    assert name not in at.query_params or name.startswith("batch")


def test_the_surface_is_drawn_on_request():
    at = opened(z="0.5,-1", w="balanced")
    assert len(components(at)) == 2
    at.toggle(key="solid").set_value(True)
    at.run()
    assert not at.exception
    chart = components(at)[1]
    assert "at the red point: Cross-entropy" in chart["label"]
    surfaces = [t for t in json.loads(chart["figure"])["data"] if t["type"] == "surface"]
    assert len(surfaces) == 3


def test_a_batch_in_the_link():
    at = opened(batch="2,1,1", **{"batch-weights": "0.25,4"})
    chart = components(at)[1]
    assert chart["label"] == means.sentence(means.means([[2, 1]], [1], [0.25, 4]))
    assert "its plain loss: the weight cancels" in chart["label"]


def test_embedded_there_is_the_component_only(monkeypatch):
    from streamlit.runtime.context import ContextProxy

    monkeypatch.setattr(ContextProxy, "is_embedded", True)
    at = opened()
    assert len(components(at)) == 1
    assert not at.title
    assert not at.get("arrow_data_frame")


def test_the_route_answers_at_once():
    from starlette.requests import Request

    import app

    def ask(query):
        scope = {"type": "http", "method": "GET", "path": "/lab/tables", "headers": [], "query_string": query.encode()}
        return asyncio.run(app.lab_tables(Request(scope)))

    answer = ask(f"z=2,1&n=90,10&w=3,7&s={','.join(STRATEGIES)}")
    assert answer.status_code == 200
    found = json.loads(answer.body)
    assert found["weights"] == [3, 7]
    assert set(found["tables"]) == set(STRATEGIES)
    bad = ask("z=2,1&w=0,0")
    assert bad.status_code == 400
    assert "not all of them 0" in bad.body.decode()
    seconds = []
    for i in range(20):
        begun = time.perf_counter()
        ask(f"z=2,1&n={100 + i},10")
        seconds.append(time.perf_counter() - begun)
    assert np.median(seconds) < 0.01
