"""Files of labels: known counts written in every way come back, and every bad file gets a sentence."""

import codecs
import csv
import gzip
import io
import pickle
import zipfile
from collections import Counter

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lossviz import labelfiles, labelsource, labeltext
from lossviz.files import FileError, compression_of, escaped, quote
from lossviz.labelfiles import LabelFileError, open_labels, read_labels

TEXT = b"id,label\n1,cat\n2,dog\n3,\n4,cat\n"
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def zipped(*members, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def parquet(**columns):
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


def workbook(*sheets):
    """A workbook with cells as inline text, written by hand: sheets are (name, rows)."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    names = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, (n, _) in enumerate(sheets, 1))
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    root = f'<Relationship Id="r1" Type="{links}/officeDocument" Target="xl/workbook.xml"/>'
    members = [
        ("_rels/.rels", f'<Relationships xmlns="{package}">{root}</Relationships>'),
        ("xl/workbook.xml", f'<workbook {space} xmlns:r="{links}"><sheets>{names}</sheets></workbook>'),
        (
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}">'
            + "".join(
                f'<Relationship Id="r{i}" Type="{links}/worksheet" Target="worksheets/s{i}.xml"/>'
                for i in range(1, len(sheets) + 1)
            )
            + "</Relationships>",
        ),
    ]
    for i, (_, rows) in enumerate(sheets, 1):
        body = "".join(
            f'<row r="{y}">'
            + "".join(
                f'<c r="{chr(65 + x)}{y}"><v>{cell}</v></c>'
                if isinstance(cell, int)
                else f'<c r="{chr(65 + x)}{y}" t="inlineStr"><is><t>{cell}</t></is></c>'
                for x, cell in enumerate(row)
                if cell is not None
            )
            + "</row>"
            for y, row in enumerate(rows, 1)
        )
        members.append((f"xl/worksheets/s{i}.xml", f"<worksheet {space}><sheetData>{body}</sheetData></worksheet>"))
    return zipped(*members)


def tally(counts):
    return dict(zip(counts.labels, counts.counts.tolist(), strict=True))


def count(data, filename="t.csv", column=None, **options):
    how = {name: options.pop(name) for name in ("layout", "separator") if name in options}
    counts = open_labels(data, filename, **options).count(column, **how)
    if counts.kind == "single":
        assert counts.counts.sum() + counts.missing == counts.rows
    return counts


# Known counts come back

LETTERS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs", "Cn"], exclude_characters="\x85"),
    min_size=1,
    max_size=8,
)
AWKWARD = st.sampled_from(
    [
        "a|b",
        "a,b",
        "x;y",
        'say "hi"',
        "=cmd()",
        "<b>x</b>",
        "**bold**",
        "$x^2$",
        "two\nlines",
        "tab\there",
        " pad ",
        "١",
    ]
)


@st.composite
def labelled(draw):
    """Labels, row by row, some blank."""
    labels = draw(st.lists(LETTERS | AWKWARD, min_size=1, max_size=5, unique=True))
    rows = draw(st.lists(st.sampled_from([*labels, ""]), min_size=1, max_size=30))
    assume(any(rows))
    return rows


@few
@given(
    labelled(),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le-marked", "utf-16-be-marked"]),
    st.sampled_from(["plain", "gzip", "zip", "zstd"]),
    st.booleans(),
    st.integers(0, 2),
    st.booleans(),
)
def test_every_dialect(tmp_path, rows, delimiter, newline, quoting, encoding, packing, header, place, on_disk):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    if header:
        writer.writerow([*["number", "other"][:place], "label", *["number", "other"][place:]])
    for i, label in enumerate(rows):
        cells = [str(i), "o" * (i % 3)]
        writer.writerow([*cells[:place], label, *cells[place:]])
    data = text.getvalue()
    if "marked" in encoding:
        mark = codecs.BOM_UTF16_LE if "le" in encoding else codecs.BOM_UTF16_BE
        data = mark + data.encode(encoding[:9])
    else:
        data = data.encode(encoding)
    packed = {"plain": bytes, "gzip": gzip.compress, "zip": lambda d: zipped(("a", d)), "zstd": zstd}[packing](data)
    source = packed
    if on_disk:
        source = tmp_path / "labels[1]*.csv"
        source.write_bytes(packed)
    column = "label" if header else f"column {place + 1}"
    counts = count(source, None, column, delimiter=delimiter, header=header, layout="single")
    expected = Counter(rows)
    assert counts.missing == expected.pop("", 0)
    assert tally(counts) == expected
    assert counts.rows == len(rows)


@few
@given(
    st.lists(
        st.sampled_from(["1,a,x", "2,b,", "3,a", "4", "5,b,x,y", "6,a,x,", "", ',"b",x', '7,"a\nb",x']), min_size=1
    ),
    st.booleans(),
)
def test_ragged_rows_are_missing_and_never_dropped(tmp_path, lines, on_disk):
    assume(any(lines))
    text = "number,label,note\n" + "".join(line + "\n" for line in lines)
    source = text.encode()
    if on_disk:
        source = tmp_path / "t.csv"
        source.write_bytes(text.encode())
    expected, missing = Counter(), 0
    for row in list(csv.reader(io.StringIO(text, newline="")))[1:]:
        if row and (len(row) < 3 or any(row[3:])):
            missing += 1
        elif row:
            expected[row[1]] += 1
    if not expected:
        with pytest.raises(FileError, match="has a label"):
            count(source, column="label", delimiter=",", header=True, layout="single")
        return
    counts = count(source, column="label", delimiter=",", header=True, layout="single")
    assert (tally(counts), counts.missing) == (expected, missing)
    few_cells = sum(0 < len(line.split(",")) < 3 and bool(line) for line in lines)
    assert any(f"{few_cells} row" in n and "too few" in n for n in counts.notes) == (few_cells > 0)


@few
@given(st.lists(LETTERS | AWKWARD.filter(lambda t: "\n" not in t), min_size=1, max_size=30), st.booleans())
def test_a_label_a_line(tmp_path, lines, on_disk):
    assume(not any(line[0] == line[-1] == '"' for line in lines))
    source = "".join(line + "\n" for line in lines).encode()
    if on_disk:
        (tmp_path / "l.txt").write_bytes(source)
        source = tmp_path / "l.txt"
    assert tally(count(source, delimiter="", header=False, layout="single", encoding="utf-8")) == Counter(lines)


@few
@given(
    st.dictionaries(LETTERS, st.integers(0, 10**12), min_size=1, max_size=20), st.sampled_from([",", ";", "\t", "|"])
)
def test_count_tables(totals, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("label", "count"), *totals.items()])
    counts = count(text.getvalue().encode(), delimiter=delimiter)
    assert tally(counts) == totals
    assert counts.rows == sum(totals.values())


@few
@given(st.lists(st.sets(st.sampled_from(["cat", "dog", "emu"])), min_size=2, max_size=20), st.sampled_from("|;, /"))
def test_several_labels(sets, separator):
    assume(any(sets))
    expected = Counter(label for labels in sets for label in labels)
    cells = "".join(f'{i},"{separator.join(sorted(labels))}"\n' for i, labels in enumerate(sets))
    counts = count(f"n,tags\n{cells}".encode(), column="tags", delimiter=",", header=True, separator=separator)
    assert (tally(counts), counts.missing, counts.kind) == (expected, sum(not s for s in sets), "multi")
    flags = "".join(f"{i},{','.join('01'[c in s] for c in ('cat', 'dog', 'emu'))}\n" for i, s in enumerate(sets))
    counts = count(f"id,cat,dog,emu\n{flags}".encode())
    assert {k: n for k, n in tally(counts).items() if n} == expected
    assert (counts.kind, counts.missing, counts.rows) == ("multi", 0, len(sets))


@few
@given(labelled(), st.sampled_from(["lines", "array", "parquet", "labels"]))
def test_json_and_parquet(rows, form):
    import orjson

    values = [label or None for label in rows]
    objects = [{"label": label, "n": i} for i, label in enumerate(values)]
    data = {
        "lines": lambda: b"".join(orjson.dumps(o) + b"\n" for o in objects),
        "array": lambda: orjson.dumps(objects),
        "labels": lambda: orjson.dumps(values),
        "parquet": lambda: parquet(label=pl.Series(values, dtype=pl.String), n=range(len(values))),
    }[form]()
    counts = count(data, column="label", layout="single")
    expected = Counter(rows)
    assert counts.missing == expected.pop("", 0)
    assert tally(counts) == expected


# What is detected


@pytest.mark.parametrize(
    ("data", "found", "counts"),
    [
        (b"cat\ndog\ncat\n", ("text", "", False, "single", ("column 1",)), {"cat": 2, "dog": 1}),
        (b"emu\ncat\ncat\n", ("text", "", False, "single", ("column 1",)), {"cat": 2, "emu": 1}),
        (b"cat", ("text", "", False, "single", ("column 1",)), {"cat": 1}),
        (b"label\ncat\ndog\n", ("text", "", True, "single", ("label",)), {"cat": 1, "dog": 1}),
        (b"kind\ncat\ndog\ncat\ndog\n", ("text", "", True, "single", ("kind",)), {"cat": 2, "dog": 2}),
        (TEXT, ("text", ",", True, "single", ("label",)), {"cat": 2, "dog": 1}),
        (TEXT.replace(b",", b";"), ("text", ";", True, "single", ("label",)), {"cat": 2, "dog": 1}),
        (TEXT.replace(b"\n", b"\r"), ("text", ",", True, "single", ("label",)), {"cat": 2, "dog": 1}),
        (b"\n\n" + TEXT, ("text", ",", True, "single", ("label",)), {"cat": 2, "dog": 1}),
        (b"sep=|\r\n" + TEXT.replace(b",", b"|"), ("text", "|", True, "single", ("label",)), {"cat": 2, "dog": 1}),
        (b"5.1,setosa\n4.9,setosa\n", ("text", ",", False, "single", ("column 2",)), {"setosa": 2}),
        (b"a,b\n1,x\n2,y\n3,x\n4,y\n", ("text", ",", True, "single", ("b",)), {"x": 2, "y": 2}),
        (b"n,label,\n1,x,\n2,y,\n", ("text", ",", True, "single", ("label",)), {"x": 1, "y": 1}),
        (b"id,labels\n1,a|b\n2,a|b|c\n3,c\n", ("text", ",", True, "cells", ("labels",)), {"a": 2, "b": 2, "c": 2}),
        (b"a|b\nb|c\na|c\nb|a\n", ("text", "", False, "cells", ("column 1",)), {"a": 3, "b": 3, "c": 2}),
        (
            b"New York\nSan Juan\nNew York\n",
            ("text", "", False, "single", ("column 1",)),
            {"New York": 2, "San Juan": 1},
        ),
        (
            b"id,cat,dog\n1,0,1\n2,1,1\n3,0,0\n4,,1\n",
            ("text", ",", True, "columns", ("cat", "dog")),
            {"cat": 1, "dog": 2},
        ),
        (b"f,smoker,old,label\n1.5,0,1,x\n2,1,1,y\n", ("text", ",", True, "single", ("label",)), {"x": 1, "y": 1}),
        (
            b"label,count\ncat,10\ndog,0\ncat,5\n",
            ("text", ",", True, "table", ("label", "count")),
            {"cat": 15, "dog": 0},
        ),
        (b"cat;10\ndog;20\n", ("text", ";", False, "table", ("column 1", "column 2")), {"cat": 10, "dog": 20}),
        (b"file,class\na.png,3\nb.png,7\n", ("text", ",", True, "single", ("class",)), {"3": 1, "7": 1}),
        (
            b"class,pixels,image_pixels\nsky,10,20\ncar,3,30\n",
            ("text", ",", True, "pixels", ("class", "pixels", "image_pixels")),
            {"car": 3, "sky": 10},
        ),
        (b'{"label":"a"}\n\n{"label":null}\n{"x":1}\n', ("json", "", True, "single", ("label",)), {"a": 1}),
        (b'{"a": 5,\n "b": 7}', ("json", "", True, "table", ("label", "count")), {"a": 5, "b": 7}),
        (b'{"t":["a","b"]}\n{"t":["b"]}\n{"t":["a"]}', ("json", "", True, "cells", ("t",)), {"a": 2, "b": 2}),
        (b"{a}\n[b]\n{a}\n", ("text", "", False, "single", ("column 1",)), {"{a}": 2, "[b]": 1}),
        (parquet(y=[1, 1, 2], z=[[1]] * 3), ("parquet", "", True, "single", ("y",)), {"1": 2, "2": 1}),
        (
            workbook(("s", [["n", "kind"], [1, "a"], [2, None], [3, "a"]])),
            ("excel", "", True, "single", ("kind",)),
            {"a": 2},
        ),
    ],
)
def test_detected(data, found, counts):
    file = open_labels(data, "t")
    guess = file.guess()
    assert (file.format, file.delimiter, file.header, guess.layout, guess.columns) == found
    assert tally(count(data, "t")) == counts
    assert guess.reason
    assert all(len(row) == len(file.columns) for row in file.preview)


def test_every_guess_can_be_overruled():
    assert tally(count(b"label\ncat\n", header=False)) == {"cat": 1, "label": 1}
    assert tally(count(b"a|b\nb|c\nc|a\n", delimiter="|", header=False, column="column 2")) == {"a": 1, "b": 1, "c": 1}
    assert tally(count(b"id,labels\n1,a|b\n2,b\n3,a\n", layout="single")) == {"a": 1, "a|b": 1, "b": 1}
    assert tally(count(b"x,y\n1,0\n1,1\n0,1\n", column=("x", "y"), layout="columns")) == {"x": 2, "y": 2}
    assert tally(count(b"n,k\n3,a\n4,a\n", layout="table")) == {"a": 7}
    assert tally(count("ж\nж\n".encode("koi8-r"), encoding="koi8-r")) == {"ж": 2}
    pages = workbook(("one", [["label"], ["a"]]), ("two", [["label"], ["b"], ["b"]]))
    assert tally(count(pages, "w.xlsx")) == {"b": 2}, "the first may be a cover page"
    assert tally(count(pages, "w.xlsx", sheet="one")) == {"a": 1}


@pytest.mark.parametrize(
    ("data", "encoding", "note"),
    [
        ("label\nк\nк\nж\n".encode("utf-16"), "utf-16", "UTF-16"),
        ("id,label\n1,cat\n2,dog\n".encode("utf-16-le"), "utf-16-le", "without a byte order mark"),
        ("id,label\n1,cat\n2,dog\n".encode("utf-16-be"), "utf-16-be", "without a byte order mark"),
        ("label\nä\nä\n".encode("latin-1"), "cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("on_disk", [False, True])
def test_encodings(tmp_path, data, encoding, note, on_disk):
    (tmp_path / "t.csv").write_bytes(data)
    file = open_labels(tmp_path / "t.csv" if on_disk else data, "t.csv")
    assert file.encoding == encoding
    assert any(note in n for n in file.notes)
    assert tally(file.count()) in ({"к": 2, "ж": 1}, {"cat": 1, "dog": 1}, {"ä": 2})


def test_text_that_stops_being_utf8_late_in_a_large_file(tmp_path):
    path = tmp_path / "late.csv"
    path.write_bytes(b"id,label\n" + (b"1" * 200 + b",cat\n") * 25_000 + "9,größe\n".encode("cp1252"))
    counts = count(path)
    assert tally(counts) == {"cat": 25_000, "größe": 1}
    assert any("Windows-1252" in n for n in counts.notes)


def test_pixels_keep_the_pixels_of_their_images():
    counts = count(b"class,pixels,present\nsky,10,20\ncar,3,30\n")
    assert (counts.kind, counts.labels, counts.present.tolist(), counts.rows) == (
        "pixels",
        ("car", "sky"),
        [30, 20],
        13,
    )


def test_notes_say_what_was_odd():
    counts = count(b"a,label,z\n1,cat,\n2,dog\n3,cat,4\n\n4,emu,1,1\n,,x\n", "t.parquet")
    assert (tally(counts), counts.missing, counts.rows) == ({"cat": 2}, 3, 5)
    for words in (
        "'t.parquet' does not hold what its ending says: read by its content, as text",
        "1 row with too few cells, not 3 (the first has 2, on line 3 of the file)",
        "1 row with too many cells, not 3 (the first has 4, on line 6 of the file)",
        "1 row with nothing in column 'label'",
        "2 rows that are ragged or without a value in column 'label'",
        "same one, 'cat'",
        "separated by commas",
    ):
        assert any(words in note for note in counts.notes), (words, counts.notes)


def test_counts_with_marks_of_thousands_are_not_taken_for_labels_in_silence():
    meant = "if 'Anzahl' holds counts, write them without marks of thousands, as 1200 for 1.200"
    assert any(meant in note for note in count(b"Klasse;Anzahl\nA;1.200\nB;300\n").notes)
    for data in (b"Klasse;Anzahl\nA;1.200\nA;300\n", b"Klasse;Anzahl\nA;1.20\nB;300.5\n", b"A;1.200;x\nB;300;x\n"):
        assert not any("marks of thousands" in note for note in count(data).notes)


def test_labels_are_kept_verbatim_and_cut_in_messages_only():
    labels = ["=cmd()", "<script>", "**b**", "$x$", "\u202eabc", "a\x07b", "x" * 10_000]
    assert set(tally(count("".join(f"{t}\n" for t in ["label", *labels]).encode()))) == set(labels)
    counts = count(("label\n" + "x" * 10_000 + "\n").encode())
    assert counts.labels == ("x" * 10_000,)
    assert all(len(note) < 200 for note in counts.notes)
    assert quote("\u202eab\x07") == r"'\u202eab\x07'"
    assert escaped("plain ✓") == "plain ✓"


def test_quotation_marks_within_cells_are_text():
    assert tally(count(b'size,label\n5" pipe,a\n6,b\n')) == {"a": 1, "b": 1}
    assert tally(count(b'5" pipe\n6"\n5" pipe\n6"\n')) == {'5" pipe': 2, '6"': 2}


# What cannot be read


def protected():
    data = bytearray(zipped(("a.csv", TEXT)))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"^'t\.csv' is empty; it should hold a label a line"),
        (b" \n \n", "is empty"),
        (gzip.compress(b""), "is empty"),
        (b"id,label\n", "header line and no rows below it"),
        (b"label", "header line and no rows below it"),
        (b'id,label\n1,"cat\n2,dog\n3,cat\n', "quotation mark is opened on line 2 and never closed"),
        (b'id,label\n1,cat\n2,"cat"x\n', "on line 3 a cell goes on after its closing quotation mark"),
        (b"id,label\n1,c\0t\n", "binary data .a NUL byte on line 2."),
        (b"\x89PNG\r\n\x1a\n\0\0", "holds no labels but is an image"),
        (b"%PDF-1.7", "is a PDF document; export"),
        (b"<!doctype html><html>", "is a web page"),
        (gzip.compress(TEXT)[:-9], "gzip file that is cut off or damaged"),
        (zstd(TEXT * 9)[:-4], "zstd file that is cut off or damaged"),
        (zipped(("a", TEXT))[:-30], "zip archive that is cut off or damaged"),
        (zipped(("a", TEXT), ("b", TEXT)), "holds 2 files, 'a', 'b'; pack exactly one"),
        (zipped(), "holds no file; pack exactly one"),
        (zipped(("word/document.xml", "")), "is a document and no table"),
        (protected(), "protected by a password; unpack it first"),
        (gzip.compress(gzip.compress(TEXT)), "holds another packed file"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 99 + "EncryptedPackage".encode("utf-16-le"), "protected by a password; save"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 99, "no workbook that can be read"),
        (parquet(label=["a"])[:-9], "Parquet file that is cut off or damaged"),
        (b"PARE" + b"\0" * 30, "encrypted Parquet file"),
        (b'{"label":"a"}\n{"label":\n', "Line 2 of 't.csv' is no JSON object"),
        (b'[{"label":"a"}', "looks like JSON and is damaged"),
        (b"[[1,2]]", "array of arrays"),
        (b'{"a": {"b": 1}, "c": \n[]}', "JSON of another shape"),
        (b"\xff\xfea", "no valid UTF-16 text, or is cut off"),
        (b"x" * (1 << 22) + b"yy", "first line of 't.csv' is longer than 4 MB"),
        (b"label,count\ncat,-1\n", "Column 'count' has '-1' for 'cat'; counts are whole numbers from 0"),
        (b"label,count\ncat,1.5\n", "has '1.5' for 'cat'"),
        (b'label,count\ncat,"1,200"\n', "has '1,200' for 'cat'"),
        (b"label,count\ncat,nan\n", "has 'nan' for 'cat'"),
        (b"label,count\ncat,many\n", "has 'many' for 'cat'"),
        (b"label,count\ncat,\ndog,3\n", "no number for 'cat'"),
        (b"label,count\ncat\ndog,3\nemu,4\n", "table of counts: 1 row with too few cells"),
        (b"class,pixels,present\nsky,30,20\n", "'sky' has 30 pixels in images of 20"),
        (b"id,label\n1,\n2,\n", "No row of column 'label' in 't.csv' has a label"),
        (
            ("id,v\n" + "".join(f"u{i},w{i}\n" for i in range(100_100))).encode(),
            "'v'.*more than 100,000 different values",
        ),
    ],
)
def test_unreadable(data, message):
    assert LabelFileError is FileError
    with pytest.raises(FileError, match=message) as caught:
        count(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": "kind"}, "There is no column 'kind' in 't.csv'; it has 'id', 'label'"),
        ({"column": ("id", "label")}, "takes 1 columns; not 2"),
        ({"layout": "cells"}, "Say which separator"),
        ({"separator": ""}, "at least one character"),
        ({"encoding": "klingon"}, "There is no encoding 'klingon'"),
        ({"encoding": "base64"}, "There is no encoding 'base64'"),
        ({"delimiter": "ab"}, "A delimiter is one character"),
        ({"layout": "rows"}, "layout must be one of 'single'"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        count(TEXT, **options)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("http://example.org/a.csv", "is an address; download the file"),
        ("s3://bucket/a.csv", "is an address"),
        ("nowhere/a.csv", "cannot be read: there is no such file"),
        (".", "is a folder"),
        ("/dev/zero", "no ordinary file"),
        ("a\0b", "cannot be read"),
        (7, "takes the bytes of a file or its path; not int"),
    ],
)
def test_wrong_paths(path, message):
    with pytest.raises(FileError, match=message):
        open_labels(path)


def test_a_pattern_is_a_name(tmp_path):
    for name, label in (("a1.csv", "wrong"), ("a[1].csv", "right"), ("b*.csv", "star"), ("bb.csv", "wrong")):
        (tmp_path / name).write_text(f"id,label\n1,{label}\n")
    assert tally(count(tmp_path / "a[1].csv")) == {"right": 1}
    assert tally(count(str(tmp_path / "b*.csv"))) == {"star": 1}


@pytest.mark.parametrize("pack", [gzip.compress, zstd, lambda d: zipped(("a", d), compression=zipfile.ZIP_DEFLATED)])
def test_bombs(monkeypatch, pack):
    monkeypatch.setattr(labelsource, "MAX_UNPACKED", 1 << 21)
    packed = pack(b"id,label\n" + b"1,cat\n" * 500_000)
    assert len(packed) < 1 << 16
    assert compression_of(packed)
    with pytest.raises(FileError, match=r"larger than .* GB decompressed; upload a part"):
        open_labels(packed, "bomb")


def test_a_workbook_that_unpacks_to_more_than_the_limit(monkeypatch):
    monkeypatch.setattr(labelsource, "MAX_UNPACKED", 100)
    with pytest.raises(FileError, match=r"larger than .* unpacked; save a part as CSV"):
        open_labels(workbook(("s", [["label"], ["a"]])), "t.xlsx")


def test_a_line_without_end_deep_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(labeltext, "LONGEST_CELL", 1 << 12)
    path = tmp_path / "t.csv"
    path.write_bytes(("id,label\n1,cat\n2\n" + "x" * (1 << 14) + "\n").encode())
    with pytest.raises(FileError, match="line longer than 16 MB"):
        count(path, column="label", delimiter=",", header=True)


def test_read_in_one_go_can_be_sent_about():
    reading = pickle.loads(pickle.dumps(read_labels(gzip.compress(TEXT), "t.csv.gz")))
    assert tally(reading.counts) == {"cat": 2, "dog": 1}
    assert (reading.guess.columns, reading.file.columns, reading.problem) == (("label",), ("id", "label"), "")
    assert reading.file.notes[0].startswith("Read as columns")
    with pytest.raises(FileError, match="read elsewhere"):
        reading.file.count()
    other = read_labels(TEXT, "t.csv", column="kind")
    assert other.counts is None
    assert "no column 'kind'" in other.problem
    assert len(pickle.dumps(read_labels(TEXT * 10_000, "t.csv"))) < 20_000


def test_preview_is_short():
    file = open_labels(b"id,label\n" + b"1,cat\n" * 100)
    assert len(file.preview) == labelfiles.PREVIEW
    assert file.preview[0] == ("1", "cat")
    assert open_labels(parquet(label=["a", "b"])).rows == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "labels", [["0", "1"], ["New York", "Rome"], ["spam", "not spam"], ["benign, small", "malignant; big"]]
)
@pytest.mark.parametrize("name", ["label", "Species", "y"])
@pytest.mark.parametrize("place", [0, 2, 4])
def test_ordinary_files_need_no_help(delimiter, labels, name, place):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    for i in range(-1, 40):
        row = (
            [i, f"img_{i}.png", i % 3 % 2, "bad, really|so" if i % 5 else ""]
            if i >= 0
            else ["id", "file", "old", "said"]
        )
        row.insert(place, labels[i % 3 == 0] if i >= 0 else name)
        writer.writerow(row)
    file = open_labels(text.getvalue().encode())
    assert (file.delimiter, file.header, file.guess().layout, file.guess().columns) == (
        delimiter,
        True,
        "single",
        (name,),
    )
    assert tally(file.count()) == {labels[1]: 14, labels[0]: 26}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "age,label\n34,yes\n25,no\n41,maybe\n",
            "Column 'age' is read as the count of each label in 'label': every label has",
        ),
        (
            "road;kind;size\nx;A;1,5\ny;B;2,5\nz;C;\n",
            "Rows are counted by column 'size': 'size' is the last one with text.",
        ),
        (
            "id,tags\n1,a|b\n2,b\n3,b|a\n4,a\n",
            "Labels are in column 'tags', several in a cell: most cells of 'tags' split at '|'",
        ),
        (
            "x,cat,dog\n0.5,1,0\n0.7,0,1\n0.1,1,1\n",
            "Labels are the columns 'cat', 'dog', of 0 and 1: 2 columns hold only 0",
        ),
        (
            "label,pixels\nsky,900\npole,7\n",
            "Column 'pixels' is read as the pixels of each label in 'label': 'pixels' holds",
        ),
    ],
)
def test_what_was_guessed_is_said(text, said):
    file = open_labels(text.encode())
    guess = file.guess()
    notes = file.count().notes
    assert any(note.startswith(said) for note in notes), notes
    assert any("layout “single” counts rows" in note for note in notes) == (guess.layout in ("table", "pixels"))
    chosen = file.count(list(guess.columns), layout=guess.layout, separator=guess.separator).notes
    assert set(notes) - set(chosen) == {note for note in notes if note.startswith(said)}, (
        "what was asked for is no news"
    )


def test_the_only_column_is_no_news():
    assert open_labels(b"ham\nham\nspam\nham\n").count().notes == open_labels(b"ham\nham\nspam\nham\n").notes
    asked = open_labels(b"a|b\nb\nb|c\nc\n", separator="|").count(separator="|").notes
    assert not any("several in a cell" in note for note in asked)


def test_dates_are_no_labels_where_a_column_of_text_repeats_too():
    rows = "".join(f"{i};{'rust' if i % 3 else 'dent'};2024-0{i % 3 + 1}-11\n" for i in range(30))
    counts = open_labels(f"Nr.;Befund;Datum\n{rows}".encode(), "a.csv").count()
    assert counts.labels == ("dent", "rust")
    times = rows.replace("2024-0", "10:0").replace("-11", "")
    assert open_labels(f"Nr.;Befund;Zeit\n{times}".encode(), "a.csv").count().labels == ("dent", "rust")


@pytest.mark.parametrize(
    ("rows", "warns"),
    [
        ("cat,1234\ndog,56\nTotal,1290\n", True),
        ("cat,1234\ndog,56\nTotal,1291\n", False),
        ("Total,1290\ncat,1234\ndog,56\n", False),
        ("cat,12\ndog,12\n", False),
        ("cat,0\ndog,0\nemu,0\n", False),
    ],
)
def test_a_last_line_that_sums_the_others_is_asked_about(rows, warns):
    counts = open_labels(f"label,count\n{rows}".encode(), "t.csv").count()
    said = "'Total', the last line, has as many as all others together"
    assert any(n.startswith(said) for n in counts.notes) == warns
    assert tally(counts) == {line.split(",")[0]: int(line.split(",")[1]) for line in rows.split()}  # it is counted


def test_a_total_of_pixels_is_asked_about():
    data = b"label,pixels,present\nsky,90,100\nman,20,70\nTotal,110,70\n"
    with pytest.raises(FileError, match=r"cannot be smaller\. If this is the total of the others and no label, leave"):
        open_labels(data, "t.csv").count(layout="pixels")


def test_a_label_called_as_its_column_is_no_sign_of_data():
    assert tally(open_labels(b"label,count\nlabel,0\nother,3\n", "t.csv").count()) == {"label": 0, "other": 3}


def test_a_table_of_numbers_has_its_labels_first():
    file = open_labels(b"0,500\n1,31\n", "t.csv", header=False)
    assert file.guess("table").columns == ("column 1", "column 2")
    assert tally(file.count(layout="table")) == {"0": 500, "1": 31}


def test_a_table_with_a_missing_count_is_still_a_table():
    data = b"klasse,anzahl\nkatze,1234\nhund,56\nmaus,\n"
    with pytest.raises(LabelFileError, match="Column 'anzahl' has no number for 'maus'"):
        open_labels(data, "t.csv").count()
    rows = b"klasse,note\nkatze,3\nhund,\nmaus,\nvogel,\n"  # one number is none
    assert tally(open_labels(rows, "t.csv").count()) == dict.fromkeys(("katze", "hund", "maus", "vogel"), 1)
