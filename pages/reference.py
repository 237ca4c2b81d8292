"""Every strategy, weight scheme and dataset, straight from the tables the code runs on."""

import streamlit as st

from lossviz import DATASETS, SCHEMES, STRATEGIES
from lossviz.knobs import Choice, Knob


def knobs(entry_knobs: tuple[Knob | Choice, ...]) -> None:
    """One line a knob: name, range, default, meaning."""
    for knob in entry_knobs:
        span = f"{knob.low:g} to {knob.high:g}" if isinstance(knob, Knob) else ", ".join(knob.options)
        default = f"{knob.default:g}" if isinstance(knob, Knob) else knob.default
        st.markdown(f"- `{knob.name}` · {knob.title} · {span} · default {default}. {knob.help}")


st.title("Reference")
st.write("Every strategy is a row of one equation, with the true class y, the predicted class ŷ and logits z:")
st.latex(
    r"q = \operatorname{softmax}(S_{\hat y} \odot z + B_y), \qquad "
    r"\ell = W_{y \hat y}\,(1 - q_y)^{\gamma_y}(-\log q_y) + \textstyle\sum_j C_{yj}\, q_j"
)
st.header("Strategies")
for entry in STRATEGIES.values():
    st.subheader(entry.title + (" :red-badge[flawed]" if entry.flawed else ""))
    st.markdown(f"`{entry.name}` · {entry.summary}")
    st.latex(r"\ell = " + entry.formula)
    rules = entry.tables([900, 90, 10]).decisions
    st.markdown("Decides by " + ", or by ".join(rule.title for rule in rules) + ".")
    knobs(entry.knobs)
    st.caption(entry.source)
st.header("Class weights")
for scheme in SCHEMES.values():
    st.subheader(scheme.title)
    st.markdown(f"`{scheme.name}` · {scheme.summary}")
    st.latex(scheme.formula)
    knobs(scheme.knobs)
    st.caption(f"Fixed: {scheme.fixed_by}. {scheme.source}")
st.header("Datasets")
for data in DATASETS.values():
    st.subheader(data.title)
    st.markdown(f"`{data.name}` · {data.summary}")
    knobs(data.knobs)
