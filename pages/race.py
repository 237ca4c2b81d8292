"""Strategy race: many strategies on one dataset, from the same start on the same batches."""

import time
from dataclasses import replace
from functools import partial
from hashlib import sha1
from typing import Any

import streamlit as st
from parts import controls, player, takeaway, upload, verdict, words, work
from parts.titles import AXES, TITLES

from lossviz import DATASETS, OPTIMIZERS, STRATEGIES, from_table, with_points
from lossviz.dataset import Dataset
from lossviz.engine import Job, engine
from lossviz.figures import truth
from lossviz.knobs import Knob
from lossviz.plan import prepare
from lossviz.presets import PRESETS
from lossviz.tables import choices
from lossviz.takeaway import Source

FIRST = ["cross_entropy", "weighted_cross_entropy", "multiplied_logits"]
SEED = Knob("seed", "Seed", 0, 0, 9999, 1, "Decides the data, the split, the initial parameters and the batches.")
STEPS = Knob("steps", "Steps", 400, 50, 5000, 50, "Optimiser steps.")
SEEDS = Knob(
    "seeds", "Seeds", 1, 1, 20, 1, "Trains each strategy from so many starts, to see the spread; the first is drawn."
)
RATE = Knob("rate", "Learning rate", 0.02, 0.0001, 5.0, 0.0001, "Step size of the optimiser.")
L2 = Knob("l2", "L2", 0.0, 0.0, 1.0, 0.001, "Pull of the weights (not the biases) towards zero.")


def axes(columns: tuple[str, ...], prefix: str, default: str = "two", others: tuple[str, ...] = ()) -> Any:
    """Controls for what the picture's axes are: a projection of all columns, or two of them.

    Args:
        columns: Those that hold numbers.
        prefix: Of the controls' keys.
        default: What is chosen at first.
        others: What other columns hold, in words, to say why they cannot be axes.
    """
    fitted = "A projection is fitted on the training part only."
    view = controls.choose("Axes", AXES, f"{prefix}-axes", default, fitted)
    if view != "two":
        return view
    if len(columns) < 2:
        raise ValueError(
            f"A picture needs two columns of numbers beside the class; this table has {len(columns)}"
            + (f". {'; '.join(others)}." if others else ".")
        )
    titles = {c: c for c in columns}
    first = controls.choose("Horizontal", titles, f"{prefix}-x")
    second = controls.choose("Vertical", titles, f"{prefix}-y", columns[1])
    if first == second:
        second = next(c for c in columns if c != first)
        st.caption(words.plain(f"Both cannot be {first}: vertical is {second}."))
    return first, second


def by_hand(name: str, knobs: dict[str, Any], meaning: Any = None) -> list[tuple[float, ...]]:
    """Fields for what can be drawn in the picture too, in the link all of it; `knobs` takes what belongs there.

    Args:
        name: Of the dataset.
        knobs: Its knobs; takes counts and centres.
        meaning: What the axes and the classes are, where that can be chosen: points for others stay with those.

    Returns:
        Points to add to the training part: x, y, class.
    """
    points_key = f"{name}-points"
    if meaning is not None:
        points_key += "-" + sha1(repr(meaning).encode(), usedforsecurity=False).hexdigest()[:6]
    st.session_state["race points"] = points_key
    offered = {k.name for k in DATASETS[name].knobs} if name in DATASETS else set()
    problems: list[ValueError] = []

    def rows(*args: str) -> list[tuple[float, ...]]:
        try:
            return controls.rows(*args)
        except ValueError as e:  # told once all fields are on the page: one that is left out would lose what it holds
            problems.append(e)
            return []

    with st.expander("By hand"):
        if "counts" in offered:
            form = ", ".join(f"n{c}" for c in range(int(knobs.get("classes", 2))))
            text = "Training points of each class, in place of their number and the imbalance."
            if counts := rows("Class counts", f"{name}-counts", form, text):
                knobs["counts"] = list(counts[0])
                if len(counts) > 1:
                    problems.append(
                        ValueError(f"Class counts: one row of {len(counts[0])} numbers, not {len(counts)}.")
                    )
        if "centres" in offered:
            text = "Where each class is, in order. Or drag them in a picture."
            if centres := rows("Centres", f"{name}-centres", "x, y", text):
                knobs["centres"] = [list(c) for c in centres]
        text = "Points added to the training part. Or click them into a picture."
        points = rows("Added points", points_key, "x, y, class", text)
    if problems:
        raise problems[0]
    return points


def edited(name: str, centres: list[list[float]] | None) -> None:
    """Write into the fields of `by_hand` what the visitor did in a picture."""
    edit = st.session_state["race-player"].edit
    if not edit:
        return
    points = st.session_state["race points"]
    # what the browser says is in the field may be older than what was last written into it, when clicks come fast
    written = st.session_state.setdefault("race written", {})
    text, (last, when) = st.session_state.get(points) or "", written.get(points, ("", 0.0))
    if time.monotonic() - when < 2 and last.startswith(text):
        text = last
    before = [row.strip() for row in text.split(";") if row.strip()]
    if edit["kind"] == "add":
        # all that were clicked since the picture began, of which those that came with an earlier message are here already
        seen = st.session_state.get("race clicked", 0)
        new = [p for p in edit["points"] if p["id"] > seen]
        st.session_state["race clicked"] = max([seen, *(p["id"] for p in new)])
        added = [controls.as_text([(p["x"], p["y"], p["c"])]) for p in new]
        st.session_state[points] = "; ".join(before + added)
    elif edit["kind"] == "undo":
        st.session_state[points] = "; ".join(before[:-1])
    elif edit["kind"] == "reset":
        st.session_state[points] = ""
        st.session_state[f"{name}-centres"] = ""
    elif edit["kind"] == "move" and centres:
        moved = {int(edit["c"]): (edit["x"], edit["y"])}
        st.session_state[f"{name}-centres"] = controls.as_text([moved.get(c, at) for c, at in enumerate(centres)])
    written[points] = (st.session_state.get(points) or "", time.monotonic())


def uploaded(seed: int) -> tuple[Dataset, Source] | None:
    """Controls for the visitor's own table, and the dataset they make; None while there is no file."""
    said = "CSV, TSV or Parquet, also gzipped: a row an example, a column the class. It stays in this server's memory."
    types = ("csv", "tsv", "txt", "parquet", "gz", "xlsx", "xls")
    found = upload.table("race", types, said, choices, abandon)
    if found is None:
        return None
    file_id, table, name, offers = found
    titles = {c: c for c in (*offers.labels, *(c for c in offers.columns if c not in offers.labels))}
    likeliest = (offers.labels or offers.columns[-1:])[0]
    label_column = controls.choose("Class", titles, "table-class", likeliest)
    features = axes(tuple(c for c in offers.numeric if c != label_column), "table", others=offers.text)
    points = by_hand("table", {}, (label_column, features))
    chosen = {"label": label_column, "features": features, "seed": seed}
    data = work.kept("race data", (file_id, chosen), work.DATA, from_table, table, **chosen)
    return with_points(data, points) if points else data, Source("table", {"filename": name, **chosen}, points)


def chosen_data(seed: int) -> tuple[Dataset, Source] | None:
    """Controls for the dataset, the dataset, and where it is from."""
    name = controls.choose("Dataset", TITLES["data"], "data")
    if name == "upload":
        return uploaded(seed)
    entry = DATASETS[name]
    st.caption(entry.summary)
    knobs = controls.knobs([k for k in entry.knobs if k.name != "features"], name)
    if entry.columns:
        knobs["features"] = axes(entry.columns, name, next(str(k.default) for k in entry.knobs if k.name == "features"))
    points = by_hand(name, knobs, knobs.get("features"))
    data = work.dataset("race data", (name, seed, knobs), name, seed=seed, **knobs)
    return with_points(data, points) if points else data, Source(name, {"seed": seed, **knobs}, points)


def abandon() -> None:
    """Stop the run on the page: what it trains is no longer asked for."""
    if "race job" in st.session_state:
        st.session_state["race job"][1].cancel()


@controls.part
def show(job: Job, key: str, data: Dataset, source: Source, options: dict[str, Any]) -> None:
    """The picture of a run, which follows it by itself, and what came of it once it has ended."""
    centres = None
    if data.truth is not None and data.name == "blobs":
        centres = data.truth.centres.tolist()
    player.show(
        job,
        key,
        centres,
        bool(source.points or source.arguments.get("centres")),
        st.session_state.get("race clicked", 0),
        partial(edited, source.name, centres),
    )
    ended = job.ended
    done = ended and not job.error and job.run().done
    if done:
        st.session_state["race shown"] = (job, source, options)
    elif ended and job.error:
        st.error(words.plain(job.error))
        if st.button("Try again"):
            del st.session_state["race job"]
            st.rerun()
    elif ended:  # nobody had looked at it for a while, as when a laptop sleeps
        st.rerun()
    # while the next run trains, the last one's numbers stay, and charts keep their zoom
    if "race shown" in st.session_state and not (ended and job.error) and not st.context.is_embedded:
        shown, source, options = st.session_state["race shown"]
        verdict.show(shown, stale=not done)
        takeaway.show(shown, verdict.judged(shown), source, options)


if not st.context.is_embedded:
    st.title("Strategy race")
    st.write("Imbalanced data, many remedies: same start, same batches, one picture each. Which of them weights?")
telling = st.container()
if (preset := st.query_params.get("preset")) is not None and preset not in PRESETS:
    controls.dropped(f"preset={preset[:60]} (must be {', '.join(PRESETS)})")
names = controls.several(
    "Strategies",
    TITLES["strategies"],
    "strategies",
    FIRST,
    "⚠ marks recipes that are flawed: they do not weight the loss.",
)
data = source = problem = None
try:
    engine()
except Exception as e:
    st.error(words.plain(f"The workers that train cannot be reached ({type(e).__name__}). Try again in a minute."))
    st.stop()
with st.sidebar:
    words.doors("Start from a story", {p.title: (p.parameters(), p.story) for p in PRESETS.values()})
    above = st.container()
    seed = int(controls.number(SEED, "seed"))
    with above:
        try:
            if found := chosen_data(seed):
                data, source = found
        except ValueError as e:  # TableError among them
            problem = str(e)
    model = controls.choose("Model", TITLES["model"], "model", "mlp")
    optimizer = controls.choose("Optimiser", TITLES["optimizer"], "optimizer")
    rate = controls.number(replace(RATE, default=OPTIMIZERS[optimizer].learning_rate), f"rate-{optimizer}")
    batch = controls.choose("Examples a step", TITLES["batch"], "batch")
    steps = int(controls.number(STEPS, "steps"))
    l2 = controls.number(L2, "l2")
    seeds = int(controls.number(SEEDS, "seeds"))
    inference = "raw"
    if any(s.flawed for s in (STRATEGIES[n] for n in names)):
        said = "Flawed strategies scale the logits in training. People then decide by the raw ones, or by the scaled."
        inference = controls.choose("Flawed strategies decide by", TITLES["inference"], "inference", "raw", said)
    turned = {}
    with st.expander("Knobs of the strategies"):
        for entry in (STRATEGIES[n] for n in STRATEGIES if n in names and STRATEGIES[n].knobs):
            st.markdown(f"**{entry.title}**")
            turned[entry.name] = controls.knobs(entry.knobs, entry.name)
controls.unread()

if (
    source
    and (story := PRESETS.get(preset or ""))
    and (source.name, source.arguments)
    == (
        story.dataset,
        {"seed": source.arguments["seed"], **source.arguments, **story.knobs},
    )
):  # fmt: skip  (of other data it would not be true)
    with telling:
        words.sentence(f"{story.title}: {story.story}")
if data is None or not names:
    abandon()
if problem:
    st.error(words.plain(problem))
if data is None or source is None:
    if not problem:
        st.info("Choose a file in the side bar (» on a phone): its rows are examples, one of its columns is the class.")
    st.stop()
with st.container():  # there with notes or without, so that the player below stays the same element
    words.notes("What was done to the data", data.notes)
if not names:
    st.info("Choose at least one strategy.")
    st.stop()
ordered = [n for n in STRATEGIES if n in names]
options = {
    "model": model,
    "steps": steps,
    "seed": seed,
    "optimizer": optimizer,
    "learning_rate": rate,
    "batch_size": None if batch == "all" else int(batch),
    "l2": l2,
    "inference": inference,
    "repeats": seeds,
    "knobs": turned,
}
key = repr((ordered, st.session_state["race data"][0], source.points, options))
previous = st.session_state.get("race job")
if previous and previous[0] == key and (not previous[1].cancelled or previous[1].run().done):
    job = previous[1]
else:
    abandon()
    try:
        plan = prepare(
            ordered, data.X, data.y, X_test=data.X_test, y_test=data.y_test, classes=data.classes,
            features=data.features, **options,
        )  # fmt: skip
    except ValueError as e:
        st.error(words.plain(str(e)))
        st.stop()
    job = engine().start(plan, truth, data)
    st.session_state["race job"] = (key, job)
show(job, key, data, source, options)
