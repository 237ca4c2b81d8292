"""Logit lab: one example under the microscope, and one batch under three means."""

import pandas as pd
import streamlit as st
from parts import chart, controls, words
from parts import lab as bench

from lossviz import lab, means

# The link holds all of it; the component moves it, so these are no widgets of Streamlit's: who comes back from another page,
# with nothing in the link, finds what was left.
MINE = {*lab.PARAMETERS, "batch", "batch-weights"}
if not MINE & set(st.query_params):
    for name, value in st.session_state.get("lab kept", {}).items():
        st.query_params[name] = value
asked = {name: st.query_params[name] for name in st.query_params}
state, wrong = lab.read(asked)
try:
    lab.offers(state)
except ValueError as e:  # knobs that make no sense together
    wrong.append(str(e))
    state = lab.Lab()
batch_text, weights_text = means.link(means.LOGITS, means.LABELS), means.row(means.WEIGHTS)
embedded = st.context.is_embedded


def write(said: dict[str, str], mine: set[str]) -> None:
    """Put these parameters into the link, in the place of what it says of `mine`; what others hold there stays."""
    for name in [n for n in st.query_params if n in mine and n not in said]:
        del st.query_params[name]
    for name, value in said.items():
        if st.query_params.get(name) != value:
            st.query_params[name] = value


if not embedded:
    st.title("Logit lab")
    st.write(
        "Drag the logits of one example. Weighting its *loss* scales how hard it pushes. Multiplying the *logits* changes what "
        "the model says, by the sign of each logit: add the same number to all of them, and only that loss moves."
    )
told = st.container()
moved = bench.show(state)
if moved is not None:
    state, _ = lab.read(moved)
    write(lab.link(state), lab.PARAMETERS)


def three_means() -> None:
    """An editable batch, and its loss as three frameworks reduce it."""
    st.header("Three means", anchor=False)
    st.write(
        "A framework multiplies each example's loss by its class's weight, and then takes a mean. Of what? Edit the batch: "
        "a row is an example, with its logits and its label; rows can be added and deleted."
    )
    if "lab-batch" not in st.session_state:  # newly on the page: from the link; later edits are on top of this
        start, complaints = means.read(asked.get("batch"), asked.get("batch-weights"))
        wrong.extend(complaints)
        st.session_state["lab means"] = start
    logits, labels, weights = st.session_state["lab means"]
    k = len(weights)
    frame = pd.DataFrame(logits, columns=[f"z{c}" for c in range(k)]).assign(label=labels)
    number = {f"z{c}": st.column_config.NumberColumn(format="%.6g", step=0.1, required=True) for c in range(k)}
    label = {"label": st.column_config.NumberColumn(min_value=0, max_value=k - 1, step=1, required=True)}
    edited = st.data_editor(frame, num_rows="dynamic", hide_index=True, key="lab-batch", column_config=number | label)
    given = st.data_editor(
        pd.DataFrame([weights], columns=[f"weight of class {c}" for c in range(k)]), hide_index=True, key="lab-weights",
        column_config={f"weight of class {c}": st.column_config.NumberColumn(format="%.6g", min_value=0.0) for c in range(k)},
    )  # fmt: skip
    z, y = edited[[f"z{c}" for c in range(k)]].to_numpy(float), edited["label"].to_numpy(float)
    w = given.to_numpy(float)[0]
    try:
        found = means.means(z, y, w)
    except ValueError as e:
        st.error(words.plain(f"{str(e)[0].upper()}{str(e)[1:]}."))
        return
    said = {"batch": means.link(z, y), "batch-weights": means.row(w)}
    usual = {"batch": batch_text, "batch-weights": weights_text}
    write({n: v for n, v in said.items() if v != usual[n]}, set(said))
    chart.show(means.figure(found), "three-means", means.sentence(found))


if not embedded:
    st.header("The plane in three dimensions", anchor=False)
    if controls.toggle("Draw the surfaces", "solid"):
        if state.shown:
            figure, sentence = lab.surfaces(state)
            chart.show(figure, "solid", sentence)
    three_means()
    with st.expander("The Python that gives these numbers"):
        st.code(lab.call(state), language="python")
if wrong:
    told.warning(
        words.plain(
            f"The link asks for what is not there; the page shows what is used instead: {'; '.join(wrong[:8])}."
        )
    )
    write(lab.link(state), lab.PARAMETERS)
st.session_state["lab kept"] = {name: st.query_params[name] for name in st.query_params if name in MINE}
