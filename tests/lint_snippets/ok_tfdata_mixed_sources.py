# Right. tf.data: two collections mixed, and a plain bootstrap; weights come once
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.utils import resample

mixed = tf.data.Dataset.sample_from_datasets([web, scans], weights=[0.7, 0.3])
model.fit(mixed.batch(64), epochs=5, steps_per_epoch=100, class_weight={0: 1.0, 1: 9.0})

X_boot, y_boot = resample(X, y, n_samples=len(X), stratify=y)
LogisticRegression(class_weight={0: 1, 1: 9}).fit(X_boot, y_boot)
