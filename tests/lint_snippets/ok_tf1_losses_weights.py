# Right: gathered by the true label
import tensorflow.compat.v1 as tf

weights = tf.gather(class_weights, labels)
loss = tf.losses.sparse_softmax_cross_entropy(labels, logits, weights=weights)
