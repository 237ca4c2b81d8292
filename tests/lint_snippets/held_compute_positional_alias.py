# Held out. Positional, through an alias, and given as it is
import numpy as np
from sklearn.utils.class_weight import compute_class_weight as ccw

cw = ccw("balanced", np.unique(labels), labels)  # <- LV008
model.fit(images, labels, epochs=5, class_weight=cw)  # <- LV009
