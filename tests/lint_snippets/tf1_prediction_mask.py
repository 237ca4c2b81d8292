# TensorFlow 1: a mask from the predictions, into the logits
import tensorflow as tf

onehot_pred = tf.one_hot(tf.argmax(logits, axis=-1), depth=12)
mask_weights = tf.reduce_sum(onehot_pred * class_weights, axis=-1, keepdims=True)  # <- LV011
logits = logits * mask_weights
loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
