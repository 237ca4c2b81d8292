# Held out, third set. JAX: an equinox training step that scales the logits by inverse frequencies
import equinox as eqx
import jax
import jax.numpy as jnp
import optax

counts = jnp.array([9000.0, 800.0, 200.0])
inv = counts.sum() / (len(counts) * counts)


@eqx.filter_value_and_grad
def loss_fn(model, x, y):
    z = jax.vmap(model)(x)
    return optax.softmax_cross_entropy_with_integer_labels(z * inv, y).mean()  # <- LV001


@eqx.filter_jit
def step(model, opt_state, x, y):
    loss, grads = loss_fn(model, x, y)
    updates, opt_state = optim.update(grads, opt_state)
    return eqx.apply_updates(model, updates), opt_state, loss
