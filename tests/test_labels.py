"""Counts, fixes and weights of labels: hand-worked, against independent implementations, and what is refused."""

import time
from collections import Counter
from datetime import date
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.class_weight import compute_class_weight

from lossviz import SCHEMES, class_weights
from lossviz.cells import MISSING
from lossviz.labels import LabelCounts, count_labels, label_weights, ordered
from lossviz.spellings import KINDS, NOT_AVAILABLE, Fix, apply_fixes, hygiene, renaming

ANY_TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from("ab1|")


def counted(values, **options):
    """Counts of a column of Polars."""
    return count_labels(pl.DataFrame({"y": values}, strict=False), "y", **options)


def pairs(counts):
    return dict(zip(counts.labels, counts.counts.tolist(), strict=True))


def of(**tally):
    return made(tally)


def made(tally, missing=0, **more):
    labels = ordered(tally)
    counts = np.array([tally[x] for x in labels], np.int64)
    return LabelCounts(tuple(labels), counts, int(counts.sum()) + missing, missing, **more)


class TestCells:
    def test_every_spelling_is_a_label_of_its_own(self):
        said = ["1", "1.0", "01", " 1", "1 ", "NA", "n/a", "nan", "None", "null", "?", "a", "A", "é", "e\u0301"]
        counts = counted([*said, *said, "1"])
        assert pairs(counts) == {x: 2 + (x == "1") for x in said}
        assert (counts.rows, counts.missing, counts.notes, counts.kind) == (31, 0, (), "single")

    def test_missing(self):
        counts = counted(["", "a", None, ""])
        assert (pairs(counts), counts.rows, counts.missing) == ({"a": 1}, 4, 3)
        assert counts.notes == (
            "1 row without a value in column 'y': counted as missing.",
            "2 rows with nothing in column 'y': counted as missing.",
        )
        counts = counted([float("nan"), None, 2.0])
        assert (pairs(counts), counts.rows, counts.missing) == ({"2": 1}, 3, 2)
        for frame in (
            pl.DataFrame({"y": [None, None]}),
            pa.table({"y": ["", None]}),
            pd.DataFrame({"y": [np.nan, None]}),
        ):
            counts = count_labels(frame, "y")
            assert (counts.labels, counts.counts.tolist(), counts.rows, counts.missing) == ((), [], 2, 2)
        assert counted([]).rows == 0

    @given(st.lists(ANY_TEXT, max_size=40))
    @settings(max_examples=60, deadline=None)
    def test_rows_are_labels_and_missing(self, values):
        counts = count_labels(pa.table({"y": pa.array(values, pa.string())}), "y")
        assert pairs(counts) == Counter(v for v in values if v)
        assert counts.counts.sum() + counts.missing == counts.rows == len(values)
        assert sorted(counts.labels) == sorted(set(counts.labels))

    @given(st.lists(ANY_TEXT, max_size=40))
    @settings(max_examples=60, deadline=None)
    def test_cells_of_several(self, values):
        counts = count_labels(pa.table({"y": pa.array(values, pa.string())}), "y", separator="|")
        sets = [{p.strip() for p in (v or "").split("|")} - {""} for v in values]
        assert pairs(counts) == Counter(x for labels in sets for x in labels)
        assert (counts.rows, counts.missing, counts.kind) == (len(values), sets.count(set()), "multi")

    @pytest.mark.parametrize(
        ("values", "labels", "notes"),
        [
            ([10, 9, -1], ("-1", "9", "10"), 0),
            (["10", "9", "1e1", "+9", ".5"], (".5", "+9", "9", "10", "1e1"), 0),
            (["10", "9", "1_0"], ("10", "1_0", "9"), 0),
            (["10", "9", "inf"], ("10", "9", "inf"), 0),
            (["b", "B", "é", "a", "犬"], ("B", "a", "b", "é", "犬"), 0),
            ([1.0, 2.0, None, -0.0], ("0", "1", "2"), 2),
            ([1.0, 2.5, -0.0], ("0.0", "1.0", "2.5"), 0),
            ([1e300, 1.0], ("1.0", "1e+300"), 0),
            ([float("inf"), 1.0], ("1.0", "inf"), 0),
            ([2**53 + 1, 2**53], ("9007199254740992", "9007199254740993"), 0),
            ([True, False, None], ("False", "True"), 1),
            ([date(2020, 2, 1), date(2019, 12, 1)], ("2019-12-01", "2020-02-01"), 0),
            ([Decimal("1.00"), Decimal("20.00")], ("1", "20"), 1),
            ([Decimal("1.50"), Decimal("2.00")], ("1.50", "2.00"), 0),
        ],
        ids=str,
    )
    def test_how_labels_are_written_and_ordered(self, values, labels, notes):
        counts = counted(values)
        assert counts.labels == labels
        assert len(counts.notes) == notes

    def test_the_order_of_labelencoder(self):
        for values in ([3, 20, 100], ["b", "B", "é", "a b"]):
            assert counted(values).labels == tuple(map(str, LabelEncoder().fit(values).classes_))

    def test_float32_has_its_own_digits(self):
        counts = count_labels(pl.DataFrame({"y": np.array([0.1, 0.1, 2], np.float32)}), "y")
        assert pairs(counts) == {"0.1": 2, "2.0": 1}

    def test_pandas_does_not_merge_objects(self):
        frame = pd.DataFrame({"y": pd.Series([1, True, 1.0, "1", None, pd.NA, np.nan], dtype=object)})
        counts = count_labels(frame, "y")
        assert pairs(counts) == {"1": 2, "True": 1, "1.0": 1}
        assert counts.missing == 3
        frame = pd.DataFrame({"y": pd.Series(["a"] * 200 + [1, True], dtype=object)})  # text, by its first cells
        assert pairs(count_labels(frame, "y")) == {"a": 200, "1": 1, "True": 1}

    def test_categories_that_never_occur_are_no_labels(self):
        kept = pd.Categorical(["a", None, "a"], categories=["b", "a"])
        assert pairs(count_labels(pd.DataFrame({"y": kept}), "y")) == {"a": 2}
        assert pairs(count_labels(pl.DataFrame({"y": ["a", None, "a"]}, {"y": pl.Enum(["b", "a"])}), "y")) == {"a": 2}
        pieces = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", None]).dictionary_encode()]
        assert pairs(count_labels(pa.table({"y": pa.chunked_array(pieces)}), "y")) == {"a": 1, "b": 2}

    def test_names(self):
        assert pairs(count_labels(pd.DataFrame({0: ["a"], 1: ["b"]}), 1)) == {"b": 1}
        for name in ("rows", "len", "a.b", 'say "y"', "*", "^o.*$", "`a`", "select", "", "a\nb", "lossviz_1"):
            table = pa.table({name: ["1"], "other": ["0"]})
            for frame in (
                table,
                pl.LazyFrame({name: ["1"], "other": ["0"]}),
                duckdb.from_arrow(table) if name else table,
                table.to_pandas(),
            ):
                assert pairs(count_labels(frame, name)) == {"1": 1}
                assert pairs(count_labels(frame, ["other", name])) == {"other": 0, name: 1}

    def test_too_many(self):
        few, many = (pl.DataFrame({"y": np.arange(n)}) for n in (100_000, 100_001))
        assert len(count_labels(few, "y").labels) == 100_000
        says = "^column 'y' holds more than 100,000 different values: it looks like an id column"
        for frame in (many.lazy(), many.to_arrow()):
            with pytest.raises(ValueError, match=says):
                count_labels(frame, "y")
        # a missing cell or a blank is no value, and does not push one out
        with pytest.raises(ValueError, match=says):
            count_labels(pa.table({"y": [None, "", *map(str, range(100_001))]}), "y")
        with pytest.raises(ValueError, match=says):  # the first rows do not tell
            count_labels(pl.DataFrame({"y": [*["", None] * 50_001, *map(str, range(100_001))]}), "y")
        more = pl.concat([few.cast(pl.String), pl.DataFrame({"y": ["", None]})])
        assert len(count_labels(more, "y").labels) == 100_000
        # combinations of few labels are many, and no ids
        cells = pl.DataFrame({"y": [f"{i // 400}|{i % 400}" for i in range(100_500)]})
        assert len(count_labels(cells, "y", separator="|").labels) == 400
        with pytest.raises(ValueError, match=says):
            count_labels(many.cast(pl.String), "y", separator="|")

    def test_notes_on_cells_of_several(self):
        counts = counted(["a | b", "a|a", " | ", "b", "", None], separator="|")
        assert (pairs(counts), counts.missing) == ({"a": 2, "b": 2}, 3)
        assert counts.notes == (
            "1 row without a value in column 'y': counted as missing.",
            "1 row with nothing in column 'y': counted as missing.",
            "2 rows with spaces around labels or separators: dropped.",
            "1 row with a label twice in a cell: counted once.",
            "1 row with separators or spaces only: counted as missing.",
        )
        assert pairs(counted(["a.*b", "a"], separator=".*")) == {"a": 2, "b": 1}

    @pytest.mark.parametrize(
        ("frame", "column", "separator", "says"),
        [
            ([1, 2], "y", None, "frame must be a data frame of pandas, .*; not a list"),
            ({"y": [1]}, "y", None, "not a dict"),
            (pd.Series([1]), "y", None, "not a Series"),
            (np.zeros(3), "y", None, "not a ndarray"),
            (pa.table({"y": [1]}), "Y", None, "^there is no column 'Y'; there are 'y'$"),
            (pa.table({"y": [1]}), "x\n" * 50, None, r"^there is no column '(x\\n){18}x\.\.\.'; there are 'y'$"),
            (pa.table({"y": [1]}), None, None, "no column 'None'"),
            (pa.table({"y": [1]}), [], None, "empty list"),
            (pa.table({"y": [1]}), ["y", "y"], None, "column 'y' is named twice"),
            (pa.table({"y": [1]}), ["y"], "|", "a separator goes with one column"),
            (pa.table({"y": ["a"]}), "y", "", "separator must be what stands between two labels, such as '|'; not ''"),
            (pa.table({"y": ["a"]}), "y", 1, "separator must be"),
            (pa.table({"y": [["a", "b"]]}), "y", None, "column 'y' holds several values a cell: join them"),
            (pa.table({"y": [b"a"]}), "y", None, "column 'y' holds bytes: decode them first"),
        ],
        ids=str,
    )
    def test_refuses(self, frame, column, separator, says):
        with pytest.raises(ValueError, match=says.replace("'|'", r"'\|'")):
            count_labels(frame, column, separator=separator)


class TestSwitches:
    def test_a_row_of_zeros_is_not_missing_and_a_gap_is(self):
        frame = pl.DataFrame({"b": [1, 0, 0, 1], "a": [True, False, None, True], "c": ["0", "1.0", "1", "FALSE"]})
        counts = count_labels(frame, ["b", "a", "c"])
        assert (counts.labels, counts.counts.tolist()) == (("b", "a", "c"), [2, 2, 1])  # the order of the columns
        assert (counts.rows, counts.missing, counts.kind) == (4, 1, "multi")
        assert counts.notes == ("1 row with an empty cell (columns 'a'): left out, as missing.",)
        assert count_labels(frame[:0], ["a"]).counts.tolist() == [0]

    @pytest.mark.parametrize("odd", [2, -1, 0.5, float("inf"), "yes", "NA", "10", "0 1"], ids=str)
    def test_refuses(self, odd):
        zero = "0" if isinstance(odd, str) else type(odd)(0)
        for frame in (pl.DataFrame({"a": [1, 0], "b": [zero, odd]}), pd.DataFrame({"a": [1, 0], "b": [zero, odd]})):
            with pytest.raises(ValueError, match=f"^column 'b' must hold 0 and 1 only; not '{odd}'$"):
                count_labels(frame, ["a", "b"])

    def test_a_list_of_one(self):
        frame = pl.DataFrame({"y": ["cat", "dog"]})
        with pytest.raises(ValueError, match=r"not 'cat': name it alone, not in a list, if it holds labels$"):
            count_labels(frame, ["y"])


def offered(tally, kind=None):
    fixes = hygiene(tally if isinstance(tally, LabelCounts) else made(tally))
    return {fix.labels: fix.to for fix in fixes if kind in (None, fix.kind)}


class TestHygiene:
    def test_nothing_to_say(self):
        assert hygiene(of(cat=5, dog=3)) == ()
        assert hygiene(made({})) == ()

    def test_missing(self):
        assert set(MISSING) <= NOT_AVAILABLE
        for spelling in (
            "NA",
            "n/a",
            "#N/A",
            "nan",
            "NaN",
            "None",
            "NULL",
            "null",
            "?",
            " ",
            "\u200b",
            " na\u00a0",
            "<NA>",
        ):
            assert offered({spelling: 2, "cat": 3}) == {(spelling,): None}, spelling
        # each spelling is a question of its own: "none" may be a class
        assert offered({"NA": 2, "na": 1, "none": 9, "cat": 3}) == {("NA", "na"): None, ("none",): None}
        for word in ("nano", "nonesuch", "0", "no", "unknown"):
            assert offered({word: 2, "cat": 3}) == {}

    def test_spaces(self):
        for spelling in (
            " sea lion",
            "sea lion\t",
            "sea  lion",
            "sea\u00a0lion",
            "\ufeffsea lion",
            "sea\u200b lion",
            "sea\nlion",
        ):
            assert offered({spelling: 2, "sea lion": 3}) == {(spelling,): "sea lion"}, spelling
            assert offered({spelling: 2}) == {(spelling,): "sea lion"}
        assert offered({"👨\u200d👩\u200d👧": 3, "می\u200cخواهم": 3}) == {}  # joiners make them what they are

    def test_unicode(self):
        assert offered({"é": 2, "e\u0301": 3}) == {("é",): "e\u0301"}
        assert offered({"ＡＢ": 2, "AB": 3, "ﬁn": 1, "fin": 1}) == {("ＡＢ",): "AB", ("fin",): "ﬁn"}
        fix = hygiene(made({"é": 2, "e\u0301": 3}))[0]
        assert fix.kind == "unicode"
        assert r"'\xe9'" in fix.sentence  # as text, both would look the same

    def test_case(self):
        assert offered({"Cat": 5, "cat": 7, "CAT": 1, "dog": 1}) == {("Cat", "CAT"): "cat"}
        assert offered({"Straße": 1, "STRASSE": 2}) == {("Straße",): "STRASSE"}

    def test_number(self):
        assert offered({"1": 5, "1.0": 7, "01": 1, "+1": 1, "10": 3}) == {("1", "+1", "01"): "1.0"}
        assert offered({"1e1": 1, "10": 2, "-0": 1, "0": 3}) == {("-0",): "0", ("1e1",): "10"}
        assert offered({"1" * 30: 1, "1" * 29 + "2": 2, "1.0.0": 1, "1.0": 1, "v1": 1}) == {}

    def test_similar(self):
        for slip in ("versicolr", "versicolour", "versikolor", "versiclor", "vesricolor", "ersicolor"):
            assert offered({slip: 1, "versicolor": 20}) == {(slip,): "versicolor"}, slip
        for other in ("versicolor", "virginica", "versi", "ver color", "versiroloc"):
            assert offered({other: 1, "versicolor": 100, "x" * 9: 3}) == {}
        assert offered({"versicolr": 1, "versicolor": 19}) == {}  # too frequent for a slip
        for pair in (
            ("class_1", "class_2"),
            ("type a", "type b"),
            ("stage II", "stage I"),
            ("cat", "cats"),
            ("2019a", "2018a"),
        ):
            assert offered({pair[0]: 1, pair[1]: 900}) == {}, pair
        assert offered({"sealion": 1, "sea lion": 900}) == {("sealion",): "sea lion"}
        # the most frequent neighbour
        assert offered({"adults": 1, "adult": 30, "adultx": 90}, "similar") == {("adults",): "adultx"}

    def test_follow_each_other(self):
        counts = made({" Cat": 3, "cat": 100, "CAT ": 2, "ca\u0301t": 1, " n/a": 4}, missing=2)
        fixes = hygiene(counts)
        assert [(f.kind, f.labels, f.to, f.rows) for f in fixes] == [
            ("missing", (" n/a",), None, 4),
            ("spaces", (" Cat",), "Cat", 3),
            ("spaces", ("CAT ",), "CAT", 2),
            ("case", ("Cat", "CAT"), "cat", 5),
        ]
        assert renaming(fixes) == {" n/a": None, " Cat": "cat", "CAT ": "cat", "Cat": "cat", "CAT": "cat"}
        fixed = apply_fixes(counts, fixes)
        assert (pairs(fixed), fixed.rows, fixed.missing) == ({"cat": 105, "ca\u0301t": 1}, 112, 6)
        some = apply_fixes(counts, [fixes[3], fixes[1]])  # in any order, and not all
        assert pairs(some) == {"cat": 103, "CAT ": 2, "ca\u0301t": 1, " n/a": 4}
        assert fixes[3].sentence == (
            "5 rows with 'Cat', 'CAT', which differs from 'cat' (100 rows) in capital letters only: one label?"
        )

    def test_sentences_are_short_and_on_one_line(self):
        counts = made({f"{i}\n<b>" + "x" * 10_000 + " " * i: 1 for i in range(30)} | {"=cmd()\u202e ": 1, " na ": 2})
        fixes = hygiene(counts)
        assert len(fixes) == 32
        for fix in fixes:
            assert len(fix.sentence) < 250
            assert fix.sentence.isprintable()

    def test_bounded(self):
        base = {f"{i:x}-versicolor": 1 for i in range(50_000)} | {"0-versicolr": 100}
        begun = time.process_time()
        assert offered(base, "similar") == {}
        words = {f"{chr(97 + i % 26)}{chr(97 + i // 26)}-" + "versicolor" * 5: 1 + i**2 for i in range(500)}
        hygiene(made(words))
        assert time.process_time() - begun < 5

    @given(
        st.dictionaries(
            st.text(" \u00a0\u200baAbBéＡ01.+\u0301e", max_size=5).filter(bool), st.integers(1, 9), max_size=12
        )
    )
    @settings(max_examples=150, deadline=None)
    def test_laws(self, tally):
        counts = made(tally, missing=3)
        fixes = hygiene(counts)
        changed = [label for fix in fixes for label in fix.labels]
        assert len(changed) == len(set(changed))
        assert [fix.kind for fix in fixes] == sorted((fix.kind for fix in fixes), key=list(KINDS).index)
        assert all(fix.rows > 0 and fix.to not in fix.labels for fix in fixes)
        for some in (fixes, fixes[::-1], fixes[::2]):
            fixed = apply_fixes(counts, some)
            assert fixed.counts.sum() + fixed.missing == fixed.rows == counts.rows
            assert fixed.labels == tuple(ordered(fixed.labels))
            new = renaming(some)
            assert not {*new.values()} & {*new}  # closed: no label is on its way
            by_hand = Counter(new.get(label, label) for label, n in tally.items() for _ in range(n))
            by_hand.pop(None, None)
            assert pairs(fixed) == by_hand
        assert hygiene(apply_fixes(counts, fixes)) == ()  # nothing is left to say

    def test_several_labels_a_row(self):
        counts = LabelCounts(("A", "NA", "a", "b"), np.array([6, 2, 7, 1]), 10, 1, "multi")
        fixed = apply_fixes(counts, hygiene(counts))
        assert (pairs(fixed), fixed.rows, fixed.missing) == ({"a": 9, "b": 1}, 10, 1)  # at most every row
        assert "counted twice" in fixed.notes[0]
        assert "not counted as missing" in fixed.notes[1]
        columns = LabelCounts(("wet", "Cold", "cold"), np.array([1, 2, 3]), 10, 0, "multi")
        assert apply_fixes(columns, hygiene(columns)).labels == ("wet", "cold")

    def test_pixels(self):
        counts = LabelCounts(("Sky", "sky", "void"), np.array([10, 30, 60]), 100, 0, "pixels", np.array([50, 70, 100]))
        fixed = apply_fixes(counts, [*hygiene(counts), Fix("missing", ("void",), None, 60, "")])
        assert (pairs(fixed), fixed.missing, fixed.present.tolist()) == ({"sky": 40}, 60, [100])
        assert "counted twice" in fixed.notes[0]
        assert hygiene(counts)[0].sentence.startswith("10 pixels with 'Sky'")

    def test_refuses_contradictions(self):
        a_b, b_a, a_c = (Fix("case", (x,), y, 1, "") for x, y in ("ab", "ba", "ac"))
        with pytest.raises(ValueError, match="two fixes for 'a': to 'b' and 'c'; take one"):
            renaming([a_b, a_c])
        with pytest.raises(ValueError, match="run in a circle at 'a'"):
            apply_fixes(of(a=1, b=1), [a_b, b_a])
        assert renaming([a_b, a_b]) == {"a": "b"}
        unchanged = of(c=1)
        assert apply_fixes(unchanged, [a_b]) is unchanged


RNG = np.random.default_rng(5)
SMALL = RNG.integers(0, 5, 1000)
ARRAYS = {
    "small": SMALL,
    "int8": (SMALL * 60 - 120).astype(np.int8),
    "uint8": (SMALL * 60).astype(np.uint8),
    "uint64": SMALL.astype(np.uint64) + np.uint64(2**63),
    "negative": SMALL - 3,
    "far": SMALL + 10**12,
    "far apart": SMALL * 10**12,
    "ends": np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max, 0, 0]),
    "low end": np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).min + 1, np.iinfo(np.int64).min]),
    "gaps": SMALL * 7,
    "floats": SMALL.astype(float),
    "float32": SMALL.astype(np.float32),
    "truth": SMALL > 3,
    "text": np.array(["no", "yes", "Maybe", "é", "犬"])[SMALL],
    "one": np.zeros(4, int),
    "strided": SMALL[::-3],
}


class TestWeights:
    @pytest.mark.parametrize("y", ARRAYS.values(), ids=list(ARRAYS))
    def test_as_scikit_learn(self, y):
        classes = np.unique(y)
        expected = dict(
            zip(classes.tolist(), compute_class_weight("balanced", classes=classes, y=y).tolist(), strict=True)
        )
        plain = int if y.dtype.kind in "iuf" else type(y[:1].tolist()[0])
        for labels in (
            y,
            y.tolist(),
            tuple(y),
            list(y),
            pd.Series(y),
            pl.Series(y),
            pa.chunked_array([y]),
            y.astype(object),
        ):
            w = label_weights(labels)
            assert w == pytest.approx(expected, rel=1e-12)
            assert list(w) == list(expected)
            assert {type(k) for k in w} == {plain}
            assert {type(v) for v in w.values()} == {float}
        assert label_weights(pd.Series(y).convert_dtypes()) == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_every_scheme(self, scheme):
        expected = class_weights(np.unique(SMALL, return_counts=True)[1], scheme, "mean")
        np.testing.assert_array_equal(list(label_weights(SMALL, scheme, "mean").values()), expected)
        assert label_weights(["n"] * 500 + ["p"] * 31, "pos_weight") == {"n": 1, "p": 500 / 31}
        assert label_weights([1, 1, 2], "power", gamma=1) == {1: 0.5, 2: 1}

    def test_categories(self):
        y = ["b", "a", "b"]
        for labels in (pd.Series(y, dtype="category"), pd.Categorical(y), pl.Series(y, dtype=pl.Categorical)):
            assert label_weights(labels) == {"a": 1.5, "b": 0.75}
        assert label_weights(pd.Series(["a"]).astype(pd.CategoricalDtype(["a", "never"]))) == {"a": 1}
        assert list(label_weights(["10", "9"])) == ["9", "10"]

    @pytest.mark.parametrize(
        "y",
        [
            [1, 2, None, 1], [1.0, 2.0, np.nan, 1.0], ["a", None, "b", "c"], ["a", np.nan, "b", "c"], ["a", pd.NA, "b", "b"],
            np.array([1, 2, np.nan, 1]), np.array(["a", None, "b", "c"], object), pd.Series(["a", None, "b", "c"]),
            pd.Series([1, None, 2, 3]), pd.Series([1, None, 2, 3], dtype="Int64"), pl.Series([1, None, 2, 3]),
            pl.Series(["a", None, "b", "c"]), pl.Series([1.0, np.nan, 2, 3]), pa.chunked_array([["a", None, "b", "c"]]),
            pd.Series(["a", None, "b", "c"], dtype="category"), pd.Series([True, None, False, True], dtype=object),
        ],
        ids=str,
    )  # fmt: skip
    def test_missing(self, y):
        with pytest.raises(ValueError, match=r"^1 of 4 labels are missing \(NaN or None\): leave those examples out"):
            label_weights(y)

    @pytest.mark.parametrize(
        ("y", "says"),
        [
            ([], "labels are empty"),
            (np.array([]), "labels are empty"),
            (np.array([0.5, 1]), "labels must be whole numbers, text or truth values; not 0.5 .*class_weights"),
            ([0.5, 1.0], "not 0.5"),
            (pd.Series([1.0, np.inf]), "not inf"),
            (np.array([1e300]), r"not 1e\+300"),
            ([1, "a"], "all whole numbers, all text or all truth values; not int and str"),
            ([1, True], "not bool and int"),
            ([1, 1.0], "not float and int"),
            ([b"a"], "not bytes"),
            (np.array([b"a"]), "not bytes"),
            ([[1], [2]], "not list"),
            (np.zeros((3, 2)), r"1-D.*\(3, 2\)"),
            (pd.DataFrame({"y": [1, 2]}), r"1-D.*\(2, 1\)"),
            (pl.Series([["a"], ["b"]]), "not a column of lists"),
            ("labels", "not a str"),
            ({"a": 3, "b": 1}, "not a dict"),
            (3, "not a int"),
            (None, "not a NoneType"),
            pytest.param(iter([1]), "not a list_iterator", id="iterator"),
        ],
        ids=str,
    )
    def test_refuses(self, y, says):
        with pytest.raises(ValueError, match=says):
            label_weights(y)

    def test_refuses_unknown_schemes(self):
        with pytest.raises(ValueError, match=r"scheme must be one of .*not 'blanced'"):
            label_weights([1, 2], "blanced")
        with pytest.raises(ValueError, match="balanced has no knobs; not 'beta'"):
            label_weights([1, 2], beta=0.5)

    def test_does_not_sort(self):
        """Counting takes no memory that grows with the labels: 2 million of them, in a moment."""
        y = RNG.integers(0, 50, 2_000_000)
        kept = y.copy()
        begun = time.process_time()
        label_weights(y)
        ours = time.process_time() - begun
        begun = time.process_time()
        compute_class_weight("balanced", classes=np.arange(50), y=y)
        assert ours < (time.process_time() - begun) / 5
        assert (y == kept).all()


def test_rows_without_a_value_are_told():
    found = count_labels(pd.DataFrame({"y": ["a", None, "b", None, ""]}), "y")
    assert (found.missing, found.rows) == (3, 5)
    assert "2 rows without a value in column 'y': counted as missing." in found.notes
    assert "1 row with nothing in column 'y': counted as missing." in found.notes
