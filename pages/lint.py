"""Is my loss flawed: paste code, and see which lines are wrong, why, and what to write instead. Nothing is executed."""

import html

import streamlit as st
from parts import words

from lossviz.lint import Finding, LintError, code_cells, is_notebook, lint, lint_notebook
from lossviz.lintflaws import RULES
from lossviz.lintreport import as_json, as_sarif
from lossviz.lintsamples import SAMPLES

LONGEST = 60_000  # characters to paste
IN_LINK = 1500  # characters that a link carries
MARK = "#D55E00"  # the colour of what is flawed


def marked(code: str, flaws: dict[int, str]) -> None:
    """The code with its lines numbered; flawed ones are marked by a sign, their codes and a bar, not by colour alone."""
    rows = []
    for number, text in enumerate(code.rstrip().split("\n"), 1):
        flaw = flaws.get(number, "")
        style = (
            f"border-left:4px solid {MARK};background:{MARK}22;font-weight:600"
            if flaw
            else "border-left:4px solid transparent"
        )
        sign = f'<div style="padding-left:3.2em;font-weight:600">⚠ {html.escape(flaw)}</div>' if flaw else ""
        rows.append(
            f'<div style="{style};padding:0 .4em"><div style="display:flex"><span style="flex:0 0 2.6em;opacity:.75;'
            f'text-align:right;padding-right:.6em">{number}</span><span style="white-space:pre-wrap;overflow-wrap:anywhere">'
            f"{html.escape(text) or ' '}</span></div>{sign}</div>"
        )
    frame = "font:.9rem/1.5 ui-monospace,monospace;border:1px solid #8888;border-radius:.5rem;padding:.5rem 0"
    st.html(f'<div style="{frame}">{"".join(rows)}</div>')


def summary(found: list[Finding]) -> str:
    """What was found, in one sentence."""
    if not found:
        return "No flaw found: none of the patterns below is in this code. Other mistakes are possible."
    lines = [f"{where(f)}: {f.rule.title[0].lower()}{f.rule.title[1:]}" for f in found[:4]]
    more = f", and {len(found) - 4} more" if len(found) > 4 else ""
    lines[1:] = [text[0].lower() + text[1:] for text in lines[1:]]
    return f"{len(found)} flaw{'s' * (len(found) > 1)}. {'; '.join(lines)}{more}."


def where(at: Finding | LintError) -> str:
    """The line, and of a notebook its cell."""
    parts = [f"cell {at.cell}"] * bool(at.cell) + [f"line {at.line}"] * bool(at.line)
    return ", ".join(parts).capitalize()


def shown(code: str, flaws: dict[tuple[int, int], str]) -> None:
    """The code, or of a notebook the cells in which something is marked, by cell and line."""
    cells = code_cells(code) if is_notebook(code) else {0: code}
    for cell, text in cells.items():
        here = {line: said for (of, line), said in flaws.items() if of == cell}
        if cell and here:
            st.caption(f"Cell {cell}")
        if here or not cell:
            marked(text, here)


def take(sample: str) -> None:
    """Put a sample in the place of the code."""
    st.session_state["lint code"] = SAMPLES[sample]


embedded = st.context.is_embedded
if "lint code" not in st.session_state:
    st.session_state["lint code"] = st.query_params.get("code", next(iter(SAMPLES.values())))[:LONGEST]
if not embedded:
    st.title("Is my loss flawed?")
    st.write(
        "Paste a loss, a model, a training loop, or the file of a notebook: TensorFlow, Keras, PyTorch or JAX. The code is "
        "parsed, never executed, and not stored; short code stands in this page's address, for a link to share. What is wrong "
        "with class weights in it is marked, with the reason and the code to write instead."
    )
with st.container(horizontal=True):
    for sample in SAMPLES:
        st.button(sample, on_click=take, args=(sample,), key=f"sample {sample}")
st.html("<style>.stTextArea textarea { font-family: ui-monospace, monospace; }</style>")
code = st.text_area("Python", key="lint code", height=240, max_chars=LONGEST)
if len(code) <= IN_LINK:
    if st.query_params.get("code") != code and code != next(iter(SAMPLES.values())):
        st.query_params["code"] = code
    elif code == next(iter(SAMPLES.values())):
        st.query_params.pop("code", None)
else:
    st.query_params.pop("code", None)
    st.caption(f"Code of more than {IN_LINK:,} characters is not part of the link.")

found, problem = [], None
try:
    found = (lint_notebook if is_notebook(code) else lint)(code)
except LintError as error:
    found, problem = error.found or [], error
if problem:
    place = f"{where(problem)}, column {problem.column}" if problem.column else where(problem)
    left = "Nothing was checked; put it right, or paste the part that matters."
    if problem.found is not None:
        left = "What is below was found in its first part; the rest was not checked."
        if problem.cell:
            left = f"The other cells were checked: {'see below' if found else 'no flaw found'}."
    st.error(words.plain(f"{place}{': ' if place else ''}{problem}{'' if str(problem)[-1] in '?!' else '.'} {left}"))
    if problem.line:
        shown(code, {(problem.cell, problem.line): "cannot be parsed"})
elif not code.strip():
    st.info("Paste some code, or click an example.")
if found or (code.strip() and not problem):
    words.sentence(summary(found))
    flaws: dict[tuple[int, int], str] = {}
    for f in found:
        at = (f.cell, f.line)
        flaws[at] = f"{flaws[at]}, {f.code}" if at in flaws else f"{f.code} {f.rule.title}"
    shown(code, flaws)
    for f in found:
        with st.container(border=True):
            st.header(f"{where(f)}: {f.rule.title}", anchor=False)
            st.markdown(words.coded(f"{f.detail} {f.rule.reason}"))
            if n := f.rule.claim:
                words.link(f"Claim {n} on trial", f"claims?claim={n}", "the experiment behind it")
            st.markdown("Write instead:")
            st.code(f.fix, language="python", wrap_lines=True)
if not embedded:
    with st.expander("Take it away"):
        row = st.container(horizontal=True)
        pairs = [("snippet.py", f) for f in found]
        unread = [("snippet.py", problem)] if problem else []
        row.download_button(
            "Findings (JSON)", lambda: as_json(pairs, unread, 1), "findings.json", "application/json", on_click="ignore"
        )
        row.download_button(
            "Findings (SARIF)",
            lambda: as_sarif(pairs, unread, 1),
            "findings.sarif",
            "application/json",
            on_click="ignore",
        )
        st.write("The same for whole projects, on your own machine:")
        st.code("lossviz lint src/ train.py notebook.ipynb", language="bash")
        st.write("From Python:")
        st.code(
            'from lossviz.lint import lint_file\n\nfor f in lint_file("train.py"):\n    print(f.line, f.code, f.rule.title)'
        )
    with st.expander(f"What is looked for: {len(RULES)} rules"):
        st.markdown(
            "\n".join(f"- `{r.code}` **{words.plain(r.title)}.** {words.coded(r.reason)}" for r in RULES.values())
        )
        st.caption(
            "Values are followed through assignments, functions and classes of the code, by their names where nothing else is "
            "known. What comes from other files is not seen. A line that ends with # noqa: LV001 is left alone."
        )
