"""Claims on trial: vote, and then see the experiment that decides."""

import re
from datetime import datetime, timezone

import streamlit as st
from parts import chart, controls, presenter, words, work

from lossviz import claimfigures, claims
from lossviz.claim import THREADS, VERDICTS, Claim, Evidence
from lossviz.engine import engine

INITIALS = {verdict[0]: verdict for verdict in VERDICTS}
embedded = st.context.is_embedded


def votes() -> dict[int, str]:
    """The visitor's votes by number of claim, from the link: "1f9d" is 1 false, 9 depends."""
    text = st.query_params.get("votes", "")
    found = {int(n): INITIALS[v] for n, v in re.findall(r"(\d{1,3})([tfd])", text) if int(n) in claims.CLAIMS}
    if not re.fullmatch(r"(\d{1,3}[tfd])*", text):
        controls.dropped(f"votes={text[:60]} (must be numbers of claims, each with t, f or d)")
    return found


def keep(held: dict[int, str]) -> None:
    """Write the votes into the link."""
    if held:
        st.query_params["votes"] = "".join(f"{n}{v[0]}" for n, v in sorted(held.items()))
    else:
        st.query_params.pop("votes", None)


def vote(number: int, verdict: str) -> None:
    """Keep a vote in the link."""
    keep(votes() | {number: verdict})


def unvote(number: int) -> None:
    """Take a vote out of the link: the claim asks again."""
    keep({n: v for n, v in votes().items() if n != number})


def go(number: int | None) -> None:
    """Turn to a claim, or to the list."""
    if number is None:
        st.query_params.pop("claim", None)
    else:
        st.query_params["claim"] = str(number)


def tally(held: dict[int, str]) -> str:
    """How many votes were right; what is right is the verdict on record until the experiment has run in this session."""
    seen: dict[int, tuple[Evidence, datetime]] = st.session_state.get("claims evidence", {})
    right = sum(v == (seen[n][0].verdict if n in seen else claims.CLAIMS[n].expected) for n, v in held.items())
    return f"{right} of {len(held)} vote{'s' * (len(held) != 1)} right so far" if held else "No votes yet"


def listing(held: dict[int, str]) -> None:
    """All claims by topic, those that were voted on marked."""
    st.caption(f"{tally(held)}. {len(claims.CLAIMS)} claims; ✓ marks those you have voted on.")
    st.html(
        "<style>.st-key-claims-list button { justify-content: flex-start; text-align: left; min-height: 2rem; }"
        ".st-key-claims-list button p { font-size: 1.1rem; }</style>"
    )
    topics: dict[str, list[Claim]] = {}
    for claim in claims.CLAIMS.values():
        topics.setdefault(claim.topic, []).append(claim)
    with st.container(key="claims-list", gap="xxsmall"):
        for topic, entries in topics.items():
            st.header(topic, anchor=False)
            for claim in entries:
                mark = "✓ " if claim.number in held else ""
                label = f"{mark}{claim.number} · {claim.said}"
                st.button(
                    words.maths(words.plain(label)),
                    key=f"go-{claim.number}",
                    on_click=go,
                    args=(claim.number,),
                    type="tertiary",
                )


def evidence(claim: Claim) -> tuple[Evidence, datetime]:
    """What the experiment finds, run now, and when that was; kept while the visitor looks around."""
    seen: dict[int, tuple[Evidence, datetime]] = st.session_state.setdefault("claims evidence", {})
    if claim.number not in seen:
        task = engine().submit(claims.experiment, claim.number)
        seen[claim.number] = work.wait(task, "The experiment runs…"), datetime.now(timezone.utc)
    return seen[claim.number]


def again(number: int) -> None:
    """Forget what was found, so that it is tried anew."""
    st.session_state.get("claims evidence", {}).pop(number, None)


def buttons(claim: Claim) -> None:
    """To the claim before, to the list, and to the next."""
    numbers = list(claims.CLAIMS)
    at = numbers.index(claim.number)
    row = st.container(horizontal=True)
    row.button("← Previous", on_click=go, args=(numbers[at - 1],), disabled=at == 0)
    row.button("All claims", on_click=go, args=(None,))
    following = numbers[at + 1] if at + 1 < len(numbers) else None
    row.button("Next →", on_click=go, args=(following,), disabled=following is None)


def on_trial(claim: Claim, held: dict[int, str], revealed: bool) -> None:
    """The claim, the vote, and after it the evidence."""
    st.caption(f"Claim {claim.number} of {len(claims.CLAIMS)} · {claim.topic}")
    st.html("<style>.st-key-said p { font-size: 1.5rem; line-height: 1.35; }</style>")
    with st.container(key="said"):
        st.markdown(f"**“{words.maths(words.plain(claim.said))}”**")
    # emptied first: while the experiment runs, neither the buttons of the vote nor another claim's evidence stand there
    place = st.empty()
    mine = held.get(claim.number)
    if mine is None and not revealed:
        with place.container():
            st.write("What do you think? The experiment runs after your vote.")
            row = st.container(horizontal=True)
            for verdict, title in VERDICTS.items():
                row.button(title, key=f"vote-{verdict}", on_click=vote, args=(claim.number, verdict))
        return
    try:
        found, when = evidence(claim)
    except ValueError as e:
        st.error(words.plain(str(e)))
        return
    with place.container():
        told(claim, found, when, mine)


def told(claim: Claim, found: Evidence, when: datetime, mine: str | None) -> None:
    """What was found: the verdict and the picture; and, but for an embedded page, why, what to write, and when it was tried."""
    said = "" if mine is None else f"You said: {VERDICTS[mine].lower()}. "
    agreed = "" if mine is None else "Right. " if mine == found.verdict else "Not so. "
    verdict = f"{said}{agreed}The experiment says: {VERDICTS[found.verdict].lower()}"
    if embedded:
        st.markdown(f"**{verdict}**")
    else:
        st.header(verdict, anchor=False)
        if found.verdict != claim.expected:
            st.warning(
                words.plain(
                    f"With the versions installed here it came out otherwise than on record ({claim.expected}): read "
                    "what follows with care."
                )
            )
        st.markdown(f"**The experiment.** {words.plain(claim.test)}")
    chart.show(claimfigures.draw(found.picture), "claim", found.sentence)
    if embedded:
        return
    st.markdown(f"**Why.** {words.maths(claim.why)}")
    st.markdown("**Write this instead**" if found.verdict != "true" else "**In code**")
    st.code(claim.code, language="python", wrap_lines=True)
    versions = ", ".join(f"{name} {text}" for name, text in found.versions.items()) or "arithmetic alone, no framework"
    tried = f"{when:%d %B %Y, %H:%M:%S} UTC"
    st.caption(words.plain(f"Tried on {tried}, with {versions}. Said in: {THREADS[claim.thread]}."))
    row = st.container(horizontal=True)
    row.button("Try it again", on_click=again, args=(claim.number,))
    if mine is not None:
        row.button("Vote again", on_click=unvote, args=(claim.number,))
    with st.expander("The Python that gives these numbers"):
        st.code(
            f"from lossviz import claims\n\nfound = claims.experiment({claim.number})\nprint(found.verdict, found.sentence)",
            language="python",
        )


def page() -> None:
    """The list, or one claim."""
    claim = None
    asked = st.query_params.get("claim")
    if asked is not None:
        try:
            claim = claims.find(asked)
        except ValueError as e:
            st.warning(words.plain(f"{str(e)[0].upper()}{str(e)[1:]}. Here is the list of them."))
    if not embedded and not (claim and presenter.present()):  # before a class a claim has the whole screen
        st.title("Claims on trial")
        st.write(
            "For ten years people have told each other in public threads how to weight classes. Here are 25 things they "
            "said, in our own words. Vote first; then an experiment runs, now, against the versions installed here, and "
            "decides."
        )
    held = votes()
    revealed = bool(st.session_state.get("revealed", st.query_params.get("revealed") == "true"))
    if claim is None:
        listing(held)
    else:
        on_trial(claim, held, revealed)
        buttons(claim)
        if not embedded:
            st.caption(tally(held) + ".")
    if not embedded:
        controls.toggle("Show the evidence without a vote (for teachers)", "revealed")
    controls.unread()


page()
