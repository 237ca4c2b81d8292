"""Speed against peers and against the measured floor: `python -m bench [--quick] [--only NAME]`.

Every competitor lives in a process of its own; they take turns, round by round, so that a machine that slows down slows
down all of them. What counts are the ratios of one run; times are there to give them a scale.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.peers import EPOCHS, FEWER
from bench.problem import FRAMES, STEPS, STRATEGIES
from bench.scaling import POINTS, REPEATS

HERE = Path(__file__).parent
ROUNDS, SLOW_ROUNDS, QUICK = 12, 3, 3
SCALED = "† Scaled up from a part of the work."
PEERS = ("tensorflow", "keras", "jax", "torch", "scikit-learn", "numpy", "pandas", "polars")


@dataclass
class Competitor:
    """Something that is timed.

    Attributes:
        name: Its function, "module.function".
        title: What the table calls it.
        scale: What a round's time is multiplied by, where a round does part of the work.
        slow: Takes part in the first few rounds only.
    """

    name: str
    title: str
    scale: float = 1
    slow: bool = False
    seconds: list[float] = field(default_factory=list)

    @property
    def told(self) -> str:
        """What the table calls it, with a mark where a part of the work was timed."""
        return self.title if self.scale == 1 else f"{self.title} †"


@dataclass
class Race:
    """Competitors that are compared with the first of them, and the targets of that comparison."""

    name: str
    title: str
    competitors: list[Competitor]
    targets: dict[str, tuple[str, float]]


RACES = (
    Race(
        "training",
        "Reference run: 8 strategies × 1,000 points × MLP 2-16-16-3 × 400 full-batch Adam steps",
        [
            Competitor("ours.training", "**lossviz**, training, 60 frames kept"),
            Competitor("ours.fit", "lossviz.fit: training, curves, 60 × 8 maps of 100×100, metrics"),
            Competitor("floor.training_numpy", "floor: NumPy, OpenBLAS"),
            Competitor("floor.training_torch", "floor: PyTorch `bmm(out=)`"),
            Competitor("floor.training_xla", "floor: XLA (JAX)"),
            Competitor("peers.jax_scan", "JAX `scan`, same layout"),
            Competitor("peers.jax_vmap", "JAX `scan`, `vmap`"),
            Competitor("peers.torch_eager", "PyTorch eager, batched, two threads", slow=True),
            Competitor("peers.torch_eager_one", "PyTorch eager, batched, one thread"),
            Competitor("peers.torch_func", "PyTorch `torch.func`, `vmap` of `grad`", slow=True),
            Competitor("peers.sklearn_mlp", "scikit-learn `MLPClassifier.fit`", len(STRATEGIES), True),
            Competitor("peers.keras_train_on_batch", "Keras `train_on_batch`, all points", STEPS / FEWER, True),
            Competitor("peers.keras_fit_full", "Keras `fit`, all points", len(STRATEGIES) * STEPS / EPOCHS, True),
            Competitor(
                "peers.keras_fit", "Keras `fit`, as it comes: batches of 32", len(STRATEGIES) * STEPS / EPOCHS, True
            ),
        ],
        {
            "floor": ("at most", 2.2),
            "peers.jax_scan": ("at least", 2.5),
            "peers.torch_eager": ("at least", 5),
            "peers.torch_eager_one": ("at least", 5),
            "peers.keras_train_on_batch": ("at least", 25),
            "peers.keras_fit": ("at least", 500),
        },
    ),
    Race(
        "maps",
        "Decision maps: 60 frames × 8 strategies of 100×100",
        [
            Competitor("ours.maps", "**lossviz**, class and confidence in a byte"),
            Competitor("floor.maps_numpy", "forward floor: NumPy, OpenBLAS"),
            Competitor("floor.maps_torch", "forward floor: PyTorch `bmm(out=)`"),
            Competitor("floor.maps_xla", "forward floor: XLA (JAX)"),
            Competitor("peers.maps_jax", "JAX `lax.map`, class and confidence"),
            Competitor("peers.maps_torch", "PyTorch eager, class and confidence"),
            Competitor("peers.maps_sklearn", "scikit-learn `predict_proba`", FRAMES, True),
            Competitor("peers.maps_keras", "Keras `predict`", FRAMES, True),
        ],
        {"floor": ("at most", 2.0)},
    ),
)


def environment(name: str) -> dict[str, str]:
    """The environment of a worker: two threads overall, and no settings that slow OpenBLAS down."""
    env = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    if name.startswith("floor"):  # its two threads are its own
        env |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return env | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def run(race: Race, rounds: int, slow_rounds: int) -> None:
    """All competitors in turns, `rounds` times."""
    workers = {}
    for c in race.competitors:
        command = [sys.executable, "-m", "bench.worker", c.name]
        workers[c.name] = worker = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(c.name), cwd=HERE.parent,
        )  # fmt: skip
        if worker.stdout.readline() != "ready\n":
            sys.exit(f"{c.name} failed:\n{worker.stderr.read()}")
        print(f"  {c.name} is ready", file=sys.stderr)
    for i in range(rounds):
        for c in race.competitors:
            if c.slow and i >= slow_rounds:
                continue
            worker = workers[c.name]
            worker.stdin.write("\n")
            worker.stdin.flush()
            c.seconds.append(float(worker.stdout.readline()) * c.scale)
    for worker in workers.values():
        worker.communicate()


def table(race: Race) -> list[str]:
    """The race as Markdown: times, and ratios to the first competitor by minima and by the median over rounds."""
    us, *others = race.competitors
    floor = min((c for c in others if c.name.startswith("floor")), key=lambda c: min(c.seconds))
    lines = [
        f"### {race.title}",
        "",
        "| | min | median | × lossviz, of minima | × lossviz, median of rounds | target |",
    ]
    lines += ["|---|--:|--:|--:|--:|---|"]
    for c in race.competitors:
        ratio = min(c.seconds) / min(us.seconds)
        paired = median(a / b for a, b in zip(c.seconds, us.seconds, strict=False))
        verdict = ""
        if c is floor:
            word, bound = race.targets["floor"]
            verdict = f"lossviz takes {1 / ratio:.2f}× the best floor; {word} {bound}: {passed(1 / ratio <= bound)}"
        elif c.name in race.targets:
            word, bound = race.targets[c.name]
            verdict = f"{word} {bound:g}: {passed(ratio >= bound)}"
        times = " | ".join(f"{1e3 * s:,.0f} ms" for s in (min(c.seconds), median(c.seconds)))
        lines.append(f"| {c.told} | {times} | {ratio:.2f} | {paired:.2f} | {verdict} |")
    return [*lines, "", SCALED, ""]


def passed(yes: bool) -> str:
    return "met" if yes else "**missed**"


def fresh(*arguments: int) -> dict:
    """An answer of `bench.scaling` from a fresh process."""
    command = [sys.executable, "-m", "bench.scaling", *map(str, arguments)]
    done = subprocess.run(
        command, env=environment("ours"), cwd=HERE.parent, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def scaling(quick: bool) -> list[str]:
    """Growth with points and with strategies × seeds."""
    sizes = [(n, 1, steps) for n, steps in POINTS.items()] + [(1000, r, STEPS) for r in REPEATS[1:]]
    lines = ["### Growth (each line a fresh process; `lossviz.fit` without maps)", ""]
    lines += [
        "| points | strategies × seeds | steps | time | per point, strategy and step | peak memory | of which the run |"
    ]
    lines += ["|--:|--:|--:|--:|--:|--:|--:|"]
    for n, repeats, steps in sizes[: 2 if quick else None]:
        a = fresh(n, repeats, steps)
        lines.append(
            f"| {n:,} | {a['rows']} | {steps} | {a['seconds']:.2f} s | {a['nanoseconds']:.0f} ns "
            f"| {a['peak']:.0f} MB | {a['peak'] - a['base']:.0f} MB |"
        )
        print(lines[-1], file=sys.stderr)
    return [*lines, ""]


def programs() -> list[str]:
    """Compiled programs of every model and number of classes, in one process that meets many sizes."""
    found = fresh()
    lines = ["### Programs compiled in one process, 200 to 100,000 points, 8 and 24 rows, 1 to 12 steps", ""]
    lines += [
        "| " + " | ".join(found) + " |",
        "|" + "--:|" * len(found),
        "| " + " | ".join(map(str, found.values())) + " |",
    ]
    return [*lines, "", "Three each: the optimiser's step, the curves, the decision maps.", ""]


def machine() -> list[str]:
    """Where and with what this was measured."""
    cpu = next(
        (x.split(":")[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in x), "?"
    )
    libraries = ", ".join(f"{x} {version(x)}" for x in PEERS)
    load = os.getloadavg()[0]
    return [f"{datetime.date.today()}; {os.cpu_count()} cores, {cpu}; load {load:.1f}; {libraries}.", ""]


def main() -> None:
    names = [race.name for race in RACES] + ["scaling", "programs"]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run?")
    parser.add_argument("--only", choices=names, help="one part")
    options = parser.parse_args()
    lines = []

    def tell(part: list[str]) -> None:
        print("\n".join(part), flush=True)
        lines.extend(part)

    tell(["# Speed", "", *machine()])
    for race in RACES:
        if options.only in (None, race.name):
            run(race, QUICK if options.quick else ROUNDS, 1 if options.quick else SLOW_ROUNDS)
            tell(table(race))
    if options.only in (None, "scaling"):
        tell(scaling(options.quick))
    if options.only in (None, "programs"):
        tell(programs())
    if not options.only:
        (HERE / "results.md").write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
