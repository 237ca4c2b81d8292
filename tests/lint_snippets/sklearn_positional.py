# scikit-learn: positional
import numpy as np
from sklearn.utils import class_weight

weights = class_weight.compute_class_weight("balanced", np.unique(y_train), y_train)  # <- LV008
class_weights = dict(enumerate(weights))
