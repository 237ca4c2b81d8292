"""What several test files need: where pages find their parts, and one engine for the whole session."""

import gc
import sys
import time
import warnings
from pathlib import Path

import pytest

from lossviz import engine as engines

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "pages"))  # as Streamlit does when it runs pages/router.py


@pytest.fixture(scope="session")
def starting():
    """Start an engine, whether or not another one on this machine has the port that Dask asks for first."""

    def start(function):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Port .* is already in use")
            warnings.filterwarnings("ignore", category=ResourceWarning)  # the socket that could not be bound
            started = function()
            gc.collect()
        return started

    return start


@pytest.fixture(scope="session")
def engine(starting):
    """The engine of this process, as the server has it; closed when the tests end."""
    yield starting(engines.engine)
    engines.close()


@pytest.fixture(scope="session")
def finish():
    """Wait for the end of a job, looking at it as a page does."""

    def wait(job, seconds=120):
        end = time.monotonic() + seconds
        while not job.wait(0.02):
            assert time.monotonic() < end, f"the job is at {job.progress:.0%} after {seconds} s"
            job.pieces()
        return job.run()

    return wait
