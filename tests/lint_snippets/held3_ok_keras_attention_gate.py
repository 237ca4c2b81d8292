# Held out, third set, right. Keras: attention weights over words, then a sigmoid output with its own loss
from keras import layers, models
from keras.layers import LSTM, Activation, Dense, Dropout, Flatten, Input, Multiply, Permute, RepeatVector

inp = Input(shape=(100, 300))
h = LSTM(64, return_sequences=True)(inp)
weights = Dense(1, activation="tanh")(h)
weights = Flatten()(weights)
weights = Activation("softmax")(weights)
weights = Permute([2, 1])(RepeatVector(64)(weights))
context = Multiply()([h, weights])
pooled = layers.GlobalAveragePooling1D()(context)
out = Dense(1, activation="sigmoid")(Dropout(0.5)(pooled))
model = models.Model(inp, out)
model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["AUC"])
model.fit(X_train, y_train, class_weight={0: 0.55, 1: 5.2}, validation_split=0.1)
