# Keras: softmax over six, each judged on its own
import keras

model = keras.Sequential()
model.add(keras.layers.Dense(64, activation="relu"))
model.add(keras.layers.Dense(6, activation="softmax"))  # <- LV007
model.compile(loss="binary_crossentropy", optimizer="adam")
