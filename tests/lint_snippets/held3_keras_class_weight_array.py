# Held out, third set. Keras: the weights of compute_class_weight given as they come
import numpy as np
from keras.layers import LSTM, Dense, Embedding
from keras.models import Sequential
from sklearn.model_selection import train_test_split
from sklearn.utils import class_weight

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y)
weights = class_weight.compute_class_weight(class_weight="balanced", classes=np.unique(y_train), y=y_train)

model = Sequential()
model.add(Embedding(20000, 128))
model.add(LSTM(64, dropout=0.2))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(  # <- LV009
    X_train, y_train, batch_size=64, epochs=3, validation_data=(X_test, y_test), class_weight=weights
)
