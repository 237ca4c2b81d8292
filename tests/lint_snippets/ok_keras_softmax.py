# Right: probabilities, and a loss for probabilities
import tensorflow as tf

model = tf.keras.Sequential([
    tf.keras.layers.Dense(64, activation="relu"),
    tf.keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", loss=tf.keras.losses.SparseCategoricalCrossentropy())
model.compile("adam", loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=False))
