"""Controls whose value is in the link, built from the entries they turn."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from lossviz.knobs import Choice, Knob


def choose(label: str, titles: Mapping[str, str], key: str, default: str | None = None, help: str | None = None) -> str:
    """A list to choose one name from, shown by its title."""
    names = list(titles)
    index = names.index(default) if default in names else 0
    picked = st.selectbox(
        label, names, index=index, format_func=lambda n: titles.get(n, n), key=key, help=help, bind="query-params"
    )
    return picked if picked in titles else names[index]


def number(knob: Knob, key: str) -> float:
    """A slider where the range is short; a field to type in where it spans orders of magnitude."""
    low, high, default, step = (
        int(v) if knob.whole else float(v) for v in (knob.low, knob.high, knob.default, knob.step)
    )
    field = st.number_input if knob.high >= 50 * max(knob.low, knob.step) and (high - low) / step > 200 else st.slider
    decimals = max(0, -Decimal(str(knob.step)).normalize().as_tuple().exponent)  # a rounded 0.999 would read 1.00
    shown = "%d" if knob.whole else f"%.{decimals}f"
    value = field(knob.title, low, high, default, step, shown, key=key, help=knob.help or None, bind="query-params")
    return default if value is None else value


def knobs(entries: Iterable[Knob | Choice], prefix: str) -> dict[str, Any]:
    """A control for each knob, keyed `prefix-name`."""
    values: dict[str, Any] = {}
    for k in entries:
        key = f"{prefix}-{k.name}"
        if isinstance(k, Knob):
            values[k.name] = number(k, key)
        elif len(k.options) > 1:
            values[k.name] = choose(k.title, {o: o for o in k.options}, key, k.default, k.help or None)
    return values
