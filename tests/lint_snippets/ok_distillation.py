# Right: the teacher's probabilities are the targets
import tensorflow as tf

soft_targets = tf.nn.softmax(teacher(x) / 3.0)
student_logits = student(x)
loss = tf.nn.softmax_cross_entropy_with_logits(labels=soft_targets, logits=student_logits / 3.0)
