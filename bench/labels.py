"""Counting labels, against bare engines and against what people type: `python -m bench.labels [--down 100]`.

It writes a CSV of 1.2 GB, 10 million rows × 10 columns, one of them a label of 20 classes, the same as Parquet, and two
files of 5 million rows; into a temporary folder that is deleted in the end. Every measurement is a fresh process; they
take turns, round by round. Peak memory is what the operating system reports of that process. Imports are not timed.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROWS, TAGGED = 10_000_000, 5_000_000
PIECE = 250_000
NEEDED = 4_000_000_000
"""Bytes on the disk at full size: the files, and what `sort` puts aside."""
CLASSES = [f"{a}_{b}" for a in ("adelie", "gentoo", "macaroni", "rock") for b in ("f", "m", "young", "egg", "none")]
REPEATS = 5
"""Rounds within one process for arrays: what is measured is the arithmetic, not the first touch of memory."""


@dataclass
class Way:
    """A way to count.

    Attributes:
        name: Its function below.
        title: What the table calls it.
        of: The file it reads; "" for arrays.
        seconds: What each round took.
        peak: Largest resident memory of any round, MB.
    """

    name: str
    title: str
    of: str = ""
    seconds: list[float] = field(default_factory=list)
    peak: float = 0


WAYS = (
    Way("csv_polars", "Polars `scan_csv`, `value_counts`", "wide.csv"),
    Way("csv_ours", '**`count_labels(pl.scan_csv(…), "label")`**', "wide.csv"),
    Way("csv_file", '**`open_labels("wide.csv").count("label")`**, as `lossviz weights` does', "wide.csv"),
    Way("csv_pandas", "pandas `read_csv(usecols)`, `value_counts`", "wide.csv"),
    Way("csv_shell", "`cut \\| sort \\| uniq -c`, LC_ALL=C", "wide.csv"),
    Way("parquet_polars", "Polars `scan_parquet`, `value_counts`", "wide.parquet"),
    Way("parquet_ours", '**`count_labels(pl.scan_parquet(…), "label")`**', "wide.parquet"),
    Way("parquet_file", '**`open_labels("wide.parquet").count("label")`**', "wide.parquet"),
    Way("array_bincount", "`np.bincount`, 10 million int64"),
    Way("array_ours", "**`label_weights`**"),
    Way("array_sklearn", "scikit-learn `compute_class_weight`"),
    Way("single_ours", "`count_labels`, one label a row, 5 million rows", "single.csv"),
    Way("tags_ours", '**`count_labels(separator="\\|")`**, `a\\|b\\|c` cells, 5 million rows', "tags.csv"),
)
TARGETS = (
    # what, of what, at most (or at least) so many times its time, per byte
    ("csv_ours", "csv_polars", "at most", 1.2, False),
    ("csv_file", "csv_polars", "at most", 1.2, False),
    ("csv_pandas", "csv_file", "at least", 1, False),
    ("csv_shell", "csv_file", "at least", 5, False),
    ("parquet_ours", "parquet_polars", "at most", 1.3, False),
    ("parquet_file", "parquet_polars", "at most", 1.3, False),
    ("array_ours", "array_bincount", "at most", 3, False),
    ("array_sklearn", "array_ours", "at least", 50, False),
    ("tags_ours", "single_ours", "at most", 1.5, True),
)
PEAKS = {"csv_ours": 450, "csv_file": 450}
"""Most memory, MB."""

Round = Callable[[], Any]


def csv_polars(path: Path) -> Round:
    import polars as pl

    _warm()
    scan = pl.scan_csv(path, infer_schema=False)
    return lambda: scan.select(pl.col("label").value_counts()).collect(engine="streaming")


def csv_ours(path: Path) -> Round:
    import polars as pl

    count_labels = _warm()
    return lambda: count_labels(pl.scan_csv(path, infer_schema=False), "label")


def csv_file(path: Path) -> Round:
    from lossviz.labelfiles import open_labels

    _warm()
    open_labels(path)  # imports what this kind of file needs
    return lambda: open_labels(path).count("label")


parquet_file = csv_file
single_ours = csv_ours


def tags_ours(path: Path) -> Round:
    import polars as pl

    count_labels = _warm()
    return lambda: count_labels(pl.scan_csv(path, infer_schema=False), "label", separator="|")


def csv_pandas(path: Path) -> Round:
    import pandas as pd

    return lambda: pd.read_csv(path, usecols=["label"], dtype=str)["label"].value_counts()


def csv_shell(path: Path) -> Round:
    def run() -> None:
        command = f"cut -d, -f2 '{path}' | sort -T '{path.parent}' | uniq -c"
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C"})

    return run


def parquet_polars(path: Path) -> Round:
    import polars as pl

    _warm()
    scan = pl.scan_parquet(path)
    return lambda: scan.select(pl.col("label").value_counts()).collect(engine="streaming")


def parquet_ours(path: Path) -> Round:
    import polars as pl

    count_labels = _warm()
    return lambda: count_labels(pl.scan_parquet(path), "label")


def _array(path: Path) -> Any:
    import numpy as np

    return np.random.default_rng(0).integers(0, 20, int(path.read_text()))


def array_bincount(path: Path) -> Round:
    import numpy as np

    y = _array(path)
    return lambda: np.bincount(y)


def array_ours(path: Path) -> Round:
    from lossviz.labels import label_weights

    y = _array(path)
    return lambda: label_weights(y)


def array_sklearn(path: Path) -> Round:
    import numpy as np
    from sklearn.utils.class_weight import compute_class_weight

    y = _array(path)
    classes = np.arange(20)
    return lambda: compute_class_weight("balanced", classes=classes, y=y)


def _warm() -> Callable[..., Any]:
    """Everything imported that a call imports, and Polars' threads started: also for bare Polars."""
    import polars as pl

    from lossviz.labels import count_labels

    count_labels(pl.LazyFrame({"label": ["a"]}), "label")
    return count_labels


def write(folder: Path, down: int) -> None:
    """The files, in pieces; classes as rare as 1 in 200."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(0)
    share = np.geomspace(1, 0.02, len(CLASSES))
    share /= share.sum()
    names = np.array(CLASSES)

    def label(n: int) -> Any:
        return pl.Series(names).gather(rng.choice(len(names), n, p=share))

    def wide(first: int, n: int) -> Any:
        columns = {"id": np.arange(first, first + n) + 10_000_000, "label": label(n)}
        columns |= {f"x{i}": rng.random(n) for i in range(6)}
        columns["site"] = pl.Series(["Torgersen N", "Biscoe W", "Dream S"]).gather(rng.integers(0, 3, n))
        columns["day"] = pl.Series(np.datetime64("2007-11-01") + rng.integers(0, 800, n))
        return pl.DataFrame(columns)

    def single(first: int, n: int) -> Any:
        return pl.DataFrame({"id": np.arange(first, first + n), "label": label(n)})

    def tags(first: int, n: int) -> Any:
        cells = label(n) + "|" + label(n) + "|" + label(n)
        return pl.DataFrame({"id": np.arange(first, first + n), "label": cells})

    for make, rows in ((wide, ROWS), (single, TAGGED), (tags, TAGGED)):
        with (folder / f"{make.__name__}.csv").open("wb") as file:
            for first in range(0, rows // down, PIECE):
                piece = make(first, min(PIECE, rows // down - first))
                piece.write_csv(file, include_header=first == 0, float_precision=11)
    pl.scan_csv(folder / "wide.csv", try_parse_dates=True).sink_parquet(folder / "wide.parquet")
    (folder / "array").write_text(str(ROWS // down))


def one(way: Way, folder: Path) -> dict[str, float]:
    """A measurement, in this process."""
    run = globals()[way.name](folder / (way.of or "array"))
    seconds = []
    for _ in range(1 if way.of else REPEATS):
        begun = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begun)
    used = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    # of the shell's three processes the largest; of others this one, not what started it
    peak = resource.getrusage(used[way.name == "csv_shell"]).ru_maxrss / 1024
    return {"seconds": min(seconds), "peak": peak}


def fresh(*arguments: str) -> str:
    """What a fresh process of this file says; this one stays small, or its memory would count as theirs."""
    command = [sys.executable, "-m", "bench.labels", *arguments]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def table(ways: dict[str, Way], sizes: dict[str, int]) -> list[str]:
    """Times, memory and targets as Markdown; ratios are medians over rounds."""
    verdicts: dict[str, list[str]] = {name: [] for name in ways}
    for name, base, word, bound, by_byte in TARGETS:
        if name not in ways or base not in ways:
            continue
        a, b = ways[name], ways[base]
        scale = sizes[b.of] / sizes[a.of] if by_byte else 1
        ratio = median(x / y for x, y in zip(a.seconds, b.seconds, strict=True)) * scale
        met = ratio <= bound if word == "at most" else ratio >= bound
        of = f"{b.title.replace('**', '')}{' per byte' if by_byte else ''}"
        verdicts[name].append(f"{ratio:.2f}× {of}; {word} {bound:g}: {_passed(met)}")
    for name, most in PEAKS.items():
        if name in ways:
            verdicts[name].append(f"under {most} MB: {_passed(ways[name].peak < most)}")
    lines = ["| | min | median | peak memory | target |", "|---|--:|--:|--:|---|"]
    for way in ways.values():
        times = " | ".join(_time(t) for t in (min(way.seconds), median(way.seconds)))
        lines.append(f"| {way.title} | {times} | {way.peak:,.0f} MB | {'<br>'.join(verdicts[way.name])} |")
    return lines


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:,.1f} ms"


def _passed(yes: bool) -> str:
    return "met" if yes else "**missed**"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.labels", description=__doc__.splitlines()[0])
    parser.add_argument("--down", type=int, default=1, help="divide the rows by this: does it run?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="ways whose name starts like this")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        return write(options.write, options.down)
    if options.one:
        way = next(w for w in WAYS if w.name == options.one[0])
        return print(json.dumps(one(way, Path(options.one[1]))))
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < NEEDED / options.down:
        sys.exit(f"{tempfile.gettempdir()} has {free / 1e9:.1f} GB free; {NEEDED / options.down / 1e9:.1f} are needed")
    ways = {way.name: way for way in WAYS if way.name.startswith(options.only or "")}
    with tempfile.TemporaryDirectory(prefix="lossviz-bench-") as folder:
        fresh("--write", folder, "--down", str(options.down))
        sizes = {path.name: path.stat().st_size for path in Path(folder).iterdir()}
        for i in range(options.rounds):
            for way in ways.values():
                answer = json.loads(fresh("--one", way.name, folder))
                way.seconds.append(answer["seconds"])
                way.peak = max(way.peak, answer["peak"])
                print(f"  {i} {way.name} {_time(answer['seconds'])} {answer['peak']:.0f} MB", file=sys.stderr)
    files = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in sorted(sizes.items()) if "." in name)
    from bench.__main__ import machine  # here: what is measured is a process that stays small

    print("### Counting labels", "", *machine(), f"{files}.", "", sep="\n")
    print("\n".join(table(ways, sizes)))


if __name__ == "__main__":
    main()
