# Held out, second set. Keras: tags of questions, several to each
import pandas as pd
from sklearn.preprocessing import MultiLabelBinarizer
from tensorflow.keras import layers, losses, models


def load(path):
    frame = pd.read_csv(path)
    binarizer = MultiLabelBinarizer()
    tags = binarizer.fit_transform(frame["tags"].str.split(";"))
    return frame["text"].values, tags, binarizer.classes_


texts, tags, names = load("questions.csv")
model = models.Sequential(
    [
        vectorizer,
        layers.Embedding(10000, 64),
        layers.GlobalAveragePooling1D(),
        layers.Dense(len(names), activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss=losses.CategoricalCrossentropy(), metrics=["accuracy"])
model.fit(texts, tags, epochs=5, validation_split=0.1)  # <- LV007
