# Keras: an array as class_weight
import numpy as np
from sklearn.utils.class_weight import compute_class_weight

class_weights = compute_class_weight(class_weight="balanced", classes=np.unique(y), y=y)
model.fit(x, y, batch_size=32, class_weight=class_weights)  # <- LV009
