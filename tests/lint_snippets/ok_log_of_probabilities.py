# Right: the logarithm of probabilities are logits
import tensorflow as tf

p = tf.nn.softmax(model(x))
loss = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=tf.math.log(p + 1e-9))
