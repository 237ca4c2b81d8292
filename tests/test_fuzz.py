"""Whatever a visitor types, links to or uploads: it is used, or answered by one clear sentence; soon, and in little memory.

Cases are drawn from a grammar of nasty things, the same ones on every run.
"""

import csv
import gzip
import io
import json
import random
import re
import resource
import time
import zipfile
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from parts.titles import TITLES, canonical
from parts.words import plain
from PIL import Image

import lossviz
from lossviz import costmatrix, lab, spreadsheet
from lossviz.files import escaped, quote
from lossviz.knobs import Knob
from lossviz.labelfiles import open_labels
from lossviz.lint import lint
from lossviz.lintsamples import SAMPLES
from lossviz.masks import count_masks
from lossviz.multidata import from_label_table, offered
from lossviz.tables import choices

SECONDS, MEGABYTES = 2.0, 400
"""Of one case, and of all cases of a kind together."""
NUMBERS = [
    "nan", "-inf", "1e999", "-0", "9" * 400, "1e-400", "0x10", "１２", "1_000", "٣", "1,5", "1.234,5", "½", "", " ", "true",
    "None", "-1e308", "18446744073709551616", "9007199254740993", "1e5", "+5", "$5", "5 %", "1/2", "2024-02-30",
]  # fmt: skip
WORDS = [
    "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</p>", "&lt;",
    "![x](http://a.b/c.png)", "[a](javascript:alert(1))", "$\\frac{x}$", ":red[x]", ":material/home:", "**b** `c`", "# x",
    "\u202eevil\u202c", "\u200f", "עברית", "a\0b", "\ufeff", "\x1b[31m", "\x85", "🐈‍⬛", "e\u0301", "'; DROP TABLE x;--",
    "../../etc/passwd", "C:\\con", "%s%n", "{0.__class__}", "__proto__", "NULL", "NA", "?", "a" * 5000, "\r\n", "\t", '"',
    '"""', "'", ",", ";", "|", "\u2028", "ﬃ", "label", "count", "class",
]  # fmt: skip
BOMB = gzip.compress(b"x" * 2**24)
"""Sixteen kilobytes, unpacked a thousand times as much."""
FOREIGN = re.compile(
    r"Traceback|object at 0x|could not convert|invalid literal|broadcast|out of bounds|unexpected keyword|codec|np\.|NoneType"
)
"""What a library says, in words that are not ours."""


def word(r):
    """Something nasty, or harmless."""
    kind = r.randrange(6)
    if kind == 0:  # of any script
        of = [(32, 127), (160, 0x2FFF), (0x1F300, 0x1F700)]
        return "".join(chr(r.randrange(*r.choice(of))) for _ in range(r.randrange(8)))
    if kind == 1:
        return r.choice(WORDS) + r.choice(WORDS + NUMBERS)
    return r.choice([WORDS, WORDS, NUMBERS, ["cat", "dog", "3", "0.5"]][kind - 2])


def number(r):
    """What may stand where a number should: mostly one."""
    kind = r.randrange(9)
    return word(r) if kind == 0 else str(r.randrange(-3, 12)) if kind < 5 else f"{r.gauss(0, 3):.3g}"


def packed(r, data):
    """Bytes as they are, or packed, cut, or damaged."""
    kind = r.randrange(24)
    if kind == 0:
        return gzip.compress(data, 1)
    if kind == 1:
        return gzip.compress(data, 1)[: r.randrange(2, 40)]
    if kind == 2:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name in r.choice([["a.csv"], ["a.csv", "b.csv"], ["../../a.csv"], []]):
                archive.writestr(name, data)
        return file.getvalue()[: r.choice([None, r.randrange(4, 60)])]
    if kind == 3:
        return r.choice([BOMB, gzip.compress(gzip.compress(data))])
    if kind == 4:
        return (
            r.choice(
                [b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x28\xb5\x2f\xfd", b"%PDF", b"\xff\xfe", b"{", b"[["]
            )
            + data
        )
    if kind < 8:
        out = bytearray(data)
        for _ in range(r.randrange(1, 5)):
            out[r.randrange(len(out) + 1) : 0] = bytes([r.choice([0, 34, 10, 13, 255, r.randrange(256)])])
        return bytes(out[: r.choice([len(out), r.randrange(len(out) + 1)])])
    return data


def table(r):
    """A file of rows, more or less."""
    names = r.sample(["a", "b", "kind", "y1", "y2", word(r)], r.randrange(1, 6))
    known = [["0", "1"], ["cat", "dog", "elk"]]
    kinds = [r.choice([number, number, word, *(lambda r, of=of: r.choice(of) for of in known)]) for _ in names]
    rows = [[kind(r) for kind in kinds] for _ in range(r.choice([0, 1, 3, 25, 40]))]
    if r.randrange(6) == 0 and rows:
        rows[r.randrange(len(rows))] = [word(r)] * r.randrange(9)
    delimiter, end = r.choice(",,,;\t|"), r.choice(["\n", "\n", "\r\n", "\r"])
    if r.randrange(8) == 0 and all(len(row) == len(names) for row in rows) and len(set(names)) == len(names):
        file = io.BytesIO()
        with suppress(ValueError, OverflowError):
            pd.DataFrame(rows, columns=names).to_parquet(file)
            return packed(r, file.getvalue())
    if r.randrange(3):
        file = io.StringIO()
        csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=r.choice([0, 0, 1])).writerows([names, *rows])
        text = file.getvalue()
    else:
        text = end.join(delimiter.join(row) for row in [names, *rows])
    return packed(r, text.encode(r.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]), "replace"))


def filename(r):
    return word(r) + r.choice([".csv", ".gz", ".parquet", ".xlsx", "", "/"])


def read_tables(r):
    """As the pages of the race and of multi-label do."""
    found = lossviz.read_table(table(r), filename(r))
    for note in found.notes:
        said(note)
    offers = choices(found)
    labels, *_ = offered(found)
    ask = r.randrange(3)
    if ask == 0:
        from_label_table(found, labels[: r.randrange(4)] or offers.columns[:2], seed=r.randrange(9))
    else:
        features = r.choice(["pca", "lda", r.sample(offers.columns, min(2, len(offers.columns))), offers.numeric[:2]])
        data = lossviz.from_table(found, r.choice(offers.labels or offers.columns), features, seed=r.randrange(9))
        assert np.isfinite(data.X).all()
        for note in data.notes:
            said(note)


def read_labels(r):
    """As the page of class weights does."""
    options = {}
    if r.randrange(3) == 0:
        options = {"delimiter": r.choice(["", ",", ";", "x"]), "header": r.choice([None, True, False])}
    file = open_labels(table(r), filename(r), **options)
    counts = file.count(
        r.choice([None, *file.columns]), layout=r.choice([None, None, "single", "cells", "table", "nonesuch"])
    )
    assert (counts.counts >= 0).all()
    assert len(set(counts.labels)) == len(counts.labels)
    for note in counts.notes:
        said(note)


def links(r):
    """Every parameter of every page, to where names become titles."""
    pairs = [
        (r.choice([*TITLES, word(r)]), r.choice([word(r), r.choice([*TITLES["data"], "mlp"])]))
        for _ in range(r.randrange(1, 5))
    ]
    better = canonical(pairs)
    assert [k for k, _ in better] == [k for k, _ in pairs]
    assert canonical(better) == better, "a redirect that leads to itself"


KNOBS = [
    k
    for entry in [*lossviz.STRATEGIES.values(), *lossviz.SCHEMES.values(), *lossviz.DATASETS.values()]
    for k in entry.knobs
]


def knobs(r):
    k = r.choice(KNOBS)
    value = r.choice(
        [word(r), number(r), r.choice([None, [], {}, float("nan"), 10**400, -(10**400), True, 1j, b"1", object])]
    )
    if isinstance(k, Knob):
        assert k.low <= k.check(value) <= k.high
    elif isinstance(value, str | None):
        assert k.check(value) in k.options


def lab_links(r):
    """What the logit lab reads of a link, and computes from it."""
    names = ["z", "y", "n", "w", "s", "t", "axes", "eta", "reach", "p", "focal-gamma", "ldam-margin", "batch", word(r)]
    parts = lambda: r.choice([word(r), ",".join(number(r) for _ in range(r.randrange(7)))])  # noqa: E731
    state, wrong = lab.read({r.choice(names): parts() for _ in range(r.randrange(1, 5))})
    for phrase in wrong:
        said(phrase)
    json.dumps(lab.offers(state), allow_nan=False)


def cost_matrices(r):
    k = r.randrange(2, 4)
    values = [0, 1, 2.5, -1, 1e300, float("nan"), float("inf"), 1e-300]
    width, most = [k] * 20 + [0, k + 1], r.choice([3, 3, 3, 8])
    rows = [[r.choice(values[:most]) for _ in range(r.choice(width))] for _ in range(r.choice(width))]
    cost = costmatrix.stated(rows, [word(r) for _ in range(k)])
    assert np.isfinite(cost).all()
    costmatrix.remarks(cost)


def linted(r):
    """Code that is cut, shuffled, and spoilt."""
    lines = r.choice([*SAMPLES.values()]).split("\n")
    for _ in range(r.randrange(4)):
        at = r.randrange(len(lines))
        what = r.randrange(6)
        if what == 0:
            lines.insert(at, word(r))
        elif what == 1:
            lines[at] = lines[at].replace(r.choice("(,=."), r.choice(["((", " ", "=", "**", "\\"]))
        elif what == 2:
            lines[at] = f"x = {'(' * r.choice([9, 150, 3000])}{word(r)}"
        elif what == 3:
            lines[at] = r.choice(["\t", "  ", ""]) + lines[at]
        elif what == 4:
            lines[at] = f"logits = {'-' * r.choice([9, 900])}logits * w" + r.choice(["[0]", ".T", "()"]) * r.choice(
                [0, 50]
            )
        else:
            lines.append("logits = logits * w\n" * r.choice([1, 60]))
    for finding in lint("\n".join(lines)[: r.choice([None, r.randrange(300)])]):
        assert finding.line >= 1


def masks(r):
    file = io.BytesIO()
    mode = r.choice(["L", "L", "P", "1", "I;16", "RGB"])
    Image.new(mode, (r.randrange(1, 5), r.randrange(1, 5)), r.choice([0, 1]) if mode != "RGB" else (1, 2, 3)).save(
        file, "PNG"
    )
    count_masks([(filename(r), packed(r, file.getvalue()))], r.choice([(), (word(r), word(r))]))


def typed_labels(r):
    """Labels and counts from somebody's own program."""
    labels = [
        r.choice([word(r), word(r), None, float("nan"), 1, 1.5, True, b"x", 10**30]) for _ in range(r.randrange(6))
    ]
    for weight in lossviz.label_weights(labels).values():
        assert np.isfinite(weight)


def counts(r):
    odd = [0, -1, float("nan"), float("inf"), 10**400, "7", "x", None, 1e308, 5e-324]
    given = [r.choice([1, 5, 10**6, 0.5, r.choice(odd)]) for _ in range(r.randrange(5))]
    scheme = r.choice([*lossviz.SCHEMES, word(r)])
    assert np.isfinite(lossviz.class_weights(given, scheme)).all()


def shown(r):
    """Text on its way to a page, a terminal or a spreadsheet."""
    text = word(r) + word(r)
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>*`$!\[\]:_#|]", plain(text))
    assert quote(text).isprintable()
    assert escaped(text).isprintable()
    assert spreadsheet.cell(text)[:1] not in tuple("=+-@\t\r")


def said(text):
    """See that a message is ours, and can be read."""
    assert text.isprintable(), text
    assert 10 < len(text) < 1200, text
    assert not FOREIGN.search(text), text
    assert " " in text


CASES = {
    links: 2000, knobs: 2000, lab_links: 1500, cost_matrices: 800, shown: 1500, typed_labels: 800, counts: 800, linted: 900,
    masks: 500, read_tables: 800, read_labels: 900,
}  # fmt: skip


def test_there_are_enough():
    assert sum(CASES.values()) >= 10_000


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_nothing_but_a_clear_sentence_comes_back(kind):
    used = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(CASES[kind]):
        begun, caught = time.thread_time(), None
        try:
            kind(random.Random(f"{kind.__name__} {seed}"))
        except ValueError as error:
            caught = error
        ours = type(caught) is ValueError or type(caught).__module__.startswith("lossviz.")
        assert caught is None or ours, f"{kind.__name__} {seed}: {type(caught)}"
        if caught is None:
            used += 1
        else:
            said(str(caught))
        assert time.thread_time() - begun < SECONDS, f"{kind.__name__} {seed}"
    assert used > CASES[kind] // 50, "the grammar makes too much that cannot be used"
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES
