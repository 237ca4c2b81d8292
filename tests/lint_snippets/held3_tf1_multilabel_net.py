# Held out, third set. TensorFlow 1: tags of a picture, several at once, and a softmax applied before the loss
import tensorflow as tf

NUM_TAGS = 17


class TagNet(object):
    def __init__(self, sess):
        self.sess = sess
        self.images = tf.placeholder(tf.float32, [None, 64, 64, 3])
        self.tags = tf.placeholder(tf.float32, [None, NUM_TAGS])
        self._build()

    def _build(self):
        net = tf.layers.conv2d(self.images, 32, 3, activation=tf.nn.relu)
        net = tf.layers.flatten(tf.layers.max_pooling2d(net, 2, 2))
        fc = tf.layers.dense(net, NUM_TAGS)
        self.probs = tf.nn.sigmoid(fc)  # <- LV003
        self.loss = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(labels=self.tags, logits=self.probs)
        )
        self.opt = tf.train.AdamOptimizer().minimize(self.loss)
