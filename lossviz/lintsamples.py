"""Snippets to try the linter on: title -> Python. A test says what is found in each."""

SAMPLES = {
    "Multiplied logits": """import tensorflow as tf

class_weight = tf.constant([31 / 531, 500 / 531])
logits = tf.layers.dense(hidden, 2)
weighted_logits = tf.multiply(logits, class_weight)
loss = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=weighted_logits)
loss = tf.reduce_mean(loss)
""",
    "Softmax twice": """from tensorflow import keras

model = keras.Sequential([
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
""",
    "Sampler and weights": """import torch
from torch.utils.data import DataLoader, WeightedRandomSampler

sample_weights = class_weights[train.labels]
sampler = WeightedRandomSampler(sample_weights, len(train), replacement=True)
loader = DataLoader(train, batch_size=64, sampler=sampler)
criterion = torch.nn.CrossEntropyLoss(weight=class_weights)
""",
    "Weights by prediction": """import torch.nn.functional as F

predicted = logits.argmax(dim=1)
weights = class_weights[predicted]
loss = (weights * F.cross_entropy(logits, labels, reduction="none")).mean()
""",
    "Array as class_weight": """import numpy as np
from sklearn.utils.class_weight import compute_class_weight

weights = compute_class_weight("balanced", np.unique(y_train), y_train)
model.fit(x_train, y_train, class_weight=weights)
""",
    "Nothing wrong": """import jax.numpy as jnp
import optax

def loss_fn(params, x, y):
    logits = model.apply(params, x)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, y)
    return jnp.mean(class_weights[y] * losses)
""",
}
