# Right: the weights of a layer
import tensorflow as tf

weights = tf.Variable(tf.random_normal([784, 10]))
bias = tf.Variable(tf.zeros([10]))
logits = tf.matmul(x, weights) + bias
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits))
