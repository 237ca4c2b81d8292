# Keras: a custom loss
import keras
from keras import ops

WEIGHTS = ops.array([1.0, 5.0, 20.0])


def weighted_loss(y_true, y_pred):
    y_pred = y_pred * WEIGHTS  # <- LV001
    return keras.losses.categorical_crossentropy(y_true, y_pred, from_logits=True)


model.compile(optimizer="adam", loss=weighted_loss)
