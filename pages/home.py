"""Home: the idea in one screen, alive, and doors to the other pages."""

import streamlit as st
from parts import controls, player
from parts.listing import PAGES

from lossviz import demo

# The link holds both values; the component moves them, so they are no widgets of Streamlit's.
values, wrong = {}, False
for knob in (demo.IMBALANCE, demo.WEIGHT):
    asked = st.query_params.get(knob.name, str(knob.default))
    try:
        values[knob.name] = float(knob.check(asked))
    except ValueError:
        controls.dropped(f"{knob.name}={asked[:60]} (must be a whole number from {knob.low} to {knob.high})")
        values[knob.name], wrong = float(knob.default), True
if wrong:
    st.query_params.update({k: f"{v:g}" for k, v in values.items()})

embedded = st.context.is_embedded
if not embedded:
    st.title("What class weights do, and what they do not")
    st.write(
        "Rare cases get lost in training. The right remedy weights each example's *loss*; a copied one multiplies the *logits* "
        "by the same weights. Drag, and see what each does."
    )
moved = player.show_home(values)
controls.unread()
if moved:
    st.query_params.update({k: f"{v:g}" for k, v in moved.items()})  # what else the link says stays
doors = [] if embedded else [page for page in PAGES if page.thumbnail]
if doors:
    st.header("Go on")
for start in range(0, len(doors), 3):
    for column, page in zip(st.columns(3), doors[start : start + 3], strict=False):
        with column.container(border=True):
            player.show_thumbnail(page.title, *page.thumbnail(values))
            st.page_link(page.file, label=f"**{page.title}**", icon=":material/arrow_forward:")
            st.caption(page.about)
