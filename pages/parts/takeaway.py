"""A run to take home: files and code, made when they are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from lossviz import takeaway
from lossviz.engine import Job
from parts import player


def show(job: Job, records: list[dict[str, Any]], source: takeaway.Source, options: Mapping[str, Any]) -> None:
    """Downloads of a finished run, and the call that reproduces it.

    Args:
        job: The run.
        records: What `lossviz.judgement.judged` said of it.
        source: Where its data are from.
        options: Of `lossviz.fit`.
    """
    run = job.run()
    names: Sequence[str] = list(dict.fromkeys(run.strategies))
    code = takeaway.call(source, names, options)
    with st.expander("Take it away"):
        st.caption("PNG, SVG and the link are beside the player.")
        row = st.container(horizontal=True)
        row.download_button(
            "Interactive page (HTML)", lambda: player.standalone(job, code), "race.html", "text/html", on_click="ignore"
        )
        row.download_button(
            "Metrics (CSV)", lambda: takeaway.csv(run, records), "metrics.csv", "text/csv", on_click="ignore"
        )
        row.download_button(
            "The run (JSON)", lambda: takeaway.as_json(run, code), "run.json", "application/json", on_click="ignore"
        )
        st.write("This Python reproduces it to the last bit, on the same kind of machine:")
        st.code(code, language="python")
