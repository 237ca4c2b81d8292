# Right: logits, and a probability model made afterwards
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(64, activation="relu"), tf.keras.layers.Dense(10)])
model.compile("adam", loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x_train, y_train)
probability_model = tf.keras.Sequential([model, tf.keras.layers.Softmax()])
