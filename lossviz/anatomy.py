r"""What a strategy is made of: which terms of the one equation it uses, its gradient, and what its symbols mean.

Everything is read off the tables (W ≠ 1, S ≠ 1, B ≠ 0, γ ≠ 0, C ≠ 0, the rule of decision), so that a new strategy needs
nothing here. Formulas are LaTeX as KaTeX reads it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lossviz.knobs import Choice, Knob
from lossviz.strategies import NEVER, Tables

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A term of the equation.

    Attributes:
        letter: What the equation calls it.
        role: What it does: "weights", "multiplies", "adds", "focuses", "charges" or "decides".
        neutral: Where it is this number, it does nothing.
        words: What it is, with its indices.
    """

    letter: str
    role: str
    neutral: float
    words: str


PARTS = {
    p.letter: p
    for p in (
        Part("W", "weights", 1, "the loss of an example is multiplied by it; row: true class, column: predicted class"),
        Part("S", "multiplies", 1, "logits are multiplied by it while training; row: predicted class, column: logit"),
        Part("B", "adds", 0, "is added to the logits while training; row: true class, column: logit"),
        Part("γ", "focuses", 0, "turns away from examples that are already easy; by true class"),
        Part("C", "charges", 0, "each class's probability costs this much; row: true class, column: decided class"),
        Part("D", "decides", 1, "logits are multiplied by it when deciding; row: predicted class, column: logit"),
        Part("d", "decides", 0, "is added to the logits when deciding"),
        Part("R", "decides", 0, "what a decision costs; row: true class, column: decided class; the cheapest is taken"),
    )
}
"""The terms, in the order of the equation: five in the loss, three in the rule of decision."""


def arrays(t: Tables) -> dict[str, Array]:
    """The table of each part by its letter; W is the late one where weights start late.

    D, d and R are those of the first rule of decision that has any: a strategy may decide by several.
    """
    scale = next((r.scale for r in t.decisions if (r.scale != 1).any()), t.decisions[0].scale)
    shift = next((r.shift for r in t.decisions if r.shift.any()), t.decisions[0].shift)
    cost = next((r.cost for r in t.decisions if r.cost is not None), np.zeros_like(t.cost))
    return {
        "W": t.late_weight if t.late < 1 else t.weight, "S": t.scale, "B": t.shift, "γ": t.focus, "C": t.cost,
        "D": scale, "d": shift, "R": cost,
    }  # fmt: skip


def active(t: Tables) -> tuple[str, ...]:
    """The letters of the parts that do something.

    What softmax does not see is no part: the same number added to every logit of a row.

    Args:
        t: Tables of a strategy.

    Example:
        >>> from lossviz.strategies import get
        >>> active(get("vs").tables([900, 90, 10])), active(get("cross_entropy").tables([900, 90, 10]))
        (('S', 'B'), ())
    """
    found = arrays(t)
    for letter in "Bd":
        found[letter] = found[letter] - found[letter][..., :1]
    return tuple(p.letter for p in PARTS.values() if (np.abs(found[p.letter] - p.neutral) > 1e-12).any())


def over(table: ArrayLike) -> str:
    """What a table depends on: "nothing", its "row", its "column" or "both".

    Example:
        >>> over([[1, 2], [1, 2]]), over([[1, 1], [2, 2]]), over([[3, 3], [3, 3]])
        ('column', 'row', 'nothing')
    """
    a = np.atleast_2d(np.asarray(table, dtype=np.float64))
    rows, columns = np.ptp(a, axis=0).max() > 0, np.ptp(a, axis=1).max() > 0
    return {(False, False): "nothing", (True, False): "row", (False, True): "column", (True, True): "both"}[
        (bool(rows), bool(columns))
    ]


EQUATION = (
    (("q = \\operatorname{softmax}\\bigl(", ""), ("S_{\\hat y} \\odot {}", "S"), ("z", ""), ("{}+ B_y", "B"), ("\\bigr)", "")),
    (
        ("\\ell = ", ""), ("W_{y \\hat y}\\,", "W"), ("(1 - q_y)^{\\gamma_y}", "γ"), ("(-\\log q_y)", ""),
        ("{}+ \\textstyle\\sum_j C_{yj}\\, q_j", "C"),
    ),
    (
        ("\\text{decide } \\arg\\max\\, ", ""), ("D_{\\hat y} \\odot {}", "D"), ("z", ""), ("{}+ d", "d"),
    ),
    (("\\text{or } \\arg\\min_c \\textstyle\\sum_j R_{jc}\\, p_j", "R"),),
)  # fmt: skip
"""The equation, a line a row: pieces of LaTeX, each with the part that it is, or none."""


def lit(letters: Iterable[str], bright: str, dim: str) -> tuple[str, ...]:
    """The one equation with some of its parts lit and underlined, the others dimmed; LaTeX, a line each.

    Args:
        letters: Of the parts that are lit.
        bright: Colour of those, as #rrggbb.
        dim: Colour of the others.

    Example:
        >>> lit("B", "#111111", "#999999")[0].count("underline")
        1
    """
    on = set(letters)

    def piece(text: str, letter: str) -> str:
        if not letter:
            return text
        return rf"\textcolor{{{bright}}}{{\underline{{{text}}}}}" if letter in on else rf"\textcolor{{{dim}}}{{{text}}}"

    return tuple("".join(piece(*p) for p in line) for line in EQUATION)


def gradient(t: Tables) -> tuple[str, ...]:
    r"""The gradient of the loss with respect to logit k, of the terms that this strategy has; LaTeX, a line each.

    The predicted class ŷ counts as constant. `slopes` computes what it says.

    Args:
        t: Tables of a strategy.

    Example:
        >>> from lossviz.strategies import get
        >>> for line in gradient(get("weighted_cross_entropy").tables([90, 10])):
        ...     print(line)
        \frac{\partial \ell}{\partial z_k} = w_y \bigl(q_k - 1[k = y]\bigr)
        q = \operatorname{softmax}(z)
    """
    on, table = set(active(t)), arrays(t)
    factor = {"nothing": "s", "column": "a_k", "row": "s_{\\hat y}", "both": "S_{\\hat y k}"}[over(table["S"])]
    vector = {"nothing": "s\\,", "column": "a \\odot ", "row": "s_{\\hat y}\\,", "both": "S_{\\hat y} \\odot "}
    weight = {"nothing": "w", "row": "w_y", "column": "w_{\\hat y}", "both": "W_{y \\hat y}"}[over(table["W"])]
    terms = []
    if table["W"].any():
        focus = "\\varphi\\," if "γ" in on else ""
        terms.append(f"{weight if 'W' in on else ''} {focus}\\bigl(q_k - 1[k = y]\\bigr)".strip())
    if "C" in on:
        terms.append("q_k \\bigl(C_{yk} - \\textstyle\\sum_j C_{yj} q_j\\bigr)")
    inner = " + ".join(terms) or "0"
    if "S" in on:
        inner = f"{factor}\\,{inner}" if len(terms) == 1 else f"{factor} \\Bigl[{inner}\\Bigr]"
    z = (vector[over(table["S"])] if "S" in on else "") + "z"
    if "B" in on:
        z += " + b" if over(table["B"]) == "column" else " + B_y"
    lines = [r"\frac{\partial \ell}{\partial z_k} = " + inner, rf"q = \operatorname{{softmax}}({z})"]
    if "γ" in on and table["W"].any():
        lines.append(r"\varphi = (1 - q_y)^{\gamma} + \gamma\, q_y (1 - q_y)^{\gamma - 1} (-\log q_y)")
    return tuple(lines)


def slopes(t: Tables, logits: ArrayLike, y: int) -> Array:
    """The gradient as `gradient` writes it, of the parts that are active and no others.

    Args:
        t: Tables of a strategy.
        logits: Of one example, [K].
        y: Its true class.

    Returns:
        d loss / d logits, [K].

    Example:
        >>> from lossviz.strategies import get
        >>> slopes(get("weighted_cross_entropy").tables([90, 10]), [0, 0], 1)
        array([ 2.5, -2.5])
    """
    z = np.asarray(logits, dtype=np.float64)
    on, table, guess = set(active(t)), arrays(t), z.argmax()
    a = table["S"][guess] if "S" in on else np.ones_like(z)
    shifted = a * z + (table["B"][y] if "B" in on else 0)
    q = np.exp(shifted - shifted.max())
    q /= q.sum()
    inner = q - np.eye(len(z))[y]
    if "γ" in on:
        g = table["γ"][y]
        inner = inner * ((1 - q[y]) ** g - g * q[y] * (1 - q[y]) ** (g - 1) * np.log(q[y]))
    if "W" in on:
        inner = inner * table["W"][y, guess]
    if "C" in on:
        inner = inner + q * (table["C"][y] - table["C"][y] @ q)
    return np.asarray(a * inner)


SYMBOLS = {
    r"\ell": "the loss of one example",
    "z": "logits: the model's outputs, one a class, before softmax",
    "y": "the true class",
    r"\hat": "ŷ: the predicted class, the one of the largest logit; it counts as constant",
    "q": "softmax of the logits after S and B: the probabilities that the loss sees",
    "p": "softmax of the logits decided on",
    "w": "class weights: w_y of the true class, w_ŷ of the predicted, w_c of class c",
    "W": "weights by true and predicted class",
    "M": "weights, a K×K table: row true class, column predicted class",
    "C": "costs, a K×K table: row true class, column decided class",
    "S": "factors on the logits, a K×K table: row predicted class, column logit",
    "B": "what is added to the logits, a K×K table: row true class, column logit",
    "a": "a factor for each logit",
    "b": "what is added to each logit",
    "s": "one factor on all logits",
    "m": "the margin of a class: how much its logit has to be ahead",
    "e": "e_y is 1 at the true class and 0 elsewhere; e to a power is the exponential",
    "n": "examples: n_c of class c, n of all",
    "K": "how many classes there are",
    "c": "any class",
    "j": "any class, in a sum over all",
    "k": "the class whose logit is moved",
    "f": "how often a class occurs where it can occur",
    r"\pi": "priors: each class's share of the training examples, n_c / n",
    r"\alpha": "a weight for each class, by the true class",
    r"\omega": "a weight for each class, by the true class; where it starts late, 1 until then",
    r"\beta": "how little the next example of a class adds",
    r"\gamma": "a power",
    r"\tau": "how strongly the priors are taken out",
    r"\varphi": "what focusing makes of the plain gradient: small where the example is easy",
}
"""Symbol in a formula -> what it means. A knob with the symbol in its title explains it better, and is taken."""

_STRUCTURE = (
    r"\\(text|operatorname)\s*\{[^}]*\}|\\(frac|sqrt|log|ln|sum|cdot|odot|bigl|bigr|Bigl|Bigr|textstyle|propto|arg|max"
    r"|min|quad|ne|partial|underline|dots)(?![a-zA-Z])|\\[,;! ]"
)


def symbols(formula: str, knobs: Iterable[Knob | Choice] = ()) -> dict[str, str]:
    r"""The symbols of a formula, each with its words.

    Args:
        formula: LaTeX.
        knobs: Of the strategy or scheme; one titled "Power γ" says what γ is.

    Raises:
        ValueError: A symbol that nobody has explained: add it to `SYMBOLS`.

    Example:
        >>> symbols(r"w_c = \sqrt{n_{\max}/n_c}")["n"]
        'examples: n_c of class c, n of all'
        >>> symbols(r"\zeta")
        Traceback (most recent call last):
        ...
        ValueError: the symbol \zeta is in no list: say in lossviz.anatomy.SYMBOLS what it means
    """
    spelt = {"β": r"\beta", "γ": r"\gamma", "τ": r"\tau", "λ": r"\lambda"}
    turned: dict[str, str] = {}
    for knob in knobs:
        last = knob.title.split()[-1]
        if len(last) == 1:
            turned[spelt.get(last, last)] = f"{knob.title[:1].lower()}{knob.title[1:]}. {knob.help}"
    found: dict[str, str] = {}
    for token in re.findall(r"\\[a-zA-Z]+|[a-zA-Z]", re.sub(_STRUCTURE, " ", formula)):
        words = turned.get(token) or SYMBOLS.get(token)
        if words is None:
            raise ValueError(f"the symbol {token} is in no list: say in lossviz.anatomy.SYMBOLS what it means")
        if token in turned and token in SYMBOLS and f"_{token}" in formula:  # w_c beside a knob c
            words = f"{words} As an index: {SYMBOLS[token]}."
        found[token] = words
    return found


def references(source: str) -> dict[str, str]:
    """What a source names that can be looked up: its arXiv number or DOI -> the address.

    Example:
        >>> references("Lin et al. 2017, arXiv:1708.02002")
        {'arXiv:1708.02002': 'https://arxiv.org/abs/1708.02002'}
        >>> references("folklore")
        {}
    """
    found = {f"arXiv:{n}": f"https://arxiv.org/abs/{n}" for n in re.findall(r"arXiv:(\d{4}\.\d{4,5})", source)}
    return found | {f"doi:{n}": f"https://doi.org/{n}" for n in re.findall(r"doi:(10\.\d{4,}/[^\s;,]+)", source)}


def matches(entry: object, text: str) -> bool:
    """Whether an entry has every word of `text` in its name, title, summary or source.

    Example:
        >>> from lossviz.strategies import get
        >>> matches(get("focal"), "lin 2017"), matches(get("focal"), "1708.02002"), matches(get("focal"), "ldam")
        (True, True, False)
    """
    said = " ".join(str(getattr(entry, field)) for field in ("name", "title", "summary", "source")).casefold()
    return all(word in said for word in text.casefold().split())


def in_words(t: Tables) -> str:
    """One sentence: where a strategy weights, multiplies, adds, focuses or charges, and how it decides.

    Example:
        >>> from lossviz.strategies import get
        >>> in_words(get("logit_adjustment").tables([90, 10]))
        'It adds to the logits (B) while training, and decides by argmax of the logits.'
    """
    where: Mapping[str, str] = {
        "W": "weights the losses (W)", "S": "multiplies the logits (S) while training",
        "B": "adds to the logits (B) while training", "γ": "turns away from easy examples (γ)",
        "C": "charges the expected cost (C)",
    }  # fmt: skip
    table = arrays(t)
    does = [words for letter, words in where.items() if letter in active(t)]
    if t.sampler == "balanced" and "W" in active(t):
        does[0] = "draws every class equally often, which on average weights the losses (W)"
    if not table["W"].any():
        does = ["leaves out the cross-entropy (W = 0)", *does[1:]]
    if (table["B"] <= NEVER / 2).any() and "B" in active(t):
        does.append("takes some classes out of the sum altogether")
    rule = " or ".join(rule.title for rule in t.decisions)
    head = ", ".join(does) if does else "leaves the training loss as it is"
    late = f" From {t.late:.0%} of the steps on it weights (W); before that it does not." if t.late < 1 else ""
    return f"It {head}, and decides by {rule}.{late}"
