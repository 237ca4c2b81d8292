"""One competitor in a process of its own: `python -m bench.worker module.function`, a line in for each round."""

import sys
import time
from importlib import import_module

if __name__ == "__main__":
    module, function = sys.argv[1].split(".")
    answers, sys.stdout = sys.stdout, sys.stderr
    run = getattr(import_module(f"bench.{module}"), function)()
    for _ in range(2):  # compiles, and fills caches
        run()
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        run()
        print(time.perf_counter() - begun, file=answers, flush=True)
