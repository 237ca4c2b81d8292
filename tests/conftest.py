"""What several test files need: where pages find their parts, and one engine for the whole session."""

import asyncio
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

os.environ["LOSSVIZ_WARM"] = "0"  # each test compiles what it needs, and competes with nothing else

from lossviz import engine as engines
from lossviz import wire

ROOT = Path(__file__).parent.parent
collect_ignore_glob = ["lint_snippets/*"]  # read by the linter, never imported
sys.path.insert(0, str(ROOT / "pages"))  # as Streamlit does when it runs pages/router.py


def pytest_make_parametrize_id(val, argname):
    """Packed files hold the time: as the name of a test, two processes would not agree on them."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def engine():
    """The engine of this process, as the server has it; closed when the tests end."""
    yield engines.engine()
    engines.close()


@pytest.fixture(scope="session")
def finish():
    """Wait for the end of a job, looking at it as a page does."""

    def wait(job, seconds=120):
        end = time.monotonic() + seconds
        while not job.wait(0.02):
            assert time.monotonic() < end, f"the job has {len(job.pieces())} pieces after {seconds} s"
            job.pieces()
        return job.run()

    return wait


def read(data):
    """What a browser has when it has read these messages: the other end of `lossviz.wire`."""
    said = {"frames": 0, "lines": [], "aims": [], "end": None}
    for message in wire.unpack(data):
        arrays, kind = message.pop("arrays"), message.pop("kind")
        if kind == "head":
            said |= message | arrays
            side, rows, total = message["resolution"], len(message["panels"]), len(message["steps"])
            maps = np.zeros((total, rows, side, side), np.uint8)
            curves, there = np.full((3, total, rows), np.nan, np.float32), np.zeros(rows, int)
            k = len(message["classes"])
            confusion = np.zeros((total, rows, 2, k, k), np.uint32)
        elif kind == "piece":
            frames, of = range(message["first"], message["first"] + message["frames"]), message["rows"]
            steps = arrays["maps"].reshape(len(frames), len(of), side, side)
            maps[np.ix_(frames, of)] = np.cumsum(steps, 0, dtype=np.uint8)
            curves[np.ix_(range(3), frames, of)] = arrays["curves"].reshape(3, len(frames), len(of))
            confusion[np.ix_(frames, of)] = arrays["confusion"].reshape(len(frames), len(of), 2, k, k)
            there[of] = np.maximum(there[of], frames.stop)
        elif kind == "truth":
            said |= message | arrays
        elif kind == "end":
            said["end"] = SimpleNamespace(**message)
    return SimpleNamespace(**said | {"maps": maps, "curves": curves, "confusion": confusion, "frames": there.min()})


def _told(job):
    """The bytes of a job's messages, read to its end."""

    async def everything():
        return b"".join([message async for message in wire.live(job)])

    return asyncio.run(everything())


def drawn(job):
    """The same of a job, read to its end."""
    return read(_told(job))


def drawn_messages(job):
    """A job's messages, but for those on how it stands."""
    return [m for m in wire.unpack(_told(job)) if m["kind"] != "status"]
