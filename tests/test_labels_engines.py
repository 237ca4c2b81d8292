"""The same labels in every engine: equal counts, counted there; also where a worker dies in mid-count."""

import os
import signal
import threading
import time
from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lossviz.labels import count_labels

LABELS = [
    "cat",
    "Cat",
    " cat",
    "é",
    "e\u0301",
    "犬",
    "a\nb",
    'say "a, b"',
    "1",
    "1.0",
    "01",
    "NA",
    "none",
    "",
    None,
    "🐈",
]
ROWS = [
    {
        "text": LABELS[i % 16 if i < 120 else i % 6],
        "whole": [3, -1, 20, 100][i % 4],
        "gaps": [1, None, 0][i % 3],
        "truth": [True, False, None, True, True][i % 5],
        "tags": ["a|b", "b", "|", "", None, "a||b|a", " c | a", "x.y|("][i % 8],
        "pairs": ["a, b", "b", None][i % 3],
        "wet": i % 2,
        "cold": i % 5 == 0,
        "dry": [1.0, 0.0, 0.0, None][i % 4] if i > 50 else 1.0,
        "said": ["1", "0", " TRUE", "false", ""][i % 5],
        "odd": 2 if i == 77 else 0,
    }
    for i in range(200)
]
SCHEMA = pa.schema(
    {
        "text": pa.string(), "whole": pa.int64(), "gaps": pa.int64(), "truth": pa.bool_(), "tags": pa.string(),
        "pairs": pa.string(), "wet": pa.int8(), "cold": pa.bool_(), "dry": pa.float64(), "said": pa.string(),
        "odd": pa.int32(),
    }
)  # fmt: skip
TABLE = pa.Table.from_pylist(ROWS, SCHEMA)
SWITCHES = ["wet", "cold", "dry", "said"]


def told(column, separator=None):
    """The same by a loop over the rows: counts, rows without a label."""
    tally, missing = Counter(), 0
    for row in ROWS:
        cell = row[column]
        labels = (
            set() if cell is None else {str(cell)} if separator is None else set(map(str.strip, cell.split(separator)))
        )
        labels.discard("")
        tally.update(labels)
        missing += not labels
    return dict(tally), missing


def told_switches():
    on = {0: 0, 1: 1, "1": 1, "0": 0, " TRUE": 1, "false": 0}
    whole = [row for row in ROWS if row["dry"] is not None and row["said"] != ""]
    return {name: sum(on[row[name]] for row in whole) for name in SWITCHES}, len(ROWS) - len(whole)


def polars(table):
    import polars as pl

    return pl.from_arrow(table)


def duckdb(table):
    import duckdb

    return duckdb.from_arrow(table)


def ibis(table):
    import ibis

    return ibis.memtable(table)


def dask(table):
    import dask.dataframe as dd

    return dd.from_pandas(table.to_pandas(), npartitions=3)


@pytest.fixture(scope="module")
def spark():
    """A Spark of this process, two threads."""
    from pyspark.sql import SparkSession

    options = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1"}
    session = SparkSession.builder.master("local[2]").config(map=options).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield lambda table: session.createDataFrame(table)
    session.stop()


ENGINES = {
    "pandas": pa.Table.to_pandas,
    "pandas objects": lambda table: pd.DataFrame(table.to_pylist(), dtype=object),
    "pandas arrow": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas nullable": lambda table: table.to_pandas().convert_dtypes(),
    "pyarrow": lambda table: table,
    "polars": polars,
    "polars lazy": lambda table: polars(table).lazy(),
    "duckdb": duckdb,
    "dask": pytest.param(dask, marks=pytest.mark.engines),
    "ibis": pytest.param(ibis, marks=pytest.mark.engines),
    "spark": pytest.param(
        "spark",
        marks=[pytest.mark.engines, pytest.mark.filterwarnings("default")],  # its own, of its own doing
    ),
}


@pytest.fixture(scope="module", params=ENGINES.values(), ids=list(ENGINES))
def frame(request):
    make = request.getfixturevalue(request.param) if isinstance(request.param, str) else request.param
    return make(TABLE)


def check(counts, tally, missing):
    assert dict(zip(counts.labels, counts.counts.tolist(), strict=True)) == tally
    assert (counts.rows, counts.missing, counts.counts.dtype) == (len(ROWS), missing, np.int64)


class TestEvery:
    def test_text(self, frame):
        counts = count_labels(frame, "text")
        check(counts, *told("text"))
        assert counts.labels == tuple(sorted(told("text")[0]))
        assert counts.counts.sum() + counts.missing == counts.rows
        assert any("nothing in column 'text'" in note for note in counts.notes)

    def test_numbers(self, frame):
        check(count_labels(frame, "whole"), *told("whole"))
        assert count_labels(frame, "whole").labels == ("-1", "3", "20", "100")
        check(count_labels(frame, "gaps"), *told("gaps"))  # pandas has floats there
        assert count_labels(frame, "gaps").labels == ("0", "1")

    def test_truth(self, frame):
        check(count_labels(frame, "truth"), *told("truth"))

    @pytest.mark.parametrize(("column", "separator"), [("tags", "|"), ("pairs", ",")])
    def test_several_in_a_cell(self, frame, column, separator):
        counts = count_labels(frame, column, separator=separator)
        check(counts, *told(column, separator))
        assert counts.kind == "multi"

    def test_switches(self, frame):
        counts = count_labels(frame, SWITCHES)
        check(counts, *told_switches())
        assert (counts.labels, counts.kind) == (tuple(SWITCHES), "multi")
        check(count_labels(frame, ["wet", "cold"]), {"wet": 100, "cold": 40}, 0)

    def test_bad_switch(self, frame):
        with pytest.raises(ValueError, match=r"^column 'odd' must hold 0 and 1 only; not '2(\.0)?'$"):
            count_labels(frame, ["wet", "odd"])

    def test_no_such_column(self, frame):
        with pytest.raises(ValueError, match=r"^there is no column 'txt'; there are 'text', 'whole', .*and 1 more$"):
            count_labels(frame, "txt")


@pytest.mark.engines
@pytest.mark.filterwarnings("default")
def test_spark_reads_quoted_newlines_as_we_say(spark, tmp_path):
    """What the README says: these two options, or the counts are wrong without a word."""
    from pyspark.sql import SparkSession

    path = tmp_path / "labels.csv"
    TABLE.select(["text"]).to_pandas().fillna("").to_csv(path, index=False)
    session = SparkSession.active()  # a reader keeps the options of its last call: one for each file
    counts = count_labels(session.read.csv(str(path), header=True, multiLine=True, escape='"'), "text")
    tally, missing = told("text")
    assert dict(zip(counts.labels, counts.counts.tolist(), strict=True)) == tally
    assert counts.missing == missing
    wrong = count_labels(session.read.csv(str(path), header=True), "text")
    assert wrong.rows > counts.rows  # half a line became a row


@pytest.fixture(scope="module", params=[1, 2])
def cluster(request):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(request.param, threads_per_worker=1, dashboard_address=None, memory_limit=0) as cluster,
        Client(cluster),
    ):
        yield cluster


def parts(directory, pieces, seconds):
    """The rows in pieces that take their time, each leaving a note of who made it: piece, process, time."""
    import dask.dataframe as dd

    table = TABLE

    def piece(i):
        (directory / f"{i}-{os.getpid()}-{time.time_ns()}").touch()
        time.sleep(seconds)
        return table.slice(i * 200 // pieces, (i + 1) * 200 // pieces - i * 200 // pieces).to_pandas()

    return dd.from_map(piece, range(pieces), meta=TABLE.slice(0, 0).to_pandas())


@pytest.mark.engines
class TestDaskCluster:
    @pytest.mark.parametrize("pieces", [1, 3, 16])
    def test_workers_and_pieces_do_not_matter(self, cluster, tmp_path, pieces):
        check(count_labels(parts(tmp_path, pieces, 0), "text"), *told("text"))
        check(count_labels(parts(tmp_path, pieces, 0), "tags", separator="|"), *told("tags", "|"))
        check(count_labels(parts(tmp_path, pieces, 0), SWITCHES), *told_switches())
        assert {f.name.split("-")[1] for f in tmp_path.iterdir()} <= set(map(str, pids(cluster)))

    @pytest.mark.parametrize("column", ["text", SWITCHES], ids=["cells", "switches"])
    def test_a_worker_dies(self, cluster, tmp_path, column):
        frame = parts(tmp_path, 6, 0.5)
        dead = []

        def kill():
            end = time.monotonic() + 30
            while not dead and time.monotonic() < end:
                for note in tmp_path.iterdir():
                    time.sleep(0.1)  # in the middle of its piece
                    dead.append(tuple(map(int, note.name.split("-")[:2])))
                    os.kill(dead[0][1], signal.SIGKILL)
                    return
                time.sleep(0.01)

        before = pids(cluster)
        killer = threading.Thread(target=kill)
        killer.start()
        counts = count_labels(frame, column)
        killer.join()
        check(counts, *(told("text") if column == "text" else told_switches()))
        piece, pid = dead[0]
        assert pid in before
        makers = {int(f.name.split("-")[1]) for f in tmp_path.glob(f"{piece}-*")}
        assert len(makers) > 1  # it was lost, and made again


def pids(cluster):
    """The processes of the workers."""
    return [worker.process.pid for worker in cluster.workers.values()]
