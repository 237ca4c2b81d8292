# Held out, third set, right. TensorFlow 1: fully convolutional network, weights gathered by the true label
import tensorflow as tf
import tensorflow.contrib.slim as slim

loss_weight = tf.constant([0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826])


def weighted_loss(logits, annotation, num_classes=6):
    with tf.name_scope("loss"):
        logits = tf.reshape(logits, (-1, num_classes))
        labels = tf.reshape(annotation, (-1,))
        xent = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        pixel_weight = tf.gather(loss_weight, labels)
        loss = tf.reduce_mean(tf.multiply(xent, pixel_weight), name="xentropy_mean")
        tf.add_to_collection("losses", loss)
        tf.summary.scalar("loss", loss)
    return tf.add_n(tf.get_collection("losses"), name="total_loss")


image = tf.placeholder(tf.float32, [None, 224, 224, 3])
truth = tf.placeholder(tf.int32, [None, 224, 224])
feats = slim.conv2d(image, 64, [3, 3])
score = slim.conv2d(feats, 6, [1, 1], activation_fn=None)
pred = tf.argmax(tf.nn.softmax(score), axis=3)
total = weighted_loss(score, truth)
train_op = tf.train.MomentumOptimizer(0.01, 0.9).minimize(total)
