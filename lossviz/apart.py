"""Work in a process of its own, with a memory limit and a time-out: a hostile file can end only itself.

The process is a plain Python with Polars and the label readers loaded, started before it is needed and used again as
long as it behaves. It talks through pipes, so that nothing of the caller's `__main__` is imported, and nothing is
written to disk.
"""

import atexit
import os
import pickle
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

SECONDS = 60.0
MEMORY = 2 * 2**30
START_SECONDS = 60.0
POLL = 0.05
AT_ONCE = 3
"""Processes that work at the same time; further calls wait their turn, so that a class cannot fill the memory."""
ADVICE = "use a part of it, or the command line `lossviz weights FILE`, which has no such limit"


class Task:
    """A call that is running in another process; the methods are named as those of a Dask future.

    Attributes:
        seconds: What it may take.
    """

    def __init__(
        self, owner: "Apart", function: Callable[..., Any], args: tuple, kwargs: dict, seconds: float, memory: int
    ):
        self.seconds = seconds
        self._owner = owner
        self._over = threading.Event()
        self._child: _Child | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._cancelled = self._late = self._answered = False
        request = pickle.dumps((memory, function, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
        self._thread = threading.Thread(target=self._run, args=(request, memory), name="apart", daemon=True)
        self._thread.start()

    def done(self) -> bool:
        """Whether there is a result, an error or neither any more."""
        return self._over.is_set()

    def result(self) -> Any:
        """What the function returned, as soon as it is there.

        Raises:
            ValueError: What the function raised; or it took too long, needed too much memory, crashed or was cancelled.
        """
        self._over.wait()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result

    def cancel(self) -> None:
        """End it, by ending its process."""
        with self._lock:
            self._cancelled = True
            if self._child is not None and not self._over.is_set():
                self._child.kill()
        self._over.wait()

    def _run(self, request: bytes, memory: int) -> None:
        child = None
        mine = False
        try:
            while not (mine := self._owner._turns.acquire(timeout=POLL)):
                if self._cancelled:
                    raise ValueError("The work was cancelled.")
            child = self._owner._take()
            with self._lock:
                self._child = child
                if self._cancelled:
                    child.kill()
            child.wait_until_ready(START_SECONDS)
            timer = threading.Timer(self.seconds, self._expire)
            timer.daemon = True
            timer.start()
            ended = threading.Event()
            if sys.platform != "linux":
                _watch(child, memory, ended)
            try:
                ok, value = child.call(request)
            finally:
                timer.cancel()
                ended.set()
            with self._lock:
                self._answered = True
            if ok:
                self._result = value
            else:
                self._error = value
        except (EOFError, OSError, pickle.UnpicklingError, struct.error):
            self._error = ValueError(self._why(child, memory))
        except BaseException as error:
            self._error = error
        finally:
            with self._lock:
                self._child = None
                # One that broke off may look alive for a moment still: only an answer shows that it is well.
                well = self._answered and not (self._late or self._cancelled or isinstance(self._error, _Worn))
                if self._cancelled:
                    self._error = ValueError("The work was cancelled.")
                elif isinstance(self._error, _Worn):
                    self._error = ValueError(*self._error.args)
            if child is not None:
                self._owner._give_back(child, well)
            if mine:
                self._owner._turns.release()
            self._over.set()

    def _expire(self) -> None:
        with self._lock:
            if self._child is not None and not self._answered:
                self._late = True
                self._child.kill()

    def _why(self, child: "_Child | None", memory: int) -> str:
        if self._late:
            return f"The file took longer than {self.seconds:g} s: {ADVICE}."
        if child is not None and child.over_memory:
            return _too_large(memory)
        return f"The file could not be read: it ended the process that read it, perhaps for want of memory: {ADVICE}."


class _Worn(ValueError):
    """The function ran out of memory: its process is not used again."""


def _too_large(memory: int) -> str:
    return f"The file needs more than {memory / 2**30:g} GB of memory: {ADVICE}."


class _Child:
    """The process, seen from here."""

    def __init__(self) -> None:
        # The package is found where this one was, whatever the working directory holds.
        home = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
        self.over_memory = False
        self._ready = False
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from lossviz.apart import _serve; _serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
        )
        self.pid = self._process.pid

    def wait_until_ready(self, seconds: float) -> None:
        """Until its modules are loaded; a process that never gets there is ended."""
        if not self._ready:
            timer = threading.Timer(seconds, self.kill)
            timer.daemon = True
            timer.start()
            try:
                _receive(cast(IO[bytes], self._process.stdout))
            finally:
                timer.cancel()
            self._ready = True

    def call(self, request: bytes) -> tuple[bool, Any]:
        """Send a request and wait for its answer."""
        _send(cast(IO[bytes], self._process.stdin), request)
        return cast(tuple[bool, Any], pickle.loads(_receive(cast(IO[bytes], self._process.stdout))))

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Until it has ended."""
        self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        with suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End it and leave nothing behind: no process, no pipe."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                cast(IO[bytes], pipe).close()


def _watch(child: _Child, memory: int, over: threading.Event) -> None:
    """Where the operating system sets no limit, look how much memory a process has, and end it."""

    def look() -> None:
        import psutil

        with suppress(psutil.Error):
            process = psutil.Process(child.pid)
            start = process.memory_info().rss
            while not over.is_set():
                if process.memory_info().rss - start > memory:
                    child.over_memory = True
                    child.kill()
                    return
                time.sleep(POLL)

    threading.Thread(target=look, name="apart-memory", daemon=True).start()


class Apart:
    r"""Runs functions of the package in a process of its own; one is kept warm.

    Example:
        >>> from lossviz.labelfiles import read_labels
        >>> apart = Apart()
        >>> apart.run(read_labels, b"label\na\nb\na\n").counts.counts.tolist()
        [2, 1]
        >>> apart.close()
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._spare: _Child | None = _Child()
        self._busy: set[_Child] = set()
        self._closed = False
        atexit.register(self.close)

    def run(
        self, function: Callable[..., Any], *args: Any, seconds: float = SECONDS, memory: int = MEMORY, **kwargs: Any
    ) -> Any:
        """Call `function(*args, **kwargs)` there and wait for what it returns.

        Args:
            function: A function of a module, such as `lossviz.labelfiles.read_labels`.
            *args: Sent to it, pickled.
            seconds: After so long its process is ended.
            memory: Bytes that it may need besides what its process has anyway.
            **kwargs: Sent to it, pickled.

        Raises:
            ValueError: What the function raised; or one sentence on the limit that was passed.
        """
        return self.start(function, *args, seconds=seconds, memory=memory, **kwargs).result()

    def start(
        self, function: Callable[..., Any], *args: Any, seconds: float = SECONDS, memory: int = MEMORY, **kwargs: Any
    ) -> Task:
        """As `run`, without waiting: the task that is returned can be asked, and cancelled."""
        return Task(self, function, args, kwargs, seconds, memory)

    def close(self) -> None:
        """End all processes; those that wait for one get an error."""
        with self._lock:
            self._closed = True
            spare, self._spare = self._spare, None
            busy = list(self._busy)
        for child in busy:
            child.kill()
            child.wait()
        if spare is not None:
            spare.close()
        atexit.unregister(self.close)

    def _take(self) -> _Child:
        with self._lock:
            if self._closed:
                raise ValueError("The helper process is closed; make another `Apart`.")
            child, self._spare = self._spare, None
            if child is None or not child.alive():
                if child is not None:
                    child.close()
                child = _Child()
            self._busy.add(child)
            return child

    def _give_back(self, child: _Child, healthy: bool) -> None:
        with self._lock:
            self._busy.discard(child)
            keep = healthy and not self._closed and self._spare is None
            if keep:
                self._spare = child
            elif not self._closed and self._spare is None:
                self._spare = _Child()  # warm by the time it is needed
        if not keep:
            child.close()


_shared: Apart | None = None
_sharing = threading.Lock()


def shared() -> Apart:
    """The one of this process, started on first use."""
    global _shared
    with _sharing:
        if _shared is None:
            _shared = Apart()
        return _shared


def close() -> None:
    """Close the one of this process, if there is one."""
    global _shared
    with _sharing:
        if _shared is not None:
            _shared.close()
            _shared = None


# In the process itself


def _serve() -> None:
    """Answer requests from standard input until it ends."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a library prints must not get among the answers.
    with open(os.devnull, "r+b", buffering=0) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    from lossviz.labelfiles import read_labels

    read_labels(b"label,n\na,1\n\nb,1\na,2\n", column="label", layout="single")  # starts Polars' threads
    _send(answers, b"ready")
    while True:
        try:
            request = _receive(requests)
        except EOFError:
            return
        _send(answers, _answer(request))


def _leave_with(parent: int) -> None:
    """End this process when the one that started it is gone, even in the middle of its work."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _answer(request: bytes) -> bytes:
    memory, function, args, kwargs = pickle.loads(request)
    free = _limit(memory)
    try:
        try:
            return pickle.dumps((True, function(*args, **kwargs)), protocol=pickle.HIGHEST_PROTOCOL)
        finally:
            free()
    except MemoryError:
        return pickle.dumps((False, _Worn(_too_large(memory))))
    except ValueError as error:
        return pickle.dumps((False, error))
    except BaseException as error:  # Polars' panics are no Exception
        what = f"The file could not be read ({type(error).__name__}): save it again as CSV in UTF-8."
        return pickle.dumps((False, ValueError(what)))


def _limit(memory: int) -> Callable[[], None]:
    """Allow this process so much more memory than it has; returns what lifts the limit again."""
    if sys.platform != "linux":
        return lambda: None
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * os.sysconf("SC_PAGE_SIZE") + memory
    if before[1] != resource.RLIM_INFINITY:
        most = min(most, before[1])
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_AS, before)


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(struct.pack("<Q", len(data)))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    size = struct.unpack("<Q", _exactly(pipe, 8))[0]
    return _exactly(pipe, size)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data
