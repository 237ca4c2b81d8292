"""Memory that is freed goes back to the system."""

import subprocess
import sys

import pytest

CODE = """
import time, psutil
from lossviz import memory

memory.EVERY = 0.2
{start}
held = [b"x" * 100_000 for _ in range(2000)]  # each under the size that the C library would give back at once
last = held.pop()
full = psutil.Process().memory_info().rss
del held
for _ in range(50):
    time.sleep(0.1)
    left = psutil.Process().memory_info().rss
    if full - left > 150e6:
        break
print(full - left > 150e6)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of other systems does it by itself, or not at all")
@pytest.mark.parametrize("start", ["memory.give_back()", ""])
def test_freed_memory_goes_back_to_the_system(start):
    code = CODE.format(start=start).replace("range(50)", "range(50)" if start else "range(5)")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(bool(start))
