# Right: probabilities for the metrics, logits for the loss
import tensorflow as tf

logits = tf.layers.dense(h, 10)
predictions = {"classes": tf.argmax(logits, axis=1), "probabilities": tf.nn.softmax(logits)}
loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)
