"""The engine: the same results as in-process, in turns, stoppable, and gone when closed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from threading import Event, Thread

import numpy as np
import pytest

import lossviz
from lossviz import engine as engines
from lossviz.plan import prepare
from lossviz.rush import FIRST, Rush

DATA = lossviz.make_dataset("moons", n=300, imbalance=8, seed=1)
TEST = {"X_test": DATA.X_test, "y_test": DATA.y_test}
NAMES = list(lossviz.STRATEGIES)


def plan(names=NAMES, **options):
    return prepare(names, DATA.X, DATA.y, **TEST, **{"model": "linear", "steps": 60, **options})


def long_plan():
    """About ten seconds of training."""
    data = lossviz.make_dataset("moons", n=4000, seed=0)
    return prepare(NAMES, data.X, data.y, "linear", steps=5000, X_test=data.X_test, y_test=data.y_test)


def same(a, b):
    for field in fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            np.testing.assert_array_equal(x, y, err_msg=field.name, strict=True)
    assert a.frames == b.frames
    assert len(a.metrics) == len(b.metrics)
    for x, y in zip(a.metrics, b.metrics, strict=True):
        for name, value in x.items():
            np.testing.assert_array_equal(value, y[name], err_msg=name)


def waiting(engine):
    """Keys of training tasks that the workers still have before them."""
    return [key for keys in engine.client.processing().values() for key in keys if "_advance" in str(key)]


@pytest.fixture(scope="module")
def cold():
    """Start an engine that compiles only what it is asked for."""

    def start():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engines, "WARM", [])
            return engines.Engine()

    return start


@pytest.fixture(scope="module")
def engine(cold):
    started = cold()
    yield started
    started.close()


@pytest.fixture
def alone(cold):
    """An engine that a test may break."""
    started = cold()
    yield started
    started.close()


def picture(job, seconds=60):
    """Wait for the first frame of every row, looking at the job as a page does."""
    end = time.monotonic() + seconds
    while not job.run().frames:
        assert time.monotonic() < end, "no picture"
        time.sleep(0.02)
    return job.run()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 32, "optimizer": "momentum", "l2": 0.01},
        {"model": "mlp", "names": ["ldam", "resampling"], "repeats": 2},
    ],
)
def test_a_job_gives_what_fit_gives(engine, finish, options):
    options = {"names": NAMES, "model": "linear", "steps": 60} | options
    job = engine.start(prepare(X=DATA.X, y=DATA.y, **TEST, **options))
    run = finish(job)
    assert run.done
    assert job.error is None
    assert not job.cancelled
    same(run, lossviz.fit(X=DATA.X, y=DATA.y, **TEST, **options))


@pytest.mark.parametrize("options", [{}, {"batch_size": 32, "names": ["ldam", "resampling", "cross_entropy"]}])
def test_an_ended_run_and_its_pieces_take_the_memory_of_one(engine, finish, options):
    options = {"names": NAMES, "model": "linear", "steps": 60} | options
    job = engine.start(prepare(X=DATA.X, y=DATA.y, **TEST, **options))
    run = finish(job)
    pieces = job.pieces()
    together = [p for p in pieces if len(p.rows) == p.rows[-1] - p.rows[0] + 1]
    assert together
    for p in together:
        assert np.shares_memory(p.maps, run.maps)
        assert np.shares_memory(p.theta, run.theta)
    assert (len(together) < len(pieces)) == ("batch_size" in options), "rows that lie apart stay as they came"
    same(run, job.plan.assemble(pieces))


def test_frames_come_in_order_while_it_trains(engine):
    job = engine.start(long_plan())
    early = picture(job)
    assert 1 <= early.frames < len(early.steps)
    assert not early.done
    assert not job.ended
    assert np.isfinite(early.theta[: early.frames]).all()
    assert np.isfinite(early.test_cross_entropy[: early.frames]).all()
    while (late := job.run()).frames == early.frames:
        assert not job.ended
        time.sleep(0.05)
    np.testing.assert_array_equal(early.maps[: early.frames], late.maps[: early.frames])
    job.cancel()


def test_an_error_in_a_worker_is_a_sentence(engine, finish):
    job = engine.start(replace(plan(), centre=np.zeros(5)))
    finish(job)
    assert job.error == "Training stopped: the worker gave up (ValueError)."
    assert not job.run().done


def test_divergence_keeps_the_frames_before_it(engine, finish):
    data = lossviz.make_dataset("moons", n=100, seed=0)
    job = engine.start(
        prepare("cross_entropy", data.X, data.y, optimizer="sgd", learning_rate=5, l2=1, steps=2000, frames=1000)
    )
    finish(job)
    assert job.error.startswith("Training stopped: Cross-entropy diverged by step ")


def test_cancelling_stops_within_a_second(engine, finish):
    finish(engine.start(plan()))  # compiled
    job = engine.start(long_plan())
    picture(job)
    job.cancel()
    assert job.wait(1)
    begun = time.monotonic()
    while waiting(engine):  # the chunk that was running
        time.sleep(0.01)
    assert time.monotonic() - begun < 2
    assert job.cancelled
    assert job.error is None
    assert not job.run().done
    pieces = job.pieces()
    assert finish(engine.start(plan())).done, "the next one is not held up"
    assert job.pieces() == pieces


@pytest.mark.parametrize("gone", [False, True], ids=["cancelled", "left"])
def test_what_else_a_picture_needs_stops_with_its_run(engine, finish, monkeypatch, gone):
    finish(engine.start(plan()))  # compiled
    jobs = [engine.start(plan(["cross_entropy"], steps=50_000), _slow) for _ in range(10)]
    end = time.monotonic() + 20
    while any(job.beside is None for job in jobs) and time.monotonic() < end:
        time.sleep(0.01)
    monkeypatch.setattr(engines, "SILENCE", 0.2 if gone else 60)
    for job in [] if gone else jobs:
        job.cancel()
    time.sleep(2.5)  # two of a second may be running; all would take five
    assert not [key for keys in engine.client.processing().values() for key in keys if "_slow" in str(key)]
    assert "cancelled" in {job.beside.status for job in jobs}


def _slow(plan):
    time.sleep(1)


def test_cancelling_before_the_first_task_and_after_the_last(engine, finish):
    job = engine.start(long_plan())
    job.cancel()
    assert job.wait(1)
    assert job.error is None
    done = engine.start(plan())
    run = finish(done)
    done.cancel()
    assert done.run().done
    same(done.run(), run)


def test_a_very_long_run_is_cancelled_without_harm(engine, finish):
    """Dask cancels a task's followers by recursion: a chain of thousands took the scheduler, and everybody's runs, down."""
    finish(engine.start(plan()))  # compiled
    data = lossviz.make_dataset("moons", n=20_000, seed=0)
    options = {"X_test": data.X_test, "y_test": data.y_test, "steps": 300_000}
    huge = prepare(NAMES, data.X, data.y, "linear", **options)
    assert len(huge.chunks()) > 5000
    begun = time.monotonic()
    job = engine.start(huge)
    assert time.monotonic() - begun < 3, "the page that starts it goes on"
    other = engine.start(plan(steps=10_000))
    picture(job)
    job.cancel()
    assert job.wait(2)
    assert finish(other).done
    assert other.error is None
    assert finish(engine.start(plan())).done


def test_a_job_nobody_looks_at_is_cancelled(engine, monkeypatch):
    monkeypatch.setattr(engines, "SILENCE", 0.3)
    job = engine.start(long_plan())
    end = time.monotonic() + 5  # not job.wait(): that counts as looking
    while not job.ended and time.monotonic() < end:
        time.sleep(0.05)
    assert job.ended, "it still trains"
    assert job.cancelled
    assert job.error is None
    assert not job.run().done


def test_a_look_keeps_a_job_alive(engine, monkeypatch):
    monkeypatch.setattr(engines, "SILENCE", 1.0)
    job = engine.start(long_plan())
    for _ in range(30):
        job.run()
        time.sleep(0.1)
    assert not job.cancelled
    job.cancel()


def test_sessions_take_turns(engine, finish):
    for _ in range(6):  # by then Dask has seen many alike, and would hold them back if they were one group to it
        finish(engine.start(plan()))
    first = engine.start(long_plan())
    picture(first)
    second = engine.start(long_plan())
    picture(second, 5)
    assert not first.ended
    assert second.run().frames >= 1
    assert first.run().frames < len(first.plan.steps)
    first.cancel()
    second.cancel()


def test_in_a_rush_no_run_goes_past_its_first_picture(engine, finish, monkeypatch):
    finish(engine.start(plan()))  # compiled
    monkeypatch.setattr(FIRST, "fresh", 60)
    monkeypatch.setattr(FIRST, "most", 60)
    FIRST.came("a page that is being made")
    job = engine.start(plan(steps=2000), _beside)
    picture(job)
    time.sleep(0.5)
    assert len(job.pieces()) == len(job.plan.shards()) > 1, "all of the first picture, and no more"
    assert {p.first_frame for p in job.pieces()} == {0}
    assert job.beside is None
    assert not waiting(engine)
    FIRST.served("a page that is being made")
    assert finish(job).done
    assert job.beside.result() == job.plan.seed


def _beside(plan):
    return plan.seed


def test_a_run_in_a_rush_is_cancelled_as_any(engine, finish, monkeypatch):
    monkeypatch.setattr(FIRST, "fresh", 60)
    monkeypatch.setattr(FIRST, "most", 60)
    FIRST.came("somebody")
    try:
        job = engine.start(plan(["cross_entropy"], steps=2000))
        picture(job)
        job.cancel()
        assert job.wait(1)
    finally:
        FIRST.served("somebody")


def test_a_rush_ends_by_itself():
    rush = Rush(0.1, 0.3)
    rush.came("somebody who never leaves")
    begun = time.monotonic()
    rush.wait()
    assert 0.05 < time.monotonic() - begun < 0.25
    begun = time.monotonic()

    def another():
        rush.came("and more")
        return False

    rush.wait(another)
    assert 0.25 < time.monotonic() - begun < 1, "nobody waits for ever"
    rush.served("somebody who never leaves")
    rush.served("and more")
    begun = time.monotonic()
    rush.wait()
    assert time.monotonic() - begun < 0.05


def test_work_that_a_page_waits_for_goes_before_training(engine, finish):
    finish(engine.start(plan()))  # compiled
    job = engine.start(long_plan())
    picture(job)
    begun = time.monotonic()
    data = engine.submit(lossviz.make_dataset, "xor", n=50, seed=3).result(timeout=30)
    waited = time.monotonic() - begun
    assert not job.ended
    assert len(data.y) == 50
    assert waited < 1
    job.cancel()


def test_no_table_goes_to_a_disk(engine):
    def fractions(dask_worker):
        return dask_worker.memory_manager.memory_target_fraction, dask_worker.memory_manager.memory_spill_fraction

    assert set(engine.client.run(fractions).values()) == {(False, False)}


def test_a_killed_worker_costs_time_only(alone, finish):
    names, steps = ["cross_entropy", "multiplied_logits"], 25_000
    job = alone.start(plan(names, steps=steps))
    (before,) = alone.client.run(os.getpid).values()
    picture(job)
    assert not job.ended
    os.kill(before, signal.SIGKILL)
    run = finish(job)
    assert job.error is None
    (after,) = alone.client.run(os.getpid).values()
    assert after != before
    same(run, lossviz.fit(names, DATA.X, DATA.y, "linear", steps, **TEST))


SERVER = """
import multiprocessing, os, sys, time
import psutil
import lossviz
from lossviz import engine as engines
from lossviz.plan import prepare
from lossviz.figures import truth

if __name__ == "__main__":
    engines.WARM = [("train", "linear", 2), ("surface", "linear", 2)]
    data = lossviz.make_dataset("moons", n=100, seed=0)
    plan = prepare(["cross_entropy", "ldam"], data.X, data.y, "linear", steps=20, X_test=data.X_test, y_test=data.y_test)
    engine = engines.engine()
    assert engines.engine() is engine
    job = engine.start(plan)
    found = engine.submit(truth, plan, data)
    while not job.ended:
        job.pieces(), time.sleep(0.02)
    found.result()
    assert job.run().done, job.error
    loaded = [m for m in ("tensorflow", "keras", "sklearn", "plotly") if m in sys.modules]
    print("loaded", loaded)
    (worker,) = engine.client.run(os.getpid).values()
    engines.close()
    # the tracker that multiprocessing keeps for its semaphores ends with its process
    left = [p for p in psutil.Process().children(recursive=True) if "resource_tracker" not in " ".join(p.cmdline())]
    print("left", left, psutil.pid_exists(worker))
    engines.close()
"""


def test_the_process_that_serves_has_no_tensorflow_and_leaves_no_process(tmp_path):
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    ran = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": os.path.dirname(os.path.dirname(lossviz.__file__))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["loaded []", "left [] False"], ran.stderr
    assert "Traceback" not in ran.stderr


HANGING = """
import ctypes, os, sys, time
from pathlib import Path
from lossviz import engine as engines

def hang(mark):  # stops every thread, as a library does that waits with Python's lock in its hand; only the first time
    from lossviz import alive
    if mark.exists():
        return os.getpid()
    mark.touch()
    alive.LIMIT = 2.0
    time.sleep(2)  # until the watch has heard of it
    ctypes.PyDLL(None).sleep(300)

if __name__ == "__main__":
    engines.WARM = []
    engine = engines.engine()
    (before,) = engine.client.run(os.getpid).values()
    after = engine.submit(hang, Path(sys.argv[1])).result(timeout=60)
    print("another", after not in (None, before))
    engines.close()
"""


def test_the_terminals_ctrl_c_is_not_for_a_worker_that_has_a_nanny(engine):
    assert set(engine.client.run(lambda: signal.getsignal(signal.SIGINT)).values()) == {signal.SIG_IGN}


def test_a_worker_that_hangs_says_where_and_is_replaced(tmp_path):
    script = tmp_path / "hanging.py"
    script.write_text(HANGING)
    ran = subprocess.run(
        [sys.executable, script, tmp_path / "hung"],
        env=os.environ | {"PYTHONPATH": os.path.dirname(os.path.dirname(lossviz.__file__))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.split() == ["another", "True"], ran.stderr
    assert "Timeout (0:00:02)!" in ran.stderr
    assert "in hang" in ran.stderr


def test_pages_that_train_begin_after_a_short_one_and_wait_for_no_long_one():
    from parts import work

    begun, order = Event(), []

    def page_that_trains():
        begun.wait()
        with work.turn():
            order.append("trains")

    thread = Thread(target=page_that_trains)
    thread.start()
    with work.short():
        begun.set()
        time.sleep(0.15)
        order.append("short")
    thread.join(5)
    assert order == ["short", "trains"]
    with work.short():  # such as one that reads a large file
        time.sleep(work.SHORT.fresh)
        at = time.monotonic()
        with work.turn():
            assert time.monotonic() - at < 0.1
