"""The API's pages, made of the docstrings: `python docs/api.py [folder]`, docs/api by default. A warning is an error."""

import sys
import warnings
from pathlib import Path
from typing import Generic, TypeVar

import numpy.typing
import pdoc

T = TypeVar("T")


class NDArray(Generic[T]):
    """NumPy's alias, which would take three lines of a signature if it were written out."""


class ArrayLike:
    """Another."""


ROOMS = (
    "strategies",
    "strategy",
    "weights",
    "data",
    "dataset",
    "plan",
    "labels",
    "tables",
    "tabledata",
    "lint",
    "claims",
    "claim",
    "lessons",
    "lesson",
)
"""Whose names a user meets besides `lossviz`'s own: what its functions take and give back."""


def main(folder: Path) -> None:
    """Write a page for the package and for each of the rooms."""
    for alias in (NDArray, ArrayLike):
        alias.__module__ = "builtins"  # which is not written
        setattr(numpy.typing, alias.__name__, alias)
    import lossviz

    warnings.simplefilter("error")
    for name in lossviz._NEED_TENSORFLOW:  # what is imported late is public, too
        setattr(lossviz, name, getattr(lossviz, name))
    pages = {name: pdoc.doc.Module.from_name(name) for name in ("lossviz", *(f"lossviz.{room}" for room in ROOMS))}
    for page in pages.values():
        for shown in page.variables:
            value = getattr(page.obj, shown.name, None)
            if isinstance(value, dict) and value:
                entry = type(next(iter(value.values())))
                keys = ", ".join(f"`{key}`" for key in value)
                shown.docstring += f"\n\nEach a `{entry.__module__}.{entry.__qualname__}`: {keys}."
                shown.default_value_str = ""
    pdoc.render.configure(docformat="google", show_source=False)
    for name, page in pages.items():
        path = folder / f"{name.replace('.', '/')}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pdoc.render.html_module(page, pages), encoding="utf-8")
    print(f"{folder}/lossviz.html and {len(ROOMS)} more")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "api")
