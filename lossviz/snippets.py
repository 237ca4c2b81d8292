"""Code to take home: class weights in the library of one's choice, with one's own labels. The place to add a snippet.

A snippet is a function from a `Case` to the lines that fit a model with the weights, registered with `@snippet`. What
all of them share (classes, weights, made-up data, checks of the weights) is in `lossviz.scaffold`. Every snippet runs as
it is, and ends by checking in NumPy that the library did what was meant.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from numpy.typing import ArrayLike

from lossviz import scaffold
from lossviz.knobs import one_of
from lossviz.labels import KINDS, LabelCounts
from lossviz.scaffold import FEW, Case
from lossviz.spreadsheet import cell


@dataclass(frozen=True)
class Snippet:
    """Class weights in one library.

    Attributes:
        name: What `code` calls it.
        title: What people call it.
        library: What has to be installed, as `pip` calls it.
        kinds: The kinds of counts it serves: keys of `lossviz.labels.KINDS`.
        build: case -> the lines between the data and the check of the weights.
        imports: Its lines of imports, other than NumPy.
    """

    name: str
    title: str
    library: str
    kinds: tuple[str, ...]
    build: Callable[[Case], str]
    imports: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.build.__doc__ or "").strip().split("\n")[0]


SNIPPETS: dict[str, Snippet] = {}


def snippet(title: str, *, library: str, kinds: tuple[str, ...], imports: tuple[str, ...] = ()) -> Callable:
    """Register a function `case -> lines` under its own name."""

    def register(function: Callable[[Case], str]) -> Callable[[Case], str]:
        name = function.__name__
        SNIPPETS[name] = Snippet(name, title, library, kinds, function, imports)
        return function

    return register


ONE_MEAN = "mean of w·ℓ over all {} (Keras divides by how many there are, not by Σw)"


def _keras_model(case: Case, loss: str) -> str:
    layer = "Conv2D(len(classes), 1)" if case.kind == "pixels" else "Dense(len(classes))"
    return dedent(
        f"""\
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.layers.Input(X.shape[1:]), keras.layers.{layer}])
        model.compile("adam", {loss})
        logits = keras.ops.convert_to_numpy(model(X))  # before training, for the self-check
        """
    )


def _keras_check(case: Case) -> str:
    weighted = "losses" if case.kind == "multi" else "w * losses"
    of = {"single": "examples", "multi": "examples and labels", "pixels": "pixels, void ones too"}[case.kind]
    return (
        f"\n# Self-check: the first loss is the {ONE_MEAN.format(of)}.\n"
        + scaffold.truth(case)
        + scaffold.cross_entropy(case)
        + f'np.testing.assert_allclose(history.history["loss"][0], ({weighted}).mean(), rtol=1e-4)\n'
    )


NO_SOFTMAX = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
ONE_BATCH = "batch_size=len(X): one batch an epoch, which the self-check takes for granted."


@snippet("Keras: class_weight", library="keras", kinds=("single",), imports=("import keras",))
def keras_class_weight(case: Case) -> str:
    """The argument of `fit`: a dict by class index."""
    return (
        _keras_model(case, NO_SOFTMAX)
        + dedent(
            f"""\

            # class_weight is a dict keyed by class index: an array is refused. It weights the training loss only; the loss of
            # validation_data=(X, y) stays unweighted. Weight losses, never logits: the network undoes factors on its logits.
            # {ONE_BATCH}
            history = model.fit(X, y, class_weight=class_weight, epochs=2, batch_size=len(X), verbose=0)
            """
        )
        + _keras_check(case)
    )


@snippet("Keras: sample_weight", library="keras", kinds=("single", "pixels"), imports=("import keras",))
def keras_sample_weight(case: Case) -> str:
    """A weight for every example, or pixel, of its true class."""
    if case.kind == "pixels":
        target, said = "safe", "sample_weight = pixel_weights"
    else:
        target, said = "y", "sample_weight = weights[y]  # the same as class_weight=class_weight"
    return (
        _keras_model(case, NO_SOFTMAX)
        + dedent(
            f"""\

            # The loss of validation_data=(X, y) stays unweighted: give (X, y, weights) to weight it.
            # {ONE_BATCH}
            {said}
            history = model.fit(X, {target}, sample_weight=sample_weight, epochs=2, batch_size=len(X), verbose=0)
            """
        )
        + _keras_check(case)
    )


@snippet("Keras: a weighted loss", library="keras", kinds=tuple(KINDS), imports=("import keras",))
def keras_loss(case: Case) -> str:
    """A loss of logits that carries its weights along, into validation too."""
    if case.kind == "multi":
        loss = """\
            # Each label is a yes or no of its own: a sigmoid each, no softmax. pos_weight multiplies the loss where the label is there.
            def weighted_loss(y, logits):
                y, w = keras.ops.cast(y, logits.dtype), keras.ops.cast(weights, logits.dtype)
                return keras.ops.mean(w * y * keras.ops.softplus(-logits) + (1 - y) * keras.ops.softplus(logits), axis=-1)
            """
        target = "Y"
    elif case.kind == "pixels":
        loss = """\
            # The weight of each pixel's true class multiplies its loss; void pixels have weight 0. Never multiply the logits.
            def weighted_loss(y, logits):
                y = keras.ops.reshape(keras.ops.cast(y, "int32"), keras.ops.shape(logits)[:-1])
                counted = y != void
                y = keras.ops.where(counted, y, 0)
                w = keras.ops.take(keras.ops.cast(weights, logits.dtype), y) * keras.ops.cast(counted, logits.dtype)
                return w * keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
            """
        target = "y"
    else:
        loss = """\
            # The weight of each example's true class multiplies its loss. Never multiply the logits: the network undoes that.
            def weighted_loss(y, logits):
                y = keras.ops.reshape(keras.ops.cast(y, "int32"), keras.ops.shape(logits)[:-1])
                w = keras.ops.take(keras.ops.cast(weights, logits.dtype), y)
                return w * keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
            """
        target = "y"
    return (
        f"\n{dedent(loss)}\n\n"
        + _keras_model(case, "weighted_loss")
        + dedent(
            f"""\
            # This weights the loss of validation_data too, as class_weight and sample_weight do not. Do not give those besides.
            # {ONE_BATCH}
            history = model.fit(X, {target}, epochs=2, batch_size=len(X), verbose=0)
            """
        )
        + _keras_check(case)
    )


@snippet(
    "TensorFlow: a training step of one's own",
    library="tensorflow",
    kinds=tuple(KINDS),
    imports=("import keras", "import tensorflow as tf"),
)
def tensorflow(case: Case) -> str:
    """The weighted loss inside a gradient tape."""
    layer = "Conv2D(len(classes), 1)" if case.kind == "pixels" else "Dense(len(classes))"
    if case.kind == "multi":
        call, target = "step(X, Y)", "Y"
        loss = """\
            # Sigmoids, for labels that do not exclude each other; pos_weight multiplies the loss where the label is there.
            losses = tf.nn.weighted_cross_entropy_with_logits(labels=y, logits=model(x), pos_weight=w)
            loss = tf.reduce_mean(losses)"""
    else:
        target = "safe" if case.kind == "pixels" else "y"
        call = "step(X, safe, pixel_weights.astype(np.float32))" if case.kind == "pixels" else "step(X, y)"
        of = "example_weights" if case.kind == "pixels" else "tf.gather(w, y)"
        loss = f"""\
            # The weight of the true class multiplies the loss, never the logits.
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=model(x))
            loss = tf.reduce_mean({of} * losses)"""
    arguments = "x, y, example_weights" if case.kind == "pixels" else "x, y"
    constant = "" if case.kind == "pixels" else "w = tf.constant(weights, tf.float32)\n"
    lines = [
        "keras.utils.set_random_seed(0)",
        f"model = keras.Sequential([keras.layers.Input(X.shape[1:]), keras.layers.{layer}])",
        'optimizer = keras.optimizers.Adam(0.01)',
        "logits = model(X).numpy()  # before training, for the self-check",
        *constant.splitlines(),
        "",
        "",
        "@tf.function",
        f"def step({arguments}):",
        "    with tf.GradientTape() as tape:",
        *(f"        {line}" for line in dedent(loss).splitlines()),
        "    variables = model.trainable_variables",
        "    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))",
        "    return loss",
        "",
        "",
        f"first = float({call})",
        "",
        "# Self-check: tf.reduce_mean divides by how many there are, not by Σw.",
    ]
    assert target
    weighted = "losses" if case.kind == "multi" else "w * losses"
    return (
        "\n".join(lines)
        + "\n"
        + scaffold.truth(case)
        + scaffold.cross_entropy(case)
        + f"np.testing.assert_allclose(first, ({weighted}).mean(), rtol=1e-4)\n"
    )


@snippet("PyTorch", library="torch", kinds=tuple(KINDS), imports=("import torch",))
def pytorch(case: Case) -> str:
    """`CrossEntropyLoss(weight=…)`, which divides by Σw; for several labels `BCEWithLogitsLoss(pos_weight=…)`."""
    if case.kind == "multi":
        target, model = "torch.tensor(Y)", "torch.nn.Linear(X.shape[1], len(classes))"
        loss = """\
            # Sigmoids, for labels that do not exclude each other; pos_weight multiplies the loss where the label is there. The mean
            # divides by how many there are, not by the weights.
            loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weights, dtype=torch.float32))
            """
        check = "np.testing.assert_allclose(first, losses.mean(), rtol=1e-4)\n"
    else:
        ignored = ", ignore_index=void" if case.kind == "pixels" else ""
        model = "torch.nn.Linear(X.shape[1], len(classes))"
        target = "torch.tensor(y)"
        if case.kind == "pixels":
            model = "torch.nn.Conv2d(X.shape[3], len(classes), 1)"
        loss = f"""\
            # The mean divides by the sum of the weights in the batch, Σwℓ/Σw, where Keras and TensorFlow divide by the number of
            # examples: the same weights, another loss. The scale of the weights cancels; in a batch of one example they cancel
            # altogether. For Keras' mean: CrossEntropyLoss(weight=w, reduction="none")(logits, target).mean(). Never multiply
            # the logits.
            loss = torch.nn.CrossEntropyLoss(weight=torch.tensor(weights, dtype=torch.float32){ignored})
            """
        check = "np.testing.assert_allclose(first, (w * losses).sum() / w.sum(), rtol=1e-4)\n"
    inputs = "torch.tensor(X).permute(0, 3, 1, 2)" if case.kind == "pixels" else "torch.tensor(X)"
    back = ".permute(0, 2, 3, 1)" if case.kind == "pixels" else ""
    return (
        dedent(
            f"""\
            torch.manual_seed(0)
            model = {model}
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            """
        )
        + dedent(loss)
        + dedent(
            f"""\
            output = model({inputs})
            value = loss(output, {target})
            optimizer.zero_grad()
            value.backward()
            optimizer.step()

            # Self-check: the same in NumPy.
            first, logits = value.item(), output.detach(){back}.numpy()
            """
        )
        + scaffold.truth(case)
        + scaffold.cross_entropy(case)
        + check
    )


def _some(case: Case) -> tuple[str, list[str]]:
    """What a loop over the labels goes through, and the line that makes it."""
    if case.classes <= FEW:
        return "classes", []
    return "some", [f"some = classes[:{FEW}]  # so that this is quick; for all of yours: classes"]


@snippet(
    "scikit-learn",
    library="scikit-learn",
    kinds=("single", "multi"),
    imports=(
        "from sklearn.linear_model import LogisticRegression",
        "from sklearn.utils.class_weight import compute_sample_weight",
    ),
)
def sklearn(case: Case) -> str:
    """The parameter `class_weight` of most classifiers; for several labels a classifier for each."""
    if case.kind == "multi":
        among, line = _some(case)
        lines = [
            *line,
            "# A yes or no for each label; its own class_weight multiplies the loss where the label is there.",
            "models = {}",
            f"for label in {among}:",
            "    i = index[label]",
            "    models[label] = LogisticRegression(class_weight={0: 1.0, 1: pos_weight[i]}, max_iter=1000).fit(X, Y[:, i])",
            "",
            "# Self-check: class_weight is sample_weight by the true answer.",
            *scaffold.truth(case).splitlines(),
            "for label, model in models.items():",
            "    true = has[:, classes.index(label)]",
            "    w = np.where(true, weight_of[label], 1.0)",
            "    np.testing.assert_allclose(compute_sample_weight(model.class_weight, true.astype(int)), w)",
            "    peer = LogisticRegression(max_iter=1000).fit(X, true, sample_weight=w)",
            "    np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-5)",
        ]
    else:
        lines = [
            "# A dict keyed by class index. It is the same as fit(X, y, sample_weight=weights[y]); both at once would weight twice.",
            "# score(X, y) stays unweighted: give it sample_weight to weight it.",
            "model = LogisticRegression(class_weight=class_weight, max_iter=1000).fit(X, y)",
            "",
            "# Self-check: class_weight is sample_weight by the true class.",
            *scaffold.truth(case).splitlines(),
            "np.testing.assert_allclose(compute_sample_weight(class_weight, y), w)",
            "peer = LogisticRegression(max_iter=1000).fit(X, y, sample_weight=w)",
            "np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-5)",
        ]
    return "\n".join(lines) + "\n"


def _boosted(case: Case, words: Mapping[str, str]) -> str:
    """XGBoost and LightGBM: a scikit-learn model with the weights, and the library's own API to compare with.

    Args:
        case: What it is written for.
        words: What the two call things: "settings" and "same" (no start from the class shares, which scale_pos_weight
            leaves out of account), "fit" (the model by class), "binary", "multiclass" and "booster" (the own API).
    """
    if case.kind == "multi":
        among, line = _some(case)
        lines = [
            f"settings = {words['settings']}",
            *line,
            "# A yes or no for each label; scale_pos_weight multiplies the loss where the label is there. No sample weights besides:",
            "# both would multiply.",
            "models = {}",
            f"for label in {among}:",
            "    i = index[label]",
            f"    models[label] = {words['model']}(**settings, {words['same']}, scale_pos_weight=pos_weight[i]).fit(X, Y[:, i])",
            "",
            "# Self-check: the library's own interface, with a weight for each example, gives the same model.",
            *scaffold.truth(case).splitlines(),
            "for label, model in models.items():",
            "    true = has[:, classes.index(label)]",
            "    w = np.where(true, weight_of[label], 1.0)",
            f"    parameters = {words['binary']}",
            *(f"    {line}" for line in words["train"].format(y="true").splitlines()),
            "    np.testing.assert_allclose(model.predict_proba(X)[:, 1], p, atol=1e-5)",
        ]
        return "\n".join(lines) + "\n"
    two = case.classes == 2
    lines = [
        f"settings = {words['settings']}",
        *words["fit"].splitlines(),
        "",
        "# Self-check: the library's own interface, with weights by label, gives the same model; and its loss is Σwℓ/Σw.",
        *scaffold.truth(case).splitlines(),
        f"parameters = {words['plain'] if two else words['multiclass']}",
        *words["train"].format(y="y").splitlines(),
        "p = np.stack([1 - p, p], axis=1)" if two else None,
        "np.testing.assert_allclose(model.predict_proba(X), p, atol=1e-5)",
        "losses = -np.log(np.take_along_axis(p.astype(float), y[:, None], axis=1)[:, 0])",
        "np.testing.assert_allclose(loss, (w * losses).sum() / w.sum(), rtol=1e-4)",
    ]
    if two and not case.left_out:
        lines += [
            "",
            "# For two classes scale_pos_weight can stand in place of the weights (never besides: the positives would be weighted",
            "# twice). It keeps weight 1 for class 0, and is not for more than two classes.",
            "ratio = weights[1] / weights[0]",
            f"other = {words['model']}(**settings, {words['same']}, scale_pos_weight=ratio).fit(X, y)",
            "w = w / weight_of[classes[0]]",
            f"parameters = {words['binary']}",
            *words["train"].format(y="y").splitlines(),
            "np.testing.assert_allclose(other.predict_proba(X)[:, 1], p, atol=1e-5)",
        ]
    return "\n".join(line for line in lines if line is not None) + "\n"


@snippet("XGBoost", library="xgboost", kinds=("single", "multi"), imports=("import xgboost",))
def xgboost(case: Case) -> str:
    """A weight for each example; `scale_pos_weight` for two classes."""
    settings = '{"learning_rate": 0.3, "max_depth": 2, "n_jobs": 1}'
    return _boosted(
        case,
        {
            "model": "xgboost.XGBClassifier",
            "settings": '{"n_estimators": 5, "learning_rate": 0.3, "max_depth": 2, "n_jobs": 1}',
            "same": "base_score=0.5",
            "fit": (
                "# XGBClassifier has no class_weight: every example takes the weight of its class.\n"
                "model = xgboost.XGBClassifier(**settings).fit(X, y, sample_weight=weights[y])"
            ),
            "plain": '{"objective": "binary:logistic", "learning_rate": 0.3, "max_depth": 2}',
            "binary": '{"objective": "binary:logistic", "learning_rate": 0.3, "max_depth": 2, "base_score": 0.5}',
            "multiclass": (
                '{"objective": "multi:softprob", "num_class": len(classes), "learning_rate": 0.3, "max_depth": 2}'
            ),
            "train": (
                "train, log = xgboost.DMatrix(X, {y}, weight=w), {{}}\n"
                'booster = xgboost.train(parameters, train, 5, evals=[(train, "train")], evals_result=log, verbose_eval=False)\n'
                'loss = next(iter(log["train"].values()))[-1]\n'
                "p = booster.predict(train)"
            ),
        },
    )


@snippet("LightGBM", library="lightgbm", kinds=("single", "multi"), imports=("import lightgbm",))
def lightgbm(case: Case) -> str:
    """The parameter `class_weight`; `scale_pos_weight` for two classes."""
    shared = '"num_leaves": 4, "min_child_samples": 1, "num_threads": 1, "verbose": -1'
    return _boosted(
        case,
        {
            "model": "lightgbm.LGBMClassifier",
            "settings": (
                '{"n_estimators": 5, "num_leaves": 4, "min_child_samples": 1, "n_jobs": 1, "verbose": -1}  # for few rows'
            ),
            "same": "boost_from_average=False",
            "fit": (
                "# A dict keyed by class index; the same as fit(X, y, sample_weight=weights[y]). Give one of the two: both would multiply.\n"
                "model = lightgbm.LGBMClassifier(**settings, class_weight=class_weight).fit(X, y)"
            ),
            "plain": f'{{"objective": "binary", {shared}}}',
            "binary": f'{{"objective": "binary", {shared}, "boost_from_average": False}}',
            "multiclass": f'{{"objective": "multiclass", "num_class": len(classes), {shared}}}',
            "train": (
                'train = lightgbm.Dataset(X, {y}, weight=w, params={{"verbose": -1}})\n'
                "booster = lightgbm.train(parameters, train, 5)\n"
                "loss = booster.eval_train()[0][2]\n"
                "p = booster.predict(X)"
            ),
        },
    )


@snippet("NumPy and pandas", library="pandas", kinds=tuple(KINDS), imports=("import pandas as pd",))
def numpy(case: Case) -> str:
    """The mapping and the weights, for whatever takes a weight an example."""
    check = ["", "# Self-check: by index and by the name of the label, the same.", *scaffold.truth(case).splitlines()]
    if case.kind == "multi":
        lines = [
            "# Multiply the loss of each label of each row: pos_weight where the label is there, 1 where it is not.",
            "label_weights = np.where(Y == 1, weights, 1.0)",
            "by_label = pd.DataFrame(Y, columns=classes).mul(pd.Series(weights, index=classes)) + (1 - Y)",
            *check,
            "np.testing.assert_allclose(label_weights, np.where(has, [weight_of[label] for label in classes], 1.0))",
            "np.testing.assert_allclose(by_label, label_weights, rtol=1e-6)",
        ]
    elif case.kind == "pixels":
        lines = [
            "# A look-up by index: multiply the loss of each pixel by it.",
            "share = pd.Series(y[y != void]).value_counts(normalize=True)",
            *check,
            "np.testing.assert_allclose(pixel_weights, w)",
            "np.testing.assert_allclose(share.mul(pd.Series(class_weight)).sum(), w.sum() / (y != void).sum())",
        ]
    else:
        lines = [
            "# A weight an example, for everything that takes a sample_weight: a look-up by index, or in pandas by label.",
            "sample_weight = weights[y]",
            "by_label = pd.Series(labels).map(dict(zip(classes, weights)))",
            *check,
            "np.testing.assert_allclose(sample_weight, w)",
            "np.testing.assert_allclose(by_label, w)",
        ]
    return "\n".join(lines) + "\n"


def _written(entry: Snippet, case: Case) -> str:
    one_of(f"kind of counts for the snippet {entry.name!r}", case.kind, entry.kinds)
    return entry.build(case)


def code(
    name: str,
    counts: LabelCounts,
    weights: Mapping[str, float] | ArrayLike,
    *,
    scheme: str | None,
    normalise: str | None = None,
    renaming: Mapping[str, str] | None = None,
    **knobs: Any,
) -> str:
    """Python that puts class weights to use in one library, runs as it is and checks itself.

    Args:
        name: A name in `SNIPPETS`.
        counts: What was counted.
        weights: A weight a label: a mapping, or an array in the order of `counts.labels`; 0 leaves a class out.
        scheme: The name in `lossviz.SCHEMES` that the weights come from; None for weights of one's own. Of several
            labels a row, "pos_weight" is taken label by label, rows without it per row that has it.
        normalise: As of `lossviz.class_weights`.
        renaming: Spellings in the data -> labels; images have none, their masks hold indices.
        **knobs: Of the scheme.

    Raises:
        ValueError: An unknown name, a kind of counts that the snippet does not serve, or weights that are not one
            number a label or do not follow their scheme.

    Example:
        >>> import numpy as np
        >>> animals = LabelCounts(("cat", "dog"), np.array([1, 3]), 4)
        >>> print(code("numpy", animals, [2.0, 2 / 3], scheme="balanced")[:169])
        import numpy as np
        import pandas as pd
        <BLANKLINE>
        # The place of a class in the list is its index.
        classes = ['cat', 'dog']
        index = {label: i for i, label in enumerate(classes)}
    """
    entry = SNIPPETS[one_of("snippet", name, SNIPPETS)]
    case = scaffold.prepare(counts, weights, scheme, normalise, renaming, knobs)
    parts = (scaffold.head(case, entry.imports), scaffold.data(case), _written(entry, case), scaffold.weights_check(case))
    return "\n".join(parts)


def notebook(
    counts: LabelCounts,
    weights: Mapping[str, float] | ArrayLike,
    *,
    scheme: str | None,
    normalise: str | None = None,
    renaming: Mapping[str, str] | None = None,
    names: Iterable[str] | None = None,
    **knobs: Any,
) -> str:
    """A Jupyter notebook of snippets, as JSON: classes and weights once, then a part for each library.

    Args:
        counts: As of `code`.
        weights: As of `code`.
        scheme: As of `code`.
        normalise: As of `code`.
        renaming: As of `code`.
        names: Names in `SNIPPETS`; None takes all that serve the kind of counts.
        **knobs: Of the scheme.

    Raises:
        ValueError: As of `code`.
    """
    case = scaffold.prepare(counts, weights, scheme, normalise, renaming, knobs)
    if names is None:
        chosen = [entry for entry in SNIPPETS.values() if case.kind in entry.kinds]
    else:
        chosen = [SNIPPETS[one_of("snippet", name, SNIPPETS)] for name in names]
    cells: list[tuple[str, str]] = [
        ("markdown", f"# Class weights\n\n{_table(case)}"),
        ("code", scaffold.head(case)),
        ("code", scaffold.weights_check(case)),
        ("markdown", "## Data\n\nMade up, so that the notebook runs as it is: put your own here."),
        ("code", scaffold.data(case)),
    ]
    for entry in chosen:
        lines = "\n".join(entry.imports)
        cells.append(("markdown", f"## {entry.title}\n\nNeeds `pip install {entry.library}`."))
        cells.append(("code", f"{lines}\n\n{_written(entry, case)}"))
    return _json(
        {
            "cells": [_notebook_cell(i, kind, text.strip("\n")) for i, (kind, text) in enumerate(cells)],
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        indent=1,
    )


def _notebook_cell(number: int, kind: str, text: str) -> dict[str, Any]:
    more = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text.splitlines(keepends=True), **more}


def _table(case: Case, most: int = 50) -> str:
    """Labels, counts and weights as preformatted text: labels can be no Markdown, HTML or formula there."""
    lines = [f"{'index':>5}  {'count':>12}  {'weight':>12}  label"]
    for i, (label, n, w) in enumerate(zip(case.counts.labels, case.counts.counts, case.weights, strict=True)):
        if i == most:
            lines.append(f"and {case.classes - most} more")
            break
        shown = repr(label[:40]) + ("..." if len(label) > 40 else "")
        lines.append(f"{i:5d}  {n:12d}  {w:12.6g}  {shown}")
    fence = "~" * 60  # longer than a label that is cut
    return "\n".join([fence, *lines, fence])


def weights_json(
    counts: LabelCounts,
    weights: Mapping[str, float] | ArrayLike,
    *,
    scheme: str | None,
    normalise: str | None = None,
    **knobs: Any,
) -> str:
    """Counts and weights by label, as JSON: an object of counts, weights, scheme, normalise, knobs and notes.

    Raises:
        ValueError: As of `code`.

    Example:
        >>> import numpy as np
        >>> print(weights_json(LabelCounts(("cat", "dog"), np.array([1, 3]), 4), [2.0, 2 / 3], scheme="balanced"))
        {"counts": {"cat": 1, "dog": 3}, "weights": {"cat": 2.0, "dog": 0.6666666666666666}, "scheme": "balanced",
         "normalise": null, "knobs": {}, "notes": []}
    """
    case = scaffold.prepare(counts, weights, scheme, normalise, None, knobs)
    labels = counts.labels
    return _json(
        {
            "counts": dict(zip(labels, map(int, counts.counts), strict=True)),
            "weights": dict(zip(labels, map(float, case.weights), strict=True)),
            "scheme": scheme,
            "normalise": normalise,
            "knobs": case.knobs,
            "notes": list(counts.notes),
        }
    )


def weights_csv(counts: LabelCounts, weights: Mapping[str, float] | ArrayLike) -> str:
    r"""Label, index, count and weight, a line a label, in full precision; safe to open in a spreadsheet.

    A label that would start a formula there (=, +, -, @) has an apostrophe before it.

    Raises:
        ValueError: As of `code`.

    Example:
        >>> import numpy as np
        >>> weights_csv(LabelCounts(("=1", "dog"), np.array([1, 3]), 4), [2.0, 0.5])
        '"label","index","count","weight"\n"\'=1",0,1,2.0\n"dog",1,3,0.5\n'
    """
    case = scaffold.prepare(counts, weights, None, None, None, {})
    out = io.StringIO()
    # Quoted: a spreadsheet that separates by semicolons would else split `a;=cmd()` and run its second half.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(["label", "index", "count", "weight"])
    for i, (label, n, w) in enumerate(zip(counts.labels, counts.counts, case.weights, strict=True)):
        writer.writerow([cell(label), i, int(n), float(w)])
    return _encodable(out.getvalue())


def _json(value: object, indent: int | None = None) -> str:
    return _encodable(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent))


def _encodable(text: str) -> str:
    """Half a surrogate pair is no text to a file; as an escape it is, and JSON reads it back."""
    return text.encode("utf-8", "backslashreplace").decode()
