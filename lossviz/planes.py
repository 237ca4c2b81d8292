"""Planes through parameter space: where they lie, and where trajectories and the truth's own parameters lie on them.

A plane is an origin and two directions, the same for every strategy, so that their surfaces can be compared point by
point. Nothing here imports TensorFlow: `lossviz.surface` computes the losses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lossviz import models
from lossviz.dataset import Dataset
from lossviz.knobs import one_of
from lossviz.logitplane import check_range, valley
from lossviz.plan import Plan

Array = NDArray[Any]
PLANES = {
    "exact": "All there is: a model of two parameters",
    "pca": "Principal components of the trajectories",
    "random": "Random directions, filter-normalised",
    "weights": "Two weights",
}
"""Kinds of planes, with their titles."""
NEAR = 1e-6
"""How far from a plane parameters still lie on it."""
FAR = 1e6
"""How far a plane may reach, in units of its directions."""


class Trained(Protocol):
    """What a plane needs of a run: a `Run`, or a `lossviz.logistic.Walk`."""

    @property
    def plan(self) -> Plan: ...  # noqa: D102

    @property
    def steps(self) -> Array: ...  # noqa: D102

    @property
    def theta(self) -> Array: ...  # noqa: D102

    @property
    def losses(self) -> Array: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane through parameter space, and the part of it that a picture shows.

    Attributes:
        kind: A key of `PLANES`.
        origin: The parameters at (0, 0), [D]; of own planes [S, D], one a strategy.
        directions: What one unit across and one unit up add to the parameters, [2, D].
        x: Ends of the picture, across.
        y: Ends of the picture, up.
        labels: What the axes are labelled with.
        explained: Share of the trajectories' variance along each direction, for "pca".
    """

    kind: str
    origin: Array
    directions: Array
    x: tuple[float, float]
    y: tuple[float, float]
    labels: tuple[str, str]
    explained: tuple[float, float] | None = None

    @property
    def own(self) -> bool:
        """Whether every strategy has an origin of its own."""
        return self.origin.ndim == 2

    def at(self, x: Any, y: Any, strategy: int = 0) -> Array:
        """The parameters at a point of the plane.

        Args:
            x: Across, any shape [...].
            y: Up, the same shape.
            strategy: Which origin, for own planes.

        Returns:
            [..., D], float64.

        Example:
            >>> p = Plane("weights", np.array([1.0, 0, 5]), np.eye(3)[:2], (-1, 1), (-1, 1), ("a", "b"))
            >>> p.at(2, 3).tolist()
            [3.0, 3.0, 5.0]
        """
        origin = self.origin[strategy] if self.own else self.origin
        return np.asarray(
            origin + np.asarray(x)[..., None] * self.directions[0] + np.asarray(y)[..., None] * self.directions[1]
        )

    def project(self, theta: Array, strategy: int = 0) -> tuple[Array, Array]:
        """The nearest points of the plane, and how far away they are.

        Args:
            theta: Parameters, [..., D].
            strategy: Which origin, for own planes.

        Returns:
            Coordinates, [..., 2], and distances in parameter space, [...].

        Example:
            >>> p = Plane("weights", np.array([1.0, 0, 5]), np.eye(3)[:2], (-1, 1), (-1, 1), ("a", "b"))
            >>> [a.tolist() for a in p.project(np.array([3.0, 3, 9]))]
            [[2.0, 3.0], 4.0]
        """
        away = np.asarray(theta, np.float64) - (self.origin[strategy] if self.own else self.origin)
        square = self.directions @ self.directions.T  # they need not be at right angles
        found = np.linalg.solve(square, self.directions @ away.reshape(-1, away.shape[-1]).T).T
        found = found.reshape(*away.shape[:-1], 2)
        return found, np.linalg.norm(away - found @ self.directions, axis=-1)


def parameter_names(plan: Plan) -> tuple[str, ...]:
    """A name for each parameter, [D], in the order of the flat vector.

    Example:
        >>> from lossviz.plan import prepare
        >>> parameter_names(prepare("cross_entropy", [[0, 0], [1, 0], [2, 1], [3, 2]], [0, 0, 1, 1], "linear"))[1:4]
        ('layer 1, unit 1, input 2', 'layer 1, unit 1, bias', 'layer 1, unit 2, input 1')
    """
    return tuple(
        f"layer {layer}, unit {unit}, {f'input {i}' if i < inputs else 'bias'}"
        for layer, (units, inputs) in enumerate(models.layers(plan.dims), 1)
        for unit in range(1, units + 1)
        for i in range(1, inputs + 1)
    )


def symmetric(plan: Plan, bias: bool) -> Array:
    """The two parameters of a two-class logistic regression as directions of the linear model's, [2, D].

    The model has a logit for each class, but only their difference f decides: z = (−f/2, f/2). With `bias` and one
    feature, f = w x + b, and the directions are w and b; without and with two features, f = w1 x1 + w2 x2.
    """
    features = plan.X.shape[1]
    if plan.model != "linear" or len(plan.classes) != 2 or features != (1 if bias else 2):
        raise ValueError(
            "an exact surface has two parameters: a linear model of two classes, with one feature and a bias, or two features "
            f"and no bias; not {plan.model} with {len(plan.classes)} classes and {features} features: "
            "choose another kind of plane"
        )
    half = np.eye(2, features + 1) / 2  # [parameter, features + 1]
    return np.concatenate([-half, half], axis=1)


def along_valley(plan: Plan, row: int, theta: Array) -> Array:
    """Parameters of a linear two-class model, slid along the strategy's own flat valley until z0 = −z1; the loss stays."""
    v = valley(plan.rows[row].tables)
    v = np.ones(2) if v is None else v
    by_class = theta.reshape(*theta.shape[:-1], 2, -1).astype(np.float64)
    slid = by_class - by_class.sum(-2, keepdims=True) / v.sum() * v[:, None]
    return np.asarray(slid.reshape(theta.shape))


def bayes(plan: Plan, data: Dataset) -> Array | None:
    """The parameters of a linear model whose softmax is the true posterior, where there is such a model.

    For classes that are Gaussians of one deviation σ around μ_c with priors π_c: w_c = μ_c/σ² and
    b_c = log π_c − |μ_c|²/2σ², brought to the units of the model and centred, so that the logits sum to 0.

    Args:
        plan: Its model, and the units of its features.
        data: Where its examples are from.

    Returns:
        Parameters [D]; None for another model, or another kind of data.
    """
    truth = data.truth
    round_blobs = (
        truth is not None and len(truth.centres) == len(truth.mix) and np.array_equal(truth.mix, np.eye(len(truth.mix)))
    )
    if truth is None or not round_blobs or plan.model != "linear" or not set(plan.features) <= set(data.features):
        return None
    if (plan.counts == 0).any() or len(truth.mix) != len(plan.classes):
        return None
    columns = [data.features.index(f) for f in plan.features]
    mean = truth.centres[np.argsort(truth.owner)][:, columns]
    w = mean / truth.sd**2
    b = np.log(plan.counts / plan.counts.sum()) - (mean**2).sum(1) / (2 * truth.sd**2)
    theta = np.column_stack([w * plan.scale, b + w @ plan.centre])
    return np.asarray((theta - theta.mean(0)).ravel())


def targets(plan: Plan, data: Dataset) -> tuple[Array, Array] | None:
    """The parameters of the truth, and of every row's own optimum on endless data.

    Returns:
        Bayes' parameters [D] and each row's [R, D], NaN where a strategy has no closed form; None where `bayes` has none.
    """
    best = bayes(plan, data)
    if best is None:
        return None
    out = np.full((len(plan.rows), len(best)), np.nan)
    for i, row in enumerate(plan.rows):
        aim = row.tables.target
        # where logits are not scaled the trained logits themselves go there; deciding afterwards trains plain
        if aim is not None and aim.cost is None and not row.tables.focus.any():
            weighed = row.tables.weight[:, 0] if not row.tables.shift.any() else np.exp(aim.shift)
            moved = best.reshape(len(plan.classes), -1).copy()
            with np.errstate(divide="ignore"):
                moved[:, -1] += np.log(weighed)
            if np.isfinite(moved).all():
                out[i] = (moved - moved.mean(0)).ravel()
    return best, out


def plane(
    run: Trained,
    kind: str = "pca",
    *,
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    own: bool = False,
    reference: int = 0,
    seed: int = 0,
    pair: tuple[int | str, int | str] = (0, 1),
    data: Dataset | None = None,
) -> Plane:
    """A plane through the parameters of a run, with directions that all its strategies share.

    "exact": a linear model of two classes has two parameters that matter; see `symmetric`. "pca": the first two principal
    components of all strategies' trajectories together, from their mean. "random": two Gaussian directions from the solution
    of strategy `reference`, filter-normalised (Li et al. 2018, arXiv:1712.09913): a unit's incoming weights are
    rescaled to the norm of the solution's; biases do not move, as in the authors' code. "weights": two parameters.

    Args:
        run: A run, whose frames so far are used; or a `Walk`.
        kind: A key of `PLANES`.
        x: Ends of the picture across; by default it holds every trajectory, or goes from −1 to 1 for "random".
        y: Ends of the picture, up.
        own: Each strategy has an origin of its own, its solution; else they share one.
        reference: Which of the strategies drawn the shared origin is taken from, for "random" and "weights".
        seed: Of the random directions.
        pair: Which parameters, by index or as `parameter_names` names them.
        data: Where the examples are from, to hold the Bayes target too on an exact plane.

    Returns:
        A `Plane`.

    Raises:
        ValueError: What does not fit together, or a range that is upside down or not finite.
    """
    one_of("plane", kind, PLANES)
    plan, shown = run.plan, run.plan.panels
    paths = np.asarray(run.theta[:, shown], np.float64)  # [F, S, D]
    paths = paths[np.isfinite(paths).all((1, 2))]
    if not len(paths):
        raise ValueError("the run has no frames yet: wait for the first")
    if not 0 <= reference < len(shown):
        raise ValueError(f"reference must be from 0 to {len(shown) - 1}; not {reference}")
    solution, explained = paths[-1], None
    origin = solution if own else solution[reference]
    if kind == "exact":
        if own:
            raise ValueError("an exact surface is the same for every origin: leave own planes out")
        origin = np.zeros(paths.shape[-1])
        directions = symmetric(plan, plan.X.shape[1] == 1)
        labels = (*(f"weight of {f}" for f in plan.features), "bias")
        paths = np.stack([along_valley(plan, i, paths[:, j]) for j, i in enumerate(shown)], 1)
    elif kind == "pca":
        away = (paths - solution if own else paths - paths.mean((0, 1))).reshape(-1, paths.shape[-1])
        if not own:
            origin = paths.mean((0, 1))
        _, size, basis = np.linalg.svd(away, full_matrices=False)
        if len(size) < 2 or size[1] <= 1e-9 * size[0] or size[0] == 0:
            raise ValueError("the trajectories do not move in two directions: train longer, or choose another plane")
        # a component has no sign of its own: its largest entry is positive, so that the picture can be made again
        sign = np.sign(basis[[0, 1], np.abs(basis[:2]).argmax(1)])
        directions, share = basis[:2] * sign[:, None], size**2 / (size**2).sum()
        explained = (float(share[0]), float(share[1]))
        labels = ("first component", "second component")
    elif kind == "random":
        directions = _filter_normalised(plan.dims, solution[reference], seed)
        labels = ("first random direction", "second random direction")
    else:
        first, second = (_parameter(plan, p) for p in pair)
        if first == second:
            raise ValueError(f"pair must be two different parameters; both are {parameter_names(plan)[first]!r}")
        origin = origin.copy()
        origin[..., [first, second]] = 0  # the axes are the weights themselves
        directions = np.eye(paths.shape[-1])[[first, second]]
        labels = (parameter_names(plan)[first], parameter_names(plan)[second])
    flat = Plane(kind, origin, directions, (-1, 1), (-1, 1), (labels[0], labels[1]), explained)
    where = [flat.project(paths[:, j], j)[0] for j in range(len(shown))]
    if kind == "exact" and data is not None and (aims := targets(plan, data)) is not None:
        kept = np.vstack([aims[0], aims[1][shown]])
        at, far = flat.project(kept[np.isfinite(kept).all(1)])
        where.append(at[far < NEAR])
    held = np.concatenate(where)
    ends = []
    for axis, given in enumerate((x, y)):
        if given is not None:
            if not isinstance(given, Sequence) or len(given) != 2:
                raise ValueError(
                    f"{'xy'[axis]} must be two numbers, where the picture begins and ends; not {str(given)[:40]!r}"
                )
            ends.append(check_range("xy"[axis], given[0], given[1], FAR))
            continue
        low, high = (-1.0, 1.0) if kind == "random" else (held[:, axis].min(), held[:, axis].max())
        margin = 0 if kind == "random" else 0.25 * (high - low) or 1.0
        ends.append((float(low - margin), float(high + margin)))
    return Plane(kind, origin, directions, ends[0], ends[1], (labels[0], labels[1]), explained)


def _parameter(plan: Plan, which: int | str) -> int:
    """Index of a parameter given by index or name."""
    names = parameter_names(plan)
    if isinstance(which, str):
        if which not in names:
            raise ValueError(f"a weight is named like {names[0]!r} or {names[-1]!r}; not {which[:40]!r}")
        return names.index(which)
    if not isinstance(which, (int, np.integer)) or isinstance(which, bool) or not 0 <= which < len(names):
        raise ValueError(f"a weight is a whole number from 0 to {len(names) - 1}, or a name; not {str(which)[:40]!r}")
    return int(which)


def _filter_normalised(dims: tuple[int, ...], solution: Array, seed: int) -> Array:
    """Two random directions, [2, D], each unit's incoming weights as long as the solution's; biases 0."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be a whole number, 0 or more; not {str(seed)[:40]!r}")
    rng = np.random.default_rng([int(seed), 2])
    parts, at = [], 0
    for units, inputs in models.layers(dims):
        w = solution[at : at + units * inputs].reshape(units, inputs)[:, :-1]
        at += units * inputs
        draw = rng.normal(size=(2, *w.shape))
        draw *= np.linalg.norm(w, axis=1)[:, None] / np.linalg.norm(draw, axis=2, keepdims=True)
        parts.append(np.concatenate([draw, np.zeros((2, units, 1))], axis=2).reshape(2, -1))
    out = np.concatenate(parts, axis=1)
    if not out.any(1).all():
        raise ValueError(
            "all weights of the solution are 0, so a filter-normalised direction has no length: train longer"
        )
    return out
