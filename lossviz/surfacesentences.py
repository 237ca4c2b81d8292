"""What pictures of loss surfaces say, computed from them; and the Python that makes their arrays."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz.fading import Fading
from lossviz.judgement import undone_sentence
from lossviz.landscape import Surface
from lossviz.plan import Plan
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
        said = f"{get(name).title} ends at {_at(ends[j])}, loss {found.recorded[j, -1]:.3g}, least on the grid {found.minimum[j, 2]:.3g}"
        if plain is not None and j != plain and not where.own:
            said += f", {np.linalg.norm(ends[j] - ends[plain]):.2g} from plain"
        parts.append(said)
    rest = f"; the other {len(found.names) - SAID} are in the table" if len(found.names) > SAID else ""
    text += f" {'; '.join(parts)}{rest}."
    if np.isfinite(found.bayes).all():
        away = "" if found.bayes[2] < 1e-6 else f", {found.bayes[2]:.2g} off the plane"
        text += f" The Bayes target is at {_at(found.bayes[:2])}{away}."
    return text


def _at(point: Array) -> str:
    return "({}, {})".format(*(f"{v:.2f}".replace("-", "−") for v in point))


def line(found: "Line") -> str:
    """Whether something lies between two solutions, and what each strategy thinks of the other's."""
    inside = (found.at >= 0) & (found.at <= 1)
    a, b = (get(n).title for n in found.ends)
    at_a, at_b = (int(np.abs(found.at - t).argmin()) for t in (0, 1))
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


def undone(plan: Plan, found: dict[str, Any], confusion: Array) -> str:
    """`undone_sentence`, and what the rarest class gets: recall at the end, by each way to decide."""
    c = rarest(plan)
    parts = []
    for i in plan.panels:
        row = plan.rows[i]
        for d, decision in enumerate(row.tables.decisions):
            table = confusion[-1, i, d]
            rule = f" ({decision.name})" if len(row.tables.decisions) > 1 else ""
            parts.append(f"{row.title}{rule} {percent(table[c, c] / table[c].sum() if table[c].sum() else np.nan)}")
    return f"{undone_sentence(plan, found)} Recall of {plan.classes[c]}: {'; '.join(parts)}."


def fading(found: Mapping[tuple[bool, bool], Fading], weight: float, l2: float, overlap: float) -> str:
    """What time does to the weight on each kind of data.

    Example:
        >>> from lossviz import fading_weights
        >>> fading({(False, False): fading_weights(10)}, 10, 0, 0.1)
        'Separable: the weight of 10 moves the boundary to −0.47 at time 1 and to −0.074 at 1e+06, on its way to 0: it fades. VS goes from −0.019 to −0.195, on its way to −0.226: it stays.'
    """  # noqa: E501
    parts = []
    for key in sorted(found):
        overlapping, with_l2 = key
        one = found[key]
        early = int(np.abs(np.log(one.time)).argmin())
        head = (
            f"{'Overlapping by ' + percent(overlap) if overlapping else 'Separable'}{f', L2 {l2:g}' if with_l2 else ''}"
        )
        w, v = one.names.index("weighted"), one.names.index("vs")

        def text(i: int, one: Fading = one, early: int = early) -> tuple[str, str, str]:
            return tuple(f"{x:.3f}".rstrip("0").rstrip(".").replace("-", "−") for x in (one.boundary[i, early], one.boundary[i, -1], one.limit[i]))  # type: ignore[return-value]  # fmt: skip

        a, b = text(w), text(v)
        if one.limit[w] == 0:
            kept = ": it fades" if weight != 1 else ""
        else:
            kept = ": it stays" if abs(one.boundary[w, -1] - one.limit[w]) < 0.05 * abs(one.limit[w]) else ""
        parts.append(
            f"{head}: the weight of {weight:g} moves the boundary to {a[0]} at time {one.time[early]:.3g} and to {a[1]} at "
            f"{one.time[-1]:.3g}, on its way to {a[2]}{kept}. VS goes from {b[0]} to {b[1]}, on its way to {b[2]}"
            + (": it stays." if not overlapping and not with_l2 else ".")
        )
    return " ".join(parts)
