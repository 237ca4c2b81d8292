# JAX, optax
import jax
import jax.numpy as jnp
import optax

class_weights = jnp.array([0.5, 0.5, 8.0])


def loss_fn(params, x, y):
    logits = model.apply(params, x)
    return optax.softmax_cross_entropy_with_integer_labels(logits * class_weights[None, :], y).mean()  # <- LV001


grads = jax.grad(loss_fn)(params, x, y)
