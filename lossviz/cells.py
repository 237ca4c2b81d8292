"""Cells of a table: what is a number, what is missing, and what is wrong with the rest.

Every cell of a text file is read as text, and decided about here, visibly: engines that guess merge labels such as 1, 1.0
and 01 without a word.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz.dataset import Array

if TYPE_CHECKING:
    import pandas as pd

LARGEST = 1e30  # beyond it squares and float32 overflow
MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "<na>", "?")
NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity)$"
THOUSANDS_POINT = r"^[+-]?\d{1,3}(\.\d{3})+$"
THOUSANDS_COMMA = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
MONEY = r"^[+-]?([$€£¥]\s?[+-]?\d[\d.,]*|\d[\d.,]*\s?[$€£¥])$"
DECIMAL_COMMA = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+(e[+-]?\d+)?$"
# What can be wrong with a cell that should be a number
ABSENT, TEXT, INFINITE = 1, 2, 3


def as_text(column: "pd.Series") -> tuple[Any, int]:
    """Cells as trimmed text, missing ones as ""; and how many had spaces around them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pa.array(column, from_pandas=True)
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    cells = pc.fill_null(cells.cast(pa.string()), "")
    trimmed = pc.utf8_trim_whitespace(cells)
    return trimmed, pc.sum(pc.not_equal(cells, trimmed)).as_py() or 0


def is_missing(text: str) -> bool:
    """Whether a cell says that nothing is known."""
    return text.lower() in MISSING


def count_distinct(column: "pd.Series") -> int:
    """Number of different values, missing ones apart."""
    import pyarrow.compute as pc

    return sum(not is_missing(value) for value in pc.unique(as_text(column)[0]).to_pylist())


def as_numbers(column: "pd.Series") -> tuple[Array, NDArray[np.uint8]]:
    """Cells as numbers [N], and what is wrong with each: 0, ABSENT, TEXT or INFINITE [N]."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.dtype.kind in "iufb":
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        fault = np.where(np.isnan(values), ABSENT, 0).astype(np.uint8)
    else:
        cells = as_text(column)[0]
        numeric = pc.match_substring_regex(cells, NUMBER, ignore_case=True)
        values = pc.if_else(numeric, cells, None).cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
        fault = np.where(numeric.to_numpy(zero_copy_only=False), 0, TEXT).astype(np.uint8)
        if fault.any():
            absent = pc.is_in(pc.utf8_lower(cells), value_set=pa.array(MISSING)).to_numpy(zero_copy_only=False)
            fault[absent] = ABSENT
    fault[np.abs(values) > LARGEST] = INFINITE
    return values, fault
