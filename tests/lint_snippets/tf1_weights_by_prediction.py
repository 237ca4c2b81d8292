# TensorFlow 1: looked up at the prediction
import tensorflow as tf

pred = tf.argmax(logits, 1)
w = tf.gather(class_weights, pred)  # <- LV011
xent = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
loss = tf.reduce_mean(xent * w)
