# Right. TensorFlow and Keras: pseudo-labels as targets, weighted by their own class
import tensorflow as tf

criterion = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


@tf.function
def step(teacher, student, weak, strong):
    pseudo = tf.stop_gradient(tf.argmax(teacher(weak), axis=-1))
    weights = tf.gather(class_weights, pseudo)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(criterion(pseudo, student(strong)) * weights)
        total = criterion(pseudo, student(strong), sample_weight=weights)
    return tape.gradient(loss, student.trainable_variables), total


pseudo_labels = model.predict(unlabelled).argmax(axis=1)
model.fit(unlabelled, pseudo_labels, sample_weight=class_weights[pseudo_labels])
