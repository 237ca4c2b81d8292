"""Costs: what mistakes cost, four remedies trained for it, and what their decisions really cost."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from parts import chart, controls, player, takeaway, verdict, words, work
from parts.titles import COSTS, TITLES

from lossviz import DATASETS, OPTIMIZERS, LabelCounts, costfigures, costmatrix, costs
from lossviz.costmatrix import PRESETS
from lossviz.dataset import Dataset
from lossviz.engine import Job, engine
from lossviz.figures import truth
from lossviz.knobs import Knob
from lossviz.plan import Run, prepare
from lossviz.spreadsheet import cell
from lossviz.strategies import get
from lossviz.takeaway import Source
from lossviz.takeaway import call as fit_call

SEED = Knob("seed", "Seed", 0, 0, 9999, 1, "Decides the data, the initial parameters and the batches.")
STEPS = Knob(
    "steps", "Steps", 1000, 50, 5000, 50,
    "Optimiser steps, on all examples at once. With few, the plain model's probabilities are not there yet to decide by.",
)  # fmt: skip
SEEDS = Knob(
    "seeds", "Seeds", 1, 1, 20, 1, "Trains each strategy from so many starts, to see the spread; the first is drawn."
)
RATE = Knob("rate", "Learning rate", 0.05, 0.0001, 5.0, 0.0001, "Step size of the optimiser.")
L2 = Knob("l2", "L2", 0.0, 0.0, 1.0, 0.001, "Pull of the weights (not the biases) towards zero.")
OWN = replace(PRESETS["fraud"], title="", unit="your unit", why={}, imbalance=10)


def problem() -> tuple[str, costmatrix.Preset]:
    """Control for the problem: a preset, or classes of the visitor's own, with costs to begin from."""
    name = controls.choose("Problem", COSTS["c-problem"], "c-problem")
    if name in PRESETS:
        return name, PRESETS[name]
    classes = next(k for k in DATASETS["blobs"].knobs if k.name == "classes")
    k = int(controls.number(classes, "c-classes"))
    cost = np.ones((k, k)) - np.eye(k)
    cost[-1] *= 10
    return f"{name}-{k}", replace(OWN, classes=tuple(f"class {c}" for c in range(k)), cost=tuple(map(tuple, cost)))


def others(name: str) -> None:
    """Note what a link asks of another problem than the one it opens."""
    for key, said in st.query_params.items():
        of = re.match(rf"c-({'|'.join(PRESETS)}|own-\d)-", key)
        if of and of[1] != name:
            controls.dropped(f"{key}={said[:60]} (is for another problem than the one shown)")


def typed_as(table: list[list[float]]) -> str:
    """A matrix as the field of rows has it, no digit lost; nothing for a cell that was emptied."""
    return "; ".join(", ".join("" if np.isnan(cost) else f"{cost:.10g}" for cost in row) for row in table)


def edited(editor: str, field: str, before: list[list[float]]) -> None:
    """Write a cell that was changed in the table into the field, and so into the link."""
    table = [list(row) for row in before]
    for t, changes in st.session_state[editor]["edited_rows"].items():
        for d, value in changes.items():
            table[int(t)][int(d)] = float("nan") if value is None else float(value)
    st.session_state[field] = typed_as(table)


def matrix(name: str, chosen: costmatrix.Preset) -> tuple[list[list[float]], np.ndarray]:
    """The editable cost matrix.

    Raises:
        ValueError: What is wrong with it, by row and column.
    """
    k, labels = len(chosen.classes), chosen.classes
    field, form = f"c-{name}-cost", ", ".join(f"c{d}" for d in range(k))
    st.header(f"What a mistake costs, in {chosen.unit}", anchor=False)
    place, trouble = st.container(), None
    told = "A row for each true class, a number for each decided class; empty: the costs we begin with."
    try:
        typed: list[list[float]] = [list(row) for row in controls.rows("Costs as rows", field, form, told)]
        st.session_state[f"{field} read"] = typed
    except ValueError as e:  # what could be read last stays in the table
        typed, trouble = st.session_state.get(f"{field} read", []), e
    rows = typed or [list(map(float, row)) for row in chosen.cost]
    with place:
        if len(rows) == k:
            editor = f"c-editor-{name}-{typed_as(rows)}"  # another matrix is another table: nothing edited in it yet
            table = {str(d): [row[d] for row in rows] for d in range(k)} | {"true": [f"{x} is true" for x in labels]}
            st.data_editor(
                table, key=editor, hide_index=True, disabled=["true"], column_order=["true", *map(str, range(k))],
                column_config={"true": st.column_config.TextColumn("true class", pinned=True)}
                | {str(d): st.column_config.NumberColumn(f"decided: {x}") for d, x in enumerate(labels)},
                on_change=edited, args=(editor, field, rows),
            )  # fmt: skip
    if trouble:
        raise trouble
    cost = costmatrix.stated(rows, labels)
    if st.context.is_embedded:
        return rows, cost
    if chosen.why and not typed:
        reasons = tuple(
            f"{labels[t]} taken for {labels[d]}, {chosen.cost[t][d]:g} {chosen.unit}: {why}"
            for (t, d), why in chosen.why.items()
        )
        with st.expander("Why these costs"):
            words.notes("Prices to argue about, not facts", reasons)
    words.notes("Worth a second look", tuple(costmatrix.remarks(cost, labels)))
    return rows, cost


def settings(name: str, chosen: costmatrix.Preset) -> tuple[dict[str, Any], dict[str, Any]]:
    """Controls for data and training: arguments of `make_dataset`, and of `fit`."""
    seed = int(controls.number(SEED, "c-seed"))
    entry = DATASETS["blobs"]
    turned = [
        replace(k, default=chosen.imbalance) if k.name == "imbalance" else k
        for k in entry.knobs
        if k.name != "classes" and isinstance(k, Knob)
    ]
    knobs = controls.knobs(turned, f"c-{name}") | {"classes": len(chosen.classes)}
    model = controls.choose("Model", TITLES["model"], "c-model", "linear")
    optimizer = controls.choose("Optimiser", TITLES["optimizer"], "c-optimizer")
    rate = RATE if optimizer == "adam" else replace(RATE, default=OPTIMIZERS[optimizer].learning_rate)
    options = {
        "model": model,
        "steps": int(controls.number(STEPS, "c-steps")),
        "seed": seed,
        "optimizer": optimizer,
        "learning_rate": controls.number(rate, f"c-rate-{optimizer}"),
        "l2": controls.number(L2, "c-l2"),
        "repeats": int(controls.number(SEEDS, "c-seeds")),
    }
    return {"seed": seed, **knobs}, options


def abandon() -> None:
    """Stop the run on the page: what it trains is no longer asked for."""
    if "costs job" in st.session_state:
        st.session_state["costs job"][1].cancel()


def asked(key: str, function: Any, *args: Any) -> Any:
    """What a worker says of a finished run; the last answer of each function is kept."""
    return work.kept(f"costs {function.__name__}", key, "Counting costs…", function, *args)


def home(key: str, code: str, frame: Any) -> None:
    """The numbers of a picture as CSV, and the Python that gives them."""
    if st.context.is_embedded:
        return
    with st.expander("Take these numbers away"):
        named = frame.map(lambda v: cell(v) if isinstance(v, str) else v)
        st.download_button(
            "CSV", lambda: named.to_csv(index=False), f"{key}.csv", "text/csv", on_click="ignore", key=f"csv-{key}"
        )
        st.code(code, language="python")


def priced(job: Job, run: Run, data: Dataset, cost: np.ndarray, unit: str, fit: str) -> None:
    """What decisions cost on the test part, and how that runs with a ratio of two costs."""
    plan, labels = run.plan, data.classes
    st.header(f"What decisions cost, on {len(plan.y_test):,} test examples", anchor=False)
    found = asked(job.token, costmatrix.realised, plan, run.test_logits, cost, data)
    told = costmatrix.realised_sentence(found, unit, len(plan.y_test))
    frame = costfigures.scores(found)
    chart.show(costfigures.bars(found, unit), "realised", told, frame)
    home("realised", costmatrix.call(fit, cost), frame)
    st.header("If the costs were others", anchor=False)
    if why := costmatrix.no_ratio(cost, labels):
        st.info(words.plain(why))
        return
    ranked = costmatrix.mistakes(cost)
    titles = {f"{t}-{d}": f"{labels[t]} taken for {labels[d]}" for t, d in ranked}
    t, d = controls.choose("The mistake whose cost runs", titles, "c-runs").split("-")
    controls.unread_of("c-runs")
    entry = (int(t), int(d))
    line = asked(repr((job.token, entry)), costmatrix.curve, plan, run.test_logits, cost, data, entry)
    frame = costfigures.curve_numbers(line)
    chart.show(costfigures.cost_curve(line), "cost-curve", costmatrix.curve_sentence(line, labels), frame)
    home("cost-curve", costmatrix.call(fit, cost, entry), frame)


@controls.part
def show(job: Job, key: str, data: Dataset, cost: np.ndarray, unit: str, source: Source, options: Any) -> None:
    """The picture of a run, which follows it by itself, and what its decisions cost once it has ended."""
    player.show(job, key)
    ended = job.ended
    done = ended and not job.error and job.run().done
    if ended and job.error:
        st.error(words.plain(job.error))
        if st.button("Try again"):
            del st.session_state["costs job"]
            st.rerun()
        return
    if done:
        st.session_state["costs shown"] = (job, data, cost, unit, source, options)
    elif ended:  # nobody had looked at it for a while, as when a laptop sleeps
        st.rerun()
    if st.context.is_embedded:
        return
    if "costs shown" not in st.session_state:
        st.caption("What the decisions cost, and what can be taken home, follow when training has ended.")
        return
    if not done:
        st.caption("Below: of the run before, until this one is there.")
    job, data, cost, unit, source, options = st.session_state["costs shown"]
    run = job.run()
    names = list(dict.fromkeys(run.strategies))
    try:
        priced(job, run, data, cost, unit, fit_call(source, names, options))
        takeaway.show(job, verdict.judged(job), source, options)
    except ValueError as e:
        st.error(words.plain(str(e)))


def assumed(cost: np.ndarray, data: Dataset) -> None:
    """The costs that balanced weights would assume for these counts, beside the stated ones."""
    labels, counts = data.classes, data.counts
    st.header("What balanced weights would have assumed", anchor=False)
    implied = costs.implied_costs(LabelCounts(labels, counts, int(counts.sum())))
    tables = {"Stated": cost, "Assumed": costmatrix.assumed(cost, counts)}
    regret = cost - np.diag(cost)[:, None]
    agree = costs.agreeing(regret, implied.weights)
    told = (
        f"{implied.sentence} They know only how many there are of each ({', '.join(f'{n:,}' for n in counts)}); your costs "
        f"decide alike on {costs.percent(agree)} of all probabilities."
    )
    chart.show(costfigures.matrices(tables, labels), "assumed", told, costfigures.matrix_numbers(tables, labels))


if not st.context.is_embedded:
    st.title("Costs")
    st.write(
        "Not every mistake costs the same. Say what each costs; models are trained for it in several ways, and judged by "
        "what their decisions really cost."
    )
try:
    engine()
except Exception as e:
    st.error(words.plain(f"The workers that train cannot be reached ({type(e).__name__}). Try again in a minute."))
    st.stop()
with st.sidebar:
    fresh = "c-problem" not in st.session_state
    name, chosen = problem()
    if fresh:
        others(name)
    arguments, options = settings(name, chosen)
names = controls.several("Trained", COSTS["c-strategies"], "c-strategies", list(costmatrix.STRATEGIES))
try:
    rows, cost = matrix(name, chosen)
    data = replace(work.dataset("costs data", arguments, "blobs", **arguments), classes=chosen.classes)
    ordered = [n for n in costmatrix.STRATEGIES if n in names]
    if not st.context.is_embedded:
        words.sentence(costs.thresholds(cost, data.classes).sentence)
        words.sentence(costs.equivalent_weights(cost, data.counts, data.classes).sentence)
    if not ordered:
        st.info("Choose at least one way to train.")
    else:
        options["knobs"] = costmatrix.knobs(cost, data.counts, ordered)
        key = repr((ordered, arguments, chosen.classes, options, cost.tolist()))
        previous = st.session_state.get("costs job")
        if previous and previous[0] == key and (not previous[1].cancelled or previous[1].run().done):
            job = previous[1]
        else:
            abandon()
            plan = prepare(
                ordered, data.X, data.y, X_test=data.X_test, y_test=data.y_test, classes=data.classes,
                features=data.features, **options,
            )  # fmt: skip
            best = get("threshold_moving").tables(data.counts, cost=cost).decisions[0]
            job = engine().start(plan, truth, data, best)
            st.session_state["costs job"] = (key, job)
        show(job, key, data, cost, chosen.unit, Source("blobs", arguments, classes=chosen.classes), options)
    if not st.context.is_embedded:
        assumed(cost, data)
except ValueError as e:
    abandon()
    st.error(words.plain(str(e)))
controls.unread()
