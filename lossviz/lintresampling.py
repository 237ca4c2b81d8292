"""Resampling beside weights: what resamples, and whether one run has both."""

import ast
import re

from lossviz.lintcalls import RESAMPLE
from lossviz.lintdecides import around, evaluates, region_of, trains
from lossviz.lintflow import exclusive, options
from lossviz.lintlosses import losses, torch_place, torch_weights
from lossviz.lintread import Reading
from lossviz.lintvalues import OVERSAMPLED, Call, Value


def resampled_by_name(reading: Reading) -> bool:
    """Whether names are all that speaks of resampling, and the file explains them: of a signal, a time series, pixels."""
    given = [
        n.value
        for n in ast.walk(reading.tree)
        if isinstance(n, ast.Assign)
        and any(isinstance(t, ast.Name) and OVERSAMPLED.fullmatch(t.id.lower()) for t in ast.walk(n.targets[0]))
    ]
    signal = re.search(r"scipy\.signal|librosa|torchaudio|\bmne\b", ast.unparse(reading.tree))
    return bool(given) and all(_otherwise(made) or (signal and "resample(" in ast.unparse(made)) for made in given)


def _otherwise(made: ast.expr) -> bool:
    """Whether data are called resampled because of something else than their classes, or only taken from others."""
    text, names = ast.unparse(made), {n.id for n in ast.walk(made) if isinstance(n, ast.Name)}
    if re.search("fit_(re)?sampl|smote|sampler", text, re.IGNORECASE):
        return False
    asks = (
        r"librosa|torchaudio|signal\.|(?<!utils)\.resample\(|interpolate\(|zoom\(|resize\(|repeat\((np|numpy)\.repeat"
    )
    if re.search(asks, text) or any(OVERSAMPLED.fullmatch(name.lower()) for name in names):
        return True
    return isinstance(made, ast.Name | ast.Attribute) or (
        isinstance(made, ast.Subscript) and isinstance(made.slice, ast.Constant)
    )


def weighs(weights: Value) -> bool:
    """Whether weights are given that are not all 1."""
    return weights.given() and weights.const != 1


def without_resampling(reading: Reading, where: ast.AST) -> bool:
    """Whether weights are of a branch that excludes all resampling."""
    made = [c.node for c in reading.calls if c.method in RESAMPLE]
    return bool(made) and all(separate(reading, node, where) for node in made)


def separate(reading: Reading, one: ast.AST, other: ast.AST) -> bool:
    """Whether two things exclude each other, or are two options: whoever asks for both is somebody else."""
    return exclusive(reading.tree, one, other) or options(reading.tree, one, other)


def elsewhere(reading: Reading, loader: Call, loss: Call) -> bool:
    """Whether a loader and a loss belong to two runs: two calls of one function, or two functions with losses of their own."""
    for (code, site), (other_code, other_site) in zip(loader.sites, loss.sites, strict=False):
        if site is not other_site or code is not other_code:
            if code is other_code:
                return True
            break
    there = region_of(reading.tree, loader.node)
    if isinstance(there, ast.Module) or around(there, loss.node) or any(code is there for code, _ in loss.sites):
        return False
    return any(torch_place(c) and not torch_weights(c)[0] and around(there, c.node) for c in reading.calls)


def only_measures(reading: Reading, loss: Call) -> bool:
    """Whether a loss is only used where nothing is trained."""
    used = [found.call.node for found in losses(reading.calls) if loss in (found.made, found.call)]
    return bool(used) and all(evaluates(reading.tree, node) and not trains(reading.tree, node) for node in used)


def where_given(value: Value, call: Call) -> ast.AST:
    """Where it is decided that there is this value: the branch in which it is not None, or the call."""
    mark = value.mark("unless None")
    return mark.node if mark else call.node
