"""Links of every page with values that no page expects: each opens, tells what it could not use, and shows no markup."""

import random
import re

import pytest
from conftest import ROOT
from parts.listing import PAGES
from parts.titles import TITLES, canonical
from streamlit.testing.v1 import AppTest
from test_fuzz import number, said, word

from lossviz.files import escaped

QUICK = {
    "strategies": "focal", "model": "linear", "steps": "50", "s-strategies": "focal", "s-model": "linear", "s-steps": "50",
    "resolution": "20", "c-strategies": "threshold_moving", "c-model": "linear", "c-steps": "50", "m-methods": "focal",
    "m-model": "linear", "m-steps": "50", "m-n": "200", "m-rarest": "0.1", "seg-methods": "plain", "seg-steps": "20",
    "seg-scenes": "8",
}  # fmt: skip
ELSEWHERE = (
    "only hide present figure embed preset z n w y s t p axes imbalance weight lesson step claim code answers".split()
)
"""Parameters that are no controls of Streamlit's."""
LINKS = 5
"""Of every page; besides them the page as it comes, which says what controls it has."""


def opened(page, pairs):
    file = page.file if page.path else "router.py"  # Home knows its doors from there
    at = AppTest.from_file(ROOT / "pages" / file, default_timeout=180)
    for key, value in canonical([*QUICK.items(), *pairs]):
        at.query_params[key] = value
    at.run()
    assert not at.exception, (pairs, at.exception)
    return at


def value(r, key):
    """A word, a number, a list of rows of numbers; or, where there are some, a name that the control has."""
    rows = [",".join(number(r) for _ in range(r.randrange(4))) for _ in range(r.randrange(4))]
    return r.choice([word(r), number(r), ";".join(rows), r.choice(list(TITLES.get(key, {})) or [""])])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
def test_a_page_takes_numbers_that_are_none(page, engine):
    at = opened(page, [])
    keys = sorted({*at.session_state["controls above"]} if "controls above" in at.session_state else set())
    for given in ("inf", "-1e999", "9" * 400, "nan"):
        opened(page, [(key, given) for key in keys])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
def test_a_page_takes_any_link(page, engine):
    at = opened(page, [])
    turned = at.session_state["controls above"] if "controls above" in at.session_state else []
    keys = sorted({*turned, *ELSEWHERE})
    for seed in range(LINKS):
        r = random.Random(f"{page.file} {seed}")
        pairs = [(key, value(r, key)) for key in r.sample(keys, r.randrange(1, 7))]
        at = opened(page, pairs)
        for shown in (*at.error, *at.warning):
            assert not re.search(r"(?<!\\)[<>`$\[\]]|[\u202a-\u202e]", shown.value), "shown letter by letter"
            said(escaped(re.sub(r"\\(.)", r"\1", shown.value)))
        for part in at.get("html"):
            assert not re.search(r"<script|<img src=x", part.proto.body), pairs
