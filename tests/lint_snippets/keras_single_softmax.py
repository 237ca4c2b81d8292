# Keras: a softmax of one
from keras import Sequential
from keras.layers import Dense

model = Sequential([Dense(32, activation="relu"), Dense(1, activation="softmax")])  # <- LV013
model.compile(loss="binary_crossentropy", optimizer="adam")
