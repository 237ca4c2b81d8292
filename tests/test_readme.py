"""The README's tables are the code's, and its examples run."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import lossviz
from lossviz.lintflaws import RULES

README = Path(__file__).parents[1] / "README.md"


def seconds(cell: str) -> float | None:
    """A time of the results, "1,234 ms" or "1.2 s"."""
    found = re.fullmatch(r"([\d,.]+) (ms|s)", cell)
    return float(found[1].replace(",", "")) * (1e-3 if found[2] == "ms" else 1) if found else None


def speed() -> str:
    """What others take beside the first of ours, in every part of bench/results.md that compares."""
    lines = ["| | lossviz takes | beside it |", "|---|--:|---|"]
    for part in (README.parent / "bench" / "results.md").read_text(encoding="utf-8").split("\n### ")[1:]:
        rows = [
            [c.strip() for c in line.split(" | ")] for line in part.replace("\\|", "¦").split("\n") if line[:2] == "| "
        ]
        ours, others = None, []
        for title, least, _, ratio, *_ in ((r[0].removeprefix("| "), *r[1:], "", "") for r in rows if len(r) > 2):
            if (took := seconds(least)) is None:
                continue
            if title.startswith("**"):
                ours = ours or took
            elif ours and re.fullmatch(r"[\d,.]+", ratio) and not re.match("lossviz|for scale|the same|first", title):
                others.append((title, float(ratio.replace(",", "")) * ours))
            elif not re.match("lossviz|for scale|the same|first|`count_labels`", title):
                others.append((title, took))
        if ours and others and not part.startswith("Counting"):
            told = "<br>".join(f"{title} {took / ours:,.{1 if took < 20 * ours else 0}f}×" for title, took in others)
            lines.append(f"| {part.split(chr(10))[0]} | {1000 * ours:,.0f} ms | {told} |")
        elif others:  # each stands beside the one it is like
            beside = ((r[0].removeprefix("| ").replace("**", ""), re.match(r"([\d.]+)× ([^;]*)", r[-1])) for r in rows)
            pairs = [f"{title}: {m[1]}× {m[2].strip(' |')}" for title, m in beside if m]
            lines.append(f"| Counting labels | | {'<br>'.join(pairs)} |")
    return "\n".join(lines)


def tables() -> dict[str, str]:
    strategies = ["| name | title | what it does | source |", "|---|---|---|---|"]
    for s in lossviz.STRATEGIES.values():
        title = f"**{s.title}** (flawed)" if s.flawed else s.title
        strategies.append(f"| `{s.name}` | {title} | {s.summary} | {s.source} |")
    schemes = ["| name | title | what it does | source |", "|---|---|---|---|"]
    schemes += [f"| `{s.name}` | {s.title} | {s.summary} | {s.source} |" for s in lossviz.SCHEMES.values()]
    rules = ["| code | what it finds | claim |", "|---|---|---|"]
    rules += [f"| `{r.code}` | {r.title} | {r.claim or '–'} |" for r in RULES.values()]
    return {
        "strategies": "\n".join(strategies),
        "schemes": "\n".join(schemes),
        "rules": "\n".join(rules),
        "speed": speed(),
    }


def written(text: str) -> str:
    for name, table in tables().items():
        before, rest = text.split(f"<!-- {name} -->\n")
        text = f"{before}<!-- {name} -->\n{table}\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}"
    return text


def test_tables_are_those_of_the_code() -> None:
    text = README.read_text(encoding="utf-8")
    assert written(text) == text, "run `make readme`"


def test_examples_run() -> None:
    assert doctest.testfile(str(README), module_relative=False, encoding="utf-8").failed == 0


def test_commands_print_what_it_says() -> None:
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    for part in "".join(blocks).split("$ ")[1:]:
        command, _, expected = part.partition("\n")
        command = command.replace("lossviz", f"{sys.executable} -m lossviz", 1)
        done = subprocess.run(command, shell=True, cwd=README.parent, capture_output=True, text=True, check=True)
        assert done.stdout == expected, command


def test_every_path_it_names_exists() -> None:
    for page in (README, *README.parent.glob("docs/*.md"), README.parent / "CONTRIBUTING.md"):
        for path in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / path).exists(), f"{page.name}: {path}"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
