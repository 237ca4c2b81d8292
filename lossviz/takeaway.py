"""A run to take home: the Python call that reproduces it, its numbers as CSV, all of it as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lossviz import judgement
from lossviz.plan import Run
from lossviz.spreadsheet import cell


class Source(NamedTuple):
    """Where a dataset is from.

    Attributes:
        name: For `lossviz.make_dataset`; or "table", for an uploaded file.
        arguments: Of `make_dataset`, or "filename", "label", "features" and "seed" of the table.
        points: Added by hand, for `lossviz.with_points`: rows x, y, class.
        classes: What they are called, where it is not what the dataset calls them.
    """

    name: str
    arguments: Mapping[str, Any]
    points: Sequence[tuple[float, ...]] = ()
    classes: Sequence[str] = ()


def call(source: Source, names: Sequence[str], options: Mapping[str, Any]) -> str:
    """The Python that reproduces a run.

    Args:
        source: Where the data are from.
        names: Strategies.
        options: Of `lossviz.fit`, other than the data.

    Example:
        >>> moons = Source("moons", {"seed": 3, "n": 50})
        >>> print(call(moons, ["focal"], {"model": "linear", "steps": 20, "knobs": {}}))
        import lossviz
        <BLANKLINE>
        data = lossviz.make_dataset('moons', seed=3, n=50)
        run = lossviz.fit(
            ['focal'],
            data.X, data.y, X_test=data.X_test, y_test=data.y_test, classes=data.classes, features=data.features,
            model='linear',
            steps=20,
        )
        print(run.table())
        <BLANKLINE>
    """
    arguments = source.arguments
    if source.name == "table":
        path, label, features = (arguments[name] for name in ("filename", "label", "features"))
        data = (
            f"with open({path!r}, 'rb') as file:\n    table = lossviz.read_table(file.read(), {path!r})\n"
            f"data = lossviz.from_table(table, {label!r}, {features!r}, seed={arguments['seed']!r})"
        )
    else:
        given = "".join(f", {name}={value!r}" for name, value in arguments.items())
        data = f"data = lossviz.make_dataset({source.name!r}{given})"
    if source.points:
        data += f"\ndata = lossviz.with_points(data, {[list(p) for p in source.points]!r})"
    classes = repr(list(source.classes)) if source.classes else "data.classes"
    kept = {name: value for name, value in options.items() if value not in (None, {}, ())}
    lines = "".join(f"    {name}={value!r},\n" for name, value in kept.items())
    return (
        f"import lossviz\n\n{data}\nrun = lossviz.fit(\n    {list(names)!r},\n"
        f"    data.X, data.y, X_test=data.X_test, y_test=data.y_test, classes={classes}, features=data.features,\n"
        f"{lines})\nprint(run.table())\n"
    )


def csv(run: Run, records: list[dict[str, Any]]) -> str:
    """The table of `lossviz.judgement.table`, in full precision, a line a strategy, decision rule and seed.

    Args:
        run: The run.
        records: What `lossviz.judgement.judged` returned for it.
    """
    frame = pd.concat([judgement.table(run.plan, [record]) for record in records])
    frame.index = [cell(str(i)) for i in frame.index]
    frame.insert(0, "Seed", [run.plan.rows[record["row"]].seed for record in records])
    frame.columns = [cell(str(c)) for c in frame.columns]
    return str(frame.to_csv(index_label="Strategy", lineterminator="\n"))


def _plain(value: Any) -> Any:
    """Numbers, lists and text as JSON has them; what is not finite becomes null."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def as_json(run: Run, code: str) -> str:
    """The run as JSON: what was asked for, the call that reproduces it, the curves, the metrics and the parameters.

    Args:
        run: The run.
        code: What `call` returned.
    """
    plan = run.plan
    said = {
        "call": code,
        "classes": plan.classes,
        "features": plan.features,
        "counts": plan.counts,
        "test_examples": len(plan.y_test),
        "model": {"name": plan.model, "dims": plan.dims, "centre": plan.centre, "scale": plan.scale},
        "rows": [{"strategy": r.strategy, "seed": r.seed, "knobs": r.knobs} for r in plan.rows],
        "steps": run.steps,
        "losses": run.losses,
        "cross_entropy": run.cross_entropy,
        "test_cross_entropy": run.test_cross_entropy,
        "parameters": run.theta[-1],
        "metrics": run.metrics,
    }
    return json.dumps(_plain(said), ensure_ascii=False, allow_nan=False)
