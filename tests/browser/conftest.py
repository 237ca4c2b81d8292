"""A server for the session, and pages that may neither complain nor talk to anyone else."""

import re
import shutil

import pytest
from playwright.sync_api import sync_playwright
from serving import Server

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
def server():
    """The app's address; it leaves no process behind."""
    server = Server()
    yield server.url
    said = server.stop()
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
