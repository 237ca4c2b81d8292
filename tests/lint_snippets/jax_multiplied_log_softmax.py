# JAX: written out
import jax
import jax.numpy as jnp


def nll(params, x, onehot, class_weights):
    logits = forward(params, x)
    logp = jax.nn.log_softmax(jnp.multiply(logits, class_weights))  # <- LV001
    return -jnp.mean(jnp.sum(onehot * logp, axis=-1))
