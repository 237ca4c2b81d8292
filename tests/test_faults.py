"""What goes wrong around the app, and what visitors see of it: servers that are killed, cut off, starved and attacked.

The table of docs/faults.md names these tests.
"""

import asyncio
import http.client
import os
import random
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import asynccontextmanager
from urllib.error import HTTPError
from urllib.parse import urlencode

import psutil
import pytest
from conftest import ROOT
from parts.listing import PAGES
from parts.titles import canonical
from serving import Server
from test_fuzz import said, word
from test_page_links import QUICK
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

import app
from bench.visitor import Visitor
from lossviz.engine import SILENCE

pytestmark = pytest.mark.faults

SHORT = {"model": "linear", "steps": 50}
LONG = {"model": "linear", "steps": 5000}
DROP = {"from": "Drop a file"}
LABELS = b"label\n" + b"rarely seen\n" * 20 + b"often seen, and in every third line\n" * 100_000
"""Megabytes: what is smaller never comes near a disk."""
OFFLINE = """
import os, sys

def refuse(event, args):
    if event in ("socket.connect", "socket.sendto"):
        host = args[1][0] if isinstance(args[1], tuple) else ""  # else a path
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host and host not in ("localhost", "::1", "0.0.0.0") and not host.startswith("127."):
        with open(os.environ["ASKED"], "a") as file:
            print(event, host, *sys.argv, file=file)
        raise OSError(f"there is no network, and {host} was asked for")

sys.addaudithook(refuse)
"""
JUMPING = """
import time
begun, real = time.monotonic(), time.time
time.time = lambda: real() + [0, 86_400, -86_400][int(time.monotonic() - begun) // 2 % 3]
"""
"""Every two seconds the clock is a day before or after."""


def planted(folder, name, code):
    """The environment in which a module that we wrote is found before any other of its name."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(code)
    return {"PYTHONPATH": str(folder)}


def begun(message):
    return message["kind"] == "piece"


def ended(message):
    return message["kind"] == "end"


def told(messages):
    """What a picture is made of, in an order of its own: strategies overtake each other."""
    return sorted(repr(m | {"arrays": {k: a.tobytes() for k, a in m["arrays"].items()}}) for m in messages)


async def shown(visitor, seen=lambda message: None):
    """All messages of the picture on a visitor's page, each shown to `seen` as it comes."""
    assert not visitor.errors
    messages = await visitor.follow(visitor.pictures["lossviz_player"], lambda m: seen(m) or ended(m))
    assert messages[-1]["error"] is None
    assert messages[-1]["done"]
    return [m for m in messages if m["kind"] != "status"]


def link(parameters):
    return dict(canonical([(k, str(v)) for k, v in parameters.items()]))


@asynccontextmanager
async def visiting(server, page="race", **parameters):
    """A visitor who has opened a page, and leaves at the end."""
    visitor = Visitor(server.url)
    await visitor.open(page, link(parameters))
    try:
        yield visitor
    finally:
        await visitor.close()


async def raced(server, seen=lambda message: None, **parameters):
    """A visitor's whole picture of a race, as `shown`."""
    async with visiting(server, **parameters) as visitor:
        return await shown(visitor, seen)


async def counted(server):
    """A visitor uploads labels, and is told of them."""
    async with visiting(server, "weights", **DROP) as visitor:
        await uploaded(visitor)


async def uploaded(visitor):
    (label,) = (label for label, (kind, _) in visitor.widgets.items() if kind == "file_uploader")
    await visitor.upload(label, "labels.csv", LABELS)
    assert not visitor.errors
    assert any("rarely seen" in text for text in visitor.texts)


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """The environment of a machine without network, and the file that says what was asked for in vain."""
    folder = tmp_path_factory.mktemp("offline")
    return planted(folder, "sitecustomize.py", OFFLINE) | {"ASKED": str(folder / "asked")}, folder / "asked"


@pytest.fixture(scope="module")
def server(offline):
    """One that is killed in mid-training, and started again; `lost` is what a visitor had seen by then."""
    first, lost = Server(env=offline[0]), []

    def seen(message):
        lost.append(message)
        if message["kind"] == "piece":
            first.kill()  # which sees that nothing is left behind

    with pytest.raises((RuntimeError, OSError, http.client.HTTPException)):
        asyncio.run(raced(first, seen, **LONG))
    again = Server(first.port, env=offline[0])
    again.lost = [m for m in lost if m["kind"] != "status"]
    yield again
    assert "Traceback" not in again.stop(), again.said


def test_server_killed_and_started_again(server):
    assert [m["kind"] for m in server.lost][-1] == "piece"
    assert set(told(server.lost)) <= set(told(asyncio.run(raced(server, **LONG))))


def test_worker_killed(server):
    killed = []

    def kill(message):
        if message["kind"] == "piece" and not killed:
            killed.extend(server.workers())
            for worker in killed:
                worker.kill()

    after = asyncio.run(raced(server, kill, **LONG))
    assert killed
    assert not {p.pid for p in killed} & {p.pid for p in server.workers()}
    assert told(after) == told(asyncio.run(raced(server, **LONG)))


def interrupt(server):
    """Ctrl-C in the server's terminal, and what the server says until it has ended."""
    family = server.family()
    os.killpg(server.pid, signal.SIGINT)  # as a terminal does
    server._process.wait(20)
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    return server.stop()


@pytest.mark.parametrize("ready", [False, True], ids=["while a model trains", "when all is ready"])
def test_interrupted(tmp_path, ready):
    nothing_compiled = {"XDG_CACHE_HOME": str(tmp_path)}
    server = Server(start_new_session=True, env={} if ready else nothing_compiled)
    answers = []

    def ask():
        try:
            with urllib.request.urlopen(f"{server.url}/home/run?imbalance=30&weight=7", timeout=60) as answer:
                answers.append(answer.status)
        except HTTPError as error:
            error.close()
            answers.append(error.code)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    time.sleep(45 if ready else 8)
    assert answers == [200] * ready
    said = interrupt(server)
    asking.join(10)
    assert answers == [200 if ready else 503]
    assert "Traceback" not in said


def test_interrupted_at_the_start():
    server = Server(start_new_session=True)
    while not server.workers():
        time.sleep(0.05)
    time.sleep(0.3)  # it imports, and heeds nothing yet
    assert "Traceback" not in interrupt(server)


def test_page_reloaded(server):
    async def visit():
        async with visiting(server, **LONG) as visitor:
            await visitor.follow(visitor.pictures["lossviz_player"], begun)
        return await raced(server, **LONG), await raced(server, **LONG)

    once, again = asyncio.run(visit())
    assert told(once) == told(again)


@pytest.mark.parametrize("away", [0, SILENCE + 3], ids=["for a moment", "until the run is given up"])
def test_connection_lost(server, away):
    async def visit():
        async with visiting(server, **LONG) as visitor:
            before = visitor.session, visitor.pictures["lossviz_player"]["run"]
            await visitor.follow(visitor.pictures["lossviz_player"], begun)
            await visitor.close()
            await asyncio.sleep(away)
            await visitor.open("race", link(LONG))
            assert (visitor.session, visitor.pictures["lossviz_player"]["run"]) == before
            return await shown(visitor), await raced(server, **LONG)

    once, again = asyncio.run(visit())
    assert told(once) == told(again)


def test_upload_cut(server):
    async def visit():
        async with visiting(server, "weights", **DROP) as visitor:
            _, request = await visitor.sending("labels.csv", LABELS)
            said = [f"PUT {request.url.removeprefix(server.url)} HTTP/1.1", f"Host: localhost:{server.port}"]
            said += [f"{k}: {v}" for k, v in {"Content-Length": len(request.body), **request.headers}.items()]
            _, line = await asyncio.open_connection("127.0.0.1", server.port)
            line.write("\r\n".join([*said, "", ""]).encode() + request.body[: len(request.body) // 2])
            await line.drain()
            line.close()
            await line.wait_closed()
            await visitor.rerun()
            assert not visitor.errors
            await uploaded(visitor)

    asyncio.run(visit())
    assert "Traceback" not in server.said, server.said


def test_disk_full(tmp_path):
    def full():  # what may not grow beyond a page: folders and empty files can be made, writing fails
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    server = Server(preexec_fn=full, env={"XDG_CACHE_HOME": str(tmp_path)})
    asyncio.run(counted(server))
    asyncio.run(raced(server, **SHORT))
    assert "Traceback" not in server.stop(), server.said


READ_ONLY = """
for place in / $(awk '{print $2}' /proc/mounts); do
    case $place in /dev*|/proc*|/sys*) continue;; esac
    mount -o remount,bind,ro $place || { mount --bind $place $place && mount -o remount,bind,ro $place; }
done 2> /dev/null
! touch "$0/written" 2> /dev/null && exec "$@"
"""
UNSHARE = ["unshare", "--map-root-user", "--mount"]


def test_read_only_disk_and_no_home(tmp_path):
    if subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody make a name space of its own")
    server = Server(
        before=[*UNSHARE, "sh", "-c", READ_ONLY, str(tmp_path)], env={"HOME": None, "XDG_CACHE_HOME": str(tmp_path)}
    )
    asyncio.run(counted(server))
    asyncio.run(raced(server, **SHORT))
    assert "Traceback" not in server.stop(), server.said


def test_clock_jumps(tmp_path):
    server = Server(env=planted(tmp_path, "sitecustomize.py", JUMPING))
    asyncio.run(counted(server))
    once, again = asyncio.run(raced(server, **LONG)), asyncio.run(raced(server, **LONG))
    assert told(once) == told(again)
    assert "Traceback" not in server.stop(), server.said


def test_no_tensorflow(tmp_path):
    broken = "raise ImportError('libtensorflow_cc.so.2: cannot open shared object file')"
    server = Server(env=planted(tmp_path, "tensorflow/__init__.py", broken))

    async def refused(page):
        async with visiting(server, page) as visitor:
            for _ in range(100):  # as a picture asks for when it has heard of the end
                if visitor.errors:
                    return " ".join(visitor.errors)
                await asyncio.sleep(0.1)
                await visitor.rerun()
        return ""

    async def visit():
        said = {page: await refused(page) for page in ("race", "surfaces", "multilabel", "segmentation", "costs")}
        with pytest.raises(HTTPClientError) as caught:
            await AsyncHTTPClient().fetch(f"{server.url}/home/run")
        for page in ("", "weights", "lab", "reference", "lint", "lessons", "claims"):
            async with visiting(server, page) as visitor:
                assert not visitor.errors, page
        async with visiting(server, "lessons", lesson="rare", step="reveal") as visitor:
            assert "lossviz_chart" in visitor.pictures
            assert not visitor.errors
        return said | {"home": caught.value.response.body.decode()}

    for page, text in asyncio.run(visit()).items():
        plain = re.sub(r"\\(.)", r"\1", text)
        assert "TensorFlow, which trains, cannot be imported (ImportError: libtensorflow_cc.so.2" in plain, page
        assert "Install it (pip install" in plain
    asyncio.run(counted(server))
    assert "Traceback" not in server.stop(), server.said


# Attacks


def test_headers(server):
    async def visit():
        async with visiting(server, **SHORT) as visitor:
            return visitor.pictures["lossviz_player"]["url"]

    live = asyncio.run(visit())
    for path in (
        "/",
        "/race?seed=1",
        "/nonesuch.js",
        "/_stcore/health",
        "/lab/tables",
        "/lab/tables?w=x",
        live,
        "/live/x",
    ):
        try:
            answer = urllib.request.urlopen(server.url + path, timeout=30)
        except HTTPError as e:
            answer = e
        with answer:
            for name, value in app.Guarded(None).headers.items():
                assert answer.headers.get_all(name) == [value], (path, name)


def test_any_address(server):
    paths = "/ /race /lab/tables /home/run /live/x/push/1 //elsewhere.example /%2e%2e/%2e%2e/etc/passwd".split()
    names = "model data imbalance weight z w".split()
    told = sent_on = 0
    for seed in range(200):
        r = random.Random(f"address {seed}")
        path = r.choice(paths)
        pairs = [(r.choice(names), r.choice([word(r), word(r), "mlp", "moons"])) for _ in range(r.randrange(4))]
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        line.request("GET", f"{path}?{urlencode(pairs)}")
        answer = line.getresponse()
        body, place = answer.read(), answer.headers["Location"]
        line.close()
        assert answer.status in (200, 307, 400, 404), (path, pairs)
        if place is not None:
            sent_on += 1
            assert place.startswith("?"), "the same page, and nowhere else"
        elif answer.status == 400 and path in ("/lab/tables", "/home/run"):
            told += 1
            said(body.decode())
    assert min(told, sent_on) > 20


@pytest.mark.parametrize("lies", [{"X-Xsrftoken": ""}, {"Cookie": ""}, {"X-Xsrftoken": "2|0|0|0"}], ids=str)
def test_upload_without_a_token_is_refused(server, lies):
    async def visit():
        async with visiting(server, "weights", **DROP) as visitor:
            _, request = await visitor.sending("labels.csv", b"label\na\n")
            request.headers.update(lies)
            with pytest.raises(HTTPClientError, match="403"):
                await AsyncHTTPClient().fetch(request)

    asyncio.run(visit())


def test_upload_to_nobody_is_refused(server):
    async def visit():
        async with visiting(server, "weights", **DROP) as visitor:
            _, request = await visitor.sending("labels.csv", b"label\na\n")
            request.url = request.url.replace(visitor.session, "nobody")
            with pytest.raises(HTTPClientError, match="400"):
                await AsyncHTTPClient().fetch(request)

    asyncio.run(visit())


def test_another_site_opens_no_session(server):
    async def visit():
        address = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
        with pytest.raises(HTTPClientError, match="403"):
            await websocket_connect(HTTPRequest(address, headers={"Origin": "https://elsewhere.example"}))

    asyncio.run(visit())


def test_no_network(server, offline):
    env, asked = offline

    async def visit():
        for page in PAGES:
            async with visiting(server, page.path, **QUICK) as visitor:
                assert not visitor.errors

    asyncio.run(visit())
    asyncio.run(counted(server))
    path = os.pathsep.join([env["PYTHONPATH"], str(ROOT)])
    for command in (["weights", "requirements.txt"], ["lint", "lossviz"]):
        command = [sys.executable, "-m", "lossviz", *command]
        subprocess.run(command, cwd=ROOT, env=os.environ | env | {"PYTHONPATH": path}, capture_output=True, check=True)
    assert not asked.exists(), asked.read_text()
    look = [sys.executable, "-c", "import socket; socket.create_connection(('example.org', 80))"]
    assert subprocess.run(look, env=os.environ | env, capture_output=True, check=False).returncode
    assert "example.org" in asked.read_text(), "the guard is at its post"
