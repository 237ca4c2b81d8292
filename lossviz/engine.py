"""Where work runs: a Dask cluster of worker processes, so that TensorFlow never enters the process that serves pages.

The embedded default is one worker process with two threads; a scheduler's address in LOSSVIZ_SCHEDULER takes its
place. A run is a chain of short tasks for every four strategies; earlier chunks go first, whoever asked, so that sessions
take turns; in a rush all wait until everybody has a first picture.
"""

import gc
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakValueDictionary

from lossviz.alive import undisturbed
from lossviz.plan import LANES, Chunk, Piece, Plan, Run, Shard, lean
from lossviz.rush import FIRST

if TYPE_CHECKING:
    from distributed import Future

AHEAD = 3
"""Chunks of a shard that are submitted ahead of what is done: enough that a worker never waits, few to cancel."""
TOGETHER = 2
"""Shards whose first chunks are one task: what they train takes less than what Dask does for a task."""
SILENCE = 5.0
"""Seconds without a look at a run after which it is taken as abandoned."""
_LIKELY = [("train", 3), ("train", 2), ("surface", 2), ("multitrain", 4)]
_FIRST = [(room, model, classes) for room, classes in _LIKELY for model in ("mlp", "linear")]
WARM = [] if os.environ.get("LOSSVIZ_WARM") == "0" else [*_FIRST, ("segment", "scenes", 12)]
"""What is compiled at start, the likeliest first; nothing with LOSSVIZ_WARM=0, as in tests. A program holds about 45 MB and takes
about 5 s: other numbers of classes wait for somebody who asks for them."""
SETTINGS = {
    # visitors' tables are among what a worker holds: none of it goes to a disk
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    # Dask's looks at itself, of which nobody reads anything, cost 5 % of a core, and grow
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.diagnostics.computations.max-history": 1,
    "distributed.admin.low-level-log-length": 100,
}
"""Of the embedded cluster."""

# Below, what runs in a worker. Names start with an underscore: a worker finds them by import.


@cache
def _trainer() -> Any:
    """`lossviz.train`, with TensorFlow's own threads off: the worker's threads share the processor, rows at a time."""
    from lossviz import train
    from lossviz.equation import tf

    tf.get_logger().setLevel(logging.ERROR)  # it warns of every fifth program as if it were the same one again
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
    except RuntimeError:  # somebody's worker, with TensorFlow already running
        logging.getLogger(__name__).warning("TensorFlow was running before LossViz: its threads are left as they are")
    return train


_importing = Lock()


def _train() -> Any:
    with _importing:
        return _trainer()


def _warm(room: str, model: str, classes: int, after: None) -> None:
    _train()
    import_module(f"lossviz.{room}").warm(model, 2, classes)


def _settle(after: None) -> None:
    # what TensorFlow and its programs leave stays for good: a collection that looked through it held visitors up for 0.3 s
    gc.collect()
    gc.freeze()


def _hold(plan: Plan) -> Plan:
    return plan


def _advance(plan: Plan, shards: tuple[Shard, ...], before: Any, chunk: Chunk) -> tuple[dict[Shard, Any], list[Piece]]:
    _train()
    room = import_module(f"lossviz.{plan.room}")
    states, pieces = {}, []
    for shard in shards:
        state = room.start(plan, shard) if before is None else before[0][shard]
        states[shard], piece = room.advance(plan, shard, state, chunk)
        pieces.append(piece)
    return states, pieces


@dataclass
class _Chain:
    """The chunks of a shard that are still to be submitted, and the task that the next of them follows.

    The first is alone, so that it waits for nothing; then AHEAD are on their way, and each that is done calls another.
    """

    shard: Shard
    chunks: Iterator[tuple[int, Chunk]]
    last: "Future"
    ahead: int = AHEAD


def _push(plan: Plan, theta: Any, step: int) -> Any:
    return _train().push(plan, theta, step)


class Job:
    """A run on its way. Ask `run()` now and then: a job nobody looks at for SILENCE seconds is cancelled.

    Attributes:
        plan: What is trained.
        beside: What else the picture needs, if anything: a future, once there is a first frame.
        token: A name that cannot be guessed, by which `Engine.find` finds it.
        error: A sentence, if it failed.
        cancelled: Whether it was cancelled.
        ended: Whether no piece will come any more.
    """

    def __init__(self, engine: "Engine", plan: Plan, beside: Callable[..., Any] | None = None, *args: Any) -> None:
        self.plan = plan
        self.token = secrets.token_urlsafe(16)
        self.error: str | None = None
        self.cancelled = self.ended = False
        self._engine = engine
        self._pieces: list[Piece] = []
        self._run: tuple[int, Run] | None = None
        self._seen = time.monotonic()
        self._lock = Lock()
        self._over = Event()
        self._listeners: list[Callable[[], None]] = []
        self.beside: Future | None = None
        self._beside = (beside, args) if beside else None
        (_, first), *later = enumerate(plan.chunks())
        self._shards = len(shards := plan.shards())
        together = [tuple(shards[i : i + TOGETHER]) for i in range(0, len(shards), TOGETHER)]
        # a single task brings its plan along: nothing comes before the first picture
        self._held: Plan | Future = plan if len(together) == 1 else engine.submit(_hold, plan, priority=10)
        self._running: dict[Future, list[_Chain]] = {}
        for some in together:
            begun = engine.submit(_advance, self._held, some, None, first, priority=0)
            self._running[begun] = [_Chain(shard, iter(later), begun) for shard in some]
        FIRST.came(self)
        Thread(target=self._collect, name="lossviz-job", daemon=True).start()

    def _extend(self, chain: "_Chain") -> "Future | None":
        """Submit the next chunk of a chain, unless it has none or the job is cancelled."""
        with self._lock:
            if self.cancelled or (step := next(chain.chunks, None)) is None:
                return None
            i, chunk = step
            chain.last = self._engine.submit(_advance, self._held, (chain.shard,), chain.last, chunk, priority=-i)
            self._running[chain.last] = [chain]
            return chain.last

    def _hold(self) -> None:
        """Have a worker hold the plan for what follows, unless one does."""
        if self._held is self.plan and not self.cancelled:
            self._held = self._engine.submit(_hold, self.plan, priority=10)

    def _go_beside(self) -> None:
        """Submit what else the picture needs, if anything."""
        with self._lock:  # so that it is there to be cancelled
            if self._beside is not None and not self.cancelled:
                (beside, args), self._beside = self._beside, None
                self.beside = self._engine.submit(beside, self._held, *args, priority=-0.5)
                self.beside.add_done_callback(lambda _: self._tell())

    def _collect(self) -> None:
        from distributed import as_completed

        ready: list[_Chain] = []
        whole = False
        try:
            results = as_completed(list(self._running), with_results=True, loop=self._engine.client.loop)
            for future, result in results:
                if isinstance(result, BaseException):  # a task that somebody else cancelled, such as a lost scheduler
                    raise result
                with self._lock:
                    self._pieces += result[1]
                    ready += self._running.pop(future)
                self._tell()
                if len(self._pieces) < self._shards:  # the first picture is not whole
                    continue
                if not whole:  # once: later chunks have their turns by their priorities
                    whole = True
                    FIRST.served(self)
                    FIRST.wait(lambda: self.cancelled)
                    self._hold()
                    self._go_beside()
                for chain in ready:
                    ahead, chain.ahead = chain.ahead, 1
                    for _ in range(ahead):
                        if (following := self._extend(chain)) is not None:
                            results.add(following)
                ready.clear()
        except Exception as e:
            with self._lock:
                if not self.cancelled:
                    own = isinstance(e, (FloatingPointError, ImportError))  # it diverged; TensorFlow is missing
                    said = str(e) if own else f"the worker gave up ({type(e).__name__})."
                    self.error = f"Training stopped: {said[:300]}"
            self._release()
        finally:
            FIRST.served(self)
            self._running.clear()
            self.ended = True
            self._over.set()
            self._tell()

    def _tell(self) -> None:
        for heard in tuple(self._listeners):  # some may come or go meanwhile
            heard()

    def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard`, from another thread, whenever there is something new."""
        with self._lock:
            self._listeners.append(heard)

    def unlisten(self, heard: Callable[[], None]) -> None:
        """Stop calling `heard`."""
        with self._lock:
            self._listeners.remove(heard)

    @property
    def silent(self) -> bool:
        """Whether nobody has looked for a while."""
        return time.monotonic() - self._seen > SILENCE

    def look(self) -> None:
        """Say that somebody is still there."""
        self._seen = time.monotonic()

    def pieces(self) -> list[Piece]:
        """The pieces that are there, in the order in which they came; counts as a look."""
        self._seen = time.monotonic()
        with self._lock:
            return list(self._pieces)

    def run(self) -> Run:
        """The run as far as it has come; counts as a look."""
        self._seen = time.monotonic()
        with self._lock:
            if self._run is None or self._run[0] != len(self._pieces):
                run = self.plan.assemble(self._pieces)
                if run.done and isinstance(self.plan, Plan):
                    self._pieces = [lean(piece, run) for piece in self._pieces]
                self._run = (len(self._pieces), run)
            return self._run[1]

    def push(self, frame: int) -> "Future":
        """How hard each training example pushes in the step after a frame: `lossviz.train.push`, in a worker.

        Raises:
            ValueError: There is no such frame yet.
        """
        run = self.run()
        if not 0 <= frame < run.frames:
            raise ValueError(f"frame must be from 0 to {run.frames - 1}; not {frame}")
        return self._engine.submit(_push, self.plan, run.theta[frame, self.plan.panels], int(run.steps[frame]))

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; whether it came; counts as looking."""
        self._seen = time.monotonic() + seconds
        return self._over.wait(seconds)

    def cancel(self) -> None:
        """Stop: waiting chunks are dropped, a running one (about 0.1 s) ends without a successor."""
        with self._lock:
            self.cancelled = True
        self._release()

    def _release(self) -> None:
        with self._lock:
            futures = [*self._running, *([self.beside] if self.beside and not self.beside.done() else [])]

        async def drop() -> None:
            with suppress(Exception):  # the cluster is gone: nothing is left to stop
                await self._engine.client.cancel(futures, asynchronous=True)

        if futures and (loop := self._engine.client.loop):  # a page that asks for another run does not wait for this
            loop.add_callback(drop)


class Engine:
    """A cluster and what runs on it."""

    def __init__(self, address: str | None = None) -> None:
        """Connect to a scheduler, or start a worker process here.

        Args:
            address: Of a Dask scheduler, such as "tcp://host:8786"; None starts an embedded cluster.
        """
        import dask
        from distributed import Client, LocalCluster

        self._cluster = None
        if address is None:
            with dask.config.set(SETTINGS), undisturbed():
                self._cluster = LocalCluster(
                    n_workers=1,
                    threads_per_worker=LANES,
                    preload=["lossviz.alive"],
                    dashboard_address="127.0.0.1:0",  # Dask always serves one: here, for nobody else
                    silence_logs=logging.CRITICAL,
                    config=SETTINGS,  # in the worker's process too
                )
        self.client = Client(
            address or self._cluster, set_as_default=False, timeout=15, direct_to_workers=address is None
        )
        self._jobs: list[Job] = []
        self._found: WeakValueDictionary[str, Job] = WeakValueDictionary()
        self._lock = Lock()
        self._closed = False
        self._warm: Future | None = None
        for programs in WARM:  # one after the other, so that a thread stays free for visitors
            self._warm = self.submit(_warm, *programs, self._warm, priority=-1000)
        if WARM and address is None:
            self._warm = self.submit(_settle, self._warm, priority=-1000)
        Thread(target=self._watch, name="lossviz-watch", daemon=True).start()

    def submit(self, function: Callable[..., Any], *args: Any, priority: float = 100, **kwargs: Any) -> "Future":
        """Run a function of the package in a worker, by default before any training chunk that waits.

        A future among the arguments stands for its result, which stays in the worker.
        """
        # Dask groups tasks by their keys, and holds a large group's back while chains keep the threads busy, so that
        # sessions would not take turns: each task is a group of its own.
        key = (f"{function.__name__}-{uuid4()}", 0)
        return self.client.submit(function, *args, key=key, priority=priority, **kwargs)

    def start(self, plan: Plan, beside: Callable[..., Any] | None = None, *args: Any) -> Job:
        """Start training; `beside(plan, *args)` is what the picture needs besides, and comes after its first frame."""
        job = Job(self, plan, beside, *args)
        with self._lock:
            self._jobs.append(job)
            self._found[job.token] = job
        return job

    def find(self, token: str) -> Job | None:
        """The job of that token, as long as somebody holds it."""
        with self._lock:
            return self._found.get(token)

    def _watch(self) -> None:
        while not self._closed:
            time.sleep(1)
            with self._lock:
                self._jobs = [j for j in self._jobs if not j.ended]
                silent = [j for j in self._jobs if j.silent]
            while silent:  # and no name goes on to hold the last of them
                silent.pop().cancel()

    def close(self) -> None:
        """Stop everything and leave no process behind."""
        self._closed = True
        self.client.close()
        if self._cluster is not None:
            self._cluster.close()


_engine: Engine | None = None
_starting = Lock()


def engine() -> Engine:
    """The engine of this process, started on first use."""
    global _engine
    with _starting:
        if _engine is None:
            _engine = Engine(os.environ.get("LOSSVIZ_SCHEDULER") or None)
        return _engine


def find(token: str) -> Job | None:
    """The job of that token, if there is an engine and somebody holds the job."""
    return _engine.find(token) if _engine is not None else None


def close() -> None:
    """Close the engine of this process, if there is one."""
    global _engine
    with _starting:
        if _engine is not None:
            _engine.close()
            _engine = None
