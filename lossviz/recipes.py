"""Recipes: how class weights are put to use in each library. The one place to add a snippet.

A snippet is a function from a `Case` to the lines that fit a model with the weights, registered with `@snippet`. What
all of them share (classes, weights, made-up data, the check of the weights) is in `lossviz.scaffold`; `lossviz.snippets`
puts the two together. Every snippet runs as it is, and ends by checking in NumPy that the library did what was meant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from textwrap import dedent, indent

from lossviz.labels import KINDS
from lossviz.scaffold import FEW, Case, cross_entropy, note, truth, wrapped


@dataclass(frozen=True)
class Snippet:
    """Class weights in one library.

    Attributes:
        name: What `lossviz.snippets.code` calls it.
        title: What people call it.
        library: What has to be installed, as `pip` calls it.
        kinds: The kinds of counts it serves: keys of `lossviz.labels.KINDS`.
        build: case -> the lines between the data and the check of the weights.
        imports: Its imports, other than NumPy; a line each.
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
EVERY_KIND = tuple(KINDS)
NEVER_LOGITS = "Weights multiply losses, never logits: a network undoes factors on its logits."
ONE_BATCH = "One batch an epoch (batch_size=len(X)), because the self-check follows the first loss."
MEAN_ONE = "Only a mean weight of 1 leaves the settings that count or shrink by weight their usual meaning."
SIGMOIDS = (
    "Labels do not exclude each other: a sigmoid each, no softmax. pos_weight multiplies the loss where the label is."
)


def snippet(title: str, *, library: str, kinds: tuple[str, ...], imports: tuple[str, ...] = ()) -> Callable:
    """Register a function `case -> lines` under its own name."""

    def register(function: Callable[[Case], str]) -> Callable[[Case], str]:
        name = function.__name__
        SNIPPETS[name] = Snippet(name, title, library, kinds, function, imports)
        return function

    return register


def _equal(value: str, mean: str, rtol: str = "1e-4") -> str:
    return f"np.testing.assert_allclose({value}, {mean}, rtol={rtol})\n"


def _mean(case: Case) -> str:
    """The mean as Keras and TensorFlow take it: over how many there are."""
    return "losses.mean()" if case.kind == "multi" else "(w * losses).mean()"


def _keras_model(case: Case) -> str:
    layer = "Conv2D(len(classes), 1)" if case.kind == "pixels" else "Dense(len(classes))"
    return dedent(
        f"""\
        keras.utils.set_random_seed(0)
        # Its output are logits: no softmax, no sigmoid.
        model = keras.Sequential([keras.layers.Input(X.shape[1:]), keras.layers.{layer}])
        logits = keras.ops.convert_to_numpy(model(X))  # before training, for the self-check
        """
    )


def _keras_fit(case: Case, target: str, given: str, loss: str, remark: str) -> str:
    """Compile, fit, and compare the first loss."""
    of = {"single": "examples", "multi": "examples and labels", "pixels": "pixels, void ones too,"}[case.kind]
    return (
        f'model.compile("adam", {loss})\n'
        + note(f"{remark} {ONE_BATCH}")
        + f"history = model.fit(X, {target}, {given}epochs=2, batch_size=len(X), verbose=0)\n\n"
        + note(f"Self-check: Keras' first loss is the mean of w·ℓ over all {of} and not divided by Σw.")
        + truth(case)
        + cross_entropy(case)
        + _equal('history.history["loss"][0]', _mean(case))
    )


SPARSE = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"


@snippet("Keras: class_weight", library="keras", kinds=("single",), imports=("import keras",))
def keras_class_weight(case: Case) -> str:
    """The argument of `fit`: a dict by class index."""
    remark = (
        "class_weight is a dict keyed by class index: an array is refused. It weights the training loss only; the loss of "
        f"validation_data=(X, y) stays unweighted. {NEVER_LOGITS}"
    )
    return _keras_model(case) + _keras_fit(case, "y", "class_weight=class_weight, ", SPARSE, remark)


@snippet("Keras: sample_weight", library="keras", kinds=("single", "pixels"), imports=("import keras",))
def keras_sample_weight(case: Case) -> str:
    """A weight for every example, or pixel: that of its true class."""
    pixels = case.kind == "pixels"
    line = "pixel_weights" if pixels else "weights[y]  # the same as class_weight=class_weight; give one of the two"
    remark = (
        "The loss of validation_data=(X, y) stays unweighted; validation_data=(X, y, sample_weight) weights it. "
        f"{NEVER_LOGITS}"
    )
    fit = _keras_fit(case, "safe" if pixels else "y", "sample_weight=sample_weight, ", SPARSE, remark)
    return f"{_keras_model(case)}sample_weight = {line}\n{fit}"


@snippet("Keras: a weighted loss", library="keras", kinds=EVERY_KIND, imports=("import keras",))
def keras_loss(case: Case) -> str:
    """A loss of logits that carries its weights along, into validation too."""
    if case.kind == "multi":
        above = SIGMOIDS
        lines = """
            y, w = keras.ops.cast(y, logits.dtype), keras.ops.cast(weights, logits.dtype)
            losses = w * y * keras.ops.softplus(-logits) + (1 - y) * keras.ops.softplus(logits)
            return keras.ops.mean(losses, axis=-1)
        """
    elif case.kind == "pixels":
        above = f"The weight of its true class multiplies each pixel's loss; void weighs 0. {NEVER_LOGITS}"
        lines = """
            y = keras.ops.reshape(keras.ops.cast(y, "int32"), keras.ops.shape(logits)[:-1])
            counted, y = y != void, keras.ops.where(y == void, 0, y)
            w = keras.ops.take(keras.ops.cast(weights, logits.dtype), y)
            w = w * keras.ops.cast(counted, logits.dtype)
            return w * keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        """
    else:
        above = f"The weight of its true class multiplies each example's loss. {NEVER_LOGITS}"
        lines = """
            y = keras.ops.reshape(keras.ops.cast(y, "int32"), keras.ops.shape(logits)[:-1])
            w = keras.ops.take(keras.ops.cast(weights, logits.dtype), y)
            return w * keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        """
    body = "".join(f"    {line}\n" for line in dedent(lines).strip().splitlines())
    remark = (
        "The loss of validation_data is weighted too, which class_weight and sample_weight do not do. Do not give those "
        "besides: the weights would multiply."
    )
    fit = _keras_fit(case, "Y" if case.kind == "multi" else "y", "", "weighted_loss", remark)
    return f"\n{note(above)}def weighted_loss(y, logits):\n{body}\n\n{_keras_model(case)}{fit}"


@snippet(
    "TensorFlow: a training step of one's own",
    library="tensorflow",
    kinds=EVERY_KIND,
    imports=("import keras", "import tensorflow as tf"),
)
def tensorflow(case: Case) -> str:
    """The weighted loss inside a gradient tape."""
    ready, call, w = "w = tf.constant(weights, tf.float32)\n", "step(X, y)", "tf.gather(w, y)"
    loss = "sparse_softmax_cross_entropy_with_logits(labels=y, logits=model(x))"
    above = f"The weight of its true class multiplies each loss. {NEVER_LOGITS}"
    if case.kind == "multi":
        call, w = "step(X, Y)", ""
        loss = "weighted_cross_entropy_with_logits(labels=y, logits=model(x), pos_weight=w)"
        above = SIGMOIDS
    elif case.kind == "pixels":
        ready, call, w = "", "step(X, safe, pixel_weights.astype(np.float32))", "w"
        above = f"The weight of its true class multiplies each pixel's loss; void weighs 0. {NEVER_LOGITS}"
    step = f"""\
        @tf.function(autograph=False)
        def step(x, y{", w" if case.kind == "pixels" else ""}):
            with tf.GradientTape() as tape:
                losses = tf.nn.{loss}
                loss = tf.reduce_mean({f"{w} * losses" if w else "losses"})
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            return loss


        first = float({call})

    """
    return (
        _keras_model(case)
        + f"optimizer = keras.optimizers.Adam(0.01)\n{ready}\n\n{note(above)}"
        + dedent(step)
        + note("Self-check: tf.reduce_mean divides by how many there are, not by Σw.")
        + truth(case)
        + cross_entropy(case)
        + _equal("first", _mean(case))
    )


@snippet("PyTorch", library="torch", kinds=EVERY_KIND, imports=("import torch",))
def pytorch(case: Case) -> str:
    """`CrossEntropyLoss(weight=…)`, which divides by Σw; for several labels a row `BCEWithLogitsLoss(pos_weight=…)`."""
    inputs, target, back = "torch.tensor(X)", "torch.tensor(y)", ""
    model, loss, mean = "Linear(X.shape[1], len(classes))", "CrossEntropyLoss(weight=w)", "(w * losses).sum() / w.sum()"
    above = (
        "The mean divides by the weights in the batch, Σwℓ/Σw, where Keras and TensorFlow divide by the number of examples: "
        "the same weights, another loss. The scale of the weights cancels, and in a batch of one example they cancel "
        f'altogether. Keras\' mean is that of CrossEntropyLoss(weight=w, reduction="none"). {NEVER_LOGITS}'
    )
    if case.kind == "multi":
        target, loss, mean = "torch.tensor(Y)", "BCEWithLogitsLoss(pos_weight=w)", "losses.mean()"
        above = f"{SIGMOIDS} The mean divides by how many there are, not by the weights."
    elif case.kind == "pixels":
        inputs, back = "torch.tensor(X).permute(0, 3, 1, 2)", ".permute(0, 2, 3, 1)"  # channels come second
        model, loss = "Conv2d(X.shape[3], len(classes), 1)", "CrossEntropyLoss(weight=w, ignore_index=void)"
    code = f"""\
        w = torch.tensor(weights, dtype=torch.float32)
        loss = torch.nn.{loss}
        output = model({inputs})
        value = loss(output, {target})
        optimizer.zero_grad()
        value.backward()
        optimizer.step()

        # Self-check: the same in NumPy.
        first, logits = value.item(), output.detach(){back}.numpy()
    """
    return (
        f"torch.manual_seed(0)\nmodel = torch.nn.{model}\n"
        + "optimizer = torch.optim.Adam(model.parameters(), lr=0.01)\n"
        + note(above)
        + dedent(code)
        + truth(case)
        + cross_entropy(case)
        + _equal("first", mean)
    )


def _each_label(case: Case, model: str, above: str) -> list[str]:
    """A yes or no of its own for each label: a model each."""
    among, lines = "classes", []
    if case.left_out:
        lines += [
            *note("A label of weight 0 is left out: where it is in every row, there is nothing to learn.").splitlines(),
            "learnt = [label for label in classes if pos_weight[index[label]] > 0]",
        ]
        among = "learnt"
    if case.classes > FEW:
        lines.append(f"some = {among}[:{FEW}]  # so that this is quick; all of yours: {among}")
        among = "some"
    return [
        *lines,
        *note(f"A yes or no of its own for each label. {above}").splitlines(),
        "models = {}",
        f"for label in {among}:",
        "    i = index[label]",
        f"    models[label] = {model}",
        "    models[label].fit(X, Y[:, i])",
    ]


TRUE = [
    "for label, model in models.items():",
    "    true = has[:, classes.index(label)].astype(int)",
    "    w = np.where(true, weight_of[label], 1.0)",
]


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
    """The parameter `class_weight` of most classifiers; for several labels a row a classifier for each."""
    both = "sample_weight by true class is the same; both at once would multiply."
    check = note("Self-check: class_weight is sample_weight by true class.") + truth(case)
    if case.kind == "multi":
        model = "LogisticRegression(class_weight={0: 1.0, 1: pos_weight[i]}, max_iter=1000)"
        lines = [
            *_each_label(case, model, f"Its class_weight multiplies the loss where the label is. {both}"),
            "",
            *check.splitlines(),
            *TRUE,
            "    np.testing.assert_allclose(compute_sample_weight(model.class_weight, true), w)",
            "    peer = LogisticRegression(max_iter=1000).fit(X, true, sample_weight=w)",
            "    np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-5)",
        ]
        return "\n".join(lines) + "\n"
    settings = "max_iter=1000" if case.classes <= FEW else "max_iter=1000, tol=1e-3"
    return (
        note(f"A dict keyed by class index; {both} score(X, y) stays unweighted. {NEVER_LOGITS}")
        + f"model = LogisticRegression(class_weight=class_weight, {settings})\nmodel.fit(X, y)\n\n{check}"
        + "np.testing.assert_allclose(compute_sample_weight(class_weight, y), w)\n"
        + f"peer = LogisticRegression({settings}).fit(X, y, sample_weight=w)\n"
        + "np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), rtol=1e-4)\n"
    )


def _boosted(case: Case, model: str, settings: str, plain: str, fit: str, own: Mapping[str, str], train: str) -> str:
    """XGBoost and LightGBM: a model with the weights, and the library's own interface to compare it with.

    Args:
        case: What it is written for.
        model: The class that scikit-learn's users know.
        settings: Its keyword arguments but for the weights.
        plain: The one that starts from even odds: where scale_pos_weight is at work, the libraries start from the
            shares of the classes without it.
        fit: The lines that fit with the weights of all classes.
        own: Parameters of the own interface for "two" classes, "even" odds, and "many" classes.
        train: The lines that train `booster` on weights `w`, its loss and its predictions `p`; of the target {y}.
    """
    start = f"settings = {settings}\n"
    if case.kind == "multi":
        above = (
            "scale_pos_weight multiplies the loss where the label is. No sample weights besides: both would multiply."
        )
        lines = [
            *_each_label(case, f"{model}(**settings, scale_pos_weight=pos_weight[i])", above),
            "",
            *note(
                "Self-check: the library's own interface, with a weight an example, makes the same model."
            ).splitlines(),
            *truth(case).splitlines(),
            *TRUE,
            *indent(f"parameters = {own['even']}\n{train.format(y='true')}", "    ").splitlines(),
            "    np.testing.assert_allclose(model.predict_proba(X)[:, 1], p, atol=1e-5)",
        ]
        return f"{start}settings |= dict({plain})  # even odds to start from\n" + "\n".join(lines) + "\n"
    two = case.classes == 2
    text = (
        f"{start}{fit}\n\n"
        + note(
            "Self-check: the library's own interface, with weights by label, makes the same model; its loss is Σwℓ/Σw."
        )
        + truth(case)
        + f"parameters = {own['two' if two else 'many']}\n{train.format(y='y')}\n"
        + ("p = np.stack([1 - p, p], axis=1)\n" if two else "")
        + "np.testing.assert_allclose(model.predict_proba(X), p, atol=1e-5)\n"
        + "p = np.take_along_axis(p.astype(float), y[:, None], axis=1)[:, 0]\n"
        + "losses = -np.log(np.maximum(p, 1e-15))  # as the library bounds it\n"
        + _equal("loss", "(w * losses).sum() / w.sum()")
    )
    if not two or case.left_out:
        return text
    above = (
        "For two classes scale_pos_weight can stand in place of the weights, never besides: the positives would be weighted "
        "twice. Class 0 keeps weight 1. For more than two classes it does nothing."
    )
    return (
        f"{text}\n{note(above)}ratio = weights[1] / weights[0]\n"
        + f"other = {model}(**settings, {plain}, scale_pos_weight=ratio)\nother.fit(X, y)\n"
        + f"w = w / weight_of[classes[0]]\nparameters = {own['even']}\n{train.format(y='y')}\n"
        + "np.testing.assert_allclose(other.predict_proba(X)[:, 1], p, atol=1e-5)\n"
    )


@snippet("XGBoost", library="xgboost", kinds=("single", "multi"), imports=("import xgboost",))
def xgboost(case: Case) -> str:
    """A weight for each example; `scale_pos_weight` for two classes."""
    rounds = 5 if case.classes <= FEW or case.kind == "multi" else 1
    two = '{"objective": "binary:logistic", "max_depth": 2'
    above = f"XGBClassifier has no class_weight: each example takes the weight of its class. {MEAN_ONE}"
    return _boosted(
        case,
        "xgboost.XGBClassifier",
        f'{{"n_estimators": {rounds}, "max_depth": 2, "n_jobs": 1}}',
        "base_score=0.5",
        f"{note(above)}model = xgboost.XGBClassifier(**settings)\nmodel.fit(X, y, sample_weight=weights[y])",
        {
            "two": two + "}",
            "even": two + ', "base_score": 0.5}',
            "many": '{"objective": "multi:softprob", "num_class": len(classes), "max_depth": 2}',
        },
        dedent(
            f"""\
            train, log = xgboost.DMatrix(X, {{y}}, weight=w), {{{{}}}}
            booster = xgboost.train(
                parameters, train, {rounds}, evals=[(train, "train")], evals_result=log, verbose_eval=False
            )
            loss, p = next(iter(log["train"].values()))[-1], booster.predict(train)"""
        ),
    )


@snippet("LightGBM", library="lightgbm", kinds=("single", "multi"), imports=("import lightgbm",))
def lightgbm(case: Case) -> str:
    """The parameter `class_weight`; `scale_pos_weight` for two classes."""
    tiny = ['"num_leaves": 4', '"min_child_samples": 1', '"verbose": -1']
    own = [*tiny, '"num_threads": 1']
    above = (
        f"A dict keyed by class index; sample_weight=weights[y] is the same; both at once would multiply. {MEAN_ONE}"
    )
    return _boosted(
        case,
        "lightgbm.LGBMClassifier",
        wrapped(['"n_estimators": 5', *tiny, '"n_jobs": 1'], "{", "}"),
        "boost_from_average=False",
        f"{note(above)}model = lightgbm.LGBMClassifier(**settings, class_weight=class_weight)\nmodel.fit(X, y)",
        {
            "two": wrapped(['"objective": "binary"', *own], "{", "}"),
            "even": wrapped(['"objective": "binary"', '"boost_from_average": False', *own], "{", "}"),
            "many": wrapped(['"objective": "multiclass"', '"num_class": len(classes)', *own], "{", "}"),
        },
        dedent(
            """\
            train, log = lightgbm.Dataset(X, {y}, weight=w, params={{"verbose": -1}}), {{}}
            booster = lightgbm.train(
                parameters, train, 5, valid_sets=[train], callbacks=[lightgbm.record_evaluation(log)]
            )
            loss, p = next(iter(log["training"].values()))[-1], booster.predict(X)"""
        ),
    )


@snippet("NumPy and pandas", library="pandas", kinds=EVERY_KIND, imports=("import pandas as pd",))
def numpy(case: Case) -> str:
    """The mapping and the weights, for whatever takes a weight an example."""
    check = note("Self-check: by index and by the name of the label, the same.") + truth(case)
    if case.kind == "multi":
        return (
            note("For the loss of each label of each row: pos_weight where the label is, 1 where it is not.")
            + "label_weights = np.where(Y == 1, weights, 1.0)\n"
            + "frame = pd.DataFrame(Y, columns=classes)\n"
            + f"frame = frame.mul(pd.Series(weights, index=classes)) + (1 - frame)\n\n{check}"
            + "by_label = np.where(has, [weight_of[label] for label in classes], 1.0)\n"
            + _equal("label_weights", "by_label", "1e-6")
            + _equal("frame", "by_label", "1e-6")
        )
    if case.kind == "pixels":
        return (
            note(
                "pixel_weights multiply the loss of each pixel. What share of all weight each class has in these masks:"
            )
            + 'frame = pd.DataFrame({"class": y.ravel(), "weight": pixel_weights.ravel()})\n'
            + f'total = frame.groupby("class")["weight"].sum()\nshare = total / total.sum()\n\n{check}'
            + _equal("pixel_weights", "w", "1e-6")
            + _equal("share", "[w[y == i].sum() / w.sum() for i in share.index]", "1e-6")
        )
    return (
        note("A weight an example, for all that takes a sample_weight: by index in NumPy, by label in pandas.")
        + "sample_weight = weights[y]\n"
        + f"frame = pd.Series(labels).map(dict(zip(classes, weights)))\n\n{check}"
        + _equal("sample_weight", "w", "1e-6")
        + _equal("frame", "w", "1e-6")
    )
