# Held out, third set. Keras: a custom loss whose weights follow the prediction
import tensorflow as tf
from tensorflow.keras import backend as K
from tensorflow.keras import layers, models

W = K.constant([1.0, 5.0, 25.0])


def my_loss(y_true, y_pred):
    ce = K.categorical_crossentropy(y_true, y_pred)
    cls = K.argmax(y_pred, axis=-1)
    return ce * K.gather(W, cls)  # <- LV011


model = models.Sequential([
    layers.Conv2D(16, 3, activation="relu", input_shape=(64, 64, 3)),
    layers.GlobalMaxPooling2D(),
    layers.Dense(3, activation="softmax"),
])
model.compile("adam", loss=my_loss, metrics=["accuracy"])
model.fit(x, tf.one_hot(y, 3), epochs=3)
