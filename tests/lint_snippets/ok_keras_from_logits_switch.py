# Keras: a loss that takes logits or probabilities, as it is told
import keras
import tensorflow as tf


class Weighted(keras.losses.Loss):
    def __init__(self, pos_weight, from_logits=False):
        super().__init__()
        self.pos_weight, self.from_logits = pos_weight, from_logits

    def call(self, y_true, y_pred):
        if not self.from_logits:
            p = tf.clip_by_value(y_pred, 1e-7, 1 - 1e-7)
            return -(self.pos_weight * y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p))
        return tf.nn.weighted_cross_entropy_with_logits(y_true, y_pred, self.pos_weight)


model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss=Weighted(16.0))
