# TensorFlow 1: through a helper
import tensorflow.compat.v1 as tf


def reweigh(scores, factors):
    scores = tf.reshape(scores, (-1, 12))
    return tf.multiply(scores, factors)  # <- LV001


def loss(logits, labels, class_weights):
    weighted = reweigh(logits, class_weights)
    return tf.losses.softmax_cross_entropy(onehot_labels=labels, logits=weighted)
