# Right: labels times a column of weights
import tensorflow as tf

class_weight = tf.constant([[0.06, 0.94]])
weight_per_label = tf.transpose(tf.matmul(labels, tf.transpose(class_weight)))
xent = tf.mul(weight_per_label, tf.nn.softmax_cross_entropy_with_logits(logits, labels, name="xent_raw"))
loss = tf.reduce_mean(xent)
