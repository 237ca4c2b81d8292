# Keras: both, of the same
from sklearn.utils.class_weight import compute_sample_weight

class_weight = {0: 0.5, 1: 8.5}
sample_weight = compute_sample_weight(class_weight, y_train)
model.fit(x_train, y_train, class_weight=class_weight, sample_weight=sample_weight)  # <- LV005
