"""Segmentation: a pixel is an example. Weights from masks, and what each way to use them does to a small network."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from parts import chart, controls, segmentation, words, work
from parts.titles import SEGMENTATION

from lossviz import apart, camvid, segfigures, segsentences
from lossviz.engine import Job, engine
from lossviz.files import counted
from lossviz.masks import MaskCounts, count_masks, scene_weights
from lossviz.scenes import CLASSES, VOID, PixelCounts, count_pixels
from lossviz.segplan import METHODS, RATE, SEED, STEPS, N, prepare_scenes

FIRST = ["plain", "true_mask", "multiplied_mask"]
RIGHT, WRONG = "Each class's own images", "All images (the slip)"
plan_of = st.cache_data(max_entries=32, show_spinner=False)(prepare_scenes)


def weights_by(source: str) -> tuple[str | list[float], str]:
    """What `prepare_scenes` is given for a source of weights; and why that is another one, if it is.

    A visitor's own masks are no part of the link, so that a link can ask for weights that nobody has.
    """
    if source != "mine":
        return source, ""
    held = st.session_state.get("segmentation counted")
    if held is None:
        return "presence", (
            "The weights are to come from your own masks, which are not part of a link: choose them below, at Your own masks. "
            "Until then the scenes' own median frequency is used."
        )
    found: MaskCounts = held[1]
    try:
        return scene_weights(found.names, segfigures.both_denominators(found.counts)[0]).tolist(), ""
    except ValueError as e:
        return "presence", f"{e} Until then the scenes' own median frequency is used."


def settings() -> tuple[list[str], dict[str, Any], int, str]:
    """Controls: methods, options of `prepare_scenes`, the scene that is shown, and where the weights are to come from."""
    names = controls.several(
        "Methods", SEGMENTATION["seg-methods"], "seg-methods", FIRST,
        "⚠ marks recipes that are flawed: the mask comes from the prediction, not from the truth.",
    )  # fmt: skip
    scene = list(SEGMENTATION["seg-scene"]).index(
        controls.choose(
            "Scene", SEGMENTATION["seg-scene"], "seg-scene", "Unseen scene 1", "Another one trains nothing anew."
        )
    )
    with st.sidebar:
        source = controls.choose(
            "Class weights", SEGMENTATION["seg-weights"], "seg-weights", "presence", "For the methods that have a mask."
        )
        void = controls.toggle("Void has weight 0", "seg-void", True, segsentences.void(names))
        options = {
            "scenes": int(controls.number(N, "seg-scenes")),
            "steps": int(controls.number(STEPS, "seg-steps")),
            "seed": int(controls.number(SEED, "seg-seed")),
            "learning_rate": controls.number(RATE, "seg-rate"),
            "weights": weights_by(source)[0],
            "void": void,
        }
        turned = {}
        for m in METHODS.values():
            if m.name in names and m.knobs:
                st.markdown(f"**{m.title}**")
                turned[m.name] = controls.knobs(m.knobs, f"seg-{m.name}")
        options["knobs"] = turned
    return [n for n in METHODS if n in names], options, scene, source


def abandon() -> None:
    """Stop the run on the page: what it trains is no longer asked for."""
    if "segmentation job" in st.session_state:
        st.session_state["segmentation job"][1].cancel()


@controls.part
def show(job: Job, key: str, scene: int, code: str) -> None:
    """The pictures of a run, which follow it by themselves, and what came of it once it has ended."""
    segmentation.show(job, key, scene)
    if not job.ended:
        if not st.context.is_embedded:
            st.caption("IoU of every class over the steps, and what can be taken home, follow when training has ended.")
        return
    if job.error:
        st.error(words.plain(job.error))
        if st.button("Try again"):
            del st.session_state["segmentation job"]
            st.rerun()
        return
    run = job.run()
    if not run.done:  # nobody had looked at it for a while, as when a laptop sleeps
        del st.session_state["segmentation job"]
        st.rerun()
    if st.context.is_embedded:
        return
    st.header("How each class got there", anchor=False)
    titles = {m: METHODS[m].title for m in run.plan.methods}
    row = list(titles).index(controls.choose("By method", titles, "seg-row"))
    controls.unread_of("seg-row")
    counted = segfigures.iou_table(run)
    mine = counted[counted["Method"] == titles[run.plan.methods[row]]]
    told = segsentences.classes(run, row)
    chart.show(segfigures.iou_curves(run, row), "segmentation-iou", told, mine)
    with st.expander("Take it away"):
        st.caption("PNG, SVG and the link are beside the player.")
        line = st.container(horizontal=True)
        line.download_button(
            "Interactive page (HTML)", lambda: segmentation.standalone(job, code, scene), "segmentation.html", "text/html",
            on_click="ignore",
        )  # fmt: skip
        line.download_button(
            "IoU of every frame (CSV)", lambda: counted.to_csv(index=False), "iou.csv", "text/csv", on_click="ignore"
        )
        line.download_button(
            "The arrays (NPZ)", lambda: segfigures.as_npz(run), "segmentation.npz", "application/octet-stream",
            on_click="ignore",
        )  # fmt: skip
        st.write("This Python trains the same again, to rounding, which hangs on the number of threads:")
        st.code(code, language="python")


def weights_shown(
    key: str, names: Sequence[str], counts: PixelCounts, columns: dict[str, Any], slips: Sequence[str], told: str
) -> None:
    """Weights as bars, with the sentence and the table."""
    table = segfigures.weight_table(names, counts, columns)
    chart.show(segfigures.weight_bars(names, columns, slips), key, told, table)


def from_scenes(counts: PixelCounts) -> None:
    """Median frequency of the training scenes: the right denominator and the common one."""
    right, wrong = segfigures.both_denominators(counts)
    told = segsentences.weights(right, wrong, counts.images, counts.masks, CLASSES)
    weights_shown("seg-own", CLASSES, counts, {RIGHT: right, WRONG: wrong}, [WRONG], told)


def from_camvid() -> None:
    """CamVid's counts, the weights that follow from them, and the list that does not."""
    counts = PixelCounts(camvid.PIXELS, camvid.IMAGES, camvid.PRESENT, int(camvid.PIXELS.sum()), 367)
    right, wrong = segfigures.both_denominators(counts)
    copied = "SegNet's copied list"
    ratio = np.divide(camvid.SEGNET, right, where=camvid.SEGNET > 0, out=np.ones_like(right))
    off = int(np.abs(np.log(ratio)).argmax())
    rest = np.delete(ratio, [off, VOID])
    told = (
        f"The copied list gives {CLASSES[off]} {camvid.SEGNET[off]:.4f}; from the counts of the same 367 images follows "
        f"{right[off]:.4f}. The other classes differ by up to {100 * np.abs(rest - 1).max():.0f} %. "
        + segsentences.weights(right, wrong, counts.images, counts.masks, CLASSES)
    )
    weights_shown(
        "seg-camvid", CLASSES, counts, {RIGHT: right, WRONG: wrong, copied: camvid.SEGNET}, [WRONG, copied], told
    )


def indices(text: str) -> tuple[int, ...]:
    """Indices to ignore, as typed.

    Raises:
        ValueError: Something is no index.
    """
    cells = [c for c in re.split(r"[,;\s]+", text.strip()) if c]
    for c in cells:
        if not c.isdecimal() or int(c) > 65535:
            raise ValueError(
                f"Ignored indices: {c[:40]!r} is no index; write whole numbers from 0 to 65535, as 255 or 0, 255"
            )
    return tuple(int(c) for c in cells)


def masks_given() -> MaskCounts | None:
    """The visitor's own label masks, counted by a process of its own; None while there are none."""
    files = st.file_uploader(
        "Label masks", type=["png", "zip"], accept_multiple_files=True, key="seg-masks",
        help="Indexed or grayscale PNG, a pixel's value its class; several, or a zip of them.",
    )  # fmt: skip
    st.caption("Read in memory by a process of its own, never stored, and not part of the link.")
    left, right = st.columns(2)
    with left:
        named = controls.text(
            "Class names, in the order of their indices", "seg-names", max_chars=4000, placeholder="road, sign, …",
            help="Empty: every index that is found is a class.",
        )  # fmt: skip
    with right:
        ignored = controls.text(
            "Ignored indices", "seg-ignore", "255", max_chars=200, help="Such as void; empty for none."
        )
    left_out = indices(ignored)
    names = [n.strip() for n in named.split(",") if n.strip()]
    if len(set(names)) < len(names):
        raise ValueError("Class names: two are the same; each class needs a name of its own")
    if files:
        st.session_state["file here"] = True
        held = tuple((f.file_id, f.name, f.getvalue()) for f in files)
        st.session_state["segmentation masks"] = held
    elif st.session_state.pop("file here", False) or "segmentation masks" not in st.session_state:
        st.session_state.pop("segmentation masks", None)
        st.session_state.pop("segmentation counted", None)
        return None
    else:  # the visitor was on another page, which empties the field
        held = st.session_state["segmentation masks"]
        st.caption(words.plain(f"Still here: {counted(len(held), 'file')}, {held[0][1]} first"))
        if st.button("Remove the masks"):
            del st.session_state["segmentation masks"]
            st.session_state.pop("segmentation counted", None)
            st.rerun()
    key = (tuple(h[0] for h in held), tuple(names), left_out)
    if st.session_state.get("segmentation counted", (None,))[0] != key:
        task = apart.shared().start(count_masks, [(n, data) for _, n, data in held], names, left_out)
        st.session_state["segmentation counted"] = (key, work.wait(task, "Counting pixels…"))
    found: MaskCounts = st.session_state["segmentation counted"][1]
    return found


def own_masks(source: str) -> None:
    """Median-frequency weights of uploaded masks, and whether the scenes are trained with them.

    Args:
        source: Where the weights of the training come from.
    """
    found = masks_given()
    if found is None:
        st.info("Choose label masks: median-frequency weights are made from them, with both denominators.")
        return
    counts = found.counts
    words.notes("What was read", (
        f"{counted(counts.masks, 'mask')}, {counted(counts.total, 'pixel')} counted, {found.ignored:,} ignored.",
        *found.notes,
    ))  # fmt: skip
    right, wrong = segfigures.both_denominators(counts)
    told = segsentences.weights(right, wrong, counts.images, counts.masks, found.names)
    weights_shown("seg-mine", found.names, counts, {RIGHT: right, WRONG: wrong}, [WRONG], told)
    try:
        scene_weights(found.names, right)
    except ValueError as e:
        st.caption(words.plain(str(e)))
    else:
        order = ", ".join(f"{c} is {name}" for c, name in enumerate(CLASSES))
        told = f" Indices are taken in the order of the scenes' classes: {order}."
        taken = told if found.names[0].startswith("index ") else ""
        if source == "mine":
            st.caption("The methods with a mask, above, are trained with these weights." + taken)
        else:
            st.caption(f"The scenes above can be trained with them.{taken}")
            st.button("Train with these weights", on_click=lambda: st.session_state.update({"seg-weights": "mine"}))
    there = np.flatnonzero(np.isfinite(right))
    at = [found.indices[c] for c in there]
    st.code(
        f"import numpy as np\n\nweights = np.zeros(65536)  # by index; 0: ignored, or never there\n"
        f"weights[{at}] = {right[there].tolist()}\n"
        f"# {', '.join(map(repr, (found.names[c] for c in there)))}\n"
        "# loss = (weights[labels] * losses).mean()  # the index and the loss of each pixel, both [N, H, W]\n",
        language="python",
    )
    table = segfigures.weight_table(found.names, counts, {RIGHT: right, WRONG: wrong})
    table["Class"] = [words_in_cell(n) for n in found.names]
    st.download_button("Weights (CSV)", lambda: table.to_csv(index=False), "weights.csv", "text/csv", on_click="ignore")


def words_in_cell(text: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    from lossviz.spreadsheet import cell

    return cell(text)


if not st.context.is_embedded:
    st.title("Segmentation")
    st.write(
        "A pixel is an example. Large things fill the picture, small ones matter: weight each pixel's loss by its *true* class. "
        "A mask made from the *prediction*, or multiplied into the logits, does something else; see what, pixel by pixel."
    )
try:
    engine()
except Exception as e:
    st.error(words.plain(f"The workers that train cannot be reached ({type(e).__name__}). Try again in a minute."))
    st.stop()
names, options, scene, source = settings()
if (missing := weights_by(source)[1]) and not st.context.is_embedded:
    st.warning(words.plain(missing))
plan = None
if not names:
    abandon()
    st.info("Choose at least one method.")
else:
    try:
        plan = plan_of(names, **options)
    except ValueError as e:
        abandon()
        st.error(words.plain(str(e)))
if plan is not None:
    key = repr((names, options))
    previous = st.session_state.get("segmentation job")
    if not previous or previous[0] != key or (previous[1].cancelled and not previous[1].run().done):
        abandon()
        st.session_state["segmentation job"] = previous = (key, engine().start(plan))
    show(previous[1], key, scene, segfigures.call(plan, options["weights"]))
if not st.context.is_embedded:
    st.header("Weights from pixels", anchor=False)
    st.write(
        "Median frequency: a class's share of the pixels of *those images that contain it*; the median of all shares, divided "
        "by it, is the weight. A common slip counts the pixels of all images in the denominator."
    )
    look = controls.one("Weights of", SEGMENTATION["seg-look"], "seg-look", "scenes")
    try:
        if look == "masks":
            own_masks(source)
            if weights_by(source)[0] != options["weights"]:  # counted just now, or taken away
                st.rerun()
        elif look == "camvid":
            from_camvid()
        elif plan is not None:
            from_scenes(count_pixels(plan.scenes.labels, len(CLASSES)))
    except ValueError as e:
        st.error(words.plain(str(e)))
controls.unread()
