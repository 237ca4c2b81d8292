"""Memory that is freed goes back to the system, and what nobody can come back to is freed."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from types import SimpleNamespace

import pytest
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

import app
from lossviz.engine import Engine

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


class Session:
    """As Streamlit's, one whose parts hold each other."""

    id = "one"

    def __init__(self):
        self.itself = self


def test_what_a_session_held_is_let_go_when_nobody_can_come_back_to_it(monkeypatch):
    storage = MemorySessionStorage(ttl_seconds=0.5)
    manager = WebsocketSessionManager(storage, None, None, None)  # what a server has
    monkeypatch.setattr(app, "get_instance", lambda: SimpleNamespace(_session_mgr=manager))
    held = []

    def leave(name):
        session = Session()
        session.id = name
        held.append(weakref.ref(session))
        storage.save(SessionInfo(None, session))

    async def come_and_go():
        forgetting = asyncio.create_task(app.forget(0.1))
        for i in range(20):  # as many as are over, so that their number stays the same
            leave(str(i))
            assert held[-1]() is not None
            await asyncio.sleep(0.1)
        assert not forgetting.done()
        forgetting.cancel()
        assert not any(one() for one in held[:8])

    gc.disable()  # only what asks for it collects
    try:
        asyncio.run(come_and_go())
    finally:
        gc.enable()


class Job:
    ended = silent = False


def test_the_engine_does_not_hold_a_run_that_ended():
    engine, job = Engine.__new__(Engine), Job()
    engine._closed, engine._lock, engine._jobs = False, threading.Lock(), [job]
    gone = weakref.ref(job)
    watch = threading.Thread(target=engine._watch, daemon=True)
    watch.start()
    time.sleep(1.2)
    assert gone() is job
    job.ended = True
    del job
    time.sleep(1.5)
    engine._closed = True
    assert gone() is None
    watch.join()
