# Right: argmax of one-hot labels are labels
import tensorflow as tf

labels = tf.argmax(onehot_labels, axis=1)
weights = tf.gather(class_weights, labels)
loss = tf.reduce_mean(weights * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
