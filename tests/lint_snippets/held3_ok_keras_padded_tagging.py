# Held out, third set, right. Keras: a tagger whose loss leaves out padding and weights words by their true tag
import tensorflow as tf

TAG_WEIGHTS = tf.constant([0.0, 0.3, 2.0, 2.5, 6.0])  # 0: padding


def masked_loss(y_true, y_pred):
    y_true = tf.cast(y_true, tf.int32)
    raw = tf.keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
    mask = tf.cast(tf.not_equal(y_true, 0), raw.dtype)
    raw *= mask * tf.gather(TAG_WEIGHTS, y_true)
    return tf.reduce_sum(raw) / tf.maximum(tf.reduce_sum(mask), 1.0)


def masked_accuracy(y_true, y_pred):
    best = tf.argmax(y_pred, axis=-1, output_type=tf.int32)
    hit = tf.cast(best == tf.cast(y_true, tf.int32), tf.float32)
    mask = tf.cast(y_true != 0, tf.float32)
    return tf.reduce_sum(hit * mask) / tf.reduce_sum(mask)


model = tf.keras.Sequential([
    tf.keras.layers.Embedding(30_000, 128, mask_zero=True),
    tf.keras.layers.Bidirectional(tf.keras.layers.LSTM(64, return_sequences=True)),
    tf.keras.layers.Dense(5),
])
model.compile("adam", masked_loss, metrics=[masked_accuracy])
