# Right: dict, keywords
import numpy as np
from sklearn.utils.class_weight import compute_class_weight

weights = compute_class_weight("balanced", classes=np.unique(y), y=y)
model.fit(x, y, class_weight=dict(enumerate(weights)))
model.fit(x, y, class_weight={i: w for i, w in enumerate(weights)})
model.fit(x, y, class_weight=dict(zip(np.unique(y), weights)))
