# The same as a cross-entropy: two outputs, one-hot targets
import keras

model = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
model.compile(loss="binary_crossentropy", optimizer="adam")
