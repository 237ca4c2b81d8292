"""What `streamlit run app.py` starts: the server, with its workers; nothing else."""

import asyncio
import gc
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import threading
from base64 import b64encode
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import net_util
from streamlit.runtime import get_instance
from streamlit.starlette import App

from lossviz import apart, demo, engine, figures, lab, memory, wire
from pages.parts.titles import canonical

# a stated encoding keeps Streamlit's compression, which would hold messages back, out of the way
BYTES = {"Content-Encoding": "identity", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# what visitors upload stays in memory: what is larger than this would be put aside on the disk while it comes
MultiPartParser.spool_max_size = (st.get_option("server.maxUploadSize") + 1) << 20
# Streamlit would ask a server elsewhere for its own address when a page of another site knocks: nobody is asked anything
net_util.get_internal_ip = net_util.get_external_ip = lambda: None


def start() -> None:
    """Start the workers; where that fails the log says so, pages open, and they try again."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:  # all is read-only, as containers may be: Dask's lock and empty folders go to memory
        os.environ["TMPDIR"] = "/dev/shm"
    for begin in (apart.shared, engine.engine):
        try:
            begin()
        except Exception:
            logging.getLogger(__name__).exception("the workers did not start")
    # modules stay for good: a collection that looked through them held everybody up for 0.2 s
    gc.collect()
    gc.freeze()
    memory.give_back()


def stop() -> None:
    """Leave no process behind."""
    apart.close()
    engine.close()


def heed() -> None:
    """Stop the workers as soon as the server is told to end, and not when all answers are given: some wait for a worker."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def told(signum: int, frame: Any, before: Any = before) -> None:
            threading.Thread(target=stop, daemon=True).start()
            if callable(before):
                before(signum, frame)

        signal.signal(number, told)


def hurry() -> None:
    """Send small packets at once: the server's listening socket, whose connections inherit it, is not set to.

    Otherwise the last part of every answer waits for the one before it to be acknowledged, 40 ms late.
    """
    try:
        descriptors = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # not Linux: slower, and right
        return
    for descriptor in descriptors:
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as s:
            if s.family in (socket.AF_INET, socket.AF_INET6) and s.type == socket.SOCK_STREAM:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def forget(seconds: float = 30) -> None:
    """Let go of what sessions held that nobody can come back to: Streamlit does so only when somebody else leaves.

    Their parts hold each other, so that they are collected or stay; that takes 0.2 s, and is left out where none has gone.
    """
    before: set[str] = set()
    while True:
        await asyncio.sleep(seconds)
        kept = get_instance()._session_mgr._session_storage._cache
        len(kept)  # counting drops those whose time is over
        there = set(kept)
        if before - there:
            gc.collect()
        before = there


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[None]:
    """Start the workers beside the server, so that the first page never waits for TensorFlow."""
    loop = asyncio.get_running_loop()
    # Python's threads take turns of 5 ms, and everybody's messages wait for those of a page that is being made: a fifth of
    # the wait for the first picture when a class clicks at once
    sys.setswitchinterval(0.001)
    hurry()
    heed()
    starting = loop.run_in_executor(None, start)
    forgetting = loop.create_task(forget())
    yield
    forgetting.cancel()
    await starting
    await loop.run_in_executor(None, stop)


async def live(request: Request) -> Response:
    """The messages of a run, as they come to be. Only its own session knows the token."""
    job = engine.find(request.path_params["token"])
    if job is None:  # gone before it was looked at, as under fast clicks: no error, and nothing will come
        return Response(status_code=204, headers=BYTES)
    return StreamingResponse(wire.live(job), headers=BYTES, media_type="application/octet-stream")


async def push(request: Request) -> Response:
    """How hard each example pushes at one frame of a run."""
    job = engine.find(request.path_params["token"])
    if job is None:
        return PlainTextResponse("No such run: it ended with its session.", 404)
    frame = request.path_params["frame"]
    try:
        found = await asyncio.to_thread(lambda: job.push(frame).result())
    except ValueError as e:
        return PlainTextResponse(str(e), 400)
    return Response(wire.push(job.plan, frame, found), headers=BYTES, media_type="application/octet-stream")


async def home(request: Request) -> Response:
    """The home page's three models, trained for the two values it asks for."""
    try:
        values = [float(k.check(request.query_params.get(k.name, k.default))) for k in (demo.IMBALANCE, demo.WEIGHT)]
        return Response(await asyncio.to_thread(trained, *values), headers=BYTES, media_type="application/octet-stream")
    except ValueError as e:
        return PlainTextResponse(str(e), 400)
    except CancelledError:
        return PlainTextResponse("The server is ending.", 503)
    except ImportError as e:  # TensorFlow is missing
        return PlainTextResponse(str(e), 503)
    except Exception as e:
        logging.getLogger(__name__).exception("the home page's models")
        return PlainTextResponse(f"The workers cannot be reached ({type(e).__name__}).", 503)


@lru_cache(maxsize=128)
def trained(imbalance: float, weight: float) -> bytes:
    """What a worker trains; visitors who ask for the same share it."""
    answer: bytes = engine.engine().submit(demo.demo, imbalance, weight, priority=50).result()
    return answer


async def lab_tables(request: Request) -> Response:
    """The tables that the logit lab computes with, for counts, weights and knobs under the hand."""
    state, wrong = lab.read(request.query_params)
    if wrong:
        return PlainTextResponse(f"That cannot be computed: {'; '.join(wrong[:8])}.", 400)
    try:
        return JSONResponse(lab.offers(state), headers=BYTES)
    except ValueError as e:
        return PlainTextResponse(f"That cannot be computed: {e}.", 400)


@lru_cache(maxsize=1)
def vendored() -> bytes:
    """Plotly's script for the browser, gzipped once."""
    return figures.plotly_script()


async def vendor(request: Request) -> Response:
    """A library that pictures need in the browser."""
    headers = {"Content-Encoding": "gzip", "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(await asyncio.to_thread(vendored), headers=headers, media_type="text/javascript")


class Canonical:
    """Answers a link that holds names by one that holds titles, which is what Streamlit reads and writes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, or pass on."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["query_string"]:
            wanted = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if "_stcore" not in scope["path"] and (better := canonical(wanted)) != wanted:
                # of the same page: a path may look like an address elsewhere, //so
                answer = RedirectResponse(f"?{urlencode(better)}", 307)
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def policy() -> str:
    """What a page may load and run: this server's own files, and the one script inside Streamlit's own page."""
    html = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = " ".join(f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'" for code in inline)
    return (
        f"default-src 'self'; script-src 'self' blob: {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors *"  # pages may be embedded in slides
    )


class Guarded:
    """Adds the headers that keep a page from loading, or telling, anything elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy(),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and add the headers to what comes back."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        with suppress(ClientDisconnect):  # an upload that was cut off: nobody is there to be answered
            await self.app(scope, receive, guarded if scope["type"] == "http" else send)


PATHS = {"live/{token}": live, "live/{token}/push/{frame:int}": push, "home/run": home, "lab/tables": lab_tables}
PATHS[f"vendor/{figures.PLOTLY}"] = vendor
base = "/" + st.get_option("server.baseUrlPath").strip("/")
routes = [Route(f"{base}/{path}".replace("//", "/"), f) for path, f in PATHS.items()]
app = App("pages/router.py", lifespan=lifespan, routes=routes, middleware=[Middleware(Guarded), Middleware(Canonical)])
