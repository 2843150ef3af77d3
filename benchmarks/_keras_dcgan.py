"""The classic DCGAN in Keras, for `dcgan_vs_keras.py`: runs in an interpreter that has TensorFlow, not ganaug.

Prints the images per second of each round as it is asked for a round by a line on standard input.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

LATENT_DIM = 100


def make_generator() -> tf.keras.Model:
    """Dense 7x7x256, then transposed 5x5 convolutions 128-64-1."""
    return tf.keras.Sequential(
        [
            layers.Input((LATENT_DIM,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=0.3),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, strides=1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=0.3),
            layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=0.3),
            layers.Conv2DTranspose(1, 5, strides=2, padding="same", use_bias=False),
            layers.Activation("tanh", dtype="float32"),
        ]
    )


def make_discriminator() -> tf.keras.Model:
    """Strided 5x5 convolutions 64-128 with LeakyReLU and dropout 0.3, then one logit."""
    return tf.keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.3),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=0.3),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1, dtype="float32"),
        ]
    )


def make_step(generator: tf.keras.Model, discriminator: tf.keras.Model):
    """Return a compiled step that updates both players from one look at a batch."""
    entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    g_optimizer, d_optimizer = tf.keras.optimizers.Adam(1e-4), tf.keras.optimizers.Adam(1e-4)

    @tf.function
    def step(x):
        z = tf.random.normal([tf.shape(x)[0], LATENT_DIM])
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = generator(z, training=True)
            real_logits = discriminator(x, training=True)
            fake_logits = discriminator(fake, training=True)
            g_loss = entropy(tf.ones_like(fake_logits), fake_logits)
            d_loss = entropy(tf.ones_like(real_logits), real_logits)
            d_loss += entropy(tf.zeros_like(fake_logits), fake_logits)
        g_gradients = g_tape.gradient(g_loss, generator.trainable_variables)
        d_gradients = d_tape.gradient(d_loss, discriminator.trainable_variables)
        g_optimizer.apply_gradients(zip(g_gradients, generator.trainable_variables, strict=True))
        d_optimizer.apply_gradients(zip(d_gradients, discriminator.trainable_variables, strict=True))
        return d_loss

    return step


def main(policy: str, batch_size: int, n_steps: int, n_threads: int) -> None:
    """Answer each line on standard input by a round of `n_steps` and its images per second."""
    tf.config.threading.set_intra_op_parallelism_threads(n_threads)
    tf.keras.mixed_precision.set_global_policy(policy)
    step = make_step(make_generator(), make_discriminator())
    pixels = np.random.default_rng(0).integers(0, 256, (4 * batch_size, 28, 28, 1)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices(pixels / 127.5 - 1).shuffle(len(pixels)).repeat()
    batches = iter(data.batch(batch_size, drop_remainder=True).prefetch(2))
    for _ in range(4):
        step(next(batches))
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        for _ in range(n_steps):
            loss = step(next(batches))
        loss.numpy()
        print(batch_size * n_steps / (time.perf_counter() - begin), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
