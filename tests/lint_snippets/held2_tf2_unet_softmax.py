# Held out, second set. TensorFlow 2: a U-Net whose last convolution ends with a softmax, its loss takes logits
import tensorflow as tf
from tensorflow.keras import Model, layers


def block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)


def build_unet(shape=(128, 128, 3), n_classes=12):
    inputs = layers.Input(shape)
    c1 = block(inputs, 32)
    p1 = layers.MaxPooling2D()(c1)
    c2 = block(p1, 64)
    u1 = layers.UpSampling2D()(c2)
    c3 = block(layers.Concatenate()([u1, c1]), 32)
    outputs = layers.Conv2D(n_classes, 1, activation="softmax")(c3)  # <- LV003
    return Model(inputs, outputs)


def main(config):
    unet = build_unet(n_classes=config["n_classes"])
    unet.compile(
        optimizer=tf.keras.optimizers.Adam(config["lr"]),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    unet.fit(train_ds, validation_data=val_ds, epochs=config["epochs"])
