# Held out, third set. TensorFlow 1: the answer with `ratio`, as it is copied
import tensorflow as tf

ratio = 31.0 / (500.0 + 31.0)
class_weight = tf.constant([ratio, 1.0 - ratio])
X = tf.placeholder(tf.float32, [None, 20])
Y = tf.placeholder(tf.float32, [None, 2])
W1 = tf.Variable(tf.truncated_normal([20, 2]))
b1 = tf.Variable(tf.zeros([2]))
logits = tf.matmul(X, W1) + b1
weighted_logits = tf.multiply(logits, class_weight)  # <- LV001
xent = tf.nn.softmax_cross_entropy_with_logits(labels=Y, logits=weighted_logits, name="xent_raw")
cost = tf.reduce_mean(xent)
train_op = tf.train.AdamOptimizer(1e-3).minimize(cost)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for i in range(1000):
        xs, ys = next_batch(64)
        sess.run(train_op, {X: xs, Y: ys})
