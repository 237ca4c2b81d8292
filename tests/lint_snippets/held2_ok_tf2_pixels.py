# Held out, second set, right. TensorFlow 2: a weight for every pixel, by its true class, mapped onto the dataset
import tensorflow as tf

CLASS_WEIGHTS = [0.3, 1.1, 2.7, 0.0]


def add_sample_weights(image, label):
    class_weights = tf.constant(CLASS_WEIGHTS)
    class_weights = class_weights / tf.reduce_sum(class_weights)
    sample_weights = tf.gather(class_weights, indices=tf.cast(label, tf.int32))
    return image, label, sample_weights


def segmentation_model(channels):
    base = tf.keras.applications.MobileNetV2(input_shape=[128, 128, 3], include_top=False)
    x = base.output
    for filters in (256, 128, 64, 32):
        x = tf.keras.layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = tf.keras.layers.Conv2DTranspose(channels, 3, strides=2, padding="same")(x)
    return tf.keras.Model(base.input, x)


model = segmentation_model(len(CLASS_WEIGHTS))
model.compile(optimizer="adam", loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(train_batches.map(add_sample_weights), epochs=20, validation_data=test_batches)
mask = tf.argmax(tf.nn.softmax(model.predict(image)), axis=-1)
