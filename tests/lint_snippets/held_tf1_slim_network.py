# Held out. TensorFlow 1: a network by slim, weights from a list, placeholder labels
import tensorflow as tf
import tensorflow.contrib.slim as slim

NUM_CLASSES = 3
images = tf.placeholder(tf.float32, [None, 64, 64, 3])
labels = tf.placeholder(tf.int64, [None])
net = slim.conv2d(images, 32, [3, 3])
net = slim.flatten(net)
logits = slim.fully_connected(net, NUM_CLASSES, activation_fn=None)
class_weights = tf.constant([0.2, 0.3, 0.5], dtype=tf.float32)
onehot = tf.one_hot(labels, NUM_CLASSES)
logits = tf.multiply(logits, tf.expand_dims(class_weights, 0))  # <- LV001
cross_entropy = tf.nn.softmax_cross_entropy_with_logits_v2(labels=onehot, logits=logits)
cost = tf.reduce_mean(cross_entropy)
