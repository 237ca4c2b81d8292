# Held out, third set, right. TensorFlow 1: pos_weight, and a threshold on the probabilities to report
import numpy as np
import tensorflow as tf

pos, neg = 31, 500
x = tf.placeholder(tf.float32, [None, 28])
y = tf.placeholder(tf.float32, [None, 1])
hid = tf.layers.dense(x, 64, tf.nn.relu)
logit = tf.layers.dense(hid, 1)
cost = tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(targets=y, logits=logit, pos_weight=neg / pos))
prob = tf.nn.sigmoid(logit)
pred = tf.cast(prob > 0.5, tf.float32)
acc, acc_op = tf.metrics.accuracy(labels=y, predictions=pred)
step = tf.train.AdamOptimizer(1e-4).minimize(cost)
with tf.Session() as s:
    s.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    for bx, by in batches():
        s.run(step, {x: bx, y: by})
    p = s.run(prob, {x: X_test})
    print(np.mean((p > 0.5) == y_test))
