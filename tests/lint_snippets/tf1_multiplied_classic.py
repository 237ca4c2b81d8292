# TensorFlow 1: the recipe that spread
import tensorflow as tf

ratio = 31.0 / (500.0 + 31.0)
class_weight = tf.constant([ratio, 1.0 - ratio])
logits = tf.matmul(hidden, softmax_w) + softmax_b
weighted_logits = tf.mul(logits, class_weight)  # <- LV001
xent = tf.nn.softmax_cross_entropy_with_logits(weighted_logits, labels, name="xent_raw")
total_loss = tf.reduce_mean(xent)
