"""What a picture says, in one computed sentence: also the text for those who cannot see it."""

from typing import Any

import numpy as np

from lossviz.plan import Plan, Run
from lossviz.strategies import get


def rarest(plan: Plan) -> int:
    """The class with the fewest training examples; of equals the last."""
    return int(len(plan.counts) - 1 - np.argmin(plan.counts[::-1]))


def percent(share: float) -> str:
    """A share as a whole percentage; what is not quite nothing, or not quite all, is not rounded to it.

    Example:
        >>> percent(0.874), percent(0.001), percent(0.999), percent(1)
        ('87 %', 'under 1 %', 'over 99 %', '100 %')
    """
    if np.isnan(share):
        return "undefined"
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def false_alarms(metric: dict[str, Any], c: int) -> float:
    """Share of the test examples of other classes that are decided to be class `c`."""
    confusion = np.asarray(metric["confusion"])
    others = np.arange(len(confusion)) != c
    return float(confusion[others, c].sum() / confusion[others].sum())


def points(more: float) -> str:
    """A difference in percentage points.

    Example:
        >>> points(3.6), points(-0.4), points(1.2)
        ('+4 points', '−0.4 points', '+1 point')
    """
    text = f"{more:+.{0 if abs(more) >= 1 else 1}f}".replace("-", "−")
    return f"{text} point{'' if text[1:] == '1' else 's'}"


def label(plan: Plan, metric: dict[str, Any], seed: bool = True) -> str:
    """Name of a row, with its decision rule where it has several, and its seed where there are several and `seed`."""
    row = plan.rows[metric["row"]]
    several = seed and len({r.seed for r in plan.rows}) > 1
    rule = f" ({metric['decision']})" if len(row.tables.decisions) > 1 else ""
    return row.title + rule + (f", seed {row.seed}" if several else "")


def panel(run: Run, row: int) -> str:
    """Under one decision map: what it decides by and how it does on the rarest class."""
    plan = run.plan
    found = [m for m in run.metrics if m["row"] == row]
    if not found:
        return f"step {run.steps[max(run.frames - 1, 0)]} of {run.steps[-1]}"
    c = rarest(plan)
    rule = plan.rows[row].rule
    by = f"decides by {rule.title}; " if len(plan.rows[row].tables.decisions) > 1 else ""
    metric = next(m for m in found if m["decision"] == rule.name)
    recall, precision = (metric[name][c] for name in ("recall", "precision"))
    trusted = f"precision {percent(precision)}" if np.isfinite(precision) else "never decided for it"
    seed = f"seed {plan.rows[row].seed}: " if len(plan.panels) < len(plan.rows) else ""
    return f"{seed}{by}recall of {plan.classes[c]} {percent(recall)}, {trusted}"


def pushes(plan: Plan, push: Any) -> list[str]:
    """Under each decision map in slow motion: which class's examples push hardest, and how much of it the hardest few do.

    Args:
        plan: The rows that are drawn and the labels.
        push: As `lossviz.train.push` returns it, [P, N].
    """
    out = []
    few = min(10, len(plan.y))
    for row in np.asarray(push, float):
        total = row.sum()
        if total <= 0:
            out.append("nothing pushes any more")
            continue
        share = np.bincount(plan.y, row, len(plan.classes)) / total
        c = int(share.argmax())
        hardest = np.sort(row)[-few:].sum() / total
        of = plan.counts[c] / plan.counts.sum()
        out.append(
            f"{percent(share[c])} of the push is from {plan.classes[c]} ({percent(of)} of the examples); "
            f"{percent(hardest)} from the hardest {few} examples"
        )
    return out


def boundaries(run: Run) -> str:
    """Under the decision maps: what each strategy does for the rarest class, and what it costs.

    Example:
        >>> import lossviz
        >>> data = lossviz.make_dataset("blobs", n=200, classes=2, imbalance=9, seed=0)
        >>> run = lossviz.fit("cross_entropy", data.X, data.y, "linear", 2, X_test=data.X_test, y_test=data.y_test)
        >>> boundaries(run).split(":")[0]
        'Recall of 1, the rarest class (20 of 200 training examples)'
    """
    plan = run.plan
    if not run.done:
        return f"Training: step {run.steps[max(run.frames - 1, 0)]} of {run.steps[-1]}."
    c = rarest(plan)
    head = (
        f"Recall of {plan.classes[c]}, the rarest class ({plan.counts[c]:,} of {plan.counts.sum():,} training examples)"
    )
    shown = [m for m in run.metrics if m["row"] in plan.panels]
    base = next((m for m in shown if plan.rows[m["row"]].strategy == "cross_entropy"), shown[0])

    def seeds(metric: dict[str, Any]) -> list[dict[str, Any]]:
        """The same strategy and decision, of every seed."""
        strategy = plan.rows[metric["row"]].strategy
        return [
            m for m in run.metrics if (plan.rows[m["row"]].strategy, m["decision"]) == (strategy, metric["decision"])
        ]

    def alarms(metric: dict[str, Any]) -> float:
        return float(np.mean([false_alarms(m, c) for m in seeds(metric)]))

    def recall(metric: dict[str, Any]) -> str:
        found = np.array([m["recall"][c] for m in seeds(metric)])
        if len(found) == 1 or np.isnan(found).any():
            return percent(found[0])
        return f"{percent(found.mean())} ({percent(found.min())} to {percent(found.max())} over {len(found)} seeds)"

    parts = [f"{label(plan, base, seed=False)} {recall(base)}"]
    firsts = [m for m in shown if m["row"] != base["row"] and m["decision"] == plan.rows[m["row"]].rule.name]
    # of many: the flawed ones, then those that are best balanced; the table has them all
    firsts.sort(key=lambda m: (not get(plan.rows[m["row"]].strategy).flawed, -m["balanced_accuracy"]))
    for m in sorted(firsts[:4], key=lambda m: m["row"]):
        more = 100 * (alarms(m) - alarms(base))
        change = "unchanged" if abs(more) < 0.05 else points(more)
        parts.append(f"{label(plan, m, seed=False)} {recall(m)} (false alarms {change})")
    rest = f"; the other {len(firsts) - 4} are in the table" if len(firsts) > 4 else ""
    n = int(np.asarray(base["confusion"])[c].sum())
    few = (
        f" The test part has only {n} of them: one more or less found moves its recall by {100 / n:.0f} points."
        if 0 < n < 30
        else ""
    )
    said = ", and change in false alarms (others taken for it): " if firsts else ": "
    return head + said + "; ".join(parts) + rest + "." + few


def home(run: Run) -> str:
    """Under the home page's picture: what the weight did for the minority, what it cost, and what multiplying did.

    Example:
        >>> import lossviz
        >>> from lossviz.demo import STRATEGIES
        >>> data = lossviz.make_dataset("moons", n=200, imbalance=9, seed=0)
        >>> run = lossviz.fit(STRATEGIES, data.X, data.y, steps=5, X_test=data.X_test, y_test=data.y_test)
        >>> home(run).startswith("Minority recall ")
        True
    """
    found = {(m["row"], m["decision"]): m for m in run.metrics}
    plain = found[0, "logits"]

    def alarms(metric: dict[str, Any]) -> str:
        more = 100 * (false_alarms(metric, 1) - false_alarms(plain, 1))
        return "no more false alarms" if abs(more) < 0.05 else f"false alarms {points(more)}"

    def against(metric: dict[str, Any]) -> str:
        same = abs(metric["recall"][1] - plain["recall"][1]) < 0.005
        return "unchanged" if same else f"{percent(metric['recall'][1])}, {alarms(metric)}"

    weighted, scaled, raw = found[1, "logits"], found[2, "scaled"], found[2, "raw"]
    return (
        f"Minority recall {100 * plain['recall'][1]:.0f} → {percent(weighted['recall'][1])} with a weighted loss "
        f"({alarms(weighted)}). Multiplied logits: {against(scaled)}; decided on raw logits: {against(raw)}."
    )


def curves(run: Run) -> str:
    """Under the loss curves: who predicts probabilities best, and who worst."""
    if not run.done:
        return ""
    panels = run.plan.panels
    last, trained = run.test_cross_entropy[-1, panels], run.cross_entropy[-1, panels]
    order = np.argsort(last)
    name = [run.plan.rows[i].title for i in panels]  # of raw logits: the decision rule has no part in them
    # what the training part still gains, the test part has begun to lose
    early = np.nanmin(run.test_cross_entropy[:, panels], 0)
    lost = [i for i in range(len(last)) if last[i] > 1.25 * early[i] and trained[i] < 0.8 * last[i]]
    caution = ""
    if lost:
        who = "they all" if len(lost) == len(last) > 1 else ", ".join(name[i] for i in lost[:3])
        who += f" and {len(lost) - 3} more" if len(lost) > 3 and who != "they all" else ""
        caution = (
            f" On the test part, {who} had been better earlier and learnt the training part by heart since: fewer steps, more "
            "L2, more data or the linear model would serve better."
        )
    best = f"On the test part {name[order[0]]} ends lowest, at {last[order[0]]:.3f} nats"
    if len(order) == 1:
        return best + "." + caution
    worst = f", {name[order[-1]]} highest, at {last[order[-1]]:.3f}"
    return best + worst + ": the lower, the better the raw logits' probabilities fit the data as they are." + caution


def shares(run: Run) -> str:
    """Under the table: whether predicted shares match the data."""
    c, plan = rarest(run.plan), run.plan
    base = float(np.mean(plan.y_test == c))
    first = [m for m in run.metrics if m["row"] in plan.panels and m["decision"] == plan.rows[m["row"]].rule.name]
    off = max(first, key=lambda m: abs(m["predicted_share"][c] - base))
    near = min(first, key=lambda m: abs(m["predicted_share"][c] - base))
    text = f"{percent(base)} of the test examples are {plan.classes[c]}; {label(plan, near, seed=False)} predicts "
    text += f"{percent(near['predicted_share'][c])} on average"
    if off is near:
        return text + "."
    text += f", {label(plan, off, seed=False)} {percent(off['predicted_share'][c])}"
    if abs(off["predicted_share"][c] - base) < max(0.01, 0.2 * base):
        return text + ": all of them close to the data."
    return text + ": what is far off needs repair before it is read as a probability."
