# Held out, right. Two heads: a softmax and a sigmoid, each with its loss
import keras

inputs = keras.Input((32,))
h = keras.layers.Dense(64, activation="relu")(inputs)
kind = keras.layers.Dense(5, activation="softmax", name="kind")(h)
tags = keras.layers.Dense(20, activation="sigmoid", name="tags")(h)
model = keras.Model(inputs, [kind, tags])
model.compile("adam", loss={"kind": "categorical_crossentropy", "tags": "binary_crossentropy"})
