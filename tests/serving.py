"""The app as a process of its own, for tests: started, listened to, and seen to leave nothing behind."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


class Server:
    """The app, started as a user does.

    Attributes:
        url: Its address.
        pid: Of the process that serves pages.
    """

    def __init__(self, port: int = 0, before: Sequence[str] = (), **options: Any) -> None:
        """Start it, and wait until it answers.

        Args:
            port: To listen on; 0 for any that is free.
            before: What stands before the command, such as another that runs it.
            **options: Of `subprocess.Popen`; `env` is added to the environment, where None takes a variable out of it.
        """
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        env = os.environ | {"LOSSVIZ_SCHEDULER": None} | options.pop("env", {})
        command = [*before, sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={k: v for k, v in env.items() if v is not None},
            **options,
        )
        self.pid = self._process.pid
        self._said: list[bytes] = []
        self._reading = threading.Thread(target=lambda: self._said.extend(self._process.stdout), daemon=True)
        self._reading.start()
        end = time.monotonic() + 60
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self._process.kill()  # or it and its workers would slow down every later test
                raise AssertionError(f"it does not answer: {self.said}")
            time.sleep(0.2)

    @property
    def said(self) -> str:
        """What it has written so far."""
        return b"".join(self._said).decode(errors="replace")

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def family(self) -> list[psutil.Process]:
        """The processes that it has started, and they in turn."""
        return psutil.Process(self.pid).children(recursive=True)

    def workers(self) -> list[psutil.Process]:
        """Those that train."""
        return [p for p in self.family() if "multiprocessing.spawn" in " ".join(p.cmdline())]

    def kill(self) -> None:
        """End it as a power cut does."""
        self._gone(self._process.kill)

    def stop(self) -> str:
        """End it as a user does; what it has written."""
        self._gone(self._process.terminate)
        return self.said

    def _gone(self, end: Any) -> None:
        family = self.family() if self._process.poll() is None else []
        end()
        self._process.wait(30)
        _, alive = psutil.wait_procs(family, timeout=10)
        for p in alive:
            p.kill()
        self._reading.join(10)
        self._process.stdout.close()
        assert not alive, f"left behind: {alive}"
