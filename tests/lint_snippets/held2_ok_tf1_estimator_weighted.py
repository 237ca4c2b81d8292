# Held out, second set, right. TensorFlow 1: an Estimator that weights examples by their true class
import tensorflow as tf


def model_fn(features, labels, mode, params):
    net = tf.layers.flatten(features["image"])
    net = tf.layers.dense(net, 128, activation=tf.nn.relu)
    logits = tf.layers.dense(net, params["n_classes"])
    probabilities = tf.nn.softmax(logits)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={"probabilities": probabilities})
    onehot = tf.one_hot(labels, params["n_classes"])
    class_weights = tf.constant(params["class_weights"])
    weights = tf.reduce_sum(class_weights * onehot, axis=1)
    unweighted = tf.nn.softmax_cross_entropy_with_logits_v2(labels=onehot, logits=logits)
    if mode == tf.estimator.ModeKeys.EVAL:
        metrics = {"accuracy": tf.metrics.accuracy(labels, tf.argmax(probabilities, 1))}
        return tf.estimator.EstimatorSpec(mode, loss=tf.reduce_mean(unweighted), eval_metric_ops=metrics)
    loss = tf.reduce_mean(unweighted * weights)
    train_op = tf.train.AdamOptimizer(params["lr"]).minimize(loss, tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)
