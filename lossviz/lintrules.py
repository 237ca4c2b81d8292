"""What a rule of the linter is, and the table that holds them; the rules themselves are in `lossviz.lintflaws`."""

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lossviz.lintread import Reading
from lossviz.lintvalues import Call

Places = Iterator[tuple[ast.AST, str]]


class Rule(NamedTuple):
    """A flaw.

    Attributes:
        code: LV and three digits.
        title: What is wrong, in a few words.
        reason: Why, in plain words.
        claim: Number of the claim on trial that it goes back to.
        fix: The code to write instead: framework -> Python that runs on names it does not define.
        check: From what was read to the places where it is wrong, each with what else there is to say of it.
    """

    code: str
    title: str
    reason: str
    claim: int
    fix: dict[str, str]
    check: Callable[[Reading], Places]


RULES: dict[str, Rule] = {}


def rule(code: str, title: str, reason: str, claim: int, **fix: str) -> Callable[[Callable[[Reading], Places]], Rule]:
    """Enter a rule; `fix` is code by framework: tensorflow, keras, torch, jax, sklearn."""

    def enter(check: Callable[[Reading], Places]) -> Rule:
        RULES[code] = Rule(code, title, reason, claim, fix, check)
        return RULES[code]

    return enter


def line(node: ast.AST) -> int:
    """The first line of a piece of code."""
    return int(getattr(node, "lineno", 1))


def methods(calls: list[Call], names: set[str]) -> Iterator[Call]:
    """Calls of methods of these names."""
    return (c for c in calls if c.method in names and not c.name)


FIT = {"fit", "fit_generator", "train_on_batch"}
