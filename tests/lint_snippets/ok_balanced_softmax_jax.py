# Right: log counts are added
import jax.numpy as jnp
import optax


def loss_fn(params, x, y):
    logits = model.apply(params, x)
    return optax.softmax_cross_entropy_with_integer_labels(logits + jnp.log(counts), y).mean()
