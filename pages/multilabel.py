"""Multi-label: several yes-or-no labels an example, what each loss makes of the rare ones, and why not a softmax."""

import io
from dataclasses import fields
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st
from parts import chart, controls, upload, words, work
from parts.titles import MULTILABEL

from lossviz import multifigures as draw
from lossviz import multistill as still
from lossviz.engine import engine
from lossviz.figures import numbers as numbers_in
from lossviz.figures import whole_page
from lossviz.knobs import Knob
from lossviz.multidata import ADVICE, KNOBS, MultiData, from_label_table, make_multilabel, offered
from lossviz.multilabel import RATE, STEPS, Judged, MultiPlan, in_worker, prepare_multilabel
from lossviz.multimethods import METHODS
from lossviz.spreadsheet import cell
from lossviz.wire import COLD

if TYPE_CHECKING:
    from distributed import Future

FIRST = ["sigmoid", "pos_weight", "asymmetric", "softmax", "double_sigmoid"]
SEED = Knob("seed", "Seed", 0, 0, 9999, 1, "Decides the data and the initial parameters.")
EXAMPLE = Knob("example", "Test example", -1, -1, 19_999, 1, "−1: one with many labels.")
YES = Knob("yes", "Weight of a 1", 2.0, 0.1, 20.0, 0.1, "A 0 has weight 1.")
# views that train, and the function of `lossviz.multifigures` that gives their numbers
TABLES = {
    "found": "table", "boundary": "boundaries_table", "threshold": "table", "calibration": "calibration_table",
    "twice": "twice_table",
}  # fmt: skip


def uploaded(seed: int) -> tuple[MultiData, str] | None:
    """Controls for the visitor's own table, its data, and the code that makes them; None while there is no file."""
    said = "A row an example; labels are columns of 0 and 1, features columns of numbers. It stays in this server's memory."
    found = upload.table("m", ("csv", "tsv", "txt", "parquet", "gz"), said, offered)
    if found is None:
        return None
    file_id, table, name, offers = found
    likely, numeric, columns, spoilt = offers
    other = (
        st.session_state.get("m offered", offers) != offers
    )  # what was chosen of another table is no choice of this one
    st.session_state["m offered"] = offers
    titles = {c: words.plain(c) for c in columns}
    if other:
        st.session_state["m-columns"] = list(likely[:8])
    controls.settle("m-columns", (list(titles), list(likely[:8])))
    labels = controls.several("Labels: columns of 0 and 1", titles, "m-columns", list(likely[:8]))
    rest = {c: titles[c] for c in numeric if c not in labels}
    left = {c: why for c, why in spoilt.items() if c not in labels}
    if left and len(labels) > 1:  # with fewer, the error says so
        told = "; ".join(left.values())
        st.info(words.plain(f"Taken neither as labels nor as features, which could give labels away: {told}. {ADVICE}"))
    more = [c for c in likely[8:] if c not in labels]
    if more:
        told = f"{len(likely)} columns hold only 0 and 1, and at most 8 labels are trained at once. {len(more)} of them are"
        st.info(words.plain(f"{told} neither labels nor features now: choose them as what they are."))
    usual = [c for c in rest if c not in left and c not in more]
    if other:
        st.session_state["m-features"] = usual
    controls.settle("m-features", (list(rest), usual))
    chosen = controls.several("Features: columns of numbers", rest, "m-features", usual) if rest else []
    key = (file_id, labels, chosen, seed)
    data = work.kept("m data", key, work.DATA, from_label_table, table, labels, chosen, seed=seed)
    code = (
        f"with open({name!r}, 'rb') as file:\n    table = lossviz.read_table(file.read(), {name!r})\n"
        f"data = from_label_table(table, {list(labels)!r}, {list(chosen)!r}, seed={seed})\n"
    )
    return data, code


def drawn(seed: int) -> tuple[MultiData, str]:
    """Controls for the made problem, its data, and the code that makes them."""
    given = controls.knobs(KNOBS, "m")
    data = work.kept("m data", (seed, given), work.DATA, make_multilabel, seed=seed, **given)
    arguments = "".join(f", {k}={v!r}" for k, v in given.items())
    return data, f"data = make_multilabel(seed={seed}{arguments})\n"


def settings() -> tuple[MultiData, str, dict[str, Any]] | None:
    """Controls for data, model and methods; the data, their code, and the options of training.

    Raises:
        ValueError: What is wrong with the data, once every control is there: one that is not drawn forgets what it held.
    """
    found, trouble = None, None
    with st.sidebar:
        source = controls.choose("Data", MULTILABEL["m-data"], "m-data", "made")
        seed = int(controls.number(SEED, "m-seed"))
        try:
            found = drawn(seed) if source == "made" else uploaded(seed)
        except ValueError as e:
            trouble = e
        model = controls.choose("Model", MULTILABEL["m-model"], "m-model", "linear")
        steps, rate = int(controls.number(STEPS, "m-steps")), controls.number(RATE, "m-rate")
        turned = {}
        with st.expander("Knobs of the methods"):
            for m in (m for m in METHODS.values() if m.knobs):
                st.markdown(f"**{words.plain(m.title)}**")
                turned[m.name] = controls.knobs(m.knobs, f"m-{m.name}")
    if trouble:
        raise trouble
    return found and (*found, {"model": model, "steps": steps, "learning_rate": rate, "seed": seed, "knobs": turned})


def started(key: str, plan: MultiPlan) -> "list[Future]":
    """The run of the page, a chain of tasks, a picture each; what another run has not begun is dropped."""
    held = st.session_state.get("m run")
    if held and held[0] == key and not any(f.cancelled() for f in held[1]):
        return held[1]
    if held:
        engine().client.cancel([f for f in held[1] if not f.done()])
    tasks: list[Future] = []
    for i in range(len(plan.steps)):
        before = tasks[-1] if tasks else None
        last = i == len(plan.steps) - 1
        tasks.append(engine().submit(in_worker, "advance", plan, before, i, last, priority=-i))
    st.session_state["m run"], st.session_state["m begun"] = (key, tasks), monotonic()
    st.session_state["m seen"] = (key, -1, None)
    return tasks


def newest(key: str, tasks: "list[Future]") -> tuple[int, Judged | None]:
    """The latest picture that is there, and its number.

    Raises:
        ValueError: The worker's own sentence.
    """
    _, seen, judged = st.session_state["m seen"]
    done = sum(f.done() for f in tasks)
    if done - 1 > seen:
        judged = work.wait(tasks[done - 1], "Training…")[1]
        st.session_state["m seen"] = (key, done - 1, judged)
    return done - 1, judged


def picture(figure: Any, key: str, sentence: str, table: pd.DataFrame, code: str, arrays: Any = None) -> None:
    """A picture with its sentence and numbers, and all that can be taken home of it; nothing while there is no code."""
    chart.show(figure, key, sentence, table)
    if st.context.is_embedded or not code:
        return
    with st.expander("Take it away"):
        st.caption("PNG and SVG are in the picture's own tool bar, at its top right; the link is in the address bar.")
        row = st.container(horizontal=True)
        row.download_button(
            "Interactive page (HTML)", lambda: whole_page(figure, sentence), f"{key}.html", "text/html",
            on_click="ignore", key=f"html-{key}",
        )  # fmt: skip
        row.download_button(
            "The numbers (CSV)", lambda: csv(table), f"{key}.csv", "text/csv", on_click="ignore", key=f"csv-{key}"
        )
        if arrays is not None:
            row.download_button(
                "The arrays (NPZ)", lambda: npz(arrays), f"{key}.npz", "application/octet-stream", on_click="ignore",
                key=f"npz-{key}",
            )  # fmt: skip
        st.write("This Python prints the numbers in this picture, the same on the same kind of machine:")
        st.code(code, language="python")


def csv(table: pd.DataFrame) -> str:
    """A table as CSV; no label is taken for a formula."""
    named = table.map(lambda v: cell(v) if isinstance(v, str) else v)
    return str(named.rename(columns=cell).to_csv(index=False))


def npz(judged: Judged) -> bytes:
    """The arrays of a run as a file for `numpy.load`."""
    file = io.BytesIO()
    np.savez_compressed(file, methods=list(METHODS), **{f.name: getattr(judged, f.name) for f in fields(judged)})
    return file.getvalue()


def shown(view: str, plan: MultiPlan, judged: Judged, names: list[str], c: int, rule: str, code: str) -> None:
    """One view of a run."""
    asked: tuple[Any, ...] = (names, c)
    if view == "found":
        figure, told, asked = (
            draw.found(plan, judged, names, rule),
            draw.found_sentence(plan, judged, names, rule),
            (names,),
        )
    elif view == "boundary":
        figure, told = draw.boundaries(plan, judged, names, c), draw.boundaries_sentence(plan, judged, names, c)
    elif view == "threshold":
        figure, told = draw.thresholds(plan, judged, names, c), draw.thresholds_sentence(plan, judged, names, c)
    elif view == "calibration":
        figure, told = draw.calibration(plan, judged, names, c), draw.calibration_sentence(plan, judged, names, c)
    else:
        example = int(controls.number(EXAMPLE, "m-example"))
        example = draw.telling(plan, judged) if example < 0 else example
        if example >= len(plan.data.y_test):
            raise ValueError(
                f"There are {len(plan.data.y_test):,} test examples, 0 the first; {example:,} is none of them."
            )
        figure, told, asked = draw.twice(plan, judged, example), draw.twice_sentence(plan, judged, example), (example,)
    table = TABLES[view]
    numbers = getattr(draw, table)(plan, judged, *asked)
    arguments = ", ".join(repr(a) for a in asked)
    if code:
        code += f"numbers = multifigures.{table}(plan, run, {arguments})\nprint(numbers.to_string())\n"
    picture(figure, view, told, numbers, code, judged)
    if view == "twice":
        two = still.two_way()
        picture(
            two,
            "two-way",
            still.two_way_sentence(),
            numbers_in(two),
            still_code("figures.numbers(multistill.two_way())"),
        )


def still_code(call: str) -> str:
    """The Python that prints the numbers of a picture which needs no training."""
    return f"from lossviz import figures, multistill\n\nnumbers = {call}\nprint(numbers.to_string())\n"


def follow(key: str, tasks: "list[Future]", *args: Any) -> None:
    """The picture of a run, which follows it by itself until it has ended."""
    view, plan, names, c, rule, code = args
    try:
        at, judged = newest(key, tasks)
        ended = at == len(tasks) - 1
        if not ended and not st.context.is_embedded:
            step = plan.steps[at] if at >= 0 else 0
            st.progress((at + 1) / len(tasks), f"Training: step {step:,} of {plan.steps[-1]:,}")
            if at < 0 and monotonic() - st.session_state["m begun"] > 2:
                st.caption(COLD)
            if view != "found":
                st.caption(
                    "This picture follows when training has ended; “Found and right” is drawn from the first step on."
                )
        if judged is not None and (ended or view == "found"):
            # the code trains to the end: what it prints is in the last picture only
            shown(view, plan, judged, names, c, *((rule, code) if ended else ("half", "")))
    except ValueError as e:
        st.error(words.plain(str(e)))
        ended = True
    if ended and not st.session_state.get("m over") == key:
        st.session_state["m over"] = key
        controls.rerun()


def trained(view: str) -> None:
    """Train, and show one view of it."""
    names = controls.several(
        "Methods",
        MULTILABEL["m-methods"],
        "m-methods",
        FIRST,
        "⚠ marks mistakes: a softmax over labels, a sigmoid twice.",
    )
    rule = controls.choose("Decided", MULTILABEL["m-rule"], "m-rule", "half") if view == "found" else "half"
    found = settings()
    if found is None:
        st.info("Choose a file in the side bar (» on a phone): its rows are examples, its labels columns of 0 and 1.")
        return
    data, source, options = found
    if not names:
        st.info("Choose at least one method.")
        return
    words.notes("What was done to the data", data.notes)
    c = data.rarest
    if view not in ("found", "twice"):
        titles = {str(i): n for i, n in enumerate(data.labels)}  # a list shows text as it is
        c = int(controls.choose("Label", titles, "m-label", str(c)))
    key = repr((st.session_state["m data"][0], options))
    plan = prepare_multilabel(data, **options)
    tasks = started(key, plan)
    code = (
        "import lossviz\nfrom lossviz import multifigures\nfrom lossviz.multidata import from_label_table, make_multilabel\n"
        "from lossviz.multilabel import prepare_multilabel\nfrom lossviz.multitrain import fit_multilabel\n\n"
        f"{source}options = {options!r}\nplan, run = prepare_multilabel(data, **options), fit_multilabel(data, **options)\n"
    )
    running = st.session_state.get("m over") != key
    ordered = [n for n in METHODS if n in names]
    controls.part(follow)(key, tasks, view, plan, ordered, c, rule, code, run_every=0.15 if running else None)


def without_training(view: str) -> None:
    """The views that need no training."""
    if view == "logits":
        y = int(controls.one("The label is", MULTILABEL["m-true"], "m-true", "0"))
        code = still_code(f"multistill.saturated_table({y})")
        picture(still.saturated(y), "logits", still.saturated_sentence(y), still.saturated_table(y), code)
        return
    name = controls.choose("Case", MULTILABEL["m-case"], "m-case")
    yes = controls.number(YES, "m-yes")
    code = still_code(f"multistill.worked_table({name!r}, {yes!r})")
    picture(
        still.worked_figure(name, yes), "worked", still.worked_sentence(name, yes), still.worked_table(name, yes), code
    )


if not st.context.is_embedded:
    st.title("Multi-label")
    st.write(
        "Several labels can be true of one example. Each is a two-class problem of its own: softmax over (0, z), which is the "
        "sigmoid of z. How do rare labels fare, and what breaks if a softmax makes them share?"
    )
view = controls.one("View", MULTILABEL["m-view"], "m-view", "found")
try:
    if view in TABLES:
        try:
            engine()
        except Exception as e:
            raise ValueError(
                f"The workers that train cannot be reached ({type(e).__name__}). Try again in a minute."
            ) from e
        trained(view)
    else:
        without_training(view)
except ValueError as e:
    st.error(words.plain(str(e)))
controls.unread()
