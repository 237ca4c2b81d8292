"""A run as bytes: what the canvas in a browser reads, message by message, while training goes on.

A message is the length of its header and of its body (two little-endian uint32), the header (JSON:
`{"kind": …, "arrays": {name: [type, start, bytes, items, packed]}}` and what else it says), and the body: the arrays,
each from a multiple of 8 on, deflated where `packed`. Kinds: "head", then "piece", "truth" and "status" as they come,
then "end".
"""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz import sentences
from lossviz.figures import CLASS_COLOURS, LINE_GRID, strategy_colour
from lossviz.plan import Piece, Plan, Run
from lossviz.strategies import get
from lossviz.weights import class_weights

if TYPE_CHECKING:
    from lossviz.engine import Job

Array = NDArray[Any]
SHOWN = 1500
"""Most training points drawn; more would only cover each other."""
PART = 16384
"""Most bytes sent at a time."""
COLD = "The worker compiles what it has not trained before: some seconds, on a machine's first start up to a minute."


def pack(kind: str, arrays: dict[str, Array], packed: Sequence[str] = (), **said: Any) -> bytes:
    """One message.

    Args:
        kind: What it is.
        arrays: What travels as bytes.
        packed: Names of the arrays to deflate.
        **said: What travels as JSON.
    """
    at, index, body = 0, {}, []
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        if name in packed:
            data = zlib.compress(data, 1)
        index[name] = [str(array.dtype), at, len(data), array.size, name in packed]
        body.append(data + b"\0" * (-len(data) % 8))
        at += len(body[-1])
    header = json.dumps({"kind": kind, "arrays": index, **said}).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(4, "little") + at.to_bytes(4, "little") + header + b"".join(body)


def unpack(data: bytes) -> list[dict[str, Any]]:
    """Messages, each a dictionary of what it says and its arrays, flat: what the browser does with them.

    Example:
        >>> unpack(pack("truth", {"lines": np.arange(3)}, packed=["lines"], aims=[0]))
        [{'kind': 'truth', 'arrays': {'lines': array([0, 1, 2])}, 'aims': [0]}]
    """
    out, at = [], 0
    while at < len(data):
        head, body = np.frombuffer(data, "<u4", 2, at).tolist()
        message = json.loads(data[at + 8 : at + 8 + head])
        arrays = {}
        for name, (kind, start, size, _, packed) in message["arrays"].items():
            begin = at + 8 + head + start
            raw = data[begin : begin + size]
            arrays[name] = np.frombuffer(zlib.decompress(raw) if packed else raw, kind)
        out.append(message | {"arrays": arrays})
        at += 8 + head + body
    return out


def shown_points(y: Array) -> Array:
    """Which training points to draw: all, or a fixed sample that keeps at least 100 of each class."""
    if len(y) <= SHOWN:
        return np.arange(len(y))
    rng = np.random.default_rng(0)
    keep = []
    for c in np.unique(y):
        of_class = np.flatnonzero(y == c)
        size = min(len(of_class), max(100, round(SHOWN * len(of_class) / len(y))))
        keep.append(rng.choice(of_class, size, replace=False))
    return np.sort(np.concatenate(keep))


def head(plan: Plan) -> bytes:
    """What is known before training: the points, the panels and the words on them, counts, and balanced weights if used."""
    used = any(
        str(r.knobs.get("class_weight")) == "balanced" and r.knobs.get("cost", "none") == "none" for r in plan.rows
    )
    weights = class_weights(plan.counts) if used and (plan.counts > 0).all() else None
    points = shown_points(plan.y)
    # in parts of the picture: float32 could not tell time stamps apart
    low, high = np.reshape(plan.extent, (2, 2)).T if plan.extent else (np.zeros(2), np.ones(2))
    return pack(
        "head",
        {
            "points": ((plan.X[points] - low) / (high - low)).astype(np.float32),
            "labels": plan.y[points].astype(np.uint8),
        },
        steps=plan.steps.tolist(),
        resolution=plan.resolution,
        extent=plan.extent,
        classes=list(plan.classes),
        counts=plan.counts.tolist(),
        weights=[round(float(w), 4) for w in weights] if weights is not None else None,
        colours=[CLASS_COLOURS[c % len(CLASS_COLOURS)] for c in range(len(plan.classes))],
        features=list(plan.features),
        seed=plan.seed if len(plan.panels) < len(plan.rows) else None,
        lineGrid=LINE_GRID,
        panels=[
            {
                "title": r.title,
                "flawed": get(r.strategy).flawed,
                "colour": strategy_colour(i),
                "rules": [d.title for d in r.tables.decisions],
                "shown": [d.name for d in r.tables.decisions].index(r.rule.name),
            }
            for i, r in enumerate(plan.rows[i] for i in plan.panels)
        ],
    )


def piece(plan: Plan, part: Piece) -> bytes:
    """Frames of those of its rows that are drawn; nothing where there are none.

    Maps travel as differences from the frame before (modulo 256), which deflate to a sixth.
    """
    place = {row: i for i, row in enumerate(plan.panels)}
    of = [j for j, row in enumerate(part.rows) if row in place]
    if not of:
        return b""
    maps = part.maps[:, of]
    maps[1:] -= maps[:-1].copy()
    curves = [c[:, of] for c in (part.losses, part.cross_entropy, part.test_cross_entropy)]
    arrays = {
        "maps": maps,
        "curves": np.stack(curves).astype(np.float32),
        "confusion": part.confusion[:, of].astype(np.uint32),
    }
    return pack(
        "piece",
        arrays,
        packed=["maps", "confusion"],
        rows=[place[part.rows[j]] for j in of],
        first=part.first_frame,
        frames=len(part.theta),
    )


def truth(lines: list[Array], aims: list[int], posterior: Array) -> bytes:
    """The truth, as `lossviz.figures.truth` gives it."""
    starts = np.cumsum([0, *[len(line) for line in lines]])
    return pack(
        "truth",
        {"dots": np.concatenate(lines) if lines else np.zeros((0, 2), np.uint16), "posterior": posterior},
        packed=["posterior"],
        lines=[[int(a), len(line)] for a, line in zip(starts, lines, strict=False)],
        aims=aims,
    )


def end(run: Run, error: str | None = None, sentence: str | None = None) -> bytes:
    """The words on what came out; `sentence` in the place of the usual one."""
    return pack(
        "end",
        {},
        done=run.done,
        error=error,
        notes=[sentences.panel(run, i) for i in run.plan.panels],
        sentence=sentence or sentences.boundaries(run),
        curveSentence=sentences.curves(run),
    )


def push(plan: Plan, frame: int, found: Array) -> bytes:
    """How hard the examples that are drawn push at a frame, as `lossviz.train.push` found; 1 is the hardest of a panel."""
    top = np.maximum(found.max(1, keepdims=True), 1e-30)
    arrays = {"pushes": (found / top)[:, shown_points(plan.y)].astype(np.float32)}
    return pack("push", arrays, frame=frame, notes=sentences.pushes(plan, found))


def record(job: "Job") -> bytes:
    """All messages of a job that has ended."""
    known = []
    if job.beside is not None and job.beside.status == "finished":
        known = [truth(*job.beside.result())]
    told = import_module(f"lossviz.{job.plan.wire}")
    pieces = (told.piece(job.plan, p) for p in job.pieces())
    return b"".join([told.head(job.plan), *pieces, *known, told.end(job.run(), job.error)])


async def live(job: "Job") -> AsyncIterator[bytes]:
    """A job's messages as they come to be, from the first on, until it has ended; in parts, each of which is a look."""
    async for message in _live(job):
        for at in range(0, len(message), PART):
            yield message[at : at + PART]
            job.look()  # a reader on a slow line is a reader


async def _live(job: "Job") -> AsyncIterator[bytes]:
    loop, news = asyncio.get_running_loop(), asyncio.Event()

    def heard() -> None:
        try:
            loop.call_soon_threadsafe(news.set)
        except RuntimeError:  # the server is closing
            pass

    job.listen(heard)
    told = import_module(f"lossviz.{job.plan.wire}")  # whose `head`, `piece` and `end` have the words for such a run
    try:
        yield await asyncio.to_thread(told.head, job.plan)
        sent, waited, told_beside = 0, 0, False
        while True:
            news.clear()
            ended = job.ended  # asked before the pieces: then those of an ended job are all there
            for part in job.pieces()[sent:]:
                if packed := await asyncio.to_thread(told.piece, job.plan, part):
                    yield packed
                sent += 1
            if job.beside is not None and job.beside.done() and not told_beside:
                if job.beside.status == "finished":
                    yield truth(*await asyncio.to_thread(job.beside.result))
                told_beside = True
            if ended and (job.beside is None or told_beside or job.error or job.cancelled):
                yield told.end(await asyncio.to_thread(job.run), job.error)
                return
            if not sent:
                yield pack("status", {}, text=COLD if waited > 1 else "")
            try:
                await asyncio.wait_for(news.wait(), 1)
            except asyncio.TimeoutError:
                waited += 1
    finally:
        job.unlisten(heard)
