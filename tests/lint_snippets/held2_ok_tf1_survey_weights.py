# Held out, second set, right. TensorFlow 1: survey weights come with the features; a learned scale on the scores
import tensorflow as tf


class Net(object):
    def __init__(self, n_inputs, n_classes, smoothing=0.1):
        self.features = tf.placeholder(tf.float32, [None, n_inputs])
        self.labels = tf.placeholder(tf.int32, [None])
        self.weights = tf.placeholder(tf.float32, [None], name="survey_weights")
        hidden = tf.layers.dense(self.features, 64, activation=tf.tanh)
        scale = tf.get_variable("scale", [n_classes], initializer=tf.ones_initializer())
        self.logits = tf.layers.dense(hidden, n_classes) * scale
        self.predicted = tf.argmax(self.logits, axis=1)
        self.loss = tf.losses.softmax_cross_entropy(
            tf.one_hot(self.labels, n_classes), self.logits, weights=self.weights, label_smoothing=smoothing
        )
        correct = tf.cast(tf.equal(tf.cast(self.predicted, tf.int32), self.labels), tf.float32)
        self.weighted_accuracy = tf.reduce_sum(correct * self.weights) / tf.reduce_sum(self.weights)
        self.train_op = tf.train.AdamOptimizer().minimize(self.loss)
