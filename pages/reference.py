"""Every strategy, weight scheme and dataset, straight from the tables the code runs on; the chosen one in full."""

import html
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from parts import chart, controls
from parts.titles import TITLES
from parts.words import link, maths, plain, sentence

from lossviz import DATASETS, SCHEMES, STRATEGIES, anatomy, calls, class_weights, figures, referencefigures
from lossviz.knobs import Choice, Knob
from lossviz.strategies import Strategy, Tables
from lossviz.weights import Scheme

COUNTS = "900, 90, 10"
MOST_CLASSES = 10
COLUMN = "10rem"  # of a table of texts: on a phone it scrolls, and is not squeezed into letters
HAT, HATTED = r"\hat", r"\hat y"
KINDS = {"strategy": STRATEGIES, "scheme": SCHEMES}
# what a link says -> the entry
ENTRIES: dict[str, Strategy | Scheme] = {
    f"{kind}={name}": e for kind, entries in KINDS.items() for name, e in entries.items()
}
# of a weight scheme for a sigmoid: where it acts; its loss and gradient
SIGMOID = (
    "In the loss of a label of its own, with one logit $z$, label $y$ (1: there, 0: not) and "
    "$\\sigma(z) = 1 / (1 + e^{-z})$. It multiplies what an example costs that *has* the label; one that has not keeps 1. So it "
    "is a ratio, and its size matters: at the optimum the model's odds of the label are $w_{\\text{pos}}$ times the true ones."
)
SIGMOID_LINES = (
    r"\ell = \begin{cases} -w_{\text{pos}} \log \sigma(z) & y = 1 \\ -\log\bigl(1 - \sigma(z)\bigr) & y = 0 \end{cases}",
    r"\frac{\partial \ell}{\partial z} = \begin{cases} w_{\text{pos}}\,\bigl(\sigma(z) - 1\bigr) & y = 1 \\ \sigma(z) & y = 0 "
    r"\end{cases}",
)
embedded = st.context.is_embedded


def found() -> list[str]:
    """The entries that match what is looked for; all of them if none does."""
    text = st.session_state.get("find", st.query_params.get("find", "")) or ""
    return [at for at, e in ENTRIES.items() if anatomy.matches(e, text)]


def chosen() -> str:
    """The entry that the link names, by its name or its title."""
    for kind, entries in KINDS.items():
        if (asked := st.query_params.get(kind)) is not None:
            for name, e in entries.items():
                if asked in (name, e.title):
                    return f"{kind}={name}"
            controls.dropped(f"{kind}={asked[:60]} (must be a name in the table below)")
    return next(iter(found() or ENTRIES))


def go(at: str) -> None:
    """Put an entry into the link."""
    kind, name = at.split("=")
    for other in KINDS:
        st.query_params.pop(other, None)
    st.query_params[kind] = name


def address(at: str) -> str:
    """A link to an entry that keeps the counts."""
    kind, name = at.split("=")
    counts = st.query_params.get("ref-counts", COUNTS)
    return "?" + urlencode({kind: name} | ({} if counts == COUNTS else {"ref-counts": counts}))


def searched() -> None:
    """Show the first match, unless what is shown matches."""
    matching = found()
    if matching and (not st.query_params.keys() & KINDS.keys() or chosen() not in matching):
        go(matching[0])


def counts() -> list[float]:
    """Examples of each class, as typed.

    Raises:
        ValueError: What is wrong with them.
    """
    text = controls.text(
        "Examples of each class", "ref-counts", COUNTS, max_chars=200,
        help=f"2 to {MOST_CLASSES} numbers: how many there are is K, the number of classes.",
    )  # fmt: skip
    numbers = []
    for part in text.replace(";", ",").split(","):
        try:
            number = float(part)
        except ValueError:
            raise ValueError(
                f"Examples of each class: {part.strip()[:40]!r} is no number; write them like {COUNTS}"
            ) from None
        if not 1 <= number <= 1e12:
            raise ValueError(f"Examples of each class: {part.strip()[:40]} must be from 1 to 10¹²")
        numbers.append(number)
    if not 2 <= len(numbers) <= MOST_CLASSES:
        raise ValueError(f"Examples of each class: give 2 to {MOST_CLASSES} numbers; not {len(numbers)}")
    return numbers


def grid(head: Iterable[str], rows: Iterable[Iterable[str]], label: str, least: str = "0") -> None:
    """A table that scrolls within itself where it is wide; cells are HTML, and no column is narrower than `least`."""
    cell = (
        'style="padding:.3rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid rgba(128,128,128,.35);'
        f'min-width:{least}"'
    )
    top = "".join(f'<th scope="col" {cell}>{h}</th>' for h in head)
    body = "".join("<tr>" + "".join(f"<td {cell}>{c}</td>" for c in row) + "</tr>" for row in rows)
    st.html(
        f'<div tabindex="0" role="region" aria-label="{html.escape(label)}" style="overflow-x:auto">'
        f'<table style="border-collapse:collapse;font-size:.95rem"><thead><tr>{top}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def number(x: float) -> str:
    """A number in a table."""
    return "−∞" if x <= -1e5 else f"{x:.4g}".replace("-", "−")


def folding(name: str) -> str:
    """A name that a narrow column may break after an underscore."""
    return name.replace("_", "_<wbr>")


def part_table(letter: str, values: np.ndarray) -> None:
    """The numbers of one part of the equation, with its words."""
    part = anatomy.PARTS[letter]
    st.markdown(f"**{letter}** · {part.words}.")
    k = values.shape[-1]
    if values.ndim == 1:
        grid([f"class {c}" for c in range(k)], [[number(x) for x in values]], f"{letter}, by class")
    elif anatomy.over(values) == "nothing":
        sentence(f"{number(values[0, 0])} everywhere.")
    else:
        rows = [[f"<b>{r}</b>", *(number(x) for x in row)] for r, row in enumerate(values)]
        grid(["row \\ column", *map(str, range(k))], rows, f"{letter}, a table")


def knob_lines(knobs: tuple[Knob | Choice, ...]) -> None:
    """One line a knob: name, range, default, meaning."""
    st.header("Knobs", anchor=False)
    if not knobs:
        st.markdown("It has none.")
    for knob in knobs:
        span = f"{knob.low:g} to {knob.high:g}" if isinstance(knob, Knob) else ", ".join(knob.options)
        span += " or an array" if isinstance(knob, Choice) and knob.arrays else ""
        default = f"{knob.default:g}" if isinstance(knob, Knob) else knob.default
        st.markdown(f"- `{knob.name}` · {knob.title} · {span} · default {default}. {knob.help}")


def glossary(formulas: Iterable[str], knobs: Iterable[Knob | Choice]) -> None:
    """Each symbol of these formulas, with its words."""
    named = anatomy.symbols(" ".join(formulas), tuple(knobs))
    with st.expander("What the symbols mean", expanded=True):
        st.markdown(
            "\n".join(
                f"- ${HATTED if symbol == HAT else symbol}$: {maths(plain(words))}" for symbol, words in named.items()
            )
        )


def source(text: str) -> None:
    """Where it is published; what can be looked up is left by a click only."""
    said = html.escape(text)
    for name, target in anatomy.references(text).items():
        leave = f'<a href="{html.escape(target)}" target="_blank" rel="noopener noreferrer">{html.escape(name)}</a>'
        said = said.replace(html.escape(name), leave)
    st.html(f"<p>{said}</p>")


def code(made: calls.Call) -> None:
    """The call in a framework, or why there is none."""
    st.markdown(plain(made.remark))
    if made.code:
        st.code(made.code, language="python", wrap_lines=True)


def strategy_words(entry: Strategy, t: Tables, n: list[float], knobs: dict[str, Any]) -> None:
    """The equation with its active terms lit, the formulas, the tables, the source and the code."""
    on = anatomy.active(t)
    st.header("Where it acts", anchor=False)
    theme = st.context.theme.type or "light"
    for line in anatomy.lit(on, *figures.EQUATION_COLOURS[theme]):
        st.latex(line)
    sentence(anatomy.in_words(t))
    names = ", ".join(on)
    st.caption(
        f"Lit and underlined: {names}. The others are neutral at these counts and knobs."
        if on
        else "All terms are neutral at these counts and knobs: this is cross-entropy."
    )
    st.header("Formula and gradient", anchor=False)
    st.latex(r"\ell = " + entry.formula)
    lines = anatomy.gradient(t)
    for line in lines:
        st.latex(line)
    glossary([r"\ell", entry.formula, *lines], entry.knobs)
    st.header("Its tables at these counts", anchor=False)
    tables = anatomy.arrays(t)
    for letter in on:
        part_table(letter, tables[letter])
    if neutral := [p for p in anatomy.PARTS.values() if p.letter not in on and p.letter != "R"]:
        st.caption("Neutral: " + ", ".join(f"{p.letter} = {p.neutral:g}" for p in neutral) + ".")
    st.download_button(
        "All tables (JSON)",
        lambda: json.dumps({letter: a.tolist() for letter, a in tables.items()}),
        f"{entry.name}.json",
        "application/json",
        on_click="ignore",
    )
    knob_lines(entry.knobs)
    st.header("Source", anchor=False)
    source(entry.source)
    st.header("Copy this call", anchor=False)
    framework = controls.one("Framework", TITLES["ref-code"], "ref-code", "keras")
    code(calls.call(framework, entry.name, n, **knobs))
    same = "What this is on average, from LossViz" if t.sampler == "balanced" else "The same numbers from LossViz"
    st.markdown(f"{same}, at your `logits` [N, K] and `labels` [N]:")
    st.code(calls.ours(entry.name, n, knobs), language="python", wrap_lines=True)


def show_strategy(entry: Strategy, n: list[float], knobs: dict[str, Any]) -> None:
    """Pictures, and what is said of them."""
    t = entry.tables(n, **knobs)
    for place, what in zip(st.columns(2), referencefigures.WHAT, strict=True):
        with place:
            figure, said = referencefigures.curve(entry.name, n, knobs, what)
            chart.show(figure, f"ref-{what}", said)
    if not embedded:
        strategy_words(entry, t, n, knobs)


def show_scheme(entry: Scheme, n: list[float], knobs: dict[str, Any]) -> None:
    """The picture, the formula, the weights, the source and the code."""
    # the weight of a yes against a no is a ratio: on another scale it would be another weight
    scale = None if entry.sigmoid else controls.one("Normalised to", TITLES["ref-scale"], "ref-scale", "mean")
    figure, said = referencefigures.scheme_curve(entry.name, n, knobs, scale)
    chart.show(figure, "ref-weights", said)
    if embedded:
        return
    st.header("Formula", anchor=False)
    st.latex(entry.formula)
    glossary([entry.formula], entry.knobs)
    st.markdown(maths(plain(f"On its own scale it keeps fixed: {entry.fixed_by}.")))
    st.header("Its weights at these counts", anchor=False)
    scales = {"as it comes": None} | ({} if entry.sigmoid else {t: name for name, t in TITLES["ref-scale"].items()})
    weights = {title: class_weights(n, entry.name, name, **knobs) for title, name in scales.items()}
    rows = [[f"<b>{html.escape(title)}</b>", *(number(x) for x in w)] for title, w in weights.items()]
    names = ["negatives", "positives"] if entry.sigmoid and len(n) == 2 else [f"class {c}" for c in range(len(n))]
    heads = (f"{name}: {x:,.10g}" for name, x in zip(names, n, strict=True))
    grid(["scale", *heads], rows, "Weights by class and scale")
    st.header("Where it acts", anchor=False)
    theme = st.context.theme.type or "light"
    if entry.sigmoid:
        st.markdown(SIGMOID)
        for line in SIGMOID_LINES:
            st.latex(line)
    else:
        st.markdown(
            "A scheme makes the numbers of W: each example's loss is multiplied by the weight of its true class. All scales "
            "have the same optimum, unless there is a penalty such as L2; under SGD a larger mean weight acts like a larger "
            "learning rate. With a mean example of 1 it stays as it is."
        )
        st.latex(anatomy.lit("W", *figures.EQUATION_COLOURS[theme])[1])
        with st.expander("Gradient"):
            for line in anatomy.gradient(STRATEGIES["weighted_cross_entropy"].tables([9, 1])):
                st.latex(line)
    knob_lines(entry.knobs)
    st.header("Source", anchor=False)
    source(entry.source)
    st.header("Copy this call", anchor=False)
    st.markdown("The weights, in NumPy alone:")
    st.code(calls.scheme(entry.name, n, scale, **knobs), language="python", wrap_lines=True)
    given = (f', "{scale}"' if scale else "") + "".join(f", {name}={value!r}" for name, value in knobs.items())
    listed = ", ".join(f"{x:.10g}" for x in n)
    st.code(
        f'import lossviz\n\nweights = lossviz.class_weights([{listed}], "{entry.name}"{given})\n',
        language="python",
        wrap_lines=True,
    )
    st.markdown("Put to use:")
    framework = controls.one("Framework", TITLES["ref-code"], "ref-code", "keras")
    code(calls.use(framework, entry.name, n, scale, **knobs))


def everything(listed: list[str]) -> None:
    """The table of all entries, or of those that match."""
    st.header("All strategies and class weights", anchor=False)
    if not listed:
        st.info("Nothing has these words in its name or source; all are listed.")
    for kind, title in (("strategy", "Strategies"), ("scheme", "Class weights")):
        rows = []
        for at in listed or ENTRIES:
            e = ENTRIES[at]
            if at.split("=")[0] == kind:
                badge = " ⚠ flawed" if getattr(e, "flawed", False) else ""
                anchor = f'<a href="{html.escape(address(at))}" target="_self">{html.escape(e.title)}</a>{badge}'
                rows.append(
                    [f"{anchor}<br><code>{folding(e.name)}</code>", html.escape(e.summary), html.escape(e.source)]
                )
        if rows:
            st.subheader(title, anchor=False)
            grid(["title and name", "what it does", "source"], rows, title, COLUMN)
    st.subheader("Datasets", anchor=False)
    grid(
        ["title and name", "what it is", "knobs"],
        [
            [f"{html.escape(d.title)}<br><code>{folding(d.name)}</code>", html.escape(d.summary),
             ", ".join(f"<code>{k.name}</code>" for k in d.knobs)]
            for d in DATASETS.values()
        ],
        "Datasets",
        COLUMN,
    )  # fmt: skip


if not embedded:
    st.title("Reference")
    st.write(
        "Every strategy is a row of one equation, and every scheme a way to its weights. One of them is shown in full; all are "
        "listed at the end."
    )
    controls.text(
        "Find by name or source", "find", on_change=searched, placeholder="focal, Menon, 1901.05555", max_chars=100
    )
at = chosen()
entry = ENTRIES[at]
if not embedded:
    order = list(ENTRIES)
    i = order.index(at)
    before, after = order[i - 1], order[(i + 1) % len(order)]
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.button(f"← {ENTRIES[before].title}", on_click=go, args=(before,), key="ref-before")
    row.button(f"{ENTRIES[after].title} →", on_click=go, args=(after,), key="ref-after")
    flawed = getattr(entry, "flawed", False)
    st.header(entry.title + (" :red-badge[⚠ flawed]" if flawed else ""), anchor=False)
    st.markdown(f"`{entry.name}` · {plain(entry.summary)}")
    if isinstance(entry, Strategy) and entry.wrong:
        st.warning(plain(entry.wrong))
        link(f"Use instead: {STRATEGIES[entry.instead].title}", address(f"strategy={entry.instead}"))
try:
    with st.container(horizontal=True):
        n = counts()
        knobs = controls.knobs(entry.knobs, entry.name)
    controls.unread()
    if isinstance(entry, Strategy):
        show_strategy(entry, n, knobs)
    else:
        show_scheme(entry, n, knobs)
except ValueError as e:
    st.error(plain(f"{str(e)[:1].upper()}{str(e)[1:]}."))
if not embedded:
    everything(found())
