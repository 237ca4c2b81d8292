"""Controls whose value is in the link, built from the entries they turn."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import wraps
from math import isfinite
from typing import Any

import streamlit as st
from streamlit.runtime.state.session_state_proxy import get_session_state

from lossviz.knobs import Choice, Knob
from parts.titles import TITLES
from parts.words import plain


def hidden(key: str, among: Iterable[str] = (), way: bool = False) -> bool:
    """Whether the link hides a control: `hide=` lists what goes, `only=` what stays, by its key or the end of its key.

    Every control asks this first, so that `part` knows which stand above it.

    `only=imbalance,weight` leaves a class just those two to turn. A hidden control keeps the value that the link gives it.

    Args:
        key: Of the control.
        among: Keys of it and of those beside it, where an `only` that names none of them leaves all in sight; else such an
            `only` hides it.
        way: It is a way through the page, which stays.
    """
    st.session_state.setdefault("controls above", set()).add(key)
    if way:
        return False
    only, away = _listed("only"), _listed("hide")
    for parameter, names in (("only", only), ("hide", away)):
        if _named(names, [key]):
            st.session_state[f"link {parameter}"] = True  # some control is meant
    among = list(among)
    stays = not only or _named(only, [key]) or (bool(among) and not _named(only, among))
    return not stays or _named(away, [key])


def begin() -> None:
    """A page begins: no control stands on it yet."""
    st.session_state["controls above"] = set()
    st.session_state["link told"] = []


def rerun() -> None:
    """Run the page once more for a reason of its own: what it has said of the link, or was about to, it says then."""
    told, dropped_ = (st.session_state.get(which, []) for which in ("link told", "link dropped"))
    st.session_state["link dropped"] = [*told, *dropped_]
    st.rerun()


def part(show: Callable[..., None]) -> Callable[..., None]:
    """A part of a page that reruns by itself, as Streamlit's fragments do, and loses no turn of a control above it.

    Where a picture says that its run has ended in the same moment as a visitor turns a control, the browser asks for this
    part only, and the page would go on with the old value. What is done in a picture may also be written into a control.
    """

    @wraps(show)
    def shown(before: dict[str, Any], *args: Any) -> None:
        if any(st.session_state.get(key) != value for key, value in before.items()):
            st.rerun()
        show(*args)

    def whole(*args: Any, **options: Any) -> None:
        above = st.session_state.get("controls above", set())
        before = {key: st.session_state.get(key) for key in above}  # a hidden one may be written for the first time
        st.fragment(shown, **options)(before, *args)

    return whole


def _named(names: Iterable[str], keys: Iterable[str]) -> bool:
    """Whether one of the names means one of the keys."""
    keys = list(keys)
    return any(key == name or key.endswith(f"-{name}") for name in names for key in keys)


def _listed(parameter: str) -> list[str]:
    return [n.strip() for text in st.query_params.get_all(parameter) for n in text.split(",") if n.strip()]


def _held(key: str, titles: Mapping[str, str]) -> list[str]:
    """Names that a hidden control holds: what the page has put there, or what the link says."""
    put = st.session_state.get(key)
    if put is not None:
        return [n for n in (put if isinstance(put, list) else [put]) if n in titles]
    said = st.query_params.get_all(key)
    return [n for n, title in titles.items() if title in said or n in said]


def toggle(label: str, key: str, default: bool = False, help: str | None = None, box: bool = False) -> bool:
    """On or off; a `box` to tick where there are several."""
    if key not in st.session_state and (said := st.query_params.get(key, "true")).lower() not in ("true", "false"):
        dropped(f"{key}={said[:60]} (must be true or false)")
    if hidden(key):
        return bool(st.session_state.get(key, st.query_params.get(key, str(default)).lower() == "true"))
    return (st.checkbox if box else st.toggle)(label, default, key=key, help=help, bind="query-params")


def text(label: str, key: str, default: str = "", lines: bool = False, **options: Any) -> str:
    """A field to write in, or one of several lines; with any options of Streamlit's fields."""
    if hidden(key):
        return str(st.session_state.get(key, st.query_params.get(key, default)) or "")[: options.get("max_chars")]
    return (st.text_area if lines else st.text_input)(label, default, key=key, bind="query-params", **options) or ""


def _check_link(key: str, titles: Mapping[str, str], clears: bool = False) -> None:
    """Note what a link asks for in vain: Streamlit drops it in silence. Where it `clears`, an empty value chooses nothing."""
    if key in st.session_state or key not in st.query_params:
        return
    wrong = [v for v in st.query_params.get_all(key) if v not in titles.values() and (v or not clears)]
    if wrong:
        # names are the shorter where the server reads them as titles; of a file's columns, for one, it knows none
        read = TITLES.get(key, {})
        known = [name if read.get(name) == title else title for name, title in titles.items()]
        allowed = ", ".join(known) if len(known) <= 12 else "one of the list's; repeat the parameter for several"
        dropped(f"{key}={wrong[0][:60]} (must be {allowed})")


def dropped(text: str) -> None:
    """Note something that a link asks for in vain, for `unread`."""
    st.session_state.setdefault("link dropped", []).append(text)


def unread(elsewhere: Iterable[str] = ()) -> None:
    """Say what in the link could not be used; after the last control.

    Args:
        elsewhere: Keys of controls that are out of sight now, and that `only` and `hide` may mean.
    """
    elsewhere = list(elsewhere)
    for parameter in ("only", "hide"):
        names = _listed(parameter)
        if names and not st.session_state.get(f"link {parameter}") and not _named(names, elsewhere):
            dropped(f"{parameter}={','.join(names)[:60]} (no control in sight is called so)")
    for parameter in ("present", "figure"):
        if (said := st.query_params.get(parameter, "false")) not in ("true", "false"):
            dropped(f"{parameter}={said[:60]} (must be true or false)")
    _tell(st.session_state.get("link dropped", []))
    st.session_state["link dropped"] = []


def unread_of(key: str) -> None:
    """Say what the link asks in vain of a control in a part of the page; what it asks of others stays for `unread`."""
    dropped_ = st.session_state.get("link dropped", [])
    _tell([text for text in dropped_ if text.startswith(f"{key}=")])
    st.session_state["link dropped"] = [text for text in dropped_ if not text.startswith(f"{key}=")]


def _tell(found: list[str]) -> None:
    if found := list(dict.fromkeys(found)):
        said = "The link asks for what is not there; the controls show what is used instead: "
        st.warning(plain(f"{said}{'; '.join(found[:8])}."))
        st.session_state["link told"] = [*st.session_state.get("link told", []), *found]


def settle(key: str, offered: Any) -> None:
    """Keep what a control holds when what it offers has changed, such as the columns of another file.

    A browser would show the new default and Python keep the old value, and the link would hold neither: what is still
    offered is set anew, and what is not is dropped.

    Args:
        key: Of the control.
        offered: Its names and its default; compared with the last time.
    """
    before = st.session_state.get(f"offered {key}")
    st.session_state[f"offered {key}"] = offered
    if before is None or before == offered or key not in st.session_state:
        return
    held = st.session_state[key]
    still = [h for h in held if h in offered[0]] if isinstance(held, list) else held
    if still and (isinstance(held, list) or held in offered[0]):
        st.session_state[key] = still
    else:
        del st.session_state[key]


def several(
    label: str, titles: Mapping[str, str], key: str, default: Sequence[str], help: str | None = None
) -> list[str]:
    """Any number of names, shown by their titles."""
    _check_link(key, titles, clears=True)
    if hidden(key):
        return _held(key, titles) or list(default)
    return st.pills(
        label, list(titles), selection_mode="multi", default=default, format_func=lambda n: titles[n], key=key,
        help=help, bind="query-params",
    )  # fmt: skip


def one(label: str, titles: Mapping[str, str], key: str, default: str, way: bool = False) -> str:
    """One of a few names, all in sight. A `way` through the page stays when a link hides controls."""
    _check_link(key, titles, clears=True)
    if hidden(key, way=way):
        return next(iter(_held(key, titles)), default)
    picked = st.segmented_control(
        label, list(titles), default=default, format_func=lambda n: titles[n], key=key, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return picked or default


def choose(
    label: str,
    titles: Mapping[str, str],
    key: str,
    default: str | None = None,
    help: str | None = None,
    way: bool = False,
    among: Iterable[str] = (),
) -> str:
    """A list to choose one name from, shown by its title. A `way` through the page stays when a link hides controls."""
    names = list(titles)
    index = names.index(default) if default in names else 0
    _check_link(key, titles)
    if hidden(key, among, way):
        return next(iter(_held(key, titles)), names[index])
    settle(key, (names, index))
    picked = st.selectbox(
        label, names, index=index, format_func=lambda n: titles.get(n, n), key=key, help=help, bind="query-params"
    )
    return picked if picked in titles else names[index]


def number(knob: Knob, key: str, among: Iterable[str] = ()) -> float:
    """A slider where the range is short; a field to type in where it spans orders of magnitude."""
    low, high, default, step = (
        int(v) if knob.whole else float(v) for v in (knob.low, knob.high, knob.default, knob.step)
    )
    if key not in st.session_state and (given := st.query_params.get(key)) is not None:
        try:
            usable = low <= float(given) <= high and (not knob.whole or float(given).is_integer())
        except ValueError:
            usable = False
        if not usable:
            dropped(f"{key}={given[:60]} (must be {'a whole number ' if knob.whole else ''}from {low:,g} to {high:,g})")
            st.query_params.pop(key)
            # or Streamlit would read it again, and infinity is no whole number to it
            with get_session_state().query_params() as asked:
                asked.set_initial_query_params_from_current()
    if hidden(key, among):
        try:
            return knob.check(st.session_state.get(key, st.query_params.get(key, default)))
        except ValueError:
            return default
    field = st.number_input if knob.high >= 50 * max(knob.low, knob.step) and (high - low) / step > 200 else st.slider
    decimals = max(0, -Decimal(str(knob.step)).normalize().as_tuple().exponent)  # a rounded 0.999 would read 1.00
    shown = "%d" if knob.whole else f"%.{decimals}f"
    value = field(knob.title, low, high, default, step, shown, key=key, help=knob.help or None, bind="query-params")
    return default if value is None else value


def rows(label: str, key: str, form: str, help: str, most: int | None = None) -> list[tuple[float, ...]]:
    """Rows of numbers to type, or to draw in a picture that writes them here; empty while nothing is said.

    Args:
        label: What they are.
        key: Of the widget, and of the link.
        form: What a row looks like, such as "x, y".
        help: What they do.
        most: Most rows; None for any number.

    Raises:
        ValueError: Something is no finite number, a row has another length than `form`, or there are too many.
    """
    several = form if most == 1 else f"{form}; {form}"
    placeholder = form if most == 1 else f"{several}; …"
    said = text(label, key, placeholder=placeholder, help=help, max_chars=6000)
    found, wanted = [], form.count(",") + 1
    for i, row in enumerate(r for r in said.split(";") if r.strip()):
        cells = [c.strip().replace("−", "-") for c in (row.split(",") if "," in row else row.split())]
        where = label if most == 1 else f"{label}, row {i + 1}"
        for j, c in enumerate(cells):
            if fault := _fault(c):
                raise ValueError(f"{where}{fault if c else f': number {j + 1} is missing'}; write {several}")
        if len(cells) != wanted:
            raise ValueError(
                f"{where} has {len(cells)} {'number' if len(cells) == 1 else 'numbers'}, not {wanted}; write {several}"
            )
        found.append(tuple(float(c) for c in cells))
    if most is not None and len(found) > most:
        raise ValueError(f"{label}: {len(found)} rows, where {most} is enough; write {several}")
    return found


def _fault(text: str) -> str:
    """What keeps a cell from being a finite number; empty where it is one."""
    try:
        return "" if isfinite(float(text)) else f": {text[:40]!r} must be a finite number"
    except ValueError:
        return f": {text[:40]!r} is no number"


def as_text(numbers: Iterable[Sequence[float]]) -> str:
    """Rows of numbers as `rows` reads them, to three decimals.

    Example:
        >>> as_text([(1, 2.5), (-0.33333, 0)])
        '1, 2.5; -0.333, 0'
    """
    return "; ".join(", ".join(f"{round(float(n), 3):.10g}" for n in row) for row in numbers)


def knobs(entries: Iterable[Knob | Choice], prefix: str, among: Iterable[str] = ()) -> dict[str, Any]:
    """A control for each knob, keyed `prefix-name`; `among` as for `hidden`."""
    values: dict[str, Any] = {}
    for k in entries:
        key = f"{prefix}-{k.name}"
        if isinstance(k, Knob):
            values[k.name] = number(k, key, among)
        elif len(k.options) > 1:
            values[k.name] = choose(k.title, {o: o for o in k.options}, key, k.default, k.help or None, among=among)
    return values
