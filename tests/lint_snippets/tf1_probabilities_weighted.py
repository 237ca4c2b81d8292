# TensorFlow 1: the same for a sigmoid
import tensorflow as tf

p = tf.sigmoid(tf.layers.dense(h, 5))
p = tf.multiply(p, tf.constant([1.0, 2.0, 1.0, 3.0, 9.0]))  # <- LV002
loss = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=p)
