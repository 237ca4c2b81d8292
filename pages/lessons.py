"""Lessons: question, prediction, experiment, reveal, explanation, transfer; alone, or in front of a class."""

import html
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from parts import chart, controls, presenter, words, work
from parts.listing import PAGES
from parts.player import path
from parts.titles import TITLES

from lossviz import lessons
from lossviz.engine import engine
from lossviz.lesson import LETTERS, STEPS, Formula, Lesson, Question
from lossviz.lessons import LESSONS
from lossviz.notebook import notebook

NAMES, ORDER = list(LESSONS), list(STEPS)
KNOBS = {name: [f"{name}-{k.name}" for k in entry.knobs] for name, entry in LESSONS.items()}
embedded, presenting = st.context.is_embedded, presenter.present()
alone = st.query_params.get("figure") == "true"  # a lesson's picture and knobs, and nothing else


def given() -> dict[str, list[str]]:
    """What the link says was answered: lesson -> letter of the prediction and of the transfer question, "" for none."""
    out, wrong = {}, []
    for entry in filter(None, st.query_params.get("answers", "").split(".")):
        name, *letters = entry.split("-")
        known = name in LESSONS and len(letters) == 2
        questions = (LESSONS[name].prediction, LESSONS[name].transfer) if known else ()
        if known and all(c == "_" or q.named(c) for c, q in zip(letters, questions, strict=True)):
            out[name] = [c.replace("_", "") for c in letters]
        else:
            wrong.append(entry[:40])
    if wrong:
        controls.dropped(f"answers={'.'.join(wrong[:4])} (a lesson's name and two letters, as rare-A-B)")
    return out


def answer(name: str, which: int, letter: str) -> None:
    """Write an answer into the link."""
    answers = {n: list(letters) for n, letters in given().items()}
    answers.setdefault(name, ["", ""])[which] = letter
    st.query_params["answers"] = ".".join("-".join([n, *(c or "_" for c in answers[n])]) for n in NAMES if n in answers)


def go(name: str, step: str) -> None:
    """Open a lesson at a step; a callback."""
    st.session_state["lesson"], st.session_state["step"] = name, step


def step_by(name: str, step: str, by: int) -> None:
    """One step on or back; from the end of a lesson to the next one, and round by the list of them; a callback."""
    at = ORDER.index(step) + by
    if name in LESSONS and 0 <= at < len(ORDER):
        go(name, ORDER[at])
    else:
        places = ["all", *NAMES]
        to = places[(places.index(name) + by) % len(places)]
        go(to, ORDER[0 if by > 0 or to == "all" else -1])


def overview() -> None:
    """All lessons, how far the visitor has come, and what to take home."""
    answers = given()
    if not embedded:
        st.write(
            f"{len(LESSONS)} short lessons, about {sum(entry.minutes for entry in LESSONS.values())} minutes together. In each: "
            "say what you expect, see it happen, learn why, and use it somewhere else. What you answer is kept in the link."
        )
    for i, (name, entry) in enumerate(LESSONS.items(), 1):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.button(f"{i}. {entry.title}", key=f"open-{name}", on_click=go, args=(name, ORDER[0]), width="stretch")
        predicted, transferred = answers.get(name, ["", ""])
        there = "done" if transferred else "begun" if predicted else "not begun"
        right.caption(f"{entry.minutes} minutes · {there}")
    if not embedded:
        st.download_button(
            "Exercises with solutions (notebook)", lambda: notebook(LESSONS), "class-weights-exercises.ipynb",
            "application/x-ipynb+json", on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        st.caption(
            f"{sum(len(entry.exercises) for entry in LESSONS.values())} exercises in Python; every solution checks itself."
        )


def ask(name: str, which: int, question: Question, held: str) -> str:
    """A question with its answers, A, B, C; the letter that was chosen, or nothing."""
    key = f"answer-{name}-{which}"

    def chosen() -> None:
        answer(name, which, st.session_state[key] or "")

    letters = list(LETTERS[: len(question.answers)])
    st.radio(
        question.text, letters, letters.index(held) if held else None, key=key, on_change=chosen,
        format_func=lambda c: f"**{c}** \u2002{question.answers[letters.index(c)].text}",
    )  # fmt: skip
    return st.session_state[key] or ""


def experiment(name: str, entry: Lesson, values: dict[str, Any]) -> dict[str, Any]:
    """What the experiment finds at these values; the last is kept.

    Raises:
        ValueError: What is wrong, in a sentence.
    """
    key = (name, repr(values))
    if st.session_state.get("lesson found", (None,))[0] != key:
        try:
            task = engine().submit(lessons.run, name, **values)
        except Exception as e:
            raise ValueError(f"The workers cannot be reached ({type(e).__name__}). Try again in a minute.") from e
        st.session_state["lesson found"] = (key, work.wait(task, "The experiment is running…"))
    return st.session_state["lesson found"][1]


def show(name: str, entry: Lesson, found: dict[str, Any], values: dict[str, Any], told: bool = True) -> None:
    """The picture, its sentence and numbers, and the call that gives them again."""
    table = entry.table(found) if entry.table else None
    chart.show(entry.picture(found), f"lesson-{name}", entry.sentence(found), table, told=told)
    if not embedded and not presenting:
        with st.expander("The Python that gives these numbers"):
            arguments = "".join(f", {k}={v!r}" for k, v in values.items())
            st.code(f"from lossviz import lessons\n\nprint(lessons.run({name!r}{arguments}))\n", language="python")


def reveal(entry: Lesson, found: dict[str, Any], values: dict[str, Any], letter: str) -> None:
    """What came true, beside what was expected."""
    came = entry.outcome(found)
    right = entry.prediction.letter(came)
    expected = entry.prediction.named(letter)
    true = entry.prediction.named(right)
    assert true is not None
    who = "The class" if presenting else "You"
    if expected is None:  # before a class: by show of hands
        voted = "The class voted; what" if presenting else "You made no prediction. What"
        st.info(f"{voted} came true is **{right}**: {true.text}.")
    elif expected.name == came:
        st.success(f"{who} expected **{letter}**, and so it came out: {true.text}. {true.feedback}")
    else:
        st.warning(
            f"{who} expected **{letter}**: {expected.text}. {expected.feedback} It came out otherwise: **{right}**, {true.text}."
        )
    words.sentence(entry.happened(found))
    if any(values[k.name] != k.default for k in entry.knobs):
        st.caption("The controls are not where the question had them; this is what came out where they are.")


def explain(entry: Lesson, found: dict[str, Any]) -> None:
    """Why: each formula with its words."""
    for part in entry.explanation(found):
        if isinstance(part, Formula):
            st.latex(part.latex)
            st.write(part.words)
        else:
            st.write(part)
    paths = {p.file: p for p in PAGES}
    kept = {k: v for k in ("present", "answers") if (v := st.query_params.get(k))}  # the answers: for the way back
    for file, about in entry.more:
        if file in paths and not embedded:
            words.link(paths[file].title, path(paths[file].path) + ("?" + urlencode(kept) if kept else ""), about)


def transfer(name: str, entry: Lesson, held: str) -> None:
    """The same thought somewhere else, with a word on each answer."""
    chosen = entry.transfer.named(ask(name, 1, entry.transfer, held))
    if chosen is not None:
        (st.success if chosen.name == entry.transfer.right else st.warning)(chosen.feedback)
    if not embedded and not presenting:
        many = len(entry.exercises)
        st.download_button(
            f"{many} exercise{'s' if many > 1 else ''} with solutions (notebook)",
            lambda: notebook({name: entry}), f"exercises-{name}.ipynb", "application/x-ipynb+json", on_click="ignore",
            icon=":material/download:", key="exercises",
        )  # fmt: skip


def teach(name: str, entry: Lesson, step: str, values: dict[str, Any]) -> None:
    """Notes for the teacher, with links to hand out."""

    def link(**more: str) -> str:
        turned = {f"{name}-{k.name}": values[k.name] for k in entry.knobs if values[k.name] != k.default}
        return "?" + urlencode({"lesson": name, "step": step} | turned | more)

    knobs = [k.name for k in entry.knobs]
    links = {
        "In front of a class": (
            link(present="true"),
            "large type; → and ←, PageDown and PageUp, or space; waits for you to reveal",
        ),
        f"Only “{entry.knobs[0].title}”": (
            link(only=knobs[0]),
            f"students turn one knob; only={knobs[0]} in the link of any page, or hide=… for what should go",
        ),
        "In slides or a course page": (
            link(embed="true"),
            "without the menu, this text and the notes; for an <iframe>",
        ),
        "Picture and knobs only": (
            link(embed="true", figure="true"),
            "the same, without the questions and the steps",
        ),
    }
    with st.expander("Teacher's notes"):
        st.write(entry.teacher)
        items = "".join(
            f'<li><a href="{html.escape(address)}" target="_blank">{html.escape(title)}</a>: {html.escape(about)}</li>'
            for title, (address, about) in links.items()
        )
        st.html(f'<ul style="margin:0;padding-left:1.2rem">{items}</ul>')


def move(what: str) -> None:
    """What a key does: at a prediction before a class, the next step waits to be revealed; a callback."""
    # as it is now: a second key may come before the page has run for the first
    name, step = st.session_state["lesson"], st.session_state.get("step") or ORDER[0]
    waits = name in LESSONS and step == "predict"
    if what == "back":
        step_by(name, step, -1)
    elif what == "next" and waits:
        st.session_state["lesson paused"] = True
    elif what == "next" or waits or (name in LESSONS and step == "experiment"):
        step_by(name, step, 1)


def buttons(name: str, step: str, letter: str) -> None:
    """Back and next."""
    at, i = ORDER.index(step), NAMES.index(name)
    if step == "predict":
        unsure = not letter and not presenting
        on = "Run the experiment" if presenting else f"{'I cannot say' if unsure else 'Go'}: run the experiment"
    elif at + 1 < len(ORDER):
        on = STEPS[ORDER[at + 1]]
    else:
        on = f"Next lesson: {LESSONS[NAMES[i + 1]].title}" if i + 1 < len(NAMES) else "All lessons"
    row = st.container(horizontal=True)
    back = "Back" if at or i else "All lessons"
    row.button(back, key="step-back", on_click=step_by, args=(name, step, -1), icon=":material/arrow_back:")
    row.button(f"**{on}**", key="step-next", on_click=step_by, args=(name, step, 1), icon=":material/arrow_forward:")


def lesson(name: str, step: str) -> None:
    """One lesson at one step; or its picture and knobs alone."""
    entry, answers = LESSONS[name], given().get(name, ["", ""])
    if not alone:
        st.header(f"{NAMES.index(name) + 1}. {entry.title}", anchor=False)
    if not embedded and not presenting and not alone:
        st.caption(f"About {entry.minutes} minutes.")
    # before a class, what came true has the whole screen
    running = alone or step in ("experiment", "explain") or (step == "reveal" and not presenting)
    # on other steps the knobs are out of sight, and still in the link
    with st.container(key="lesson-knobs" if running else "lesson-kept", horizontal=False):
        columns = st.columns(len(entry.knobs))
        values: dict[str, Any] = {}
        for column, knob in zip(columns, entry.knobs, strict=True):
            with column:
                values |= controls.knobs([knob], name, among=KNOBS[name])
    if alone:
        show(name, entry, experiment(name, entry, values), values)
        return
    letter = answers[0]
    if step == "question":
        st.write(entry.question)
        st.write("\n".join(f"- **{word}**: {meaning}" for word, meaning in entry.words.items()))
    elif step == "predict":
        letter = ask(name, 0, entry.prediction, answers[0])
        if presenting:
            paused = st.session_state.pop("lesson paused", False)
            (st.warning if paused else st.info)(
                "Waiting for the class. Go on with the button, with R, or with the key of a clicker that blanks the screen."
            )
    elif step == "transfer":
        transfer(name, entry, answers[1])
    else:
        found = experiment(name, entry, values)
        if step == "reveal":
            reveal(entry, found, values, letter)
        if step == "explain":
            beside = not presenting and not embedded  # on a slide or in a course page there is no room
            left, right = st.columns(2, gap="large") if beside else (st.container(), st.container())
            with left:
                explain(entry, found)
            with right:
                show(name, entry, found, values)
        else:  # before a class the sentence, which holds the answer, waits for the next step
            show(name, entry, found, values, told=not presenting or step == "reveal")
    buttons(name, step, letter)
    if not embedded and not presenting:
        teach(name, entry, step, values)


st.html(
    "<style>.st-key-lesson-kept { display: none; } .stRadio label p { font-size: 1.1rem; } "
    f"{'.st-key-lesson { display: none; }' if presenting or embedded else ''}"
    f"{'.st-key-step { display: none; } .stMainBlockContainer { padding: 0 1rem !important; }' if alone else ''}</style>"
)
# the menu's links hold no answers: who comes back finds those that were given
if "answers" not in st.query_params and (kept := st.session_state.get("lessons answered")):
    st.query_params["answers"] = kept
if not embedded and not presenting:
    st.title("Lessons")
name = controls.choose("Lesson", TITLES["lesson"], "lesson", "all", way=True)
step = "" if name == "all" else controls.one("Step", TITLES["step"], "step", ORDER[0], way=True)
if not alone:
    presenter.top(f"{name} {step}")
if presenting and not alone:
    presenter.keys(move)
try:
    if name == "all":
        overview()
    else:
        lesson(name, step)
except ValueError as e:
    st.error(words.plain(str(e)))
st.session_state["lessons answered"] = st.query_params.get("answers", "")
controls.unread(elsewhere=[key for keys in KNOBS.values() for key in keys])
