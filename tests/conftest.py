"""What several test files need: where pages find their parts, and one engine for the whole session."""

import os
import sys
import time
from pathlib import Path

import pytest

os.environ["LOSSVIZ_WARM"] = "0"  # each test compiles what it needs, and competes with nothing else

from lossviz import engine as engines

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "pages"))  # as Streamlit does when it runs pages/router.py


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
            assert time.monotonic() < end, f"the job is at {job.progress:.0%} after {seconds} s"
            job.pieces()
        return job.run()

    return wait
