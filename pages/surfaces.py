"""Loss surfaces: what the optimiser walks on, and where each strategy's walk ends."""

import io
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from parts import chart, controls, words, work
from parts import table as tables
from parts.titles import SURFACES, TITLES

from lossviz import DATASETS, OPTIMIZERS, STRATEGIES, fading_weights, fit_logistic, surfacefigures
from lossviz import surfacesentences as says
from lossviz.dataset import Dataset
from lossviz.engine import engine
from lossviz.figures import norms, whole_page
from lossviz.judgement import undone, undone_sentence
from lossviz.knobs import Knob
from lossviz.landscape import Surface, as_npz, assemble, call, chunks, coarse, in_worker
from lossviz.plan import Run, prepare
from lossviz.planes import FAR, Plane, Trained, parameter_names, plane
from lossviz.sentences import percent, rarest
from lossviz.takeaway import Source
from lossviz.takeaway import call as run_call

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from distributed import Future

FIRST = ["cross_entropy", "weighted_cross_entropy", "multiplied_logits"]
SEED = Knob("seed", "Seed", 0, 0, 9999, 1, "Decides the data, the split and the initial parameters.")
STEPS = Knob("steps", "Steps", 400, 50, 5000, 50, "Optimiser steps, on all examples at once.")
RATE = Knob("rate", "Learning rate", 0.02, 0.0001, 5.0, 0.0001, "Step size of the optimiser.")
L2 = Knob(
    "l2", "L2", 0.0, 0.0, 1.0, 0.001, "Pull of the weights (not the biases) towards zero; no part of the surface."
)
RESOLUTION = Knob("resolution", "Resolution", 60, 10, 200, 10, "Grid points a side; a coarse picture comes first.")
DIRECTIONS = Knob("directions", "Seed of the directions", 0, 0, 9999, 1, "Other random directions, another slice.")
POINTS = Knob("points", "Points", 101, 11, 1001, 10, "On the line.")
WEIGHT = Knob("weight", "Weight of the rare class", 10.0, 0.1, 1000.0, 0.1, "The common class has 1.")
OVERLAP = Knob(
    "overlap", "Overlap", 0.1, 0.01, 0.45, 0.01, "Share of each class on the other's side, where they overlap."
)
FADING_L2 = Knob("l2", "L2", 0.01, 0.0, 1.0, 0.001, "On the slope; 0 leaves those curves out.")
GAMMA = Knob("gamma", "VS γ", 0.2, 0.0, 1.0, 0.05, "VS multiplies the rare class's margin by weight^−γ while training.")
UNTIL = Knob("until", "Until 10^", 6, 2, 30, 1, "Last time, a power of ten: time is steps × learning rate.")
fade = st.cache_data(max_entries=64, show_spinner=False)(fading_weights)


def picture(
    figure: "go.Figure",
    key: str,
    sentence: str,
    arrays: Callable[[], bytes],
    code: str,
    table: Any = None,
    clicked: Any = None,
) -> None:
    """A picture with its sentence and numbers, and all that can be taken home of it."""
    chart.show(figure, key, sentence, table, clicked)
    if st.context.is_embedded:
        return
    with st.expander("Take it away"):
        st.caption("PNG and SVG are in the picture's own tool bar, at its top right; the link is in the address bar.")
        row = st.container(horizontal=True)
        row.download_button(
            "Interactive page (HTML)", lambda: whole_page(figure, sentence), f"{key}.html", "text/html",
            on_click="ignore", key=f"html-{key}",
        )  # fmt: skip
        row.download_button(
            "The arrays (NPZ)", arrays, f"{key}.npz", "application/octet-stream", on_click="ignore", key=f"npz-{key}"
        )
        st.write("This Python makes the same arrays, on the same kind of machine:")
        st.code(code, language="python")


def npz(arrays: Mapping[str, Any]) -> bytes:
    """Arrays as a file for `numpy.load`."""
    file = io.BytesIO()
    np.savez_compressed(file, **{name: np.asarray(value) for name, value in arrays.items()})
    return file.getvalue()


def of(found: Any) -> dict[str, Any]:
    """Fields of a dataclass of arrays."""
    return {f.name: getattr(found, f.name) for f in fields(found)}


def pair(label: str, key: str, form: str, help: str) -> tuple[float, float] | None:
    """Two numbers to type; None while nothing is said."""
    for a, b in controls.rows(label, key, form, help, most=1):
        if max(abs(a), abs(b)) > FAR:
            raise ValueError(f"{label}: numbers must be from −{FAR:g} to {FAR:g}; not {a:g}, {b:g}".replace("-", "−"))
        return a, b
    return None


def settings() -> dict[str, Any]:
    """Controls for the data, the model and the training."""
    seed = int(controls.number(SEED, "s-seed"))
    name = controls.choose("Dataset", SURFACES["s-data"], "s-data")
    entry = DATASETS[name]
    st.caption(entry.summary)
    knobs = controls.knobs([k for k in entry.knobs if k.name != "classes"], f"s-{name}")
    if any(k.name == "classes" for k in entry.knobs):
        knobs["classes"] = 2
    model = controls.choose(
        "Model", SURFACES["s-model"], "s-model", "bias", "Two parameters have a surface that can be drawn whole."
    )
    optimizer = controls.choose("Optimiser", TITLES["optimizer"], "s-optimizer")
    options = {
        "steps": int(controls.number(STEPS, "s-steps")),
        "seed": seed,
        "optimizer": optimizer,
        "learning_rate": controls.number(replace(RATE, default=OPTIMIZERS[optimizer].learning_rate), f"s-rate-{optimizer}"),
        "l2": controls.number(L2, "s-l2"),
    }  # fmt: skip
    return {"name": name, "knobs": {"seed": seed, **knobs}, "model": model, "options": options}


def strategies() -> tuple[list[str], dict[str, Any]]:
    """Controls for which strategies, and how they are turned."""
    names = controls.several(
        "Strategies", TITLES["strategies"], "s-strategies", FIRST,
        "⚠ marks recipes that are flawed: they do not weight the loss.",
    )  # fmt: skip
    with st.sidebar:
        options: dict[str, Any] = {}
        if any(STRATEGIES[n].flawed for n in names):
            said = (
                "Flawed strategies scale the logits in training. People then decide by the raw ones, or by the scaled."
            )
            options["inference"] = controls.choose(
                "Flawed strategies decide by", TITLES["inference"], "s-inference", "raw", said
            )
        turned = {}
        with st.expander("Knobs of the strategies"):
            for entry in (STRATEGIES[n] for n in STRATEGIES if n in names and STRATEGIES[n].knobs):
                st.markdown(f"**{entry.title}**")
                turned[entry.name] = controls.knobs(entry.knobs, f"s-{entry.name}")
        options["knobs"] = turned
    return [n for n in STRATEGIES if n in names], options


def dataset(chosen: dict[str, Any]) -> Dataset:
    """The dataset of the controls."""
    name, knobs = chosen["name"], chosen["knobs"]
    return work.dataset("surfaces data", repr((name, knobs)), name, **knobs)


def trained(names: list[str], data: Dataset, model: str, options: dict[str, Any], slot: str) -> tuple[str, Trained]:
    """The run, and a key that names it; the last one of each slot is kept.

    Raises:
        ValueError: What is wrong, in a sentence.
    """
    key = repr((names, st.session_state["surfaces data"][0], model, options))
    held = st.session_state.get(f"surfaces run {slot}", (None, None))
    if held[0] == key:
        return held
    test = {"X_test": data.X_test, "y_test": data.y_test, "classes": data.classes, "features": data.features}
    if model in ("bias", "two"):
        task = engine().submit(fit_logistic, names, data.X, data.y, bias=model == "bias", **options, **test)
        try:
            run: Trained = work.wait(task, "Training…")
        except ValueError as e:
            if isinstance(e.__cause__, FloatingPointError):  # it diverged: the sentence is the trainer's
                raise ValueError(str(e.__cause__)) from e
            raise
    else:
        run = followed(prepare(names, data.X, data.y, model, **options, **test))
    st.session_state[f"surfaces run {slot}"] = (key, run)
    return key, run


def followed(plan: Any) -> Run:
    """A run trained in the workers, awaited in sight; a changed control ends it."""
    job = engine().start(plan)
    place = st.empty()
    try:
        while not job.wait(0.1):
            there = job.run()
            done = int(there.steps[max(there.frames - 1, 0)])
            place.progress(done / int(plan.steps[-1]), f"Training: step {done:,} of {int(plan.steps[-1]):,}")
        if job.error:
            raise ValueError(job.error)
        run = job.run()
        if not run.done:
            raise ValueError("Training was stopped: change a control, or load the page again.")
        return run
    finally:
        place.empty()
        if not job.ended:
            job.cancel()


def sliced(run: Trained, data: Dataset, model: str) -> tuple[Plane, dict[str, Any], int]:
    """Controls for the plane; the plane, the arguments that make it, and the resolution."""
    kinds = {"exact"} if model in ("bias", "two") else {"pca", "random", "weights"}
    given: dict[str, Any] = {}
    with st.sidebar:
        st.subheader("Plane")
        kind = controls.choose("Plane", {k: t for k, t in SURFACES["plane"].items() if k in kinds}, "plane")
        plan = run.plan
        if kind in ("random", "weights"):
            if controls.toggle("From each strategy's own solution", "own"):
                given["own"] = True
            else:
                titles = {plan.rows[i].strategy: plan.rows[i].title for i in plan.panels}
                given["reference"] = list(titles).index(controls.choose("From the solution of", titles, "reference"))
        if kind == "random":
            given["seed"] = int(controls.number(DIRECTIONS, "directions"))
        if kind == "weights":
            named = parameter_names(plan)
            titles = {str(i): n for i, n in enumerate(named)}
            across = controls.choose("Across", titles, "weight-across")
            given["pair"] = int(across), int(controls.choose("Up", titles, "weight-up", "1"))
        resolution = int(controls.number(RESOLUTION, "resolution"))
        for axis, label in (("x", "Across, from and to"), ("y", "Up, from and to")):
            said = "Ends of the picture, as −3, 4; empty: so that every path is in it."
            if ends := pair(label, f"range-{axis}", "from, to", said):
                if ends[0] >= ends[1]:
                    raise ValueError(f"{label}: the first must be less than the second; not {ends[0]:g}, {ends[1]:g}")
                given[axis] = ends
    return plane(run, kind, data=data, **given), {"kind": kind, **given}, resolution


def gather(tasks: "list[Future]", text: str) -> list[Any]:
    """Results of tasks, awaited in sight.

    Raises:
        ValueError: A task's own sentence, or that the worker gave up.
    """
    place, begun = st.empty(), time.monotonic()
    try:
        while (done := sum(t.done() for t in tasks)) < len(tasks):
            time.sleep(0.02)
            if time.monotonic() - begun > 0.3:
                place.progress(done / len(tasks), f"{text} {done} of {len(tasks)} parts")
                time.sleep(0.08)
    finally:
        place.empty()
    return [work.wait(t, text) for t in tasks]


def surfaced(
    key: str, run: Trained, where: Plane, resolution: int, data: Dataset, draw: Callable[[Surface], None]
) -> Surface:
    """The whole surface, the last one kept; until it is there `draw` shows the coarse one.

    Raises:
        ValueError: It would take too long, or the worker gave up.
    """
    held = st.session_state.get("surfaces surface", (None, None))
    if held[0] == key:
        return held[1]
    parts = chunks(run.plan, where, resolution)
    tasks = [engine().submit(in_worker, "patch", run.plan, where, c, priority=-i) for i, c in enumerate(parts)]
    counts = np.cumsum([len(c.index) for c in parts])
    first = int(np.searchsorted(counts, len(coarse(resolution)) ** 2)) + 1
    try:
        patches = list(zip(parts, gather(tasks[:first], "Surface:"), strict=False))
        early = len(parts) > first and not all(t.done() for t in tasks)
        if early:
            draw(assemble(run, where, resolution, patches, data))
        patches += zip(parts[first:], gather(tasks[first:], "Refining:"), strict=True)
    finally:  # a changed control ends this run of the page: what is not begun is dropped
        with suppress(Exception):
            engine().client.cancel([t for t in tasks if not t.done()], asynchronous=False)
    whole = assemble(run, where, resolution, patches, data)
    st.session_state["surfaces surface"] = (key, whole)
    if early:
        st.rerun()  # the same picture, refined: it keeps its zoom and its camera
    return whole


def surface(chosen: dict[str, Any], names: list[str], options: dict[str, Any]) -> None:
    """Contours or 3-D of every strategy's loss over one plane, and the model at a chosen point."""
    data = dataset(chosen)
    run_key, run = trained(names, data, chosen["model"], options, "surface")
    where, given, resolution = sliced(run, data, chosen["model"])
    key = repr((run_key, given, resolution))
    as_contours = controls.one("Drawn as", SURFACES["drawn"], "drawn", "flat") == "flat"
    titles = {run.plan.rows[i].strategy: run.plan.rows[i].title for i in run.plan.panels}
    st.session_state["surfaces names"] = list(titles)
    left, right = st.columns(2)
    with left:
        try:
            at = pair("Point", "at", "across, up", "Click a contour, or type where: the model there is shown below.")
        except ValueError as e:  # the surface does not hang on it, and stays
            st.error(words.plain(str(e)))
            at = None
    with right:
        said = "Whose decision rule is drawn at the point; the table has all."
        rule_of = controls.choose("Decides as", titles, "rule-of", help=said)
    code = call(code_of(chosen, names, options), given["kind"], {
        "resolution": resolution, **{k: v for k, v in given.items() if k != "kind" and v != 0}, "data": True,
    })  # fmt: skip

    def draw(found: Surface) -> None:
        figure = surfacefigures.contours(found, at) if as_contours else surfacefigures.solid(found, at)
        text = (
            says.surface(found)
            if found.done
            else f"Coarse as yet, {len(found.x)} × {len(found.y)} points. {says.surface(found)}"
        )
        if not as_contours and len(found.names) > surfacefigures.SOLID:
            text += f" In 3-D the first {surfacefigures.SOLID} of {len(found.names)} strategies are drawn; contours show all."
        table = surfacefigures.surface_numbers(found)
        picture(figure, "surface" if as_contours else "solid", text, lambda: as_npz(found), code, table, clicked)

    found = surfaced(key, run, where, resolution, data, draw)
    draw(found)
    if at is None:
        if not st.context.is_embedded:
            st.caption("Click a point of a contour, or type it above: what the model decides there, and how well.")
    else:
        decided(key, run, where, at, rule_of)


def clicked(point: dict[str, Any]) -> None:
    """A click on a contour writes the point into its field, and so into the link."""
    st.session_state["at"] = f"{point['x']:.4g}, {point['y']:.4g}"
    names = st.session_state.get("surfaces names", [])
    if point["part"] < len(names):
        st.session_state["rule-of"] = names[point["part"]]


def decided(key: str, run: Trained, where: Plane, at: tuple[float, float], rule_of: str) -> None:
    """What the model at a point of the plane decides, and its test metrics."""
    import pandas as pd

    plan = run.plan
    titles = {plan.rows[i].strategy: plan.rows[i].title for i in plan.panels}
    st.subheader("The model at the point", anchor=False)
    own = list(titles).index(rule_of)
    thetas = np.stack([where.at(*at, j) for j in range(len(titles))])
    if st.session_state.get("surfaces decided", (None,))[0] != (key, at):
        task = engine().submit(in_worker, "decide", plan, thetas, plan.panels)
        st.session_state["surfaces decided"] = ((key, at), work.wait(task, "Deciding…"))
    maps, records = st.session_state["surfaces decided"][1]
    rare = rarest(plan)
    frame = pd.DataFrame(
        {
            "Decides as": list(titles.values()),
            f"Recall, {plan.classes[rare]}": [m["recall"][rare] for m in records],
            f"Precision, {plan.classes[rare]}": [m["precision"][rare] for m in records],
            "Balanced accuracy": [m["balanced_accuracy"] for m in records],
            "Log loss (nats)": [m["log_loss"] for m in records],
        }
    )
    m = records[own]
    place = f"({at[0]:.4g}, {at[1]:.4g})".replace("-", "−")
    told = (
        f"At {place}, decided as {titles[rule_of]}, the test part gives a recall of {plan.classes[rare]} of "
        f"{percent(m['recall'][rare])}, a balanced accuracy of {100 * m['balanced_accuracy']:.1f} % and a log loss of "
        f"{m['log_loss']:.3f} nats."
    )
    tables.show(frame, dict.fromkeys(frame.columns[1:], "%.3f"))
    chart.show(surfacefigures.decided(plan, thetas[own], plan.rows[plan.panels[own]].rule, maps[own]), "decided", told)


def code_of(chosen: dict[str, Any], names: list[str], options: dict[str, Any]) -> str:
    """The Python that makes the data and the run."""
    model = chosen["model"]
    given = options | ({"bias": model == "bias"} if model in ("bias", "two") else {"model": model})
    return run_call(Source(chosen["name"], chosen["knobs"]), names, given)


def between(chosen: dict[str, Any], names: list[str], options: dict[str, Any]) -> None:
    """Losses on the straight line between two strategies' solutions."""
    if len(names) < 2:
        st.info("Choose at least two strategies: the line goes from one's solution to the other's.")
        return
    titles = {n: STRATEGIES[n].title for n in names}
    left, middle, right = st.columns(3)
    with left:
        a = controls.choose("From", titles, "line-from")
    with middle:
        b = controls.choose("To", titles, "line-to", names[1])
    with right:
        n = int(controls.number(POINTS, "points"))
    if a == b:
        raise ValueError(f"From and To are both {titles[a]}: choose two strategies.")
    data = dataset(chosen)
    key, run = trained(names, data, chosen["model"], options, "surface")
    held = (key, a, b, n)
    if st.session_state.get("surfaces line", (None,))[0] != held:
        task = engine().submit(in_worker, "interpolate", run, a, b, n)
        st.session_state["surfaces line"] = (held, work.wait(task, "Interpolating…"))
    found = st.session_state["surfaces line"][1]
    script = call(code_of(chosen, names, options), "exact" if chosen["model"] in ("bias", "two") else "", {})
    code = script.partition("surface = ")[0] + f"line = lossviz.interpolate(run, {a!r}, {b!r}, {n})\nprint(line.loss)\n"
    picture(surfacefigures.line(found), "line", says.line(found), lambda: npz(of(found)), code)


def unmade(chosen: dict[str, Any], options: dict[str, Any]) -> None:
    """The network undoes the multiplication: recall, logits and norms over training."""
    model = chosen["model"] if chosen["model"] not in ("bias", "two") else "linear"
    chosen = chosen | {"model": model}
    data = dataset(chosen)
    _, run = trained(FIRST, data, model, options, "undone")
    plan = run.plan
    found = undone(plan, run.theta, run.test_logits)
    told = says.recall(plan, run.confusion)
    code = code_of(chosen, FIRST, options).removesuffix("print(run.table())\n") + (
        "from lossviz.judgement import undone\n\nfound = undone(run.plan, run.theta, run.test_logits)\nprint(found)\n"
    )
    if not st.context.is_embedded:
        st.caption(f"Cross-entropy, weighted cross-entropy and multiplied logits, trained on {TITLES['model'][model]}.")
    arrays = {"steps": run.steps, "confusion": run.confusion, "raw": found["raw"], "scaled": found["scaled"]}
    arrays |= {f"{what}_{kind}": v for what in ("logits", "norms") for kind, v in found[what].items()}
    picture(surfacefigures.undone_recall(plan, run.steps, run.confusion), "recall", told, lambda: npz(arrays), code)
    chart.show(norms(plan, run.steps, found), "norms", undone_sentence(plan, found))


def faded() -> None:
    """Where the weight pushes the boundary over powers of ten of time."""
    left, middle, right = st.columns(3)
    with left:
        weight = controls.number(WEIGHT, "f-weight")
        until = int(controls.number(UNTIL, "f-until"))
    with middle:
        overlap = controls.number(OVERLAP, "f-overlap")
        gamma = controls.number(GAMMA, "f-gamma")
    with right:
        l2 = controls.number(FADING_L2, "f-l2")
    given = {"weight": weight, "until": 10.0**until, "gamma": gamma}
    cases = {
        (o, w): {"overlap": overlap * o, "l2": l2 * w}
        for o in (False, True)
        for w in ([False, True] if l2 else [False])
    }
    found = {key: fade(**given, **case) for key, case in cases.items()}
    calls = [", ".join(f"{k}={v!r}" for k, v in (given | case).items()) for case in cases.values()]
    lines = "".join(f"    lossviz.fading_weights({c}),\n" for c in calls)
    code = f"import lossviz\n\nfound = [\n{lines}]\nprint([f.boundary for f in found])\n"
    arrays = {
        f"{'overlapping' if o else 'separable'}{'_l2' if w else ''}_{name}": value
        for (o, w), one in found.items() for name, value in of(one).items()
    }  # fmt: skip
    told = says.fading(found, weight, l2, overlap)
    picture(surfacefigures.fading(found), "fading", told, lambda: npz(arrays), code)


if not st.context.is_embedded:
    st.title("Loss surfaces")
    st.write("What the optimiser walks on: one plane, one scale, every strategy's loss and every strategy's path.")
look = controls.one("View", SURFACES["look"], "look", "surface")
try:
    engine()
except Exception as e:
    st.error(words.plain(f"The workers that train cannot be reached ({type(e).__name__}). Try again in a minute."))
    st.stop()
try:
    if look == "fading":
        faded()
    else:
        with st.sidebar:
            chosen = settings()
        if look == "undone":
            unmade(chosen, chosen["options"])
        else:
            names, more = strategies()
            if not names:
                st.info("Choose at least one strategy.")
                st.stop()
            (surface if look == "surface" else between)(chosen, names, chosen["options"] | more)
except ValueError as e:
    st.error(words.plain(str(e)))
controls.unread()
