# Keras: MultiLabelBinarizer and a softmax
from keras import layers
import keras
from sklearn.preprocessing import MultiLabelBinarizer

y = MultiLabelBinarizer().fit_transform(tags)
model = keras.Sequential([layers.Dense(128, activation="relu"), layers.Dense(40, activation="softmax")])
model.compile(optimizer="adam", loss="categorical_crossentropy")
model.fit(x, y, epochs=3)  # <- LV007
