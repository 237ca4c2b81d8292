"""The command line: `lossviz weights FILE`, `lossviz lint FILE` and `lossviz claims`, or `python -m lossviz …`."""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lossviz import __version__
from lossviz.compare import weigh
from lossviz.files import escaped, quote
from lossviz.knobs import Knob
from lossviz.labelguess import LAYOUTS
from lossviz.labels import LabelCounts
from lossviz.weights import NORMALISATIONS, SCHEMES

KNOBS = {knob.name: knob for scheme in SCHEMES.values() for knob in scheme.knobs if isinstance(knob, Knob)}
WIDEST = 60


class _Parser(argparse.ArgumentParser):
    """What is wrong with the arguments is one sentence, as every other error."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The arguments; None takes those of the process.

    Returns:
        The exit code: 0; 1 where `lint` found something, or a claim came out otherwise than on record; 2 after one sentence
        on standard error; 130 after Ctrl-C.
    """
    parser = _Parser(prog="lossviz", description="See what class weighting does to a classifier.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="command", required=True)
    _add_weights(commands)
    _add_lint(commands)
    _add_claims(commands)
    try:
        options = parser.parse_args(argv)
        found = options.run(options)
    except SystemExit as end:  # --help and --version
        return int(end.code or 0)
    except KeyboardInterrupt:  # the code by which a shell knows it
        return 130
    except ValueError as error:
        print(f"lossviz: {escaped(' '.join(str(error).split()))}", file=sys.stderr)
        return 2
    text, code = found if isinstance(found, tuple) else (found, 0)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a label that the terminal cannot show is no error
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # such as a full disk
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"lossviz: The result cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    return code


# lossviz lint


def _add_lint(commands: Any) -> None:
    from lossviz.lintreport import FORMATS as REPORTS

    parser = commands.add_parser(
        "lint",
        help="flaws in losses and training code",
        description="Flaws in losses and training code: TensorFlow 1 and 2, Keras, PyTorch, JAX. Files are parsed, never "
        "run. Exit code: 0 nothing found, 1 something, 2 something could not be read, or nothing was there. `# noqa: LV001` "
        "leaves a line alone.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=_lint)
    add = parser.add_argument
    add("files", nargs="*", metavar="FILE", help=".py or .ipynb, or a folder of them; - reads standard input")
    add("--format", choices=REPORTS, default="text", help="of what is printed")
    add("--select", metavar="CODES", help="the rules to use, such as LV001,LV003; without it all")
    add("--ignore", metavar="CODES", help="the rules to leave out")
    add("--rules", action="store_true", help="print what is looked for, and check nothing")


def _lint(options: argparse.Namespace) -> tuple[str, int]:
    """The report and the exit code; what could not be read goes to standard error."""
    from lossviz.lint import RULES, LintError, chosen, lint_file, sources
    from lossviz.lintreport import FORMATS as REPORTS
    from lossviz.lintreport import place

    rules = chosen(options.select, options.ignore)
    if options.rules:
        return "".join(f"{code} {RULES[code].title}\n" for code in rules), 0
    if not options.files:
        raise ValueError("There is no file to check; name files or folders, or - for standard input")
    found, unread, files = [], [], 0
    for path in sources(options.files):
        files += 1
        name = "<stdin>" if path == "-" else path
        try:
            data = sys.stdin.buffer.read() if path == "-" else None
            found += [(name, f) for f in lint_file(name, rules, data)]
        except LintError as error:
            unread.append((name, error))
            found += [(name, f) for f in error.found or []]
            print(f"{place(name, error)}: {escaped(' '.join(str(error).split()))}", file=sys.stderr)
    if not files:
        raise ValueError(
            f"Nothing was checked: there is no .py or .ipynb file in {', '.join(map(quote, options.files))}"
        )
    return REPORTS[options.format](found, unread, files), 2 if unread else 1 if found else 0


# lossviz weights


def _add_weights(commands: Any) -> None:
    parser = commands.add_parser(
        "weights",
        help="class weights from a file of labels",
        description="Class weights from a file of labels: CSV, TSV, Parquet, Excel, JSON lines or a label a line; plain, "
        "gzip, zip or zstd; of any size.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=_weights)
    add = parser.add_argument
    add("file", nargs="?", default="-", metavar="FILE", help="a path; - or nothing reads standard input")
    add("--column", action="append", help="the label column; again for each further column")
    add("--layout", choices=LAYOUTS, help="how the file holds its labels")
    add("--separator", help="what stands between two labels of a cell, such as '|'")
    add("--delimiter", help="what separates the cells: a character, or 'tab'")
    add("--encoding", help="of text, such as cp1252")
    add("--header", action=argparse.BooleanOptionalAction, help="whether the first line holds column names")
    add("--sheet", help="of a workbook; without it the one of most rows")
    add("--scheme", choices=SCHEMES, default="balanced", help="how weights follow from counts")
    add("--normalise", choices=NORMALISATIONS, help="sum: to 1; classes: to their number; mean: the mean example 1")
    add("--fix", metavar="KINDS", help="spellings to put right, such as spaces,case; or all")
    add("--format", choices=FORMATS, default="table", help="of what is printed")
    for name, knob in KNOBS.items():
        add(f"--{name}", type=float, help=f"{knob.title}: {knob.help}")


def _weights(options: argparse.Namespace) -> str:
    """The text to print; notes go to standard error, or with JSON into it."""
    from lossviz.labelfiles import open_labels

    if options.file == "-" and sys.stdin.isatty():
        print(
            "Labels, one on each line; Ctrl-D ends them. `lossviz weights --help` says what else can be read.",
            file=sys.stderr,
        )
    source = sys.stdin.buffer.read() if options.file == "-" else options.file
    file = open_labels(
        source,
        "standard input" if options.file == "-" else None,
        encoding=options.encoding,
        delimiter={"tab": "\t", "\\t": "\t"}.get(options.delimiter, options.delimiter),
        header=options.header,
        sheet=options.sheet,
        separator=options.separator,
    )
    column = options.column[0] if options.column and len(options.column) == 1 else options.column
    counts = file.count(column, layout=options.layout, separator=options.separator)
    counts = _tidied(counts, options.fix)
    counts = _without_absent(counts)
    layout = file.settled(column, options.layout, options.separator).layout
    if counts.counts.max() == 1 < len(counts.labels) and layout == "single":
        counts = _told_of_names(counts)
    knobs = {name: getattr(options, name) for name in KNOBS if getattr(options, name) is not None}
    weights = weigh(counts, options.scheme, options.normalise, knobs)
    if options.format != "json":
        for note in counts.notes:
            print(f"Note: {escaped(' '.join(note.split()))}", file=sys.stderr)
    return FORMATS[options.format](counts, weights, options)


def _tidied(counts: LabelCounts, kinds: str | None) -> LabelCounts:
    """Counts with the spellings put right that were asked for; the others are offered in the notes."""
    from lossviz.spellings import KINDS, apply_fixes, hygiene

    chosen = set(KINDS) if kinds == "all" else {kind.strip() for kind in (kinds or "").split(",")} - {""}
    if unknown := sorted(chosen - set(KINDS)):
        raise ValueError(f"--fix takes all, or some of {', '.join(KINDS)}; not {unknown[0]!r:.40}")
    fixes = hygiene(counts)
    taken = [fix for fix in fixes if fix.kind in chosen]
    offered = [f"{fix.sentence} Put right by --fix {fix.kind}." for fix in fixes if fix.kind not in chosen]
    done = [f"Put right by --fix {fix.kind}: {fix.sentence}" for fix in taken]
    fixed = apply_fixes(counts, taken) if taken else counts
    return replace(fixed, notes=(*fixed.notes, *done, *offered))


def _without_absent(counts: LabelCounts) -> LabelCounts:
    """Labels that never occur have no weight: left out, with a note."""
    there = np.flatnonzero(counts.counts > 0)
    if len(there) == len(counts.labels):
        return counts
    if not len(there):
        raise ValueError("No label occurs: all counts are 0")
    absent = [escaped(label)[:WIDEST] for label, n in zip(counts.labels, counts.counts, strict=True) if n == 0]
    more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
    return replace(
        counts,
        labels=tuple(counts.labels[i] for i in there),
        counts=counts.counts[there],
        present=None if counts.present is None else counts.present[there],
        notes=(*counts.notes, f"Without a weight, for they never occur: {', '.join(map(repr, absent[:5]))}{more}."),
    )


def _told_of_names(counts: LabelCounts) -> LabelCounts:
    """Labels that occur once each are no classes: a note, with what may have been meant."""
    note = (
        f"Each of the {len(counts.labels):,} labels occurs only once, so that all weights are equal. If they name the rows, "
        "name another column with --column; if a cell holds several labels, say with --separator what stands between; if a "
        "line has cells that were not told apart, say so of them with --delimiter, and write counts without marks of thousands."
    )
    return replace(counts, notes=(*counts.notes, note))


def _as_json(counts: LabelCounts, weights: NDArray[np.float64], options: argparse.Namespace) -> str:
    found = {
        "counts": dict(zip(counts.labels, counts.counts.tolist(), strict=True)),
        "weights": dict(zip(counts.labels, weights.tolist(), strict=True)),
        "scheme": options.scheme,
        "normalise": options.normalise,
        "notes": list(counts.notes),
    }
    return json.dumps(found, indent=2, allow_nan=False) + "\n"


def _as_table(counts: LabelCounts, weights: NDArray[np.float64], options: argparse.Namespace) -> str:
    """Aligned columns; what would move the cursor or turn the line around is written out, and spaces at an end are quoted."""
    texts = [f"'{text}'" if text != text.strip() else text for text in map(escaped, counts.labels)]
    labels = [text if len(text) <= WIDEST else text[: WIDEST - 3] + "..." for text in texts]
    total = counts.rows - counts.missing
    rows = [
        ("label", "count", "share", "weight"),
        *(
            (label, f"{n:,}", f"{n / total:.2%}", f"{w:.6g}")
            for label, n, w in zip(labels, counts.counts.tolist(), weights.tolist(), strict=True)
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _as_python(counts: LabelCounts, weights: NDArray[np.float64], options: argparse.Namespace) -> str:
    """Two assignments that run: label -> index, and index -> weight as Keras takes it."""
    index = ",\n".join(f"    {label!a}: {i}" for i, label in enumerate(counts.labels))
    weight = ", ".join(f"{i}: {w!r}" for i, w in enumerate(weights.tolist()))
    return f"label_index = {{\n{index},\n}}\nclass_weight = {{{weight}}}\n"


def _as_csv(counts: LabelCounts, weights: NDArray[np.float64], options: argparse.Namespace) -> str:
    from lossviz.snippets import weights_csv

    text = weights_csv(counts, weights)
    # a file has the labels as they are; a terminal would act on some
    return "\n".join(map(escaped, text.split("\n"))) if sys.stdout.isatty() else text


FORMATS = {"json": _as_json, "table": _as_table, "python": _as_python, "csv": _as_csv}


# lossviz claims


def _add_claims(commands: Any) -> None:
    parser = commands.add_parser(
        "claims",
        help="what people say about class weights, tried against the versions installed here",
        description="Try the claims of the public threads against the versions installed here. The exit code is 1 if a "
        "verdict is another than on record.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=_claims)
    parser.add_argument("number", nargs="*", metavar="N", help="numbers of claims; none tries all of them")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="of what is printed")


def _claims(options: argparse.Namespace) -> tuple[str, int]:
    """The table of verdicts, and 1 if one has changed."""
    from lossviz import claims

    trials = claims.tried(options.number)
    if options.format == "json":
        known = claims.versions(t.claim for t in trials)
        told = {"claims": claims.as_records(trials), "versions": known}
        text = json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    else:
        text = claims.as_table(trials)
    return text, int(not all(t.as_recorded for t in trials))


if __name__ == "__main__":
    sys.exit(main())
