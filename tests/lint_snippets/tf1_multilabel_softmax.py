# TensorFlow 1: several labels, one softmax
import tensorflow as tf

multi_hot = tf.placeholder(tf.float32, [None, 20])
loss = tf.nn.softmax_cross_entropy_with_logits(labels=multi_hot, logits=logits)  # <- LV007
