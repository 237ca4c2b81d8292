"""The claims of the public threads, on trial: listed, tried, and told.

A claim is one entry in one file of its family (`lossviz.claimslogits` and the others below). This room knows all of them.
Where frameworks are on trial, the experiment runs in a worker: the process that serves pages never loads them.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from lossviz import claimsframeworks, claimskeras, claimslogits, claimsoutputs, claimsweights
from lossviz.claim import THREADS, VERDICTS, Claim, Evidence

_FAMILIES = (claimslogits, claimsweights, claimsoutputs, claimsframeworks, claimskeras)
CLAIMS: dict[int, Claim] = dict(sorted(item for family in _FAMILIES for item in family.ENTRIES.items()))
"""Number -> claim."""


@dataclass(frozen=True)
class Trial:
    """A claim that was tried, or could not be.

    Attributes:
        claim: The claim.
        evidence: What the experiment found; None where it could not run.
        error: Why it could not run.
    """

    claim: Claim
    evidence: Evidence | None
    error: str = ""

    @property
    def verdict(self) -> str:
        """What was found, or "failed"."""
        return self.evidence.verdict if self.evidence else "failed"

    @property
    def as_recorded(self) -> bool:
        """Whether it came out as the record says."""
        return self.verdict == self.claim.expected


def find(number: object) -> Claim:
    """The claim of that number.

    Args:
        number: A number, or its text as a link has it.

    Raises:
        ValueError: There is none.

    Example:
        >>> find("26")
        Traceback (most recent call last):
        ...
        ValueError: there is no claim '26': the claims are numbered 1 to 25
    """
    text = str(number).strip()
    if text.isascii() and text.isdecimal() and len(text) < 4 and int(text) in CLAIMS:
        return CLAIMS[int(text)]
    raise ValueError(f"there is no claim {text[:20]!r}: the claims are numbered {min(CLAIMS)} to {max(CLAIMS)}")


def _on_tensorflow(claim: Claim) -> bool:
    return "tensorflow" in claim.packages or "keras" in claim.packages


@contextmanager
def _unheard() -> Iterator[None]:
    """Nothing that is written to standard error is heard, not even by a library that writes past Python."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def experiment(number: int) -> Evidence:
    """Run the experiment of a claim, now; for `lossviz.engine.Engine.submit` where frameworks are on trial.

    Args:
        number: Of the claim.

    Returns:
        What was found.

    Raises:
        ValueError: There is no such claim.

    Example:
        >>> experiment(1).verdict
        'false'
    """
    claim = find(number)
    if _on_tensorflow(claim):
        from lossviz.engine import _train

        _train()  # with TensorFlow set up as for training
    return replace(claim.experiment(), versions=claim.versions)


def tried(numbers: Iterable[int] = ()) -> list[Trial]:
    """Try claims, one after the other; one that cannot run says why and does not stop the others.

    Args:
        numbers: Which; none takes all.

    Raises:
        ValueError: There is no such claim.
    """
    out = []
    chosen = [find(n) for n in numbers] or list(CLAIMS.values())
    if any(map(_on_tensorflow, chosen)):
        # as it is loaded, and looks for devices, TensorFlow logs, whatever it is told; if it cannot be, each experiment
        # will say why
        with _unheard(), suppress(Exception):
            import_module("lossviz.equation").tf.config.list_physical_devices()
    for claim in chosen:
        try:
            out.append(Trial(claim, experiment(claim.number)))
        except Exception as e:  # another version of a framework may fail in any way: that is a finding
            out.append(Trial(claim, None, f"{type(e).__name__}: {' '.join(str(e).split())[:200]}"))
    return out


def versions(claims: Iterable[Claim]) -> dict[str, str]:
    """Installed versions of all packages that these claims are about."""
    return {name: text for claim in claims for name, text in claim.versions.items()}


def as_records(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """Trials as plain values, for JSON."""
    return [
        {
            "claim": t.claim.number,
            "said": t.claim.said,
            "topic": t.claim.topic,
            "verdict": t.verdict,
            "expected": t.claim.expected,
            "as_recorded": t.as_recorded,
            "found": t.evidence.sentence if t.evidence else t.error,
            "versions": t.claim.versions,
            "thread": THREADS[t.claim.thread],
        }
        for t in trials
    ]


def as_table(trials: Iterable[Trial]) -> str:
    """Trials as aligned lines, what was found below each verdict that is not the recorded one."""
    trials = list(trials)
    said = {t.claim.number: t.claim.said for t in trials}
    rows = [("claim", "verdict", "recorded", "")]
    lines = []
    for t in trials:
        rows.append((str(t.claim.number), t.verdict, t.claim.expected, said[t.claim.number]))
    for row, trial in zip(rows, [None, *trials], strict=True):
        lines.append(f"{row[0]:>5}  {row[1]:<8} {row[2]:<9} {row[3]}".rstrip())
        if trial and not trial.as_recorded:
            found = trial.evidence.sentence if trial.evidence else trial.error
            lines.append(f"       changed from the record: {found}")
    known = versions(t.claim for t in trials)
    if known:
        lines.append("Tried against " + ", ".join(f"{name} {text}" for name, text in known.items()) + ".")
    changed = sum(not t.as_recorded for t in trials)
    lines.append(f"{len(trials) - changed} of {len(trials)} verdicts as recorded.")
    return "\n".join(lines) + "\n"


__all__ = [
    "CLAIMS",
    "THREADS",
    "VERDICTS",
    "Trial",
    "as_records",
    "as_table",
    "experiment",
    "find",
    "tried",
    "versions",
]
