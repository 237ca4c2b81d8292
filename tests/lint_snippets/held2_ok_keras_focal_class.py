# Held out, second set, right. Keras: a focal loss as a class, on a sigmoid's probabilities
import keras
from keras import ops


class BinaryFocal(keras.losses.Loss):
    def __init__(self, gamma=2.0, pos_weight=3.0, name="binary_focal"):
        super().__init__(name=name)
        self.gamma = gamma
        self.pos_weight = pos_weight

    def call(self, y_true, y_pred):
        y_true = ops.cast(y_true, y_pred.dtype)
        y_pred = ops.clip(y_pred, 1e-7, 1 - 1e-7)
        p_true = y_true * y_pred + (1 - y_true) * (1 - y_pred)
        weight = y_true * self.pos_weight + (1 - y_true)
        return ops.mean(-weight * (1 - p_true) ** self.gamma * ops.log(p_true), axis=-1)


def build(n_features):
    inputs = keras.Input((n_features,))
    hidden = keras.layers.Dense(32, activation="gelu")(inputs)
    outputs = keras.layers.Dense(1, activation="sigmoid")(hidden)
    return keras.Model(inputs, outputs)


model = build(20)
model.compile(keras.optimizers.Adam(1e-3), loss=BinaryFocal(), metrics=[keras.metrics.AUC(curve="PR")])
model.fit(train, validation_data=validation, epochs=30, callbacks=[keras.callbacks.EarlyStopping("val_auc", mode="max")])
