"""LossViz: see what class weighting does to a classifier.

What there is to choose from is in dictionaries, by the names that the functions take: `STRATEGIES` of losses, `SCHEMES` of
class weights, `DATASETS`, `MODELS`, `OPTIMIZERS`, and `METHODS` of segmentation.

Importing the package is cheap: TensorFlow is imported by the first call that needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lossviz.data import DATASETS, make_dataset, with_points
from lossviz.fading import fading_weights
from lossviz.labels import LabelCounts, count_labels, label_weights
from lossviz.logistic import fit_logistic
from lossviz.logitplane import logit_plane
from lossviz.masks import count_masks
from lossviz.models import MODELS
from lossviz.plan import OPTIMIZERS, Run, decode_maps
from lossviz.scenes import count_pixels, make_scenes
from lossviz.segplan import METHODS
from lossviz.spellings import apply_fixes, hygiene
from lossviz.strategies import STRATEGIES
from lossviz.tabledata import from_table
from lossviz.tables import read_table
from lossviz.weights import SCHEMES, class_weights

if TYPE_CHECKING:
    from lossviz.equation import gradient, loss
    from lossviz.segment import fit_scenes
    from lossviz.surface import interpolate, loss_surface
    from lossviz.train import fit

__version__ = "0.1.0"

__all__ = [
    "DATASETS",
    "METHODS",
    "MODELS",
    "OPTIMIZERS",
    "SCHEMES",
    "STRATEGIES",
    "LabelCounts",
    "Run",
    "apply_fixes",
    "class_weights",
    "count_labels",
    "count_masks",
    "count_pixels",
    "decode_maps",
    "fading_weights",
    "fit",
    "fit_logistic",
    "fit_scenes",
    "from_table",
    "gradient",
    "hygiene",
    "interpolate",
    "label_weights",
    "logit_plane",
    "loss",
    "loss_surface",
    "make_dataset",
    "make_scenes",
    "read_table",
    "with_points",
]

_NEED_TENSORFLOW = {
    "fit": "train", "loss": "equation", "gradient": "equation", "loss_surface": "surface", "interpolate": "surface",
    "fit_scenes": "segment",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _NEED_TENSORFLOW:
        raise AttributeError(f"module 'lossviz' has no attribute {name!r}")
    return getattr(import_module(f"lossviz.{_NEED_TENSORFLOW[name]}"), name)
