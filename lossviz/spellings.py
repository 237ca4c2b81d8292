"""Labels that look like another spelling of one: found, offered as fixes, applied only to what the user agrees to."""

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from lossviz.labels import LabelCounts, number, ordered

KINDS = {
    "missing": "Written as missing",
    "spaces": "Spaces and invisible characters",
    "unicode": "The same letters, stored in two ways",
    "case": "Capital and small letters",
    "number": "The same number, written in two ways",
    "similar": "Almost the same spelling",
}
"""Kind of a fix -> what people call it, in the order in which they are looked for."""

NOT_AVAILABLE = frozenset(("", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "<na>", "?", "-"))
MOST_COMPARED = 500
"""More labels are not compared with each other: that takes their square of steps."""
RARER = 20
SHORTEST, LONGEST = 5, 60
# Soft hyphen, zero-width space, direction marks, word joiners, byte-order mark, control characters that are no white
# space. Zero-width joiners are left: they make letters and emoji what they are.
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00-\x08\x0e-\x1b\x7f]")


@dataclass(frozen=True)
class Fix:
    """An offer to change labels.

    Attributes:
        kind: A key of `KINDS`.
        labels: The labels to be changed.
        to: The label they become; None: they count as missing.
        rows: Rows that carry one of `labels`, after the fixes before this one.
        sentence: What was seen, in plain words.
    """

    kind: str
    labels: tuple[str, ...]
    to: str | None
    rows: int
    sentence: str


def hygiene(counts: LabelCounts) -> tuple[Fix, ...]:
    """What looks wrong with labels, each with an offer to put it right. Nothing is changed.

    The fixes follow each other: " Cat" becomes "Cat" by one and "cat" by another, and each can be taken or left.

    Args:
        counts: Labels and how often each occurs.

    Returns:
        Fixes, in the order of `KINDS`, within a kind the one of most rows first; every label is changed by one at most.

    Example:
        >>> counts = LabelCounts(("Cat", "NA", "cat", "cat "), np.array([1, 2, 90, 7]), 100)
        >>> for fix in hygiene(counts):
        ...     print(fix.kind, fix.labels, fix.to, fix.rows)
        missing ('NA',) None 2
        spaces ('cat ',) cat 7
        case ('Cat',) cat 1
    """
    tally = dict(zip(counts.labels, counts.counts.tolist(), strict=True))
    unit = "pixel" if counts.kind == "pixels" else "row"
    fixes: list[Fix] = []
    for kind in KINDS:
        groups = _similar(tally) if kind == "similar" else _groups(kind, tally)
        offers = [_offer(kind, labels, to, tally, unit) for to, labels in groups]
        fixes += sorted(offers, key=lambda fix: (-fix.rows, fix.labels))
        for fix in offers:
            for label in fix.labels:
                n = tally.pop(label)
                if fix.to is not None:
                    tally[fix.to] = tally.get(fix.to, 0) + n
    return tuple(fixes)


def renaming(fixes: Iterable[Fix]) -> dict[str, str | None]:
    """What every label becomes when all these fixes are made: old -> new, None for missing.

    Raises:
        ValueError: Two fixes make different things of one label, or run in a circle.

    Example:
        >>> renaming([Fix("spaces", ("Cat ",), "Cat", 1, ""), Fix("case", ("Cat",), "cat", 3, "")])
        {'Cat ': 'cat', 'Cat': 'cat'}
    """
    step: dict[str, str | None] = {}
    for fix in fixes:
        for label in fix.labels:
            if step.setdefault(label, fix.to) != fix.to:
                raise ValueError(f"two fixes for {_show(label)}: to {_show(step[label])} and {_show(fix.to)}; take one")
    ends: dict[str, str | None] = {}
    for label in step:
        passed: dict[str | None, None] = {label: None}
        end = step[label]
        while end is not None and end in step and end not in passed:
            passed[end] = None
            end = step[end]
        if end in passed:
            raise ValueError(f"fixes run in a circle at {_show(label)}: leave one of them out")
        ends[label] = end
    return ends


def apply_fixes(counts: LabelCounts, fixes: Iterable[Fix]) -> LabelCounts:
    """Counts as they would be with these fixes made, in any order; the labels to rename are `renaming(fixes)`.

    Args:
        counts: Labels and how often each occurs.
        fixes: Some of `hygiene(counts)`, or fixes of one's own.

    Returns:
        New counts. For "single" and "pixels" `counts.sum() + missing == rows` still holds. Where a row carries several
        labels ("multi"), a row with both spellings is counted twice, and a note says so.

    Raises:
        ValueError: Fixes that contradict each other.

    Example:
        >>> counts = LabelCounts(("NA", "cat", "cat "), np.array([2, 90, 7]), 100, missing=1)
        >>> fixed = apply_fixes(counts, hygiene(counts))
        >>> fixed.labels, fixed.counts, fixed.missing
        (('cat',), array([97]), 3)
    """
    new = {old: to for old, to in renaming(fixes).items() if old in counts.labels}
    if not new:
        return counts
    tally: dict[str, int] = {}
    present: dict[str, int] = {}
    missing, notes, merged = 0, list(counts.notes), False
    around = counts.counts if counts.present is None else counts.present
    for label, n, p in zip(counts.labels, counts.counts.tolist(), around.tolist(), strict=True):
        to = new.get(label, label)
        if to is None:
            missing += n
            continue
        merged |= to in tally
        tally[to] = tally.get(to, 0) + n
        present[to] = present.get(to, 0) + p
    if counts.kind == "multi":
        if merged:
            notes.append(
                "Merged spellings: a row that carries both of them is counted twice, so counts may be too high."
            )
        if missing:
            notes.append("Labels taken as missing: rows that carry no other label are not counted as missing.")
        most, missing = counts.rows - counts.missing, 0
        tally = {label: min(n, most) for label, n in tally.items()}
    if counts.present is not None and merged:
        notes.append("Merged spellings: an image with both of them is counted twice among the pixels around them.")
        present = {label: min(n, counts.rows) for label, n in present.items()}
    by_column = counts.labels != tuple(ordered(counts.labels))  # 0/1 columns
    labels = tuple(tally if by_column else ordered(tally))
    return replace(
        counts,
        labels=labels,
        counts=np.array([tally[label] for label in labels], np.int64),
        missing=counts.missing + missing,
        present=None if counts.present is None else np.array([present[label] for label in labels], np.int64),
        notes=tuple(notes),
    )


def _tidy(label: str) -> str:
    """Without invisible characters, and with single plain spaces between words only."""
    return " ".join(INVISIBLE.sub("", label).split())


def _missing(label: str) -> str | None:
    folded = _tidy(label).casefold()
    return folded if folded in NOT_AVAILABLE else None


KEYS: dict[str, Callable[[str], Hashable | None]] = {
    "missing": _missing,
    "spaces": _tidy,
    "unicode": lambda label: unicodedata.normalize("NFKC", label),
    "case": str.casefold,
    "number": lambda label: Decimal(label) if number(label) else None,
}
"""What labels have in common that are spellings of one; None: nothing."""


def _groups(kind: str, tally: dict[str, int]) -> list[tuple[str | None, list[str]]]:
    """What labels become, and the labels."""
    found: dict[Hashable, list[str]] = {}
    for label in tally:
        if (key := KEYS[kind](label)) is not None:
            found.setdefault(key, []).append(label)
    out: list[tuple[str | None, list[str]]] = []
    for key, labels in found.items():
        if kind == "missing":
            to = None
        elif kind == "spaces":
            to = str(key)
        else:
            to = min(labels, key=lambda label: (-tally[label], len(label), label))
        if changed := [label for label in labels if label != to]:
            out.append((to, changed))
    return out


def _similar(tally: dict[str, int]) -> list[tuple[str | None, list[str]]]:
    """Rare labels one slip of the finger from a frequent one, the most frequent if there are several."""
    if len(tally) > MOST_COMPARED:
        return []
    found: dict[str | None, list[str]] = {}
    by_count = sorted((x for x in tally if SHORTEST <= len(x) <= LONGEST), key=lambda label: (-tally[label], label))
    for label in by_count:
        for other in by_count:
            if tally[other] < RARER * max(tally[label], 1):
                break
            if _one_slip(label, other):
                found.setdefault(other, []).append(label)
                break
    return list(found.items())


def _one_slip(a: str, b: str) -> bool:
    """Whether one letter is added, left out or another, or two are swapped, in a word that is long enough to tell.

    Digits tell things apart (class_1, class_2), and so do short words (type a, type b; stage I, stage II).
    """
    if abs(len(a) - len(b)) > 1:
        return False
    start = _shared(a, b)
    x, y = a[start:], b[start:]
    if end := _shared(x[::-1], y[::-1]):
        x, y = x[:-end], y[:-end]
    if not (max(len(x), len(y)) == 1 or (len(x) == 2 and x == y[::-1])) or re.search(r"\d", x + y):
        return False
    words, others = re.split(r"[\W_]+", a), re.split(r"[\W_]+", b)
    return len(words) != len(others) or all(
        min(len(v), len(w)) >= SHORTEST - 1 for v, w in zip(words, others, strict=True) if v != w
    )


def _shared(a: str, b: str) -> int:
    """Letters that two texts begin with."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _show(label: str | None, spell: Callable[[str], str] = repr) -> str:
    """A label in a sentence: on one line, what cannot be seen written out, at most 40 characters."""
    if label is None:
        return "missing"
    return spell(label if len(label) <= 40 else label[:37] + "...")


def _offer(kind: str, labels: list[str], to: str | None, tally: dict[str, int], unit: str) -> Fix:
    """The fix, with what was seen in words."""
    labels = sorted(labels, key=lambda label: (-tally[label], label))
    rows = sum(tally[label] for label in labels)
    spell = ascii if kind == "unicode" else repr  # there, both would look the same
    names = ", ".join(_show(label, spell) for label in labels[:3])
    names += f" and {len(labels) - 3:,} more" if len(labels) > 3 else ""
    many, there = (f"{n:,} {unit}{'s'[: n != 1]}" for n in (rows, tally.get(to or "", 0)))
    goal = _show(to, spell)
    goal += f" ({there})" if to in tally else ""
    sentence = {
        "missing": f"{many} with {names}: a class, or a way to write that the label is missing?",
        "spaces": f"{many} with spaces or invisible characters in {names}: the same as {goal}?",
        "unicode": f"{many} with {names}, which looks the same as or much like {goal}: one label?",
        "case": f"{many} with {names}, which differs from {goal} in capital letters only: one label?",
        "number": f"{many} with {names}, the same number as {goal}: one label?",
        "similar": f"{many} with {names}, one letter from {goal}: a slip?",
    }[kind]
    return Fix(kind, tuple(labels), to, rows, sentence)
