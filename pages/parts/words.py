"""Text on a page. Labels and column names are data: nothing a user wrote is ever read as markup."""

import html
import re
from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from lossviz.files import escaped


def plain(text: str) -> str:
    """Text as Markdown that shows it letter by letter: every character that could mean something is escaped.

    So are the marks that would turn the words around it about.
    """
    text = re.sub(r"[\u202a-\u202e\u2066-\u2069]", lambda mark: escaped(mark[0]), " ".join(text.split()))
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def coded(text: str) -> str:
    r"""Text as `plain` shows it, with what stands between two backticks set as code.

    Example:
        >>> print(coded("Its loss has `pos_weight` (line 4)."))
        Its loss has `pos_weight` \(line 4\)\.
    """
    return re.sub(r"\\`([^`]{1,60}?)\\`", lambda m: "`" + re.sub(r"\\(.)", r"\1", m[1]) + "`", plain(text))


def maths(text: str) -> str:
    """Markdown whose letters with an index, such as w_c, are set as formulas; other names with an underscore are left.

    Example:
        >>> maths("w_c = n / n_c, and pos_weight")
        '$w_{c}$ = n / $n_{c}$, and pos_weight'
    """
    spelt = {
        "ŷ": r"\hat y",
        "max": r"\max",
        "min": r"\min",
        "Σ": r"\textstyle\sum",
        "π": r"\pi",
        "ω": r"\omega",
        "α": r"\alpha",
    }
    return re.sub(
        r"(?<![\w\\])([A-Za-zΣπωα])\\?_(max|min|[a-zŷ])(?!\w)",
        lambda found: f"${spelt.get(found[1], found[1])}_{{{spelt.get(found[2], found[2])}}}$",
        text,
    )


def sentence(text: str) -> None:
    """The one sentence under a picture."""
    st.html(f'<p style="font-size:1.1rem;line-height:1.5;margin:0">{html.escape(text)}</p>')


def link(text: str, address: str, about: str = "") -> None:
    """A link within the app, opened in its place."""
    more = f" ({html.escape(about)})" if about else ""
    anchor = f'<a href="{html.escape(address)}" target="_self">{html.escape(text)}</a>'
    st.html(f'<p style="font-size:1.1rem;margin:0"><b>{anchor}</b>{more}</p>')


def doors(title: str, links: Mapping[str, tuple[list[tuple[str, str]], str]]) -> None:
    """Links to this page with other controls, folded away: text -> the link's parameters and what it is about."""
    items = "".join(
        f'<li style="margin:0 0 .6rem"><a href="?{html.escape(urlencode(parameters))}" target="_self">{html.escape(text)}</a>'
        f"<br>{html.escape(about)}</li>"
        for text, (parameters, about) in links.items()
    )
    style = 'style="padding-left:1.1rem;margin:.5rem 0;font-size:.9rem"'
    st.html(f"<details><summary>{html.escape(title)}</summary><ul {style}>{items}</ul></details>")


def notes(title: str, lines: tuple[str, ...]) -> None:
    """What was done to the data, a line each."""
    if lines:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        st.html(f'<details open><summary>{html.escape(title)}</summary><ul style="margin:0">{items}</ul></details>')
