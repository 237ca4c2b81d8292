"""Whether to weight, how, and why: a table of rules, read from the top."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lossviz.chance import Batches, batches
from lossviz.compare import counted, examples, pos_weights, weigh
from lossviz.costs import check_cost, equivalent_weights, percent, quoted, thresholds, times
from lossviz.labels import LabelCounts

FEW = 25  # a recall near one half, measured on 25 examples, has a standard error of 10 points
EVEN = 1.5  # largest over smallest count, below which weights change nothing that anybody would notice
EXTREME = 1000  # ratio of weights, above which single examples steer the model


@dataclass(frozen=True)
class Alternative:
    """What else could be done.

    Attributes:
        scheme: A name in `SCHEMES`; None for no weights.
        normalise: As in `class_weights`.
        sentence: When it would be better.
    """

    scheme: str | None
    normalise: str | None
    sentence: str


@dataclass(frozen=True)
class Recommendation:
    """Whether to weight, how, and why.

    Attributes:
        rule: The name of the rule in `RULES` that decided.
        scheme: A name in `SCHEMES`; None for no weights.
        normalise: As in `class_weights`.
        threshold: Whether to train plainly and to move the threshold.
        multiply: Where the threshold is to be moved, the factor of each class's probability before the largest is taken,
            [K]; None where no such factors exist or each label is decided alone.
        sentence: The advice.
        reasons: Why; plain sentences.
        alternatives: What else could be done, and when.
    """

    rule: str
    scheme: str | None
    normalise: str | None
    threshold: bool
    multiply: tuple[float, ...] | None
    sentence: str
    reasons: tuple[str, ...]
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class Facts:
    """What a rule may ask about, and the words that its sentences are made of.

    Attributes:
        kind: As in `LabelCounts`.
        varied: Whether there is anything to tell apart: two classes, or a label that some rows have and others have not.
        rarest: Index of the rarest (of several labels a row: of the one farthest from half of the rows).
        n: How many examples it has (rows with or without, whichever are fewer).
        ratio: Largest over smallest count (rows without over rows with the label, or the other way round).
        none: Probability that a batch has none of it.
        costs: Whether the costs of errors are known.
        probabilities: Whether probabilities are needed.
        rare: The rarest, quoted.
        one: What one of its examples is called.
        apart: How far apart the counts are, in words.
        words: What the sentences of the rules may name besides.
    """

    kind: str
    varied: bool
    rarest: int
    n: int
    ratio: float
    none: float
    costs: bool
    probabilities: bool
    rare: str
    one: str
    apart: str
    words: Mapping[str, str]


def facts_of(
    c: LabelCounts, bayes: str = "", batch: Batches | None = None, probabilities: bool = False, costs: bool = False
) -> Facts:
    """What the rules ask about: of counted labels, a Bayes rule in words, a batch, and what the user needs."""
    n = np.asarray(c.counts, np.float64)
    total = examples(c)
    if c.kind == "multi":
        found = pos_weights(c)
        varied = (found.positives > 0) & (found.negatives > 0)
        far = np.where(varied, np.abs(np.log(found.weights)), -1.0)
        r, ratio = int(far.argmax()), float(np.exp(max(far.max(), 0.0)))
        least, several = min(found.positives[r], found.negatives[r]), bool(varied.any())
        rare, side = quoted(c.labels[r]), "with" if found.positives[r] <= found.negatives[r] else "without"
        one = f"row {side} {rare}"
        have = "have" if side == "with" else "lack"
        apart = f"{rare} is the farthest from half of the rows ({least:,.0f} of {total:,} {have} it)"
    else:
        there = np.where(n > 0, n, np.inf)
        r, top = int(there.argmin()), int(n.argmax())
        least, ratio, several = n[r], float(n[top] / n[r]), bool((n > 0).sum() > 1)
        rare, one = quoted(c.labels[r]), f"{'pixel' if c.kind == 'pixels' else 'example'} of {quoted(c.labels[r])}"
        apart = f"the largest class, {quoted(c.labels[top])}, is {times(ratio)} times the smallest, {rare}"
        if ratio == 1:
            apart = f"all classes that occur are equally large, {least:,.0f} each"
        elif times(ratio) == "1":
            apart = f"the largest class, {quoted(c.labels[top])}, is hardly larger than the smallest, {rare}"
    share = percent(float(n[r] / total))
    if c.kind == "multi":
        how = f"decide each label where its probability is above its share ({rare}: {share})"
    elif (n > 0).sum() == 2:
        how = f"decide {rare} where its probability is above its share, {share}"
    else:
        how = "divide each class's probability by its share before the largest is taken"
    none = float(batch.none[r]) if batch else np.nan
    words = {
        "rare": rare, "one": one, "apart": apart, "Apart": apart[:1].upper() + apart[1:], "how": how, "bayes": bayes,
        "n": f"{least:,.0f}", "ratio": times(ratio), "error": f"{50 / np.sqrt(least or 1):.0f}",
        "none": percent(none), "size": f"{batch.batch_size:,}" if batch else "",
    }  # fmt: skip
    return Facts(c.kind, several, r, int(least), ratio, none, costs, probabilities, rare, one, apart, words)


@dataclass(frozen=True)
class Rule:
    """One line of the advice: when it holds, what to do, and why; sentences name `Facts.words` in braces."""

    name: str
    when: Callable[[Facts], bool]
    scheme: str | None
    normalise: str | None
    threshold: bool
    advice: str
    reasons: tuple[str, ...]
    alternatives: tuple[Alternative, ...] = ()


_UNTOUCHED = (
    "Weights would bend the probabilities; a threshold leaves them alone, and can be moved without training again."
)
_SAME = (
    "For a model that can fit the data, balanced weights with the usual decision and no weights with the threshold at the "
    "share decide alike."
)
_SMALL = Alternative(
    "balanced", "mean",
    "Weight if the model is too small for the data (a line where classes curve): weights then move what it spends itself on.",
)  # fmt: skip
_MOVE = Alternative(None, None, "Train plainly to the end and move the threshold: {how}. It is fair to try this first.")
_DRAW = Alternative(None, None, "Draw batches so that each holds some of {rare}; then do not weight besides.")

RULES = (
    Rule(
        "one class", lambda f: not f.varied, None, None, False,
        "Do not weight: there is nothing to tell apart.",
        ("Only one class occurs (or each label is in all rows or in none).",),
    ),
    Rule(
        "costs", lambda f: f.costs, None, None, True,
        "Do not weight: train plainly and decide by the costs. {bayes}",
        ("What errors cost is known, and the decision of least expected cost uses just that.", _UNTOUCHED),
    ),
    Rule(
        "once", lambda f: f.kind == "single" and f.n == f.ratio == 1, None, None, False,
        "Do not weight: each label occurs only once.",
        ("There is nothing to learn a class from. Do these labels name the rows? Then take the column with the classes.",),
    ),
    Rule(
        "even", lambda f: f.ratio < EVEN, None, None, False,
        "Do not weight: the data are nearly balanced.",
        ("{Apart}.",),
    ),
    Rule(
        "probabilities", lambda f: f.probabilities, None, None, True,
        "Do not weight: probabilities are needed. Train plainly; for a decision, move the threshold: {how}.",
        (_UNTOUCHED, _SAME),
        (Alternative(None, None, "If a weighted model exists already, divide its probabilities by the weights and let them sum "
                     "to 1 again; of a sigmoid, divide the odds."),),
    ),
    Rule(
        "pixels", lambda f: f.kind == "pixels", "median_frequency", None, False,
        "Weight by median frequency: a class is rare only within the images that contain it.",
        ("{Apart}.", "The pixels of large classes outnumber the others in every step, and a plain model follows them.",
         "Probabilities are bent by it; divide them by the weights where they are needed."),
        (_MOVE, Alternative("log", None, "Log-smoothed weights are bounded, where median frequency is too extreme.")),
    ),
    Rule(
        "few labels", lambda f: f.kind == "multi" and f.n < FEW, "sqrt", None, False,
        "Label more for {rare} first; until then weight gently, by the square root.",
        ("A recall measured on {n} has a standard error of up to {error} points: whether weights help cannot be told.",
         "At its full positive weight, {ratio}, {n} rows, right or wrong, would steer the model."),
        (_MOVE, Alternative("pos_weight", None, "Full positive weights, when every one of the {n} rows has been looked at.")),
    ),
    Rule(
        "labels", lambda f: f.kind == "multi", "pos_weight", None, False,
        "Give each label its own positive weight, rows without it for each row with it.",
        ("Each label is a decision of its own: {apart}.",
         "Probabilities are bent by it: odds come out multiplied by the weight; divide them by it where they are needed."),
        (_MOVE, Alternative("sqrt", None, "Weight gently, by the square root, where a positive weight passes 100 or so.")),
    ),
    Rule(
        "few", lambda f: f.n < FEW, "sqrt", "mean", False,
        "Label more of {rare} first; until then weight gently, by the square root.",
        ("A recall measured on {n} has a standard error of up to {error} points: whether weights help cannot be told.",
         "At full weight a handful of examples, right or wrong, would steer the model."),
        (_MOVE, Alternative("balanced", "mean", "Full weights, when every one of the {n} labels has been looked at.")),
    ),
    Rule(
        "seldom and extreme", lambda f: f.none > 0.5 and f.ratio > EXTREME, "sqrt", "mean", False,
        "Weight gently, by the square root: batches seldom meet {rare}, and full weights would be extreme.",
        ("A batch of {size} has none of it in {none} of cases: plain training that stops early may never come to it.",
         "At full weight one {one} moves the model as far as {ratio} others: steps would jump whenever it turns up."),
        (_DRAW, _MOVE),
    ),
    Rule(
        "seldom", lambda f: f.none > 0.5, "balanced", "mean", False,
        "Weight (balanced, mean example 1): batches seldom meet {rare}.",
        ("A batch of {size} has none of it in {none} of cases: plain training that stops early may never come to it.",
         "With a mean weight of 1 the learning rate stays as it is.",
         "Probabilities are bent by it; divide them by the weights where they are needed."),
        (_MOVE, _DRAW),
    ),
    Rule(
        "threshold", lambda f: True, None, None, True,
        "Do not weight: train plainly and move the threshold; {how}.",
        (_SAME, _UNTOUCHED, "A batch of {size} has none of {rare} in {none} of cases: plain training meets it.",
         "That threshold holds every class equally important; say what errors cost for the one that is right for you."),
        (_SMALL,),
    ),
)  # fmt: skip
"""Evaluated in this order; the first that holds is the advice."""


def recommend(
    counts: LabelCounts | ArrayLike,
    kind: str | None = None,
    costs: ArrayLike | None = None,
    batch_size: int = 32,
    probabilities: bool = False,
) -> Recommendation:
    """Whether to weight, how, and why: the first of `RULES` that holds.

    Args:
        counts: Counted labels, or one number a class.
        kind: What a plain array counts: "single" (the default) or "pixels".
        costs: What each decision costs, C[true, decided], [K, K]; of several labels a row, [2, 2] for each label, absent and
            present.
        batch_size: Examples in a batch.
        probabilities: Whether probabilities are needed, and not decisions alone.

    Raises:
        ValueError: As `lossviz.compare.counted`, `lossviz.costs.check_cost` and `lossviz.chance.batches`.

    Source:
        Elkan 2001, IJCAI (thresholds for weights); King & Zeng 2001 (probabilities after weighting); Eigen & Fergus 2015
        (pixels).

    Example:
        >>> found = recommend([9000, 1000])
        >>> found.sentence
        "Do not weight: train plainly and move the threshold; decide '1' where its probability is above its share, 10 %."
        >>> recommend([99_900, 100]).sentence
        "Weight (balanced, mean example 1): batches seldom meet '1'."
        >>> recommend([50, 60]).rule
        'even'
    """
    c = counted(counts, kind)
    bayes, exact = "", None
    if costs is not None:
        named = ("absent", "present") if c.kind == "multi" else c.labels
        check_cost(costs, named)
        bayes = thresholds(costs, named).sentence
        found = equivalent_weights(costs, labels=named)
        exact = found if found.exact and c.kind != "multi" else None
    facts = facts_of(c, bayes, batches(c, batch_size), probabilities, costs is not None)
    rule = next(rule for rule in RULES if rule.when(facts))
    others = [Alternative(a.scheme, a.normalise, a.sentence.format(**facts.words)) for a in rule.alternatives]
    multiply = None
    if rule.threshold and costs is not None:
        multiply = tuple(exact.weights.tolist()) if exact else None
    elif rule.threshold and c.kind != "multi":
        multiply = tuple(np.nan_to_num(weigh(c, "balanced")).tolist())
    return Recommendation(
        rule.name,
        rule.scheme,
        rule.normalise,
        rule.threshold,
        multiply,
        rule.advice.format(**facts.words),
        tuple(reason.format(**facts.words) for reason in rule.reasons),
        tuple(others),
    )
