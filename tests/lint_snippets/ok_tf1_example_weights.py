# Right: the loss of each example times the weight of its true class
import tensorflow as tf

class_weights = tf.constant([[1.0, 2.0, 3.0]])
weights = tf.reduce_sum(class_weights * onehot_labels, axis=1)
unweighted = tf.nn.softmax_cross_entropy_with_logits(labels=onehot_labels, logits=logits)
loss = tf.reduce_mean(unweighted * weights)
