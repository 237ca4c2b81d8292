"""A server for the session, and pages that may neither complain nor talk to anyone else."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

import psutil
import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent.parent
HUNG: list[str] = []
"""What a worker that was replaced said of where it hung."""
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Start the app as a user does, and see that it leaves no process behind; its address."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={k: v for k, v in os.environ.items() if k != "LOSSVIZ_SCHEDULER"},
        )
    address = f"http://localhost:{port}"
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
                assert answer.status == 200
                break
        except (URLError, OSError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
    yield address
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(30)
    _, alive = psutil.wait_procs(family, timeout=5)
    for p in alive:
        p.kill()
    assert not alive, f"left behind: {alive}"
    said = log.read_text()
    if "Timeout (" in said:  # a worker hung, and was replaced: no test need fail of it, but where it was must be seen
        HUNG.append(said[said.index("Timeout (") :])
    assert "Traceback" not in said, said


def pytest_terminal_summary(terminalreporter):
    for said in HUNG:
        terminalreporter.write_line(f"A worker hung: {said[:20_000]}", yellow=True)


@pytest.fixture(scope="session")
def browser():
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser, server):
    """Open pages, each in a fresh browser profile; whatever they complain about, or ask another host for, fails the test."""
    complaints, contexts = [], []

    def heard(message):
        # below the first page, Streamlit's frontend looks for its server beside the page, too
        probing = re.search(r"/\w+/_stcore/", message.location.get("url", ""))
        # two parts spoke in one moment, and the platform answers for the first: `controls.part` reruns the page
        at_once = "Multiple different fragmentIds" in message.text
        if message.type in ("error", "warning") and not probing and not at_once:
            complaints.append(f"console {message.type}: {message.text} {message.location.get('url', '')}")

    def asked(request):
        if not re.match(rf"(blob:)?{re.escape(server)}/|data:", request.url):
            complaints.append(f"request to {request.url}")

    def new(path="/", quiet=True, **options):
        """A page; with `quiet` false it may warn, as software WebGL does of its slowness."""
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard if quiet else lambda message: message.type == "error" and heard(message))
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on("request", asked)
        page.on("websocket", lambda ws: ws.url.startswith(server.replace("http", "ws", 1)) or complaints.append(ws.url))
        page.goto(path if path.startswith("http") else server + path)
        return page

    yield new
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def visit():
    """Go to another page by the menu, in which what has no room is behind one more button."""

    def go(page, title):
        link = page.get_by_test_id("stTopNavLink").filter(has_text=title).first
        more = page.get_by_test_id("stTopNavSection")
        if not link.is_visible() or link.locator("xpath=ancestor::*[@inert]").count():
            more.click()
            link = page.get_by_text(title, exact=True).last  # what the button opens is at the end of the page
        link.click()

    return go
