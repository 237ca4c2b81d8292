# Held out, right. Weights of two tasks' losses
import tensorflow as tf

loss_weights = [1.0, 0.3]
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
loss_a = ce(labels_a, model_a(x))
loss_b = ce(labels_b, model_b(x))
loss = loss_weights[0] * loss_a + loss_weights[1] * loss_b
model.compile("adam", loss=[ce, ce], loss_weights=[1.0, 0.3])
