# Held out, second set. TensorFlow 1: a class with properties; the probability goes into the loss
import tensorflow as tf


class ClickModel(object):
    def __init__(self, config):
        self.config = config
        self.x = tf.placeholder(tf.float32, [None, config.n_features], name="x")
        self.clicked = tf.placeholder(tf.float32, [None, 1], name="clicked")
        self.build()

    def build(self):
        hidden = self.x
        for i, size in enumerate(self.config.layers):
            with tf.variable_scope("layer_%d" % i):
                hidden = tf.contrib.layers.fully_connected(hidden, size)
        self.score = tf.contrib.layers.fully_connected(hidden, 1, activation_fn=None)
        self.probability = tf.sigmoid(self.score)  # <- LV003
        cost = tf.nn.weighted_cross_entropy_with_logits(
            targets=self.clicked, logits=self.probability, pos_weight=self.config.negatives_per_positive
        )
        self.cost = tf.reduce_mean(cost)
        self.train_op = tf.train.AdamOptimizer(self.config.lr).minimize(self.cost)
