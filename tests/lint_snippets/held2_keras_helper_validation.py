# Held out, second set. Keras: a helper makes weights of examples, for the validation data, too
import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from tensorflow import keras


def example_weights(y):
    classes = np.unique(y)
    per_class = compute_class_weight(class_weight="balanced", classes=classes, y=y)
    return per_class[np.searchsorted(classes, y)]


w_train = example_weights(y_train)
w_val = example_weights(y_val)
model = build(n_classes=4)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
model.fit(  # <- LV006
    x_train,
    y_train,
    sample_weight=w_train,
    validation_data=(x_val, y_val, w_val),
    epochs=100,
    callbacks=[stop],
)
