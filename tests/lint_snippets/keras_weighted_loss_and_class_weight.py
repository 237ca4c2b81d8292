# Keras: a weighted loss, and class_weight
import tensorflow as tf


def weighted_bce(pos_weight):
    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(y_true, y_pred, pos_weight))
    return loss


model.compile("adam", loss=weighted_bce(16.0))
model.fit(x, y, class_weight={0: 1.0, 1: 16.0})  # <- LV005
