# Keras: a loss of one's own that takes logits, on a model that ends with a sigmoid
import keras
import tensorflow as tf


def positive_heavy(y_true, y_pred):
    losses = tf.nn.weighted_cross_entropy_with_logits(labels=y_true, logits=y_pred, pos_weight=12.0)
    return tf.reduce_mean(losses, axis=-1)


inputs = keras.Input((20,))
hidden = keras.layers.Dense(16, activation="relu")(inputs)
outputs = keras.layers.Dense(1, activation="sigmoid")(hidden)  # <- LV003
model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss=positive_heavy)
