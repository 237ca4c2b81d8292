"""What came of a run, under its picture: numbers, curves, weight against threshold, and what the network undoes."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from lossviz import figures, judgement
from lossviz.engine import Job, engine
from lossviz.sentences import rarest, shares
from parts import chart, controls, table, words, work
from parts.titles import VIEWS

RATES = ("Recall", "Precision", "Balanced", "Mean predicted", "False alarms")
METRICS = {"pr": "average_precision", "roc": "roc_auc", "reliability": "ece"}


def show(job: Job, stale: bool) -> None:
    """A view of a finished run, as chosen; each with its sentence. `stale`: another run is on its way."""
    run = job.run()
    plan = run.plan
    st.header("Of the run before" if stale else f"On {len(plan.y_test):,} test examples", anchor=False)
    view = controls.one("View", VIEWS, "view", "numbers")
    controls.unread_of("view")
    if view == "threshold":
        _threshold(job)
        return
    if view == "undone":
        _undone(job)
        return
    records = judged(job)
    if view == "numbers":
        frame = judgement.table(plan, records)
        frame.insert(0, "Strategy", frame.index)
        _frame(frame.reset_index(drop=True))
        words.sentence(shares(run))
        return
    rare = rarest(plan)
    names = {str(c): plan.classes[c] for c in np.argsort(plan.counts, kind="stable")}
    c = int(controls.choose("Class", names, "view-class", str(rare)))
    controls.unread_of("view-class")
    told = judgement.ranking_sentence(plan, records, METRICS[view], c)
    chart.show(figures.judged_curves(plan, records, view, c), view, told)


def judged(job: Job) -> list[dict[str, Any]]:
    """What a worker says of a finished run; the last is kept."""
    made = judgement.judged, job.plan, job.run().test_logits
    records: list[dict[str, Any]] = work.kept("race judged", job.token, "Judging…", *made)
    return records


def _frame(frame: pd.DataFrame) -> None:
    looks = {c: "percent" if c.startswith(RATES) else "%.3f" for c in frame.columns if frame[c].dtype.kind == "f"}
    table.show(frame, looks, "undefined")


def _threshold(job: Job) -> None:
    st.write(
        "A weighted model beside the plain one whose threshold was moved until it finds as many of the rarest class. "
        "Weighting is worth its price where it leaves fewer false alarms than this."
    )
    task = engine().submit(judgement.against_threshold, job.plan, job.run().test_logits)
    frame = work.wait(task, "Moving thresholds…")
    if len(frame):
        _frame(frame.drop(columns="Compared"))
    words.sentence(judgement.threshold_sentence(job.plan, frame))


def _undone(job: Job) -> None:
    run = job.run()
    found = judgement.undone(run.plan, run.theta, run.test_logits)
    if found is None:
        st.info("Choose both Cross-entropy and Multiplied logits to see how training undoes the multiplication.")
        return
    told = judgement.undone_sentence(run.plan, found)
    chart.show(figures.norms(run.plan, run.steps, found), "undone", told)
