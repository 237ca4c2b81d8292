# Held out, second set, right. Keras: a squeeze-and-excite block multiplies by a sigmoid, a dict of class weights
import numpy as np
from keras import Model, layers
from sklearn.utils.class_weight import compute_class_weight


def squeeze_excite(x, ratio=8):
    filters = x.shape[-1]
    weights = layers.GlobalAveragePooling2D()(x)
    weights = layers.Dense(filters // ratio, activation="relu")(weights)
    weights = layers.Dense(filters, activation="sigmoid")(weights)
    return layers.Multiply()([x, layers.Reshape((1, 1, filters))(weights)])


inputs = layers.Input((64, 64, 3))
x = layers.Conv2D(32, 3, activation="relu")(inputs)
x = squeeze_excite(x)
x = layers.GlobalMaxPooling2D()(x)
outputs = layers.Dense(7, activation="softmax")(x)
model = Model(inputs, outputs)

classes = np.unique(y_train)
balanced = compute_class_weight("balanced", classes=classes, y=y_train)
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, validation_data=(x_val, y_val), class_weight={int(c): w for c, w in zip(classes, balanced)})
