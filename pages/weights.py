"""Class weights from one's own labels: what was read, whether to weight, how, at what price, and code that runs."""

import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha1
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st
from parts import chart, controls, table, work
from parts.titles import TITLES
from parts.words import link, notes, plain, sentence

from lossviz import SCHEMES, LabelCounts, advice, apart, apply_fixes, costs, figures, hygiene, snippets
from lossviz.dataset import apportion
from lossviz.files import quote
from lossviz.knobs import Knob
from lossviz.labelfiles import Reading, read_labels
from lossviz.labelguess import LAYOUTS
from lossviz.spellings import renaming

EXAMPLE = "fraud, 31\nfine, 500"
SOURCES = {"counts": "Type counts", "paste": "Paste labels", "file": "Drop a file"}
BATCH = Knob("batch", "Batch size", 32, 1, 4096, 1, "Examples in a mini-batch.")
FOLDS = Knob("folds", "Folds", 5, 2, 20, 1, "Of a cross-validation.")
MISS = Knob("miss", "A miss costs", 10.0, 0.0, 1e6, 0.1, "Deciding the common class where the rare one is true.")
ALARM = Knob(
    "alarm", "A false alarm costs", 1.0, 0.0, 1e6, 0.1, "Deciding the rare class where the common one is true."
)
MOST_LINES = 2000  # labels in a table on the page; the files hold all of them
RACED, RACED_POINTS = 6, 20_000  # most classes of the race's blobs, and points of its training part
# a count with marks of thousands at the end of a line, which may be the end of a label and a count
MARKED = r"^.*(?:[:=]\s*(\d{1,3}(?:[,.'\s]\d{3})+)|[^\W\d].*?(?:[,;|]\s*|\s+)(\d{1,3}(?:[,.']\d{3})+))$"
SPACED = r"[^\W\d][ \t]+(\d{1,3}(?:[ \u00a0\u202f]\d{3})+)$"
PRINTED = r"(Name: .*, |Length: \d+, )*dtype: \w+"  # pandas' last line under counts of values
DELIMITERS = {"": "none, a label a line", "\t": "tab", ";": "semicolon"}  # as a sentence names them


def marked(lines: list[str]) -> str | None:
    """A count that may be one number or two, if there is one."""
    if found := next(filter(None, (re.search(MARKED, line[-60:]) for line in lines)), None):
        return found[1] or found[2]
    spaced = [found[1] for line in lines if (found := re.search(SPACED, line[-60:]))]
    # one word before all numbers, as in class 1 500 and class 2 300, makes them labels
    stems = {re.sub(r"(\s+\d+)+$", "", line) for line in lines}
    alike = len(stems) == 1 < len(lines) and not any(re.search(r"\D0", number) for number in spaced)
    return None if alike or not spaced else spaced[0]


def source() -> tuple[bytes, str, dict[str, Any]] | None:
    """What the visitor gives: bytes, what to call them, and what is known of them; None while there is nothing."""
    way = controls.one("Labels from", SOURCES, "from", "counts")
    if way == "counts":
        text = controls.text(
            "A label and its count on each line", "counts", EXAMPLE, lines=True, height=130, max_chars=20_000
        )
        if not text.strip():
            return None
        lines = [line.strip().rstrip(",; ") for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and re.fullmatch(PRINTED, lines[-1]):  # with the name of the values above, or without
            lines = [line for line in lines[:-1] if line is not lines[0] or re.search(r"\s\d+$", line)]
        if grouped := marked(lines):
            said = f"{grouped} may be one number or two: write counts without marks of thousands, such as 1200"
            st.error(
                plain(f"{said}; where a label ends in a number, a space after the comma says so, as in grade 1, 200.")
            )
            return None
        cells = [re.sub(r"[][(),]|\s/\s", " ", line).split() for line in lines]
        numbers = cells[0] if len(cells) == 1 else [n for c in cells for n in c] if max(map(len, cells)) == 1 else []
        if numbers and all(n.isdigit() for n in numbers):  # counts alone: the classes are 0, 1, …
            text = "\n".join(f"{i},{n}" for i, n in enumerate(numbers))
        else:
            apart = [re.split(r"[,;|\t]", line) for line in lines]
            by_hand = max(map(len, apart)) == 1  # "cat 12", "cat: 12"
            pairs = [re.fullmatch(r'(?:"([^"]+)"|(.*[^\s:=/]))(?:\s*[:=]\s*|\s+)(\d+)', line) for line in lines]
            odd = next((i for i, a in enumerate(apart) if (pairs[i] is None if by_hand else len(a) == 1)), None)
            if odd is not None:
                st.error(plain(f"{quote(lines[odd])} is no label with its count: write them as cat,12 or cat: 12."))
                return None
            if len(lines) == 1 and len(apart[0]) > 3 and all(n.strip().isdigit() for n in apart[0][1::2]):
                st.error("Write each label with its count on a line of its own.")
                return None
            if by_hand:
                named = [((p[1] or p[2]).replace('"', '""'), p[3]) for p in pairs if p]
                text = "\n".join(f'"{label}",{n}' for label, n in named)
        return text.encode(), "the counts", {"layout": "table", "header": False}
    if way == "paste":
        text = st.text_area("Labels, one on each line", key="pasted", height=130, placeholder="cat\ndog\ncat")
        st.caption("Pasted labels are not part of the link.")
        return (text.encode(), "the pasted labels", {}) if text.strip() else None
    limit = st.get_option("server.maxUploadSize")
    file = st.file_uploader("A file with labels", key="labels-file")
    st.caption(
        "CSV, TSV, semicolons, pipes, Parquet, Excel, JSON lines, or a label a line; plain, gzip, zip or zstd; UTF-8, UTF-16 "
        f"or Latin-1; up to {limit:,} MB. Larger ones: `lossviz weights FILE` on your own machine, of any size. It is read in "
        "memory by a process of its own, is never stored, and is not part of the link."
    )
    if file is not None:
        st.session_state["file here"] = True
        if st.session_state.get("labels", (file.file_id,))[0] != file.file_id:  # corrections were of another file
            for key in [k for k in st.session_state if str(k).startswith("read-")]:
                del st.session_state[key]
        st.session_state["labels"] = (file.file_id, file.name, file.getvalue())
    elif st.session_state.pop("file here", False) or "labels" not in st.session_state:  # taken away, or never there
        st.session_state.pop("labels", None)
        return None
    else:  # the visitor was on another page, which empties the field
        st.caption(plain(f"Still here: {st.session_state['labels'][1]}"))
        if st.button("Remove the file"):
            del st.session_state["labels"]
            st.rerun()
    _, name, data = st.session_state["labels"]
    return data, name, {}


def read(data: bytes, name: str, asked: dict[str, Any]) -> Reading:
    """The file as a process of its own reads it; the last reading is kept."""
    key = (hash(data), len(data), name, repr(asked))
    if st.session_state.get("labels read", (None,))[0] != key:
        task = apart.shared().start(read_labels, data, name, **asked)
        st.session_state["labels read"] = (key, work.wait(task, "Reading and counting…"))
    reading: Reading = st.session_state["labels read"][1]
    return reading


def corrected(data: bytes, name: str, known: dict[str, Any]) -> Reading:
    """What was detected, shown, and controls to overrule it."""
    with st.expander("What was read, and how"):
        shown = st.container()
        row = st.container(horizontal=True)
        with row:
            asked = dict(known)
            for key in ("encoding", "delimiter", "header"):
                picked = controls.choose(key.capitalize(), TITLES[f"read-{key}"], f"read-{key}", "auto")
                if picked != "auto":
                    asked[key] = {"yes": True, "no": False, "none": "", "tab": "\t"}.get(picked, picked)
        first = read(data, name, asked)
        file, guess = first.file, first.guess
        with row:
            if len(file.sheets) > 1:
                sheet = controls.choose(
                    "Sheet", {"auto": "As detected"} | {s: s for s in file.sheets}, "read-sheet", "auto"
                )
                if sheet in file.sheets:
                    asked["sheet"] = sheet
            layout = controls.choose("Layout", TITLES["read-layout"], "read-layout", "auto")
            if layout != "auto":
                asked["layout"] = layout
            held = asked.get("layout", guess.layout)
            if len(file.columns) > 1:
                if held in ("columns", "table", "pixels"):
                    # what was chosen, or left, of another text is no choice of this one
                    of = f"read-columns {file.columns} {guess.columns}"
                    columns = st.multiselect("Columns", file.columns, list(guess.columns), key=of)
                    if columns and tuple(columns) != guess.columns:
                        asked["column"] = columns
                else:
                    column = controls.choose(
                        "Label column", {c: c for c in file.columns}, "read-column", guess.columns[0]
                    )
                    if (column,) != guess.columns:
                        asked["column"] = column
            if held == "cells":
                between = controls.text("Separator", "read-separator", guess.separator or "|")
                if between != guess.separator:
                    asked["separator"] = between
        reading = first if asked == known else read(data, name, asked)
        with shown:
            found = [f"{k}: {v}" for k, v in (
                ("format", reading.file.format), ("packed", reading.file.compression), ("encoding", reading.file.encoding),
                ("delimiter", DELIMITERS.get(reading.file.delimiter, reading.file.delimiter) * (reading.file.format == "text")),
                ("header", "yes" if reading.file.header else "no"), ("layout", LAYOUTS[held].lower()),
                ("column", ", ".join(asked.get("column", guess.columns) if not isinstance(asked.get("column"), str)
                                     else [asked["column"]])),
            ) if v]  # fmt: skip
            st.markdown(plain("; ".join(found)) + ".")
            if not asked.get("column"):
                st.caption(plain(f"Chosen because {guess.reason}."))
            if reading.file.preview:
                st.dataframe(pd.DataFrame(reading.file.preview, columns=list(reading.file.columns)), hide_index=True)
    return reading


def cleaned(counts: LabelCounts) -> tuple[LabelCounts, dict[str, str]]:
    """Offers to merge spellings, each to be taken or left; the counts with those taken, and what they rename."""
    fixes = hygiene(counts)
    if not fixes:
        return counts, {}
    offered = fixes[:20]
    taken = []
    rest = f", the first {len(offered)} shown" if len(fixes) > len(offered) else ""
    many = "1 thing" if len(fixes) == 1 else f"{len(fixes)} things"
    with st.expander(f"{many} about the labels that may be slips{rest}", expanded=True):
        for fix in offered:
            # by what it says, so that a link ticks it for the same slips only
            name = sha1(fix.sentence.encode(), usedforsecurity=False).hexdigest()[:8]
            if controls.toggle(plain(fix.sentence), f"fix-{name}", box=True):
                taken.append(fix)
    new = {old: to for old, to in renaming(taken).items() if to is not None}
    return apply_fixes(counts, taken), new


def stated_costs(counts: LabelCounts) -> Any:
    """What errors cost, if the visitor says so: C[true, decided], or None."""
    if not controls.toggle("I know what errors cost", "costs"):
        return None
    k = len(counts.labels)
    if counts.kind == "multi" or k == 2:
        left, right = st.columns(2)
        with left:
            miss = controls.number(MISS, "miss")
        with right:
            alarm = controls.number(ALARM, "alarm")
        if counts.kind == "multi":
            return [[0.0, alarm], [miss, 0.0]]
        rare = int(np.argmin(counts.counts))
        table = np.zeros((2, 2))
        table[rare, 1 - rare], table[1 - rare, rare] = miss, alarm
        return table.tolist()
    if k > 12:
        st.caption("With more than 12 classes, state costs in Python: `lossviz.costs.thresholds`.")
        return None
    form = ", ".join(f"c{j}" for j in range(k))
    rows = controls.rows(
        "Costs, a row for each true class", "cost-table", form, "What each decision costs; 0 where right."
    )
    named = ", ".join(f"{j + 1} {label}" for j, label in enumerate(counts.labels))
    st.caption(plain(f"Rows (what is true) and columns (what is decided) in this order: {named}."))
    if not rows:
        example = "; ".join(", ".join("0" if i == j else "1" for j in range(k)) for i in range(k))
        st.info(plain(f"No costs are stated yet. Every mistake at the same cost would be: {example}"))
    return rows or None


def raced(counts: LabelCounts) -> tuple[str, str]:
    """The link to the Strategy race with these counts, scaled and thinned to what it can hold; and what was done."""
    n = np.sort(counts.counts[counts.counts > 0])[::-1]
    k, total = len(n), int(n.sum())
    if k > RACED:
        n = n[np.linspace(0, k - 1, RACED).round().astype(int)]
    scaled = apportion(n, max(min(int(n.sum()), RACED_POINTS), 2 * len(n)))
    said = f"{RACED} of {k:,} classes, from the largest to the smallest" if k > RACED else ""
    if scaled.sum() != n.sum():
        said += f"{', ' if said else ''}{scaled.sum():,} points in place of {total:,}, at least 2 of each class"
    given = [("data", "blobs"), ("blobs-classes", str(len(n))), ("blobs-counts", ", ".join(map(str, scaled.tolist())))]
    return f"race?{urlencode(given)}", said


def numbers(frame: pd.DataFrame, formats: dict[str, str]) -> None:
    """A table of what each label, scheme or class has, the first of many."""
    cut = frame.head(MOST_LINES)
    table.show(cut, formats)
    if len(frame) > len(cut):
        st.caption(f"The first {len(cut):,} of {len(frame):,}; the files below hold all of them.")


def settings(counts: LabelCounts) -> dict[str, Any]:
    """Controls for how to weight and what to compare with."""
    with st.sidebar:
        picked = controls.choose("Scheme", TITLES["scheme"], "scheme", "auto")
        scheme = None if picked == "auto" else picked
        normalise = None
        knobs = {}
        if scheme:
            normal = controls.choose("Scaled so that", TITLES["normalise"], "normalise", "own")
            normalise = None if normal == "own" else normal
            if own := controls.knobs(SCHEMES[scheme].knobs, f"scheme-{scheme}"):
                knobs = {scheme: own}
        needed = controls.toggle(
            "I need probabilities", "probabilities",
            help="Not only decisions: then weights, which bend probabilities, have a price.",
        )  # fmt: skip
        batch = int(controls.number(BATCH, "batch-size"))
        folds = int(controls.number(FOLDS, "folds"))
    return {
        "scheme": scheme, "normalise": normalise, "knobs": knobs, "probabilities": needed, "batch_size": batch, "k": folds,
    }  # fmt: skip


def say(found: advice.Verdict) -> None:
    """Whether to weight, and what to be careful about."""
    st.header(plain(found.headline), anchor=False)
    for reason in found.recommendation.reasons:
        st.markdown("- " + plain(reason))
    if found.recommendation.alternatives:
        with st.expander("When something else is better"):
            for other in found.recommendation.alternatives:
                st.markdown("- " + plain(other.sentence))
    if found.recommendation.multiply is not None:
        factors = list(zip(found.counts.labels, found.recommendation.multiply, strict=True))
        told = ", ".join(f"{label[:40]} × {factor:.3g}" for label, factor in factors[:6])
        more = f" and {len(factors) - 6} more" if len(factors) > 6 else ""
        sentence(f"To decide so, multiply a plain model's probabilities before the largest is taken: {told}{more}.")
    for caution in found.cautions:
        st.warning(plain(caution.sentence))


def compare(found: advice.Verdict) -> None:
    """Every scheme side by side."""
    st.subheader("Every scheme side by side")
    scale = controls.one("Scaled so that", TITLES["scale"], "scale", "own")
    normalise = None if scale == "own" else scale
    frame = found.schemes.table(normalise)
    frame.insert(0, "Label", frame.index)
    numbers(frame.reset_index(drop=True), {c: "%.4g" for c in frame.columns[1:]})
    at = found.schemes.normalisations.index(normalise)
    lines = pd.DataFrame(
        {
            "Scheme": [SCHEMES[n].title for n in found.schemes.names],
            "Largest ÷ smallest": found.schemes.ratio,
            "Mean example weighs, so SGD's steps ×": found.schemes.step[:, at],
        }
    )
    numbers(lines, {c: "%.4g" for c in lines.columns[1:]})
    shown = found.schemes.names.index(found.scheme)
    sentence(
        "Scaling all weights alike changes no optimum, only the size of SGD's steps. "
        f"{SCHEMES[found.scheme].title}: {found.schemes.sentences[shown][at]}"
    )


def take_home(found: advice.Verdict, options: dict[str, Any], renamed: dict[str, str]) -> None:
    """Code in the library of one's choice, a notebook, and the weights as files."""
    counts, there = found.counts, found.counts.counts > 0
    st.subheader("Code to take home")
    fitting = {s.name: s.title for s in snippets.SNIPPETS.values() if counts.kind in s.kinds}
    if counts.kind != "multi" and there.sum() < 2:
        st.info("There is one class only: nothing to weight, and no code for it.")
        return
    own = options["knobs"].get(found.scheme, {})
    used = replace(
        counts,
        labels=tuple(label for label, n in zip(counts.labels, there, strict=True) if n),
        counts=counts.counts[there],
        present=None if counts.present is None else counts.present[there],
    )
    given: dict[str, Any] = {"scheme": found.scheme, "normalise": found.normalise, **own}
    if counts.kind == "pixels":
        renamed = {}
    name = controls.choose("Library", fitting, "snippet")
    weights = found.weights[there]
    if found.recommendation.scheme is None and options["scheme"] is None:
        sentence(
            f"The advice above is not to weight. The code shows {SCHEMES[found.scheme].title.lower()}, for comparison."
        )
    try:
        text = snippets.code(name, used, weights, renaming=renamed, **given)
    except ValueError as e:
        st.error(plain(str(e)))
        return
    st.code(text, language="python", wrap_lines=True)
    row = st.container(horizontal=True)
    everything: Sequence[tuple[str, Any, str, str]] = (
        ("Notebook of this library", lambda: snippets.notebook(used, weights, renaming=renamed, names=[name], **given),
         "class_weights.ipynb", "application/x-ipynb+json"),
        ("Notebook of all", lambda: snippets.notebook(used, weights, renaming=renamed, **given),
         "class_weights_all.ipynb", "application/x-ipynb+json"),
        ("Weights (JSON)", lambda: snippets.weights_json(used, weights, **given), "class_weights.json", "application/json"),
        ("Weights (CSV)", lambda: snippets.weights_csv(used, weights).encode("utf-8-sig"), "class_weights.csv", "text/csv"),
    )  # fmt: skip
    for title, make, filename, kind in everything:
        row.download_button(title, make, filename, kind, on_click="ignore")


def show(counts: LabelCounts, renamed: dict[str, str]) -> None:
    """All that follows from counts."""
    options = settings(counts)
    try:
        cost = stated_costs(counts)
        found = advice.verdict(counts, costs=cost, **options)
    except ValueError as e:
        st.error(plain(str(e)))
        return
    say(found)
    if found.thresholds is not None:
        sentence(found.thresholds.sentence)
        sentence(found.equivalent.sentence)
        with st.expander("Thresholds between two classes, and weights that say the same"):
            between = found.thresholds.pairwise
            names = list(advice.EITHER) if counts.kind == "multi" else list(counts.labels)
            pairs = pd.DataFrame(between, columns=[f"over {n}" for n in names])
            pairs.insert(0, "Decide", names)  # no label's column is called so: each begins with over
            numbers(pairs, dict.fromkeys(pairs.columns[1:], "%.3f"))
            st.caption("Decide the row's class over the column's from this share of their two probabilities.")
            numbers(pd.DataFrame({"Label": names, "Weight": found.equivalent.weights}), {"Weight": "%.4g"})
    if counts.kind != "multi" and (counts.counts > 0).sum() > 1:
        balanced = costs.implied_costs(counts)
        sentence(balanced.sentence)
        if found.scheme != "balanced" and found.implied is not None:
            sentence(found.implied.sentence)
    elif found.pos_weights is not None:
        c = int(np.argmax(found.pos_weights.weights))
        sentence(
            f"Balanced positive weights say that missing one {costs.quoted(counts.labels[c])} costs as much as "
            f"{costs.times(float(found.pos_weights.weights[c]))} false alarms."
        )
    chart.show(figures.label_bars(found), "labels", advice.picture_sentence(found))
    called = SCHEMES[found.scheme].title
    if embedded:
        return
    st.subheader(
        (f"{called}s" if called.endswith("weight") else f"{called} weights") + TITLES["said"][found.normalise or "own"]
    )
    numbers(found.table.rename(columns=COLUMNS), FORMATS)
    said = [found.intervals.sentence, found.batches.sentence, found.folds.sentence if found.folds else ""]
    if found.pos_weights is not None:
        said.insert(0, found.pos_weights.sentence)
    sentence(" ".join(filter(None, said)))
    compare(found)
    take_home(found, options, renamed)
    if counts.kind != "pixels" and (counts.counts > 0).sum() > 1:
        st.subheader("Go on")
        address, done = raced(counts)
        link("Race the strategies on toy data with these counts", address, done)


COLUMNS = {
    "label": "Label", "count": "Count", "share": "Share", "weight": "Weight", "low": "95 % from", "high": "to",
    "per_batch": "In a batch", "none_in_batch": "Batches without", "folds_without": "Folds without",
}  # fmt: skip
FORMATS = {
    "Count": "localized", "Share": "percent", "Weight": "%.4g", "95 % from": "%.4g", "to": "%.4g", "In a batch": "%.2g",
    "Batches without": "percent", "Folds without": "%.2g",
}  # fmt: skip

embedded = st.context.is_embedded
if not embedded:
    st.title("Class weights from your labels")
    st.write(
        "Drop a file of labels, paste them, or type counts: whether to weight, with what, at which price, and code that runs."
    )
given = source()
if given is None:
    st.info("Nothing is counted yet: give labels, or choose Type counts for an example.")
    st.stop()
try:
    reading = corrected(*given)
except ValueError as e:
    st.error(plain(str(e)))
    st.stop()
with st.container():  # there with notes or without, so that what follows keeps its place
    said = reading.counts.notes if reading.counts is not None else reading.file.notes
    if reading.counts is not None and reading.counts.missing:
        c = reading.counts
        sum_up = f"{c.rows:,} rows: {c.rows - c.missing:,} with a label, {c.missing:,} without."
        said = (*said, sum_up if c.kind != "pixels" else f"{c.missing:,} pixels without a label.")
    notes("What was decided while reading", said)
if reading.counts is None:
    st.error(plain(reading.problem))
    st.stop()
show(*cleaned(reading.counts))
controls.unread()
