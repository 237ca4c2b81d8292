"""A class at once: real sessions that open pages, turn controls, train and upload, and a heavy user beside them.

python -m bench.load [--sessions 50] [--trainings 40] [--rounds 10] [--cluster]
"""

import argparse
import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import psutil
from distributed.utils import json_load_robust

from bench.__main__ import machine, passed
from bench.app import served
from bench.visitor import Visitor
from lossviz import make_dataset

WARM, QUIET, GONE = 75, 12, 170
"""Seconds for the likely programs to compile; after which work that somebody left must have ended; and after which nobody can
come back to a session, and what it held has been let go."""
HEAVY = {"steps": 5000, "blobs-n": 5000, "seeds": 20}
TARGETS = {
    "first": ("click → first frame, all at once", (("median", 1.0), ("p95", 3.0))),
    "opened": ("open → first frame, all at once", ()),
    "other": ("another visitor's page, meanwhile", (("p95", 0.150),)),
    "upload": ("upload → weights, all at once", ()),
    "beside": ("click → first frame, beside a heavy user", (("p95", 3.0),)),
}


Shown = list[tuple[list[dict[str, Any]], int]]
"""What sessions were sent, each with the seed that it asked for."""


@dataclass
class Found:
    """What the rounds measured.

    Attributes:
        seconds: By the names of TARGETS.
        empty: Megabytes of the server and all of its processes before anybody comes.
        memory: Megabytes of the server and all of its processes with everybody there, a round each.
        after: The same when all have left, of the rounds that waited until they were forgotten.
        wrong: What a session saw that was not its own, or missed.
        busy: Share of a core that is at work after all have left.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TARGETS})
    empty: float = 0.0
    memory: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    busy: float = 0.0


def family(pids: list[int]) -> list[psutil.Process]:
    """Processes and all they started, each once."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            of = psutil.Process(pid)
            found |= {p.pid: p for p in (of, *of.children(recursive=True))}
    return list(found.values())


def held(pids: list[int]) -> float:
    """Megabytes that are theirs: what each has alone, and what is shared once, as much as the one that shares most.

    A proportional share would fall whenever another program on the machine happens to load the same libraries.
    """
    alone, shared = 0, 0
    for process in family(pids):
        with contextlib.suppress(psutil.NoSuchProcess):
            memory = process.memory_full_info()
            alone, shared = alone + memory.uss, max(shared, memory.rss - memory.uss)
    return (alone + shared) / 2**20


def worked(pids: list[int]) -> float:
    """Seconds of processor that they have used."""
    total = 0.0
    for process in family(pids):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:2])
    return total


def framed(message: dict[str, Any]) -> bool:
    """Whether a message brings the first frames."""
    return bool(message["kind"] == "piece")


def points(seen: list[dict[str, Any]], seed: int) -> list[str]:
    """Whether a session was shown the points and classes of its own seed; asked when nobody waits any more."""
    (head,) = (m for m in seen if m["kind"] == "head")
    x0, x1, y0, y1 = head["extent"]
    shown = np.reshape(head["arrays"]["points"], (-1, 2)) * [x1 - x0, y1 - y0] + [x0, y0]
    mine = make_dataset("blobs", seed=seed)
    far = np.abs(shown[:, None] - mine.X[None]).max(2)
    same = mine.y[far.argmin(1)] == head["arrays"]["labels"]
    own = far.min(1).max() < 1e-4 * (x1 - x0) and same.all()
    return [] if own else [f"seed {seed} was shown points that are not its own"]


async def trained(visitor: Visitor, seed: int, times: list[float], shown: Shown) -> None:
    """Another seed, and the seconds to its first frame."""
    before = (visitor.pictures.get("lossviz_player") or {}).get("run")
    begun = time.monotonic()
    await visitor.turn("Seed", float(seed), wait=False)
    await visitor.until(lambda: (visitor.pictures.get("lossviz_player") or {}).get("run") not in (None, before))
    seen = await visitor.follow(visitor.pictures["lossviz_player"], framed)
    times.append(time.monotonic() - begun)
    shown.append((seen, seed))


async def opened(url: str, seed: int, times: list[float], shown: Shown) -> Visitor:
    """A visitor on the race's page, once it shows a picture."""
    visitor = Visitor(url)
    begun = time.monotonic()
    await visitor.open("race", {"seed": seed})
    seen = await visitor.follow(visitor.pictures["lossviz_player"], framed)
    times.append(time.monotonic() - begun)
    shown.append((seen, seed))
    return visitor


async def uploads(url: str, number: int, times: list[float], wrong: list[str]) -> None:
    """Labels of one's own, uploaded; nobody else's may be seen."""
    visitor = Visitor(url)
    await visitor.open("weights", {"from": "Drop a file"})
    mine = [f"label{number}x{i}" for i in range(3)]
    rows = random.Random(number).choices(mine, [10, 3, 1], k=5000)
    begun = time.monotonic()
    (field_,) = (label for label, (kind, _) in visitor.widgets.items() if kind == "file_uploader")
    await visitor.upload(field_, f"labels{number}.csv", ("label\n" + "\n".join(rows)).encode())
    times.append(time.monotonic() - begun)
    told = " ".join(map(str, [*visitor.pictures.values(), *visitor.texts]))
    wrong += [f"upload {number} did not show {label}" for label in mine if label not in told]
    wrong += [f"upload {number} saw another's labels" for i in range(200) if i != number and f"label{i}x" in told]
    wrong += visitor.errors
    await visitor.close()


async def stroll(url: str, times: list[float], stop: asyncio.Event) -> None:
    """Somebody who uses a page that trains nothing, and the seconds that each of its runs takes."""
    visitor = Visitor(url)
    await visitor.open("weights")
    folds = 3
    while not stop.is_set():
        begun = time.monotonic()
        folds = 3 + (folds - 2) % 5
        await visitor.turn("Folds", float(folds))
        times.append(time.monotonic() - begun)
        await asyncio.sleep(0.3)
    await visitor.close()


async def lesson(
    url: str, found: Found, pids: list[int], sessions: int, trainings: int, round_: int, forgotten: bool
) -> None:
    """One round: all come, `trainings` of them train at once, some upload, one is heavy; and all leave."""
    seed = 1000 * (round_ + 1)
    times, wrong = found.seconds, found.wrong
    shown: Shown = []
    guests = await asyncio.gather(*(opened(url, seed % 9000 + i, times["opened"], shown) for i in range(sessions)))
    stop = asyncio.Event()
    other = asyncio.create_task(stroll(url, times["other"], stop))
    await asyncio.sleep(2)
    for turn in range(2):
        learning = guests[:trainings]
        ask = (trained(v, seed % 9000 + 100 + 100 * turn + i, times["first"], shown) for i, v in enumerate(learning))
        await asyncio.gather(*ask)
        await asyncio.sleep(1)
    await asyncio.gather(*(uploads(url, i, times["upload"], wrong) for i in range(min(10, sessions))))
    heavy = Visitor(url)
    await heavy.open("race", HEAVY)
    for i, visitor in enumerate(guests[:3]):
        await trained(visitor, seed % 9000 + 400 + i, times["beside"], shown)
    found.memory.append(held(pids))
    stop.set()
    await other
    await asyncio.gather(*(v.close() for v in [*guests, heavy]))
    for seen, of in shown:
        wrong += points(seen, of)
    await asyncio.sleep(QUIET)
    before = worked(pids)
    await asyncio.sleep(2)
    found.busy = max(found.busy, (worked(pids) - before) / 2)
    if forgotten:
        await asyncio.sleep(GONE - QUIET)
        found.after.append(held(pids))


@contextlib.contextmanager
def cluster(workers: int = 2) -> Iterator[tuple[str, list[int]]]:
    """A scheduler and workers of their own, as a course would run them: the address, and the processes."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # a pipe that nobody reads would hold them up
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "scheduler.json")
        dask = [sys.executable, "-m", "distributed.cli.dask_{}", "--no-dashboard", "--scheduler-file", str(told)]
        # As docs/deploy.md tells to: what visitors train on stays off the workers' disk.
        memory = os.environ | {f"DASK_DISTRIBUTED__WORKER__MEMORY__{what}": "False" for what in ("TARGET", "SPILL")}
        scheduler, worker = ([part.format(role) for part in dask] for role in ("scheduler", "worker"))
        started = [subprocess.Popen([*scheduler, "--port", "0", "--host", "127.0.0.1"], **quiet)]
        started += [
            subprocess.Popen([*worker, "--nthreads", "1", "--preload", "lossviz.alive"], env=memory, **quiet)
            for _ in range(workers)
        ]
        try:
            yield json_load_robust(str(told), timeout=60)["address"], [p.pid for p in started]
        finally:
            for process in reversed(started):
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()


def held_up(rounds: int, sessions: int, trainings: int, external: bool) -> Found:
    """All rounds against one server; with a cluster of two workers outside, one of them dies in the second round."""
    found = Found()
    with contextlib.ExitStack() as stack:
        env, pids = {}, []
        if external:
            address, pids = stack.enter_context(cluster())
            env = {"LOSSVIZ_SCHEDULER": address}
        before = {p.pid for p in psutil.Process().children()}
        url = stack.enter_context(served(**env))
        pids = [*pids, *({p.pid for p in psutil.Process().children()} - before)]
        time.sleep(WARM)
        found.empty = held(pids)
        for i in range(rounds):

            async def run(i: int = i) -> None:
                forgotten = rounds > 2 and i in (1, rounds - 1)
                at = asyncio.create_task(lesson(url, found, pids, sessions, trainings, i, forgotten))
                if external and i == 1:
                    await asyncio.sleep(4)
                    victim = psutil.Process(pids[1])
                    for process in [*victim.children(recursive=True), victim]:
                        process.kill()
                await at

            asyncio.run(run())
            print(f"  round {i + 1}: {found.memory[-1]:.0f} MB", file=sys.stderr)
    return found


def report(found: Found, sessions: int, trainings: int, external: bool) -> list[str]:
    """The table, as Markdown."""
    title = f"### A class of {sessions}, {trainings} of them training at once"
    lines = [title + (", on two workers outside, one of them killed in round 2" if external else ""), ""]
    lines += ["| | median | p95 | n | target |", "|---|--:|--:|--:|---|"]
    for name, (title, targets) in TARGETS.items():
        seconds = found.seconds[name]
        if len(seconds) < 2:
            continue
        cuts = quantiles(seconds, n=20, method="inclusive")
        got = {"median": cuts[9], "p95": cuts[18]}
        said = "; ".join(f"{what} under {1000 * limit:,.0f} ms: {passed(got[what] < limit)}" for what, limit in targets)
        lines.append(
            f"| {title} | {1000 * got['median']:,.0f} ms | {1000 * got['p95']:,.0f} ms | {len(seconds)} | {said} |"
        )
    most = max(found.memory)
    lines += [
        "",
        "What others have left is kept for two minutes, of up to 128 sessions."
        + " Memory counts the workers and their scheduler, "
        "too; each worker has a TensorFlow of its own." * external,
        "",
        f"- Memory of the whole server with everybody there: {most:,.0f} MB (under 2,048: {passed(most < 2048)}).",
        f"- Before anybody came: {found.empty:,.0f} MB; of a session, with what all share, "
        f"{(found.memory[0] - found.empty) / sessions:.1f} MB in round 1, {(most - found.empty) / sessions:.1f} MB at most.",
    ]
    if len(found.after) == 2:
        grown = 100 * (found.after[-1] / found.after[0] - 1)
        lines.append(
            f"- After all have left, from round 2 to round {len(found.memory)}: {found.after[0]:,.0f} to "
            f"{found.after[-1]:,.0f} MB, {grown:+.1f} % (under 5 %: {passed(grown < 5)})."
        )
    else:
        lines.append(f"- Growth from round 2 to the last: not measured in {len(found.memory)} rounds.")
    lines.append(f"- Work left over when all have gone: {100 * found.busy:.0f} % of a core.")
    lines.append(
        f"- Sessions that saw what was not theirs, or an error: {len(found.wrong)} {found.wrong[:3] or ''}".rstrip()
    )
    return lines


def main() -> None:
    """Run the class, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--trainings", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--cluster", action="store_true", help="two workers outside of the server, one is killed")
    told = parser.parse_args()
    found = held_up(told.rounds, told.sessions, told.trainings, told.cluster)
    print("\n".join(machine()))
    print("\n".join(report(found, told.sessions, told.trainings, told.cluster)))


if __name__ == "__main__":
    main()
