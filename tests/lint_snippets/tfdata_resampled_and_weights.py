# tf.data: drawn half and half, and weighted
import tensorflow as tf

balanced = tf.data.Dataset.sample_from_datasets([pos_ds, neg_ds], weights=[0.5, 0.5])
balanced = balanced.batch(256).prefetch(2)
model.fit(balanced, epochs=5, steps_per_epoch=100, class_weight={0: 0.5, 1: 289.0})  # <- LV004
