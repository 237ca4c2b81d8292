"""Faults as the visitor of an open page sees them."""

import re
import time

import pytest
from playwright.sync_api import expect
from serving import Server

pytestmark = pytest.mark.browser
LONG = "data=moons&model=mlp&steps=5000&seeds=3&strategies=cross_entropy,weighted,logit_mult"


@pytest.mark.parametrize("path", [f"/race?{LONG}", "/segmentation?steps=1500"], ids=["race", "segmentation"])
def test_an_open_page_whose_server_is_killed_and_started_again_goes_on(browser, path):
    server = Server()
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page, runs = context.new_page(), list[str]()
        page.on(
            "response", lambda r: r.status == 200 and "/live/" in r.url and r.url not in runs and runs.append(r.url)
        )
        page.goto(server.url + path)
        picture = page.locator(".race")
        expect(picture).not_to_have_attribute("data-frames", re.compile("^[01]?$"), timeout=120_000)
        assert len(runs) == 1
        server.kill()
        again = Server(port=server.port)
        try:  # without a word from the visitor
            end = time.monotonic() + 90
            while len(runs) < 2:
                assert time.monotonic() < end, "the page does not ask for another run"
                page.wait_for_timeout(300)
            expect(picture).not_to_have_attribute("data-frames", re.compile("^[01]?$"), timeout=120_000)
        finally:
            said = again.stop()
    assert "Traceback" not in said, said
