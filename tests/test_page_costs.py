"""The page of costs, run without a browser: presets, typed matrices, faults by name, and code that gives the same."""

import html
import io
import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, drawn_messages
from streamlit.testing.v1 import AppTest

from lossviz import costmatrix

PAGE = ROOT / "pages" / "costs.py"
QUICK = {"c-steps": "50", "c-problem": "Card fraud", "c-fraud-n": "200"}


class Page:
    """The page in one session."""

    def __init__(self, finish):
        self.at, self.finish = AppTest.from_file(PAGE, default_timeout=120), finish

    def open(self, **parameters):
        self.at.query_params.update(parameters)
        return self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def ended(self):
        """The page once its run has ended."""
        self.finish(self.job)
        return self.run()

    @property
    def job(self):
        return self.at.session_state["costs job"][1]

    @property
    def told(self):
        return {
            t["name"]: t for c in self.at.get("bidi_component") if "name" in (t := json.loads(c.proto.json or "{}"))
        }

    @property
    def problem(self):
        (error,) = self.at.error
        return re.sub(r"\\(.)", r"\1", error.value)

    @property
    def sentences(self):
        return " ".join(html.unescape(e.proto.body) for e in self.at.get("html"))


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """Streamlit puts each script in the place of `__main__`, which a worker that starts later would try to import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def page(engine, finish):
    return Page(finish)


def test_a_preset_is_trained_and_priced(page):
    page.open(**QUICK)
    assert not page.at.error
    assert "realised" not in page.told, "nothing is priced before it is trained"
    assert any("follow when training has ended" in c.value for c in page.at.caption)
    page.ended()
    assert set(page.told) == {"realised", "cost-curve", "assumed"}
    run = page.job.run()
    assert [run.plan.rows[i].strategy for i in run.plan.panels] == list(costmatrix.STRATEGIES)
    assert run.plan.classes == ("genuine", "fraud")
    assert drawn_messages(page.job)[0]["weights"] is None, "balanced weights are not what is trained here"
    np.testing.assert_array_equal(run.plan.rows[4].rule.cost, [[0, 5], [120, 0]])
    assert "Decide 'fraud' where its probability is at least 4 %" in page.sentences
    assert "Balanced weights say that missing one 'fraud' costs as much as 49 false alarms" in page.sentences
    for name in ("realised", "cost-curve", "assumed"):
        assert page.told[name]["label"] in page.sentences
    # the code gives the same numbers, and names the classes
    for part, column in (("realised(", "Cost per example"), ("curve(", "% of the best constant")):
        code = next(c.value for c in page.at.code if part in c.value)
        assert "classes=['genuine', 'fraud']" in code
        code += "\nprint('@', numbers.to_json(orient='split', double_precision=15))"
        out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found = pd.read_json(io.StringIO(out.split("\n@ ")[1]), orient="split")
        shown = next(d.value for d in page.at.dataframe if column in d.value.columns)
        pd.testing.assert_frame_equal(found, shown, check_dtype=False, rtol=1e-9)


def test_a_mistake_that_does_not_exist_is_said(page):
    page.open(**QUICK, **{"c-runs": "nonsense"}).ended()
    (warning,) = page.at.warning
    said = re.sub(r"\\(.)", r"\1", warning.value)
    offered = page.at.selectbox(key="c-runs").options
    assert f"c-runs=nonsense (must be {', '.join(offered)})" in said, "as a link can say it"


def test_typed_costs_are_in_the_link_and_in_the_run(page):
    page.open(**QUICK, **{"c-fraud-cost": "0, 2; 8, 1", "c-strategies": "Threshold moving"})
    assert page.at.text_input(key="c-fraud-cost").value == "0, 2; 8, 1"
    assert page.job.plan.rows[0].rule.cost.tolist() == [[0, 2], [8, 1]]
    assert "Deciding 'fraud' right costs 1" in page.sentences
    first = page.job
    page.at.text_input(key="c-fraud-cost").set_value("0, 2; 9, 0")
    page.run()
    assert first.cancelled or first.ended
    assert page.job is not first
    assert page.job.plan.rows[0].rule.cost.tolist() == [[0, 2], [9, 0]]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("0, 1; -2, 0", "row 'fraud' (true), column 'genuine' (decided) is -2: a cost cannot be negative"),
        ("0, nan; 2, 0", "Costs as rows, row 1: 'nan' must be a finite number; write c0, c1"),
        ("0, 1; -inf, 0", "Costs as rows, row 2: '-inf' must be a finite number"),
        ("0, ; 2, 0", "Costs as rows, row 1: number 2 is missing"),
        ("0 5 3; 120 0", "row 1 has 3 numbers, not 2"),
        ("0, 1", "the cost matrix has 1 row, fewer than the 2 classes"),
        ("0, 1; 2, 0; 3, 3", "3 rows, 1 more than the 2 classes"),
        ("0, 1, 2; 2, 0, 1", "row 1 has 3 numbers, not 2"),
        ("0, 0; 0, 0", "every cost is 0"),
        ("0, 1; 2, 9", "where 'fraud' is true, deciding 'fraud' costs 9"),
        ("0, x; 2, 9", "'x' is no number"),
    ],
)
def test_faults_are_told_and_nothing_is_lost(page, typed, told):
    page.open(**QUICK, **{"c-fraud-cost": typed})
    assert told in page.problem
    assert page.at.text_input(key="c-fraud-cost").value == typed
    page.at.text_input(key="c-fraud-cost").set_value("0, 1; 9, 0")
    assert not page.run().at.error


def test_spaces_part_numbers_too(page):
    page.open(**QUICK, **{"c-fraud-cost": "0 7; 90 0", "c-strategies": "Threshold moving"})
    assert page.job.plan.rows[0].rule.cost.tolist() == [[0, 7], [90, 0]]
    page.job.cancel()


def test_an_emptied_cell_leaves_the_others_and_is_named(page):
    page.open(**QUICK, **{"c-fraud-cost": "0, 7; 90, 0", "c-strategies": "Threshold moving"})
    page.at.text_input(key="c-fraud-cost").set_value("0, ; 90, 0")  # what the table writes
    page.run()
    assert "row 1: number 2 is missing" in page.problem
    (editor,) = [f for f in page.at.dataframe if "true" in f.value.columns]
    assert editor.value[["0", "1"]].to_numpy().tolist() == [[0, 7], [90, 0]]
    page.at.text_input(key="c-fraud-cost").set_value("")
    page.run()
    (editor,) = [f for f in page.at.dataframe if "true" in f.value.columns]
    assert editor.value[["0", "1"]].to_numpy().tolist() == [[0, 5], [120, 0]], "an empty field is the preset"
    page.job.cancel()


def test_a_link_with_costs_of_another_problem_is_told(page):
    page.open(**QUICK, **{"c-spam-cost": "0, 7; 90, 0"})
    (told,) = [re.sub(r"\\(.)", r"\1", w.value) for w in page.at.warning]
    assert "c-spam-cost=0, 7; 90, 0 (is for another problem than the one shown)" in told
    assert "c-fraud" not in told
    page.at.selectbox(key="c-problem").set_value("Spam filter")
    page.run()
    assert not page.at.warning
    page.job.cancel()


def test_where_one_decision_is_free_no_ratio_is_run_over(page):
    page.open(**{"c-problem": "Costs of your own…", "c-classes": "3", "c-own-3-n": "200", "c-steps": "50"},
              **{"c-own-3-cost": "0, 1, 2; 0, 0, 0; 0, 0, 0", "c-strategies": "Threshold moving"})  # fmt: skip
    page.ended()
    assert "Always deciding 'class 0' costs nothing" in re.sub(r"\\(.)", r"\1", page.at.info[0].value)
    assert set(page.told) == {"realised", "assumed"}
    assert "nan" not in page.sentences


def test_what_the_table_writes_loses_no_digit(page):
    page.open(**QUICK, **{"c-fraud-cost": "0, 0.0004; 120, 0", "c-strategies": "Threshold moving"})
    assert page.job.plan.rows[0].rule.cost.tolist() == [[0, 0.0004], [120, 0]]
    (editor,) = [f for f in page.at.dataframe if "true" in f.value.columns]
    assert "0.0004" in editor.key
    page.job.cancel()


def test_own_costs_of_six_classes(page):
    page.open(**{"c-problem": "Costs of your own…", "c-classes": "6", "c-own-6-n": "200", "c-steps": "50"})
    assert not page.at.error
    assert len(page.job.plan.classes) == 6
    assert "Weights that say the same: 'class 0'" in page.sentences
    page.job.cancel()


def test_embedded_is_picture_and_controls(page, monkeypatch):
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.is_embedded", True)
    page.open(**QUICK).ended()
    assert not page.told
    assert not page.at.title
    assert not page.at.get("html")


def test_other_words_in_the_link_are_told(page):
    page.open(**QUICK | {"c-problem": "lottery"})
    assert "c-problem=lottery" in re.sub(r"\\(.)", r"\1", page.at.warning[0].value)
    page.job.cancel()
