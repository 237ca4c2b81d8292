# Keras, functional
from keras import Model, layers, losses

inputs = layers.Input((30,))
x = layers.Dense(16, activation="relu")(inputs)
outputs = layers.Dense(1, activation="sigmoid")(x)  # <- LV003
model = Model(inputs, outputs)
model.compile("adam", loss=losses.BinaryCrossentropy(from_logits=True))
