"""A table of numbers, each column written in its own way by the browser, so that it sorts by number."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st


def show(frame: pd.DataFrame, formats: Mapping[str, str], undefined: str = "–") -> None:
    """Draw a table whose first column is text, such as a user's labels, and stays in sight.

    pandas' styles would say the same, at ten times the price: a page has five tables, and a class of fifty looks at once.

    Args:
        frame: The first column and the numbers.
        formats: How a column's numbers are written, as `st.column_config.NumberColumn` takes it.
        undefined: What stands for no number.
    """
    first, *_ = frame.columns
    columns = {column: st.column_config.NumberColumn(format=how) for column, how in formats.items()}
    st.dataframe(
        frame.astype({first: str}),
        hide_index=True,
        column_config={first: st.column_config.TextColumn(pinned=True), **columns},
        placeholder=undefined,
    )
