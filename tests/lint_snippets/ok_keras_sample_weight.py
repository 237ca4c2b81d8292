# Right: sample_weight of each example
import numpy as np

sample_weight = np.where(y_train == 1, 16.0, 1.0)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x_train, y_train, sample_weight=sample_weight, validation_data=(x_val, y_val))
