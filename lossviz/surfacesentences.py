"""What pictures of loss surfaces say, computed from them; and the Python that makes their arrays."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz.fading import Fading
from lossviz.landscape import Surface
from lossviz.plan import Plan
from lossviz.planes import NEAR
from lossviz.sentences import percent, rarest
from lossviz.strategies import get

if TYPE_CHECKING:
    from lossviz.surface import Line

Array = NDArray[Any]
SAID = 4
"""Most strategies of one sentence; the table has them all."""


def surface(found: Surface) -> str:
    """What the plane holds of the training, and where each path ends: beside the least loss, and beside plain training."""
    where = found.plane
    if where.kind == "exact":
        text = "This is the whole surface: the model has no other parameters."
    elif where.explained is not None:
        share = percent(sum(where.explained))
        text = f"The plane holds {share} of the variance of all paths ({percent(where.explained[0])} across)."
    elif where.own:
        text = "Each strategy's own solution lies in its plane; the directions are the same."
    else:
        text = "All strategies are seen on one plane."
    far, size = float(np.nanmax(found.off_plane)), float(np.nanmax(found.off_plane[:, -1]))
    if where.kind != "exact":
        text += (
            " All paths lie on it." if far < 1e-3
            else f" Parameters are up to {far:.3g} off it, {size:.3g} at the end: a path's loss is not the picture's there."
        )  # fmt: skip
    parts = []
    ends = found.trajectories[:, -1]
    plain = found.names.index("cross_entropy") if "cross_entropy" in found.names else None
    for j, name in enumerate(found.names[:SAID]):
        ends_at = f"{get(name).title} ends at {_at(ends[j])}, loss {found.recorded[j, -1]:.3g}"
        said = f"{ends_at}, least on the grid {found.minimum[j, 2]:.3g}"
        if plain is not None and j != plain and not where.own:
            said += f", {np.linalg.norm(ends[j] - ends[plain]):.2g} from plain"
        parts.append(said)
    rest = f"; the other {len(found.names) - SAID} are in the table" if len(found.names) > SAID else ""
    text += f" {'; '.join(parts)}{rest}."
    if np.isfinite(found.bayes).all():
        away = "" if found.bayes[2] < NEAR else f", {found.bayes[2]:.2g} off the plane"
        text += f" The Bayes target is at {_at(found.bayes[:2])}{away}."
        off = found.targets[np.isfinite(found.targets[:, 2]), 2].max(initial=0)
        if off > NEAR:
            text += f" Targets are marked where they fall on the plane; the strategies' own are up to {off:.2g} off it."
    return text


def _at(point: Array) -> str:
    return "({}, {})".format(*(f"{v:.2f}".replace("-", "−") for v in point))


def line(found: "Line") -> str:
    """Whether something lies between two solutions, and what each strategy thinks of the other's."""
    inside = (found.at >= 0) & (found.at <= 1)
    a, b = (get(n).title for n in found.ends)
    at_a, at_b = (found.at.tolist().index(t) for t in (0, 1))
    parts = []
    for end, own, other, theirs in ((found.ends[0], at_a, at_b, b), (found.ends[1], at_b, at_a, a)):
        loss = found.loss[found.names.index(end)]
        parts.append(
            f"{get(end).title}'s own loss is {loss[own]:.3g} at its solution and {loss[other]:.3g} at that of {theirs}"
        )
    bumps = []
    for name, loss in zip(found.names, found.loss, strict=True):
        higher = loss[inside].max() - max(loss[at_a], loss[at_b])
        if higher > 0.01 * max(np.ptp(loss[inside]), 1e-9) and higher > 1e-6:
            bumps.append(f"{get(name).title} by {higher:.2g}")
    shown = "; ".join(bumps[:SAID]) + ("; …" if len(bumps) > SAID else "")
    between = (
        f"Between them a ridge rises above both ends: {shown}." if bumps
        else "No strategy meets a ridge on the straight way between them."
    )  # fmt: skip
    return f"{'; '.join(parts)}. {between}"


def recall(plan: Plan, confusion: Array) -> str:
    """Recall of the rarest class at the end, by each way to decide.

    Args:
        plan: Of the run; its first seed is told of.
        confusion: Test examples by true and decided class, [F, R, RULES, K, K].
    """
    c = rarest(plan)
    parts = []
    for i in plan.panels:
        row = plan.rows[i]
        for d, decision in enumerate(row.tables.decisions):
            table = confusion[-1, i, d]
            rule = f", {decision.name}" if len(row.tables.decisions) > 1 else ""
            parts.append(f"{row.title}{rule} {percent(table[c, c] / table[c].sum() if table[c].sum() else np.nan)}")
    return f"Recall of {plan.classes[c]} on the test part at the end: {'; '.join(parts)}."


def fading(found: Mapping[tuple[bool, bool], Fading], weight: float, l2: float, overlap: float) -> str:
    """What time does to the weight, and to VS, on each kind of data.

    Args:
        found: (overlapping, L2) -> what `lossviz.fading_weights` returned.
        weight: Of the rare class.
        l2: Where there is some.
        overlap: Where there is some.

    Example:
        >>> from lossviz import fading_weights
        >>> fading({(False, False): fading_weights(10)}, 10, 0, 0)
        'Separable: weight 10 puts the boundary at −0.47 at time 1 and at −0.074 at time 10⁶; its limit is 0: it fades. VS: 0.084, then −0.195; its limit is −0.226: it does not fade.'
    """  # noqa: E501
    parts = []
    for (overlapping, with_l2), one in sorted(found.items()):
        head = f"Overlapping by {percent(overlap)}" if overlapping else "Separable"
        head += f", L2 {l2:g}" if with_l2 else ""
        if overlapping and with_l2 and (overlapping, False) in found:
            moved = np.nanmax(np.abs(one.limit - found[overlapping, False].limit))
            parts.append(f"{head}: the limits move by {_short(moved)} at most.")
            continue
        at_one = one.time.tolist().index(1)
        w, v = (one.names.index(name) for name in ("weighted", "vs"))
        parts.append(
            f"{head}: weight {weight:g} puts the boundary at {_short(one.boundary[w, at_one])} at time 1 and at "
            f"{_short(one.boundary[w, -1])} at time {_power(one.time[-1])}; its limit is {_short(one.limit[w])}"
            f"{_kept(one, w)}. VS: {_short(one.boundary[v, at_one])}, then {_short(one.boundary[v, -1])}; its limit is "
            f"{_short(one.limit[v])}{_kept(one, v)}."
        )
    return " ".join(parts)


def _short(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def _power(value: float) -> str:
    return "10" + str(round(float(np.log10(value)))).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))


def _kept(one: Fading, i: int) -> str:
    """Whether what moves the boundary lasts; nothing where nothing moved it."""
    if not np.isfinite(one.limit[i]) or np.abs(one.boundary[i]).max() < 1e-9:
        return ""
    return ": it fades" if abs(one.limit[i]) < 1e-9 else ": it does not fade"
