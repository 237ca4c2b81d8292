# Keras: sigmoids within a network, a layer that is used again, and a loss of probabilities
import keras

inputs = keras.Input((8,))
hidden = keras.layers.Dense(16, activation="sigmoid")(inputs)
again = keras.layers.Dense(16, activation="sigmoid")
hidden = again(again(hidden))
outputs = keras.layers.Dense(1, activation="sigmoid")(hidden)
model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss="binary_crossentropy")
