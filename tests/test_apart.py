"""Work in a process of its own: what it returns, what ends it, and that nothing is left behind."""

import gzip
import os
import threading
import time

import psutil
import pytest

from lossviz import apart as room
from lossviz.apart import Apart
from lossviz.files import FileError
from lossviz.labelfiles import read_labels


@pytest.fixture(scope="module")
def apart():
    helper = Apart()
    yield helper
    helper.close()


def children():
    return {p.pid for p in psutil.Process().children(recursive=True)}


def test_it_is_another_process_and_the_same_one_again(apart):
    first = apart.run(os.getpid)
    assert first != os.getpid()
    assert apart.run(os.getpid) == first


def test_a_file_goes_there_and_its_counts_come_back(apart):
    reading = apart.run(read_labels, gzip.compress(b"id;kind\n1;cat\n2;dog\n3;cat\n"), "t.csv", column="kind")
    assert reading.counts.labels == ("cat", "dog")
    assert reading.counts.counts.tolist() == [2, 1]


def test_a_megabyte_round_trip_is_quick(apart):
    data = b"id,label,value\n" + b"".join(b"%d,class_%d,0.123456789\n" % (i, i % 20) for i in range(200_000))
    assert len(data) > 5_000_000
    apart.run(read_labels, data)
    start = time.perf_counter()
    assert apart.run(read_labels, data).counts.rows == 200_000
    assert time.perf_counter() - start < 0.5


def test_errors_of_the_function_are_the_callers(apart):
    pid = apart.run(os.getpid)
    with pytest.raises(FileError, match="'t' is empty"):
        apart.run(read_labels, b"", "t")
    with pytest.raises(ValueError, match=r"could not be read .*ZeroDivisionError"):
        apart.run(divmod, 1, 0)
    assert apart.run(os.getpid) == pid


def test_too_long(apart):
    pid = apart.run(os.getpid)
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"longer than 0\.2 s: .*lossviz weights FILE"):
        apart.run(time.sleep, 30, seconds=0.2)
    assert time.perf_counter() - start < 2
    assert not psutil.pid_exists(pid)
    assert apart.run(os.getpid) != pid


def test_too_much_memory(apart):
    pid = apart.run(os.getpid)
    with pytest.raises(ValueError, match=r"needs more than 0\.125 GB of memory: .*lossviz weights FILE"):
        apart.run(bytearray, 1 << 28, memory=1 << 27)
    assert apart.run(os.getpid) != pid
    assert len(apart.run(bytearray, 1 << 24, memory=1 << 27)) == 1 << 24


def test_memory_that_polars_wants_and_does_not_get(apart):
    data = b"id,label\n" + b"".join(b"%d,%d\n" % (i, i % 7) for i in range(300_000))
    with pytest.raises(ValueError, match="memory"):
        apart.run(read_labels, data, memory=1 << 23)
    assert apart.run(read_labels, data).counts.rows == 300_000


def test_where_the_system_sets_no_limit_memory_is_watched(monkeypatch):
    watched = []
    watch = room._watch
    monkeypatch.setattr(room.sys, "platform", "elsewhere")
    monkeypatch.setattr(
        room, "_watch", lambda child, memory, over: watched.append(memory) or watch(child, 1 << 26, over)
    )
    helper = Apart()
    with pytest.raises(ValueError, match="needs more than 2 GB of memory"):
        helper.run(eval, "(bytearray(b'x') * (1 << 28), __import__('time').sleep(9))")
    assert watched == [2 << 30]
    helper.close()


def test_a_crash(apart):
    pid = apart.run(os.getpid)
    with pytest.raises(ValueError, match="ended the process that read it"):
        apart.run(os._exit, 3)
    with pytest.raises(ValueError, match="ended the process that read it"):
        apart.run(os.abort)
    assert apart.run(os.getpid) != pid


def test_a_process_that_is_slow_to_die_is_not_used_again(apart):
    pid = apart.run(os.getpid)
    for _ in range(2):  # it closes its pipes and lives on
        with pytest.raises(ValueError, match="ended the process that read it"):
            apart.run(eval, "(__import__('os').closerange(3, 99), __import__('time').sleep(9))")
    assert apart.run(os.getpid) != pid
    assert not psutil.pid_exists(pid)


def test_a_task_can_be_asked_and_cancelled(apart):
    task = apart.start(time.sleep, 30)
    assert not task.done()
    start = time.perf_counter()
    task.cancel()
    assert task.done()
    assert time.perf_counter() - start < 2
    with pytest.raises(ValueError, match="cancelled"):
        task.result()
    task = apart.start(pow, 2, 5)
    assert task.result() == 32
    assert task.done()
    task.cancel()
    assert task.result() == 32


def test_several_at_once(apart):
    tasks = [apart.start(pow, 2, i) for i in range(3)]
    assert [task.result() for task in tasks] == [1, 2, 4]


def test_what_a_library_prints_does_no_harm(apart):
    assert apart.run(print, "not an answer") is None
    assert apart.run(os.write, 1, b"not an answer") == 13


def test_no_tensorflow_and_not_the_callers_main(apart):
    loaded = apart.run(eval, "sorted(__import__('sys').modules)")
    assert not {"tensorflow", "streamlit", "pytest"} & set(loaded)
    assert "polars" in loaded


def test_close_leaves_nothing_behind():
    before = children()
    helper = Apart()
    task = helper.start(time.sleep, 30)
    threading.Event().wait(0.1)
    assert children() - before
    helper.close()
    with pytest.raises(ValueError):  # noqa: PT011
        task.result()
    assert children() == before
    with pytest.raises(ValueError, match="closed"):
        helper.run(pow, 2, 2)
    helper.close()
