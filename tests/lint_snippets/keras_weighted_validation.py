# Keras: weights for validation, and early stopping on it
import keras
from sklearn.utils.class_weight import compute_sample_weight

w_train = compute_sample_weight("balanced", y_train)
w_val = compute_sample_weight("balanced", y_val)
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=3)
model.fit(x_train, y_train, sample_weight=w_train, validation_data=(x_val, y_val, w_val), callbacks=[stop])  # <- LV006
