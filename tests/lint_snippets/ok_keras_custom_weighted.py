# Right: the familiar custom loss, weights times log probabilities of the true class
from keras import backend as K


def weighted_categorical_crossentropy(weights):
    weights = K.variable(weights)

    def loss(y_true, y_pred):
        y_pred /= K.sum(y_pred, axis=-1, keepdims=True)
        y_pred = K.clip(y_pred, K.epsilon(), 1 - K.epsilon())
        return -K.sum(y_true * K.log(y_pred) * weights, -1)

    return loss


model.compile("adam", loss=weighted_categorical_crossentropy([1.0, 2.0, 5.0]))
model.fit(x, y)
