"""Labels counted where they are: any data frame, through its own engine -> how often each label occurs.

The engine groups and counts; only distinct cells come back. What a cell means (missing, a number, several labels) is
decided here, on those few cells and in the same way for every engine: engines that guess merge 1, 1.0 and 01 silently.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossviz.weights import class_weights

if TYPE_CHECKING:
    import narwhals as nw

KINDS = {
    "single": "One label a row",
    "multi": "Several labels a row",
    "pixels": "Pixels of each class",
}
"""What a count counts -> what people call it."""

MAX_LABELS = 100_000
MAX_CELLS = 1_000_000
"""Different cells of several labels: a few hundred labels make that many combinations."""
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
ON, OFF = ("1", "1.0", "true"), ("0", "0.0", "false")
PLAIN = "lossviz_"
EXACT = 2**53
"""Up to here every whole number is a float of its own."""


@dataclass(frozen=True, eq=False)
class LabelCounts:
    """How often each label occurs: what weights, advice and code are made from.

    Attributes:
        labels: The labels as text, each once; in order of their numbers where all are numbers, else alphabetically: the
            order of `sklearn.preprocessing.LabelEncoder`, so that a label's place is its class index. Labels that are
            0/1 columns keep the order of the columns, for the same reason.
        counts: Rows that carry each label (of "pixels": pixels), int64, [K].
        rows: Rows looked at, with a label or without (of "pixels": all pixels).
        missing: Rows without any label. For "single" `counts.sum() + missing == rows`, always. Of 0/1 columns: rows
            with an empty cell, which are left out of `counts`; a row of 0 only is not missing.
        kind: A key of `KINDS`.
        present: For "pixels": the pixels of the images that contain each label, int64, [K]; else None.
        notes: What was seen and decided while reading; plain sentences.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    rows: int
    missing: int = 0
    kind: str = "single"
    present: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()


def count_labels(frame: Any, column: str | Sequence[str], *, separator: str | None = None) -> LabelCounts:
    """Count the labels of a data frame, in the engine that holds it.

    Args:
        frame: A pandas, Polars, DuckDB, PyArrow, Dask, PySpark or Ibis frame. A lazy one is not loaded: its engine (and
            its cluster) counts, and at most `MAX_LABELS` lines come back.
        column: The name of a column with one label a row (with `separator`: several), or a list of names of 0/1
            columns, each a label that a row has or has not.
        separator: What stands between several labels in one cell, such as "|"; spaces around it are dropped.

    Returns:
        The counts. Text is taken as it stands: "1", "1.0" and " 1" are three labels, "NA" and "none" are labels too
        (`lossviz.hygiene` offers to change them). Missing are null, NaN and the empty text.

    Raises:
        ValueError: No such column; more than 100,000 different labels; a cell of a 0/1 column that is neither; a column
            of lists or bytes; something that is no data frame.

    Example:
        >>> import pyarrow as pa
        >>> counts = count_labels(pa.table({"y": ["cat", "dog", "cat", None, ""]}), "y")
        >>> counts.labels, counts.counts, counts.rows, counts.missing
        (('cat', 'dog'), array([2, 1]), 5, 2)
        >>> count_labels(pa.table({"tags": ["b|a", "a", "a|a", None]}), "tags", separator="|").counts
        array([3, 1])
        >>> count_labels(pa.table({"wet": [1, 1, 0], "cold": [True, False, False]}), ["wet", "cold"]).counts
        array([2, 1])
    """
    if separator is not None and (not isinstance(separator, str) or not separator):
        raise ValueError(f"separator must be what stands between two labels, such as '|'; not {separator!r:.40}")
    table = _open(frame)
    names = table.collect_schema().names()
    if isinstance(column, str) or not isinstance(column, Iterable):
        _check_names([column], names)
        return _count_cells(_plain(table, [column]), column, separator)
    columns = list(column)
    _check_names(columns, names)
    if separator is not None:
        raise ValueError("a separator goes with one column; 0/1 columns have one label each")
    return _count_switches(_plain(table, columns), columns)


def _quote(value: Any) -> str:
    """Text of the user's in a message: on one line, what cannot be seen written out, at most 40 characters."""
    text = str(value)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _list(values: Iterable[Any], most: int = 10) -> str:
    """Several of them."""
    shown = [_quote(v) for v in values]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most:,} more" if len(shown) > most else "")


def _rows(n: int) -> str:
    return f"{n:,} row{'s'[: n != 1]}"


def ordered(labels: Iterable[str]) -> list[str]:
    """Labels in the order of their numbers where all are numbers, else alphabetically, by code point.

    Example:
        >>> ordered(["10", "9", "1.5"]), ordered(["10", "9", "b"])
        (['1.5', '9', '10'], ['10', '9', 'b'])
    """
    texts = sorted(labels)
    if all(map(number, texts)):
        return sorted(texts, key=Decimal)
    return texts


def number(label: str) -> bool:
    """Whether a label reads as a plain number; NaN, infinity, 1_000 and digits of other scripts do not."""
    return len(label) <= 100 and NUMBER.fullmatch(label) is not None


def _open(frame: Any) -> "nw.DataFrame[Any] | nw.LazyFrame[Any]":
    import narwhals as nw

    try:
        with warnings.catch_warnings():  # narwhals 2 brings Dask along; that it will move out is nothing to act on here
            warnings.filterwarnings("ignore", "Dask support is moving", FutureWarning)
            return nw.from_native(frame)
    except TypeError:
        raise ValueError(
            "frame must be a data frame of pandas, Polars, DuckDB, PyArrow, Dask, PySpark or Ibis; "
            f"not a {type(frame).__name__}"
        ) from None


def _check_names(columns: list[Any], names: list[Any]) -> None:
    if not columns:
        raise ValueError("column is an empty list: name at least one 0/1 column")
    for name in columns:
        if name not in names:
            raise ValueError(f"there is no column {_quote(name)}; there are {_list(names)}")
        if columns.count(name) > 1:
            raise ValueError(f"column {_quote(name)} is named twice: name each label once")


def _plain(
    table: "nw.DataFrame[Any] | nw.LazyFrame[Any]", columns: list[Any]
) -> "nw.DataFrame[Any] | nw.LazyFrame[Any]":
    """These columns only, under names that no engine reads anything into: "*", "^y$", "a.b" and 0 are names too."""
    names = {name: f"{PLAIN}{i}" for i, name in enumerate(columns)}
    return table.rename(names).select(*names.values())


def _collect(table: "nw.DataFrame[Any] | nw.LazyFrame[Any]") -> "nw.DataFrame[Any]":
    """Run what was described; Polars piece by piece, so that memory does not grow with the file."""
    import narwhals as nw

    if not isinstance(table, nw.LazyFrame):
        return table
    return table.collect(engine="streaming") if table.implementation.is_polars() else table.collect()


def _is_object(table: "nw.DataFrame[Any] | nw.LazyFrame[Any]", name: str) -> bool:
    """Whether pandas holds a column as Python objects, of which 1, 1.0 and True would count as one."""
    if not (table.implementation.is_pandas_like() or table.implementation.is_dask()):
        return False
    return table.to_native()[name].dtype == object


def _as_text(name: str) -> "nw.Expr":
    """Text of every cell but the empty ones, which a plain cast may spell out as "None"."""
    import narwhals as nw

    return nw.when(~nw.col(name).is_null()).then(nw.col(name).cast(nw.String)).alias(name)


def _count_cells(table: "nw.DataFrame[Any] | nw.LazyFrame[Any]", column: Any, separator: str | None) -> LabelCounts:
    """Count the labels of one column."""
    import narwhals as nw

    name = f"{PLAIN}0"
    kind = table.collect_schema()[name]
    if kind.is_nested() or kind == nw.Binary:
        what = "bytes: decode them" if kind == nw.Binary else "several values a cell: join them with a separator"
        raise ValueError(f"column {_quote(column)} holds {what} first")
    # numbers, dates and truth values are grouped as they are, and spelled out here: engines spell them differently
    as_text = kind in (nw.Categorical, nw.Enum) and not table.implementation.is_pandas_like()
    cells = table.select(_as_text(name) if as_text or _is_object(table, name) else nw.col(name))
    most, what = (MAX_LABELS, "label") if separator is None else (MAX_CELLS, "combination of labels")
    # below, 3: null and "" are no labels, and one label more is too many
    if table.implementation.is_polars():  # in an id column the first rows tell, before memory fills with the others
        first = _collect(cells.head(most + 3).select(nw.col(name).n_unique()))
        if first.item() == most + 3:
            raise _too_many(column, most, what)
    found = _collect(cells.group_by(name).agg(nw.len().alias("rows")).head(most + 3))
    nulls, sizes = found.get_column(name).is_null().to_list(), [int(n) for n in found.get_column("rows").to_list()]
    lines = list(zip(found.get_column(name).to_list(), nulls, sizes, strict=True))
    full = [(value, n) for value, null, n in lines if not null and value == value]
    missing = sum(sizes) - sum(n for _, n in full)
    texts, notes = _spell([value for value, _ in full], kind == nw.Float32, column)
    tally: Counter[str] = Counter()
    for text, (_, n) in zip(texts, full, strict=True):
        tally[text] += n
    if missing:
        notes.append(f"{_rows(missing)} without a value in column {_quote(column)}: counted as missing.")
    if blank := tally.pop("", 0):
        missing += blank
        notes.append(f"{_rows(blank)} with nothing in column {_quote(column)}: counted as missing.")
    if len(tally) > most:
        raise _too_many(column, most, what)
    rows = sum(sizes)
    if separator is None:
        return _sorted(tally, rows, missing, "single", notes)
    tally, unlabelled = _split(tally, separator, notes)
    if len(tally) > MAX_LABELS:
        raise _too_many(column, MAX_LABELS, "label")
    return _sorted(tally, rows, missing + unlabelled, "multi", notes)


def _too_many(column: Any, most: int, what: str) -> ValueError:
    return ValueError(
        f"column {_quote(column)} holds more than {most:,} different values: it looks like an id column or a "
        f"measurement, not a {what}; name another column"
    )


def _spell(values: list[Any], single: bool, column: Any) -> tuple[list[str], list[str]]:
    """Cells as text; whole numbers among floats as integers where all are whole, for that is what they once were."""
    if not values or not all(isinstance(v, float | Decimal) for v in values):
        return [str(v) for v in values], []
    if all(abs(v) <= EXACT and v == int(v) for v in values):
        note = f"Column {_quote(column)} holds decimals that are all whole: written without the .0"
        return [str(int(v)) for v in values], [
            f"{note} (pandas turns whole numbers into decimals where one is missing)."
        ]
    # a float32 in its own digits: 0.1, not 0.10000000149011612; adding 0 makes -0.0 a 0.0
    return [str((np.float32(v) if single else v) + 0) if isinstance(v, float) else str(v) for v in values], []


def _split(cells: Counter[str], separator: str, notes: list[str]) -> tuple[Counter[str], int]:
    """Rows that carry each label, and rows whose cell has none."""
    tally: Counter[str] = Counter()
    unlabelled = trimmed = repeated = 0
    for cell, n in cells.items():
        parts = cell.split(separator)
        labels = [p for p in map(str.strip, parts) if p]
        trimmed += n * any(p != p.strip() for p in parts)
        once = dict.fromkeys(labels)
        repeated += n * (len(once) < len(labels))
        unlabelled += n * (not once)
        for label in once:
            tally[label] += n
    if trimmed:
        notes.append(f"{_rows(trimmed)} with spaces around labels or separators: dropped.")
    if repeated:
        notes.append(f"{_rows(repeated)} with a label twice in a cell: counted once.")
    if unlabelled:
        notes.append(f"{_rows(unlabelled)} with separators or spaces only: counted as missing.")
    return tally, unlabelled


def _sorted(tally: Counter[str], rows: int, missing: int, kind: str, notes: list[str]) -> LabelCounts:
    labels = ordered(tally)
    counts = np.array([tally[label] for label in labels], np.int64)
    return LabelCounts(tuple(labels), counts, rows, missing, kind, None, tuple(notes))


def _count_switches(table: "nw.DataFrame[Any] | nw.LazyFrame[Any]", columns: list[Any]) -> LabelCounts:
    """Count the 1s of 0/1 columns in one pass, over the rows that have all their cells."""
    import narwhals as nw

    switches = [_switch(name, kind, _is_object(table, name)) for name, kind in table.collect_schema().items()]
    whole = ~nw.any_horizontal(*(empty for _, _, empty in switches), ignore_nulls=False)

    def total(expression: "nw.Expr") -> "nw.Expr":
        return expression.cast(nw.Int64).sum()

    sums = {"rows": nw.len(), "missing": total(~whole)}
    for i, (on, off, empty) in enumerate(switches):
        sums |= {f"on{i}": total(on & whole), f"bad{i}": total(~(on | off | empty)), f"empty{i}": total(empty)}
    line = _collect(table.select(**sums)).rows(named=True)[0]
    found = {name: int(n or 0) for name, n in line.items()}  # sums of DuckDB are Decimal, of no rows None
    for i, (name, (on, off, empty)) in enumerate(zip(columns, switches, strict=True)):
        if found[f"bad{i}"]:
            odd = _collect(table.filter(~(on | off | empty)).select(f"{PLAIN}{i}").head(1)).rows()[0][0]
            hint = ": name it alone, not in a list, if it holds labels" if len(columns) == 1 else ""
            raise ValueError(f"column {_quote(name)} must hold 0 and 1 only; not {_quote(odd)}{hint}")
    notes = []
    if found["missing"]:
        gaps = [name for i, name in enumerate(columns) if found[f"empty{i}"]]
        notes.append(f"{_rows(found['missing'])} with an empty cell (columns {_list(gaps, 3)}): left out, as missing.")
    counts = np.array([found[f"on{i}"] for i in range(len(columns))], np.int64)
    return LabelCounts(tuple(map(str, columns)), counts, found["rows"], found["missing"], "multi", None, tuple(notes))


def _switch(name: str, kind: Any, is_object: bool) -> "tuple[nw.Expr, nw.Expr, nw.Expr]":
    """Where a 0/1 column is on, off and empty; never null."""
    import narwhals as nw

    cell = nw.col(name)
    empty = cell.is_null()
    if kind == nw.Boolean and not is_object:
        on, off = cell, ~cell
    elif kind.is_numeric() and not is_object:
        on, off = cell == 1, cell == 0
        if kind.is_float():
            empty = empty | cell.is_nan()
    else:
        text = _as_text(name).str.strip_chars().str.to_lowercase()
        on, off, empty = text.is_in(ON), text.is_in(OFF), empty | (text == "")
    return on.fill_null(False), off.fill_null(False), empty.fill_null(False)


def label_weights(
    labels: Any, scheme: str = "balanced", normalise: str | None = None, **knobs: Any
) -> dict[Any, float]:
    """Class weights from the labels themselves, one an example.

    Args:
        labels: Integers, text or truth values, [N]: an array, a list, or a pandas, Polars or PyArrow column.
        scheme: A name in `lossviz.SCHEMES`.
        normalise: As for `lossviz.class_weights`.
        **knobs: The scheme's own parameters.

    Returns:
        Label -> weight for every label that occurs, in the order of the numbers or alphabetically; ready for Keras'
        and scikit-learn's `class_weight`. For "balanced" the same as `sklearn.utils.compute_class_weight`.

    Raises:
        ValueError: Missing labels; decimals; text mixed with numbers; no labels at all; an unknown scheme or knob.

    Example:
        >>> label_weights([-1, 0, 0, -2, -2, -2])
        {-2: 0.6666666666666666, -1: 2.0, 0: 1.0}
        >>> label_weights(["no", "no", "no", "yes"], normalise="sum")
        {'no': 0.25, 'yes': 0.75}
    """
    values, counts = _tally(labels)
    if not values:
        raise ValueError("labels are empty: give one label an example")
    return dict(zip(values, class_weights(counts, scheme, normalise, **knobs).tolist(), strict=True))


def _tally(labels: Any) -> tuple[list[Any], NDArray[np.int64]]:
    """Labels in order, and how often each occurs."""
    import narwhals as nw

    if isinstance(labels, str | bytes | dict) or not hasattr(labels, "__len__"):
        raise ValueError(
            f"labels must be one label an example, such as a list or an array; not a {type(labels).__name__}"
        )
    series = nw.from_native(labels, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return _tally_series(series)
    if isinstance(labels, list | tuple):
        return _tally_objects(labels)
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"labels must be one label an example (1-D); not an array of shape {array.shape}")
    if array.dtype.kind in "biuf":
        return _tally_numbers(array)
    if array.dtype.kind == "U":  # NumPy would sort them
        import polars as pl

        return _tally_series(nw.from_native(pl.Series(array, dtype=pl.String), series_only=True))
    return _tally_objects(array.tolist())


def _tally_series(series: "nw.Series[Any]") -> tuple[list[Any], NDArray[np.int64]]:
    """A column of a data frame, counted in its engine."""
    import narwhals as nw

    if series.implementation.is_pandas_like() and series.to_native().dtype == object:
        return _tally_objects(series.to_list())
    kind = series.dtype
    empty = series.is_null() | series.is_nan() if kind.is_float() else series.is_null()
    _check_missing(int(empty.sum()), len(series))
    if kind.is_integer() or kind.is_float() or kind == nw.Boolean:
        return _tally_numbers(series.to_numpy())
    if kind.is_nested():
        raise ValueError("labels must be one label an example; not a column of lists")
    found = series.value_counts(name="rows")
    tally = zip(found[:, 0].to_list(), found["rows"].to_list(), strict=True)
    return _in_order({value: n for value, n in tally if n})  # pandas lists the categories that never occur


def _in_order(tally: Mapping[Any, int]) -> tuple[list[Any], NDArray[np.int64]]:
    values = ordered(tally) if all(isinstance(v, str) for v in tally) else sorted(tally)
    return values, np.array([tally[v] for v in values], np.int64)


def _check_missing(missing: int, n: int) -> None:
    if missing:
        raise ValueError(
            f"{missing:,} of {n:,} labels are missing (NaN or None): leave those examples out, or give them a label"
        )


def _tally_numbers(array: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Numbers by `np.bincount`, which is a hundred times faster than sorting, where they are not too far apart."""
    if not len(array):
        return [], np.zeros(0, np.int64)
    if array.dtype.kind == "b":
        on = int(np.count_nonzero(array))
        return _in_order({value: n for value, n in ((False, len(array) - on), (True, on)) if n})
    if array.dtype.kind == "f":
        _check_missing(int(np.isnan(array).sum()), len(array))
        fit = (np.abs(array) <= EXACT) & (array == np.floor(array))
        if not fit.all():
            raise ValueError(
                f"labels must be whole numbers, text or truth values; not {array[~fit][0]:g} "
                "(for weights from counts there is class_weights)"
            )
        array = array.astype(np.int64)
    most, high = max(len(array), 1 << 16), int(array.max())
    if array.dtype == np.uint64 and high <= np.iinfo(np.int64).max:
        array = array.astype(np.int64)
    low = 0
    try:
        counts = np.bincount(array) if high <= most else None
    except ValueError:  # it refuses negative numbers; looking for them first would cost a pass over all
        counts = None
    if counts is None:
        low = int(array.min())
        if high - low > most:
            values, counts = np.unique(array, return_counts=True)
            return values.tolist(), counts
        shifted = array - np.uint64(low) if array.dtype == np.uint64 else array.astype(np.int64) - low
        counts = np.bincount(shifted.astype(np.int64, copy=False))
    there = np.flatnonzero(counts)
    return [int(value) + low for value in there], counts[there]


def _tally_objects(labels: Sequence[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """A list, by the types in it: NumPy would turn the NaN of `["a", nan]` and the 1 of `["a", 1]` into text."""
    kinds = set(map(type, labels))
    families = {_family(kind) for kind in kinds}
    if families & {"missing", "decimal"}:
        _check_missing(sum(_family(type(v)) == "missing" or v != v for v in labels), len(labels))
    if len(families) > 1 or "other" in families:
        names = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"labels must be all whole numbers, all text or all truth values; not {names}")
    if families == {"decimal"}:
        return _tally_numbers(np.asarray(labels, np.float64))
    plain = {"whole": int, "truth": bool, "text": str}
    return _in_order({plain[family](value): n for family in families for value, n in Counter(labels).items()})


def _family(kind: type) -> str:
    """What a Python type is as a label."""
    if kind is type(None) or kind.__name__ in ("NAType", "NaTType"):  # of pandas
        return "missing"
    families: dict[str, tuple[type, ...]] = {
        "text": (str,),
        "truth": (bool, np.bool_),
        "whole": (Integral,),
        "decimal": (Real, Decimal),
    }
    return next((name for name, kinds in families.items() if issubclass(kind, kinds)), "other")
