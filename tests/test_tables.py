"""Uploaded tables: every kind of file that works, and a clear sentence for every kind that does not."""

import gzip
import io
import pickle

import numpy as np
import pandas as pd
import pytest

from lossviz import tables
from lossviz.cells import TEXT, as_numbers
from lossviz.tabledata import from_table
from lossviz.tables import Table, TableError, choices, read_table

ROWS = ["1,2.5,cat", "2,0.5,dog", "3,1.5,cat", "4,4.5,dog", "5,3.5,cat"]
PLAIN = "size,weight,kind\n" + "\n".join(ROWS) + "\n"
VALUES = [1.0, 2.0, 3.0, 4.0, 5.0]


def parquet(**columns):
    out = io.BytesIO()
    pd.DataFrame(columns).to_parquet(out)
    return out.getvalue()


def said(notes, *words):
    return any(all(word in note for word in words) for note in notes)


def usable(text, label="kind", features=("size", "weight"), **options):
    """The dataset of a table given as text, and all its rows in one."""
    problem = from_table(read_table(text.encode(), "t.csv"), label, features, **options)
    return problem, np.concatenate([problem.X, problem.X_test])


# What can be read


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (PLAIN.encode(), "separated by commas"),
        (PLAIN.replace(",", ";").encode(), "separated by semicolons"),
        (PLAIN.replace(",", "\t").encode(), "separated by tabs"),
        (PLAIN.replace(",", "|").encode(), "separated by pipes"),
        (
            PLAIN.replace(",", ";").replace(".5", ",5").encode(),
            "Decimal commas were read as decimal points in 'weight'",
        ),
        (PLAIN.replace("\n", "\r\n").encode(), "commas"),
        (PLAIN.replace("\n", "\r").encode(), "commas"),
        (("\n\n" + PLAIN.replace("\n", "\n\n")).encode(), "commas"),
        (PLAIN.strip().encode(), "commas"),
        (PLAIN.encode("utf-8-sig"), "commas"),
        (PLAIN.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "UTF-16"),
        (gzip.compress(PLAIN.encode()), "commas"),
        (gzip.compress(PLAIN[:30].encode()) + gzip.compress(PLAIN[30:].encode()), "commas"),
    ],
)
def test_every_kind_of_text(data, note):
    table = read_table(data, "whatever.bin")
    assert said(table.notes, note)
    assert table.columns == ("size", "weight", "kind")
    assert table.numeric == ("size", "weight")
    assert table.labels == ("kind",)
    assert table.frame["size"].astype(float).tolist() == VALUES
    assert table.frame["weight"].astype(float).tolist() == [2.5, 0.5, 1.5, 4.5, 3.5]
    assert table.frame["kind"].tolist() == ["cat", "dog", "cat", "dog", "cat"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parquet(pack):
    data = parquet(
        size=VALUES, weight=[1, 2, 3, 4, 5], flag=[True, False] * 2 + [True], kind=pd.Categorical(list("aabba"))
    )
    table = read_table(pack(data), "t.parquet")
    assert table.numeric == ("size", "weight", "flag")
    assert table.labels == ("kind", "flag")
    problem = from_table(table, "kind", ("size", "flag"))
    assert problem.classes == ("a", "b")
    assert np.concatenate([problem.X, problem.X_test]).sum(axis=0).tolist() == [15, 3]


def test_parquet_leaves_out_what_is_no_cell():
    data = parquet(a=[1, 2, 3, 4], b=[1.5, None, np.inf, 2], lists=[[1]] * 4, raw=[b"x"] * 4, k=[0, 0, 1, 1])
    table = read_table(data, "t.parquet")
    assert table.columns == ("a", "b", "k")
    assert said(table.notes, "'lists'", "left out")
    assert said(table.notes, "'raw'", "left out")
    with pytest.raises(TableError, match=r"Class '0' has 1 row to use.*|only class"):
        from_table(table, "k", ("a", "b"))


def test_windows_1252_is_said():
    table = read_table("größe,b,k\n1,2,ä\n2,3,ä\n".encode("cp1252"), "t.csv")
    assert table.columns[0] == "größe"
    assert table.frame["k"].tolist() == ["ä", "ä"]
    assert said(table.notes, "Windows-1252")


def test_quoted_cells_may_hold_anything():
    table = read_table(b'a,b,"k,\n""k"""\n1,"2","x,\ny"\n2,3,z;z\n', "t.csv")
    assert table.columns == ("a", "b", 'k,\n"k"')
    assert table.frame.iloc[0].tolist() == ["1", "2", "x,\ny"]


def test_cells_stay_as_written():
    table = read_table(b"id,a,k\n01,1.0,NA\n1,1e2,None\n", "t.csv")
    assert table.frame["id"].tolist() == ["01", "1"]
    assert table.frame["a"].tolist() == ["1.0", "1e2"]


def test_decimal_commas_with_thousands():
    table = read_table(b"a;b;k\n1.234,5;1,5;x,y\n-0,5;1e3;x\n", "t.csv")
    assert table.frame["a"].tolist() == ["1234.5", "-0.5"]
    assert table.frame["b"].tolist() == ["1.5", "1e3"]
    assert table.frame["k"].tolist() == ["x,y", "x"]


def test_ragged_rows_are_counted_with_the_first_line():
    table = read_table(b'a,b,k\n1,2,"x\ny"\n\n1,2\n3,4,x\n1,2,3,4\n5,6,y\n', "t.csv")
    assert table.frame["a"].tolist() == ["1", "3", "5"]
    assert table.frame.index.tolist() == [1, 3, 5]
    assert said(table.notes, "2 rows left out", "not 3 cells", "the first has 2", "line 5")


def test_unnamed_columns():
    table = read_table(
        b",a,b,,k,\n7,1,2,q,x,\n3,3,4,r,y,\n", "t.csv"
    )  # row names as pandas writes them; a trailing comma
    assert table.columns == ("a", "b", "column 4", "k")
    assert said(table.notes, "Column 1 has no name and only numbers the rows")
    assert said(table.notes, "Column 4 has no name: called 'column 4'")
    assert said(table.notes, "Column 6 has no name", "empty")


def test_a_missing_header_is_suspected():
    assert said(read_table(b"5.1,3.5,setosa\n4.9,3.0,setosa\n", "iris.data").notes, "'5.1'", "add a line of names")


def test_best_label_first():
    table = read_table(b"f,Class,g,id\n1,a,0,1\n2,b,0,2\n1,a,1,3\n2,b,1,4\n", "t.csv")
    assert table.labels == ("Class", "g", "f")
    assert read_table(PLAIN.replace("kind", "zone").encode(), "t.csv").labels == ("zone",)


def test_a_rare_second_label_is_found():
    text = "a,b,k\n" + "1,2,x\n" * 3000 + "3,4,y\n" * 2
    assert read_table(text.encode(), "t.csv").labels[0] == "k"


def test_pickles():
    table = read_table(PLAIN.encode(), "t.csv")
    again = pickle.loads(pickle.dumps(table))
    assert again.frame.equals(table.frame)
    assert again.notes == table.notes


# What cannot be read


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"'t\.csv' is empty; upload a table"),
        (b" \r\n\n", "is empty"),
        (gzip.compress(b""), "is empty"),
        (b"a,b,k\n", "header line and no rows"),
        (b"a,b,k", "header line and no rows"),
        (b"a,b,k\n\n\n", "header line and no rows"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a table but an image"),
        (b"\xff\xd8\xff\xe0\0", "not a table but an image"),
        (b"%PDF-1.7\n1 0 obj", "not a table but a PDF"),
        (b"PK\x03\x04\x14\0", "Excel workbook or a zip archive; save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook; save the sheet as CSV"),
        (b"\n <!DOCTYPE html>\n<html>", "not a table but a web page"),
        (b'[{"a": 1, "b": 2}]', "not a table but JSON"),
        (b"a,b\n\0,1\n", "binary data"),
        (PLAIN.encode("utf-16-le"), "encoding that is not marked"),
        (bytes(range(1, 256)) * 9, "binary data"),
        (b"\xff\xfea", "UTF-16 text that is cut off"),
        (gzip.compress(PLAIN.encode())[:-12], "gzip file that is cut off or damaged"),
        (gzip.compress(PLAIN.encode())[:-1] + b"x", "gzip file that is cut off or damaged"),
        (b"\x1f\x8b\x08nonsense", "gzip file that is cut off or damaged"),
        (b"PAR1 and nothing else", "Parquet file that is cut off or damaged"),
        (b"a,b,a,b,c\n1,2,3,4,5\n", r"more than one column called 'a', 'b'; rename them in the first line"),
        (b"a, a ,c\n1,2,3\n", "more than one column called 'a'"),
        (b",,\n1,2,3\n", "columns of 't.csv' have no names"),
        (b"a\n1\n2\n", r"single column; .* separated by commas, semicolons, tabs or pipes"),
        (b"a b c\n1 2 3\n", "single column"),
        (b"once upon a time", "single column"),
        (b",a\n1,5\n2,6\n", "has a single column"),
        (b"a,b,k\n1,2\n3,4\n", "No row of 't.csv' has 3 cells like its header; line 2 has 2"),
        (b'a,b,k\n1,2,"x\n2,3,y\n3,4,z\n', "quotation mark in 't.csv' is opened and never closed"),
        (b'a,b,k\n1,"2,x\n2,3,y\n3,4,z\n', "quotation mark in 't.csv' is opened and never closed"),
        ((",".join(f"c{i}" for i in range(2001)) + "\n1\n").encode(), "2,001 columns; keep at most 2,000"),
        (b"a,b" + b"x" * (1 << 22), "longer than 4 MB"),
    ],
)
def test_unreadable(data, message):
    with pytest.raises(TableError, match=message):
        read_table(data, "t.csv")


def test_size_limits(monkeypatch):
    packed = gzip.compress(b"a,b,k\n" + b"1,2,x\n" * 500_000)
    whole = parquet(a=np.arange(500_000) * 0.1, b=np.zeros(500_000))
    monkeypatch.setattr(tables, "MAX_BYTES", 2**21)
    assert len(packed) < 2**21
    with pytest.raises(TableError, match=r"larger than 0\.00195312 GB decompressed; upload a part"):
        read_table(packed, "bomb.csv.gz")
    with pytest.raises(TableError, match=r"'big.parquet' is larger than"):
        read_table(whole, "big.parquet")
    with pytest.raises(TableError, match=r"'big.csv' is larger than"):
        read_table(b"1" * (2**21 + 1), "big.csv")
    monkeypatch.setattr(tables, "MAX_CELLS", 10)
    with pytest.raises(TableError, match="5 rows of 3 columns; keep at most 10 cells"):
        read_table(PLAIN.encode(), "t.csv")
    with pytest.raises(TableError, match="6 rows of 2 columns"):
        read_table(parquet(a=range(6), b=range(6)), "t.parquet")


# From a table to a dataset


def test_by_hand():
    problem, X = usable(PLAIN)
    assert problem.classes == ("cat", "dog")
    assert problem.features == ("size", "weight")
    assert problem.counts.tolist() == [2, 1]
    assert np.bincount(problem.y_test).tolist() == [1, 1]
    assert sorted(map(tuple, X)) == [(1, 2.5), (2, 0.5), (3, 1.5), (4, 4.5), (5, 3.5)]
    assert problem.truth is None
    assert problem.notes == ("Read as columns separated by commas.",)


def test_classes_by_size_then_name():
    problem, _ = usable("size,weight,kind\n" + "1,2,b\n2,3,b\n3,1,c\n4,1,c\n5,2,a\n6,3,a\n7,8,a\n")
    assert problem.classes == ("a", "b", "c")


def test_bad_cells_are_counted_with_the_first():
    bad = "1,2,x\nmany,3,x\n3,NaN,y\n4,,x\n5,inf,y\n6,-1e400,y\n7,1,y\n8,9,x\n9,few,y\n9, 2 ,y\nnone,1,x\n"
    problem, X = usable("size,weight,kind\n" + bad)
    assert sorted(X[:, 0]) == [1, 7, 8, 9]
    assert said(problem.notes, "'size'", "1 row left out", "not a number", "'many' in row 2")
    assert said(problem.notes, "'size'", "1 row left out", "missing", "row 11")
    assert said(problem.notes, "'weight'", "2 rows left out", "missing", "row 3")
    assert said(problem.notes, "'weight'", "2 rows left out", "infinite", "row 5")
    assert said(problem.notes, "'weight'", "1 row left out", "not a number", "'few' in row 9")
    assert problem.notes[-1] == "4 of 11 rows are used."


def test_numbers_are_numbers_only():
    cells = ["1", "+1", "-1.", ".5", "1e3", "1E-3", " 7 ", "1_000", "0x1F", "1,5", "1d", "٣", "1 2", "--1", "e5", "."]
    values, fault = as_numbers(pd.Series(cells))
    assert values[:7].tolist() == [1, 1, -1, 0.5, 1000, 0.001, 7]
    assert (fault[:7] == 0).all()
    assert (fault[7:] == TEXT).all()


def test_long_values_are_cut():
    problem, _ = usable(PLAIN + "z" * 500 + ",1,cat\n")
    note = next(n for n in problem.notes if "not a number" in n)
    assert "'" + "z" * 37 + "...'" in note


def test_missing_labels_are_counted_and_spaces_removed():
    problem, X = usable(PLAIN + "6,1,\n7,1,NA\n8,1, cat \n9,1,none\n")
    assert problem.classes == ("cat", "dog")
    assert len(X) == 6
    assert said(problem.notes, "'kind'", "3 rows left out", "label is missing", "blank", "'NA'", "'none'")
    assert said(problem.notes, "spaces around the label removed in 1 row")


def test_labels_are_never_interpreted():
    problem, _ = usable("size,weight,kind\n1,2,1\n2,3,1\n3,4,1.0\n4,5,1.0\n5,6,01\n6,7,01\n7,7,<b>\n8,8,<b>\n")
    assert problem.classes == ("01", "1", "1.0", "<b>")


def test_a_class_with_one_row_is_left_out():
    problem, _ = usable(PLAIN + "6,1,emu\nx,1,fox\n")
    assert problem.classes == ("cat", "dog")
    assert said(problem.notes, "Class 'emu' has 1 row to use: left out")
    assert said(problem.notes, "Class 'fox' has 1 row to use: left out")
    problem, _ = usable(PLAIN + "x,1,fox\ny,1,fox\n")
    assert said(problem.notes, "Class 'fox' has no row to use: left out")


@pytest.mark.parametrize(
    ("text", "choice", "message"),
    [
        (PLAIN, ("sort", ("size", "weight")), "no column 'sort'; the table has 'size', 'weight', 'kind'"),
        (PLAIN, ("kind", ("size", "height")), "no column 'height'"),
        (PLAIN, ("kind", ("size", "size")), "Both features are column 'size'; choose two different"),
        (PLAIN, ("kind", ("size", "kind")), "'kind' is the label and cannot be a feature"),
        (PLAIN, ("kind", ("size",)), "Choose two columns as features; not 1"),
        (PLAIN, ("kind", "umap"), "features must be 'pca', 'lda' or two columns; not 'umap'"),
        (
            PLAIN.replace("dog", "cat"),
            ("kind", ("size", "weight")),
            "'kind' has only one class, 'cat'; .* at least two",
        ),
        (PLAIN.replace("dog", "NA").replace("cat", ""), ("kind", ("size", "weight")), "'kind' has no values"),
        (
            "a,b,k,z\n" + "".join(f"{i},1,n{i},{i % 2}\n" for i in range(11)),
            ("k", ("a", "b")),
            "11 different values; .* 'z'",
        ),
        ("a,b,k\n1,2,x\n2,3,x\n3,4,y\n", ("k", ("a", "b")), "only class 'x' is left; .* Class 'y' has 1 row"),
        ("a,b,k\n1,2,x\n2,3,y\n", ("k", ("a", "b")), "no class is left"),
        ("a,b,k\nx1,2,x\nx2,3,x\nx3,4,y\n,4,y\n", ("k", ("a", "b")), "'a' holds no numbers .for example 'x1'.; choose"),
        ("a,b,k\n,2,x\n,3,x\n,4,y\n,5,y\n", ("k", ("a", "b")), "'a' holds no numbers; choose"),
        ("a,b,k\n1,3,x\n2,3,x\n3,3,y\n4,3,y\n", ("k", ("a", "b")), "'b' is 3 in every training row, .* choose another"),
        (
            "a,b,k\n1,p,x\n2,q,x\n3,r,y\n4,s,y\n",
            ("k", "pca"),
            "needs two numeric columns besides the label; here there are 1",
        ),
        ("a,b,k\n1,3,x\n2,3,x\n3,3,y\n4,3,y\n", ("k", "pca"), "at least two numeric columns whose values vary"),
    ],
)
def test_impossible_choices(text, choice, message):
    with pytest.raises(TableError, match=message):
        from_table(read_table(text.encode(), "t.csv"), *choice)


def test_too_many_classes_suggests_another():
    text = "a,b,id,k\n" + "".join(f"{i},{i % 7},row{i},{'xy'[i % 2]}\n" for i in range(30))
    with pytest.raises(TableError, match=r"'id' has 30 different values; .* such as 'k'"):
        from_table(read_table(text.encode(), "t.csv"), "id", ("a", "b"))


def test_same_seed_same_split():
    one, two, other = (usable(PLAIN, seed=seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.X, two.X)
    assert not np.array_equal(one.X, other.X)


def test_many_columns():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 200)).round(3).astype(str), columns=[f"f{i}" for i in range(200)])
    frame["kind"] = ["ab"[i % 2] for i in range(300)]
    frame.loc[:199, "f0"] = ""
    frame["f1"] = "5"
    frame.loc[[3, 4], "f2"] = "oops"
    frame.loc[5, "f3"] = ""
    table = read_table(frame.to_csv(index=False).encode(), "wide.csv")
    assert len(table.numeric) == 200
    for kind in ("pca", "lda"):
        problem = from_table(table, "kind", kind)
        assert len(problem.X) + len(problem.X_test) == 297
        assert np.isfinite(problem.X).all()
        assert said(problem.notes, "Mostly missing", "'f0'")
        assert said(problem.notes, "2 rows left out, a value is not a number", "'f2'")
        assert said(problem.notes, "1 row left out, a value is missing")
        assert said(problem.notes, "1 column with the same value in every training row: left out")
        assert said(problem.notes, "198 standardised columns")


def test_a_million_rows_are_sampled():
    block = "".join(f"{i / 7:.4f},{-i / 3:.4f},{'aaaaaaaaab'[i % 10]}\n" for i in range(10_000))
    rare = "0.5,0.25,rare\n" * 3
    table = read_table(("x,y,k\n" + block * 100 + rare).encode(), "big.csv")
    for features in (("x", "y"), "pca"):
        problem = from_table(table, "k", features)
        assert said(problem.notes, "A random sample of 100,000 of 1,000,003 rows is used")
        assert problem.classes == ("a", "b", "rare")
        assert (problem.counts + np.bincount(problem.y_test)).tolist() == [89_998, 10_000, 2]


def test_huge_and_tiny_numbers_do_no_harm():
    text = "size,weight,kind\n1e29,1e-300,x\n-1e29,2e-300,x\n1,3e-300,y\n2,4e-300,y\n5,5e-300,y\n6,1e31,y\n"
    problem, X = usable(text)
    assert len(X) == 5
    assert said(problem.notes, "infinite or beyond 1e30", "row 6")
    with pytest.raises(TableError, match="at least two numeric columns whose values vary"):
        usable(text, features="pca")


def test_an_ordinary_data_frame_works_too():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 2)), columns=["size", "weight"])
    frame["kind"] = np.repeat(["p", "q"], 20)
    frame.loc[3, "size"] = np.nan
    problem = from_table(Table(frame), "kind", ("size", "weight"))
    assert problem.classes == ("q", "p")
    assert said(problem.notes, "'size': 1 row left out, the value is missing (first: row 3)")


def test_decimal_commas_with_spaces_around_them():
    table = read_table(b"a;b;kind\n 1,5 ;2;x\n2,5; 3 ;x\n 3 ;1;y\n4;0;y\n", "t.csv")
    data = from_table(table, "kind", ("a", "b"), test_size=0.5)
    assert sorted([*data.X[:, 0], *data.X_test[:, 0]]) == [1.5, 2.5, 3, 4]


def test_a_column_that_names_the_rows_comes_last_and_stays_out_of_projections():
    rng = np.random.default_rng(0)
    lines = [f"{i},{rng.normal():.3f},{rng.normal():.3f},{'xy'[i % 2]}" for i in range(40)]
    table = read_table("\n".join(["Patient ID,a,b,kind", *lines]).encode(), "t.csv")
    assert table.numeric == ("a", "b", "Patient ID")
    data = from_table(table, "kind", "pca")
    assert "Column 'Patient ID' only names the rows: not part of the projection." in data.notes
    shared = read_table(
        "\n".join(["id,a,b,kind", *[line.replace(line.split(",")[0], "7", 1) for line in lines]]).encode(), "t.csv"
    )
    assert shared.numeric == ("id", "a", "b")


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_german_numbers(delimiter):
    quote = '"{}"'.format if delimiter == "," else str
    cells = ["652,7", "1.318,5", "1.205", "1.234.567", "-3,25", "12"]
    body = "\n".join(f"{quote(c)}{delimiter}{i}{delimiter}{'ab'[i % 2]}" for i, c in enumerate(cells))
    table = read_table(f"Betrag{delimiter}n{delimiter}kind\n{body}\n".encode(), "de.csv")
    assert table.frame["Betrag"].tolist() == ["652.7", "1318.5", "1205", "1234567", "-3.25", "12"]
    assert "Decimal commas were read as decimal points in 'Betrag'." in table.notes
    assert "Points or commas between thousands were taken out in 'Betrag'." in table.notes


def test_english_thousands_in_quotes():
    table = read_table(b'a,b,kind\n"1,200",2,x\n"3,456,789.5",3,y\n17,4,x\n', "en.csv")
    assert table.frame["a"].tolist() == ["1200", "3456789.5", "17"]
    assert table.notes[1:] == ("Points or commas between thousands were taken out in 'a'.",)


def test_points_stay_decimal_where_there_are_no_decimal_commas():
    table = read_table(b"a;b;kind\n1.205;2;x\n2.5;3;y\n", "en.csv")
    assert table.frame["a"].tolist() == ["1.205", "2.5"]


def test_excels_own_first_line():
    table = read_table(b"sep=;\r\na;b;kind\r\n1;2;x\r\n", "x.csv")
    assert table.columns == ("a", "b", "kind")
    assert "The first line, sep=, is for Excel: left out." in table.notes


def test_columns_with_gaps_come_after_whole_ones():
    rows = "".join(f"{i if i % 3 else ''},{i},{i % 7},{'xy'[i % 2]}\n" for i in range(30))
    assert read_table(f"gaps,b,c,kind\n{rows}".encode(), "x.csv").numeric == ("b", "c", "gaps")


def test_spellings_that_differ_in_case_are_told():
    rows = "".join(f"{i},{i * i % 7},{('yes', 'Yes', 'no')[i % 3]}\n" for i in range(30))
    notes = from_table(read_table(f"a,b,kind\n{rows}".encode(), "x.csv"), "kind", ("a", "b")).notes
    assert any("'yes', 'Yes' differ only in upper and lower case" in n for n in notes)


def test_a_path_is_not_bytes():
    with pytest.raises(ValueError, match="takes the bytes of a file, such as open"):
        read_table("mine.csv", "mine.csv")


def test_signs_of_currencies_are_taken_out():
    table = read_table(b'price;other;kind\n"$1,440.68";1;a\n$3.50;2;b\n-$2;3;a\n12 \xe2\x82\xac;4;b\n', "t.csv")
    assert "price" in table.numeric
    assert any("Signs of currencies were taken out in 'price'." in note for note in table.notes)


def test_a_label_column_with_one_value_is_offered_so_that_it_can_be_said():
    table = read_table(b"a,b,y\n" + b"".join(b"%d,%d,1\n" % (i % 3, i) for i in range(12)), "t.csv")
    assert table.labels[0] == "y"
    with pytest.raises(TableError, match="Column 'y' has only one class, '1'"):
        from_table(table, "y", ("a", "b"))


def test_what_cannot_be_an_axis_says_why():
    rows = b"".join(b"%d,%s,%d kg,\n" % (i, b"ab"[i % 2 : i % 2 + 1], i) for i in range(40))
    table = read_table(b"x,kind,mass,empty\n" + rows, "t.csv")
    assert choices(table).text == ("'mass' holds text such as '0 kg'", "'empty' holds nothing")
