"""The bytes a browser reads: what goes in comes out, whole, in order, and to the right browser only."""

import asyncio
import gc
import time

import numpy as np
import pytest
from conftest import drawn, read

import lossviz
import lossviz.train
from lossviz import wire
from lossviz.plan import prepare

DATA = lossviz.make_dataset("moons", n=200, imbalance=8, seed=1)


def plan(**options):
    names = ["cross_entropy", "ldam", "multiplied_logits"]
    return prepare(
        names,
        DATA.X,
        DATA.y,
        "linear",
        X_test=DATA.X_test,
        y_test=DATA.y_test,
        **{"steps": 50, "resolution": 20} | options,
    )


def kinds(data):
    return [m["kind"] for m in wire.unpack(data)]


@pytest.mark.parametrize("packed", [[], ["a", "c"]])
def test_pack_and_unpack(packed):
    arrays = {
        "a": np.arange(3, dtype=np.uint8),
        "b": np.array([[1.5, np.nan], [-np.inf, 2]], np.float32),
        "empty": np.zeros(0, np.uint16),
        "c": np.arange(10, dtype=np.uint16)[::2],
    }
    data = wire.pack("x", arrays, packed, text='é "<b>', n=3)
    first, second = wire.unpack(data + wire.pack("y", {}))
    assert (first["kind"], first["text"], first["n"]) == ("x", 'é "<b>', 3)
    assert second == {"kind": "y", "arrays": {}}
    for name, array in arrays.items():
        np.testing.assert_array_equal(first["arrays"][name], array.ravel(), strict=True)
    head, body = np.frombuffer(data, "<u4", 2).tolist()
    assert head % 8 == body % 8 == 0, "typed arrays need aligned memory"
    assert len(data) == 8 + head + body


def test_shown_points_keep_rare_classes():
    y = np.repeat([0, 1, 2], [9000, 900, 30])
    shown = wire.shown_points(y)
    assert np.bincount(y[shown]).tolist() == [1360, 136, 30]
    assert (np.diff(shown) > 0).all()
    np.testing.assert_array_equal(shown, wire.shown_points(y))
    np.testing.assert_array_equal(wire.shown_points(y[:1500]), np.arange(1500))


def test_a_job_is_read_while_it_trains(engine):
    job = engine.start(plan(steps=3000), lossviz.figures.truth, DATA)

    async def follow():
        seen, early = b"", None
        async for message in wire._live(job):
            seen += message
            if early is None and kinds(seen).count("piece"):
                early = not job.ended
        return seen, early

    seen, early = asyncio.run(follow())
    assert early, "the first piece is there before the last"
    assert kinds(seen)[0] == "head"
    assert kinds(seen)[-1] == "end"
    assert kinds(seen).count("truth") == kinds(seen).count("end") == 1
    picture, run = read(seen), job.run()
    np.testing.assert_array_equal(picture.maps, run.maps)
    np.testing.assert_array_equal(picture.curves, np.stack([run.losses, run.cross_entropy, run.test_cross_entropy]))
    assert picture.frames == len(run.steps)
    assert picture.end.done
    lines, aims, posterior = lossviz.figures.truth(job.plan, DATA)
    np.testing.assert_array_equal(picture.posterior, posterior)
    np.testing.assert_array_equal(picture.dots.reshape(-1, 2), np.concatenate(lines))
    assert picture.aims == aims
    again = drawn(job)
    np.testing.assert_array_equal(again.maps, picture.maps)
    assert not job._listeners, "nobody listens any more"


def test_a_cancelled_job_ends_its_readers(engine):
    job = engine.start(plan(steps=1_000_000))

    async def follow():
        out = []
        async for message in wire._live(job):
            out += kinds(message)
            if "piece" in out:
                job.cancel()
        return out

    assert asyncio.run(asyncio.wait_for(follow(), 60))[-1] == "end"
    assert not drawn(job).end.done
    assert job.error is None


def test_a_slow_reader_is_a_reader(engine, finish, monkeypatch):
    data = lossviz.make_dataset("spirals", n=4000, seed=0)
    names = list(lossviz.STRATEGIES)[:4]

    def plan(steps):
        test = {"X_test": data.X_test, "y_test": data.y_test}
        return prepare(names, data.X, data.y, steps=steps, resolution=400, learning_rate=0.1, **test)

    finish(engine.start(plan(steps=1)))  # compiled
    monkeypatch.setattr(lossviz.engine, "SILENCE", 1.5)
    job = engine.start(plan(steps=1500))

    async def follow():
        out = b""
        async for part in wire.live(job):
            out += part
            if not job.ended:
                await asyncio.sleep(len(part) / 60_000)
        return out

    picture = read(asyncio.run(follow()))
    assert not job.cancelled
    assert picture.end.done


def test_push_of_a_frame(engine, finish):
    job = engine.start(plan())
    run = finish(job)
    found = job.push(10).result(timeout=60)
    np.testing.assert_array_equal(found, lossviz.train.push(job.plan, run.theta[10], int(run.steps[10])))
    (message,) = wire.unpack(wire.push(job.plan, 10, found))
    shown = message["arrays"]["pushes"].reshape(3, -1)
    np.testing.assert_allclose(shown, found / found.max(1, keepdims=True), rtol=1e-6)
    share = found[0][job.plan.y == 1].sum() / found[0].sum()
    big = max(share, 1 - share)
    assert message["notes"][0].startswith(f"{100 * big:.0f} % of the push is from {int(share > 0.5)} (")
    with pytest.raises(ValueError, match="frame must be from 0 to"):
        job.push(1000)


def test_a_failed_job_says_so(engine, finish):
    job = engine.start(plan(optimizer="sgd", learning_rate=5, l2=1, steps=3000, frames=1000))
    finish(job)
    picture = drawn(job)
    assert picture.end.error == job.error
    assert "diverged" in picture.end.error
    assert not picture.end.done


def test_a_token_finds_its_own_job_as_long_as_somebody_holds_it(engine, finish):
    first, second = engine.start(plan()), engine.start(plan())
    assert lossviz.engine.find(first.token) is first
    assert lossviz.engine.find(second.token) is second
    assert lossviz.engine.find("") is lossviz.engine.find(first.token[:-1]) is None
    finish(first), finish(second)
    token = first.token
    engine.start(plan()).cancel()  # the engine forgets what has ended
    del first
    for _ in range(100):
        if lossviz.engine.find(token) is None:
            return
        time.sleep(0.05)
        gc.collect()
    pytest.fail("a job that nobody holds is still found")
