# TensorFlow 2: einsum in a training step
import tensorflow as tf

class_weights = tf.constant([0.2, 0.8, 2.0])
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        logits = tf.einsum("bc,c->bc", logits, class_weights)  # <- LV001
        loss = loss_fn(y, logits)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss
