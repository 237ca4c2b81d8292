# Held out, second set, right. TensorFlow 2: a GradientTape loop, weighted in training, plain in validation
import tensorflow as tf

loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def weighted_loss(labels, logits, class_weights):
    weights = tf.gather(class_weights, labels)
    losses = loss_object(labels, logits)
    return tf.reduce_sum(losses * weights) / tf.cast(tf.size(labels), tf.float32)


@tf.function
def train_step(model, optimizer, x, y, class_weights):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        loss = weighted_loss(y, logits, class_weights)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


@tf.function
def validation_step(model, x, y, recall):
    logits = model(x, training=False)
    recall.update_state(y, tf.nn.softmax(logits)[:, 1] > 0.5)
    return tf.reduce_mean(loss_object(y, logits))


def fit(model, optimizer, train_ds, val_ds, class_weights, epochs):
    best = float("inf")
    for _ in range(epochs):
        for x, y in train_ds:
            train_step(model, optimizer, x, y, class_weights)
        val_loss = tf.reduce_mean([validation_step(model, x, y, tf.keras.metrics.Recall()) for x, y in val_ds])
        if val_loss < best:
            best = val_loss
            model.save_weights("best.weights.h5")
