# Held out, second set. Keras: a function returns what scikit-learn computed, and fit gets it as it is
import numpy as np
from keras.layers import LSTM, Dense, Embedding
from keras.models import Sequential
from sklearn.utils import class_weight


def get_weights(labels):
    return class_weight.compute_class_weight(class_weight="balanced", classes=np.unique(labels), y=labels)


def build_model(vocabulary, n_classes):
    model = Sequential()
    model.add(Embedding(vocabulary, 128))
    model.add(LSTM(64, dropout=0.2))
    model.add(Dense(n_classes, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


model = build_model(20000, 6)
history = model.fit(x_train, y_train_onehot, epochs=10, batch_size=32, class_weight=get_weights(y_train))  # <- LV009
