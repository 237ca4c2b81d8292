# TensorFlow 1: a weight per class where one per example belongs
import tensorflow as tf

class_weights = tf.constant([0.1, 0.3, 0.6])
loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits, weights=class_weights)  # <- LV012
