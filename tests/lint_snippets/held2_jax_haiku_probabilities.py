# Held out, second set. JAX: Haiku; probabilities times weights in a loss that takes logits
import haiku as hk
import jax
import jax.numpy as jnp
import optax

CLASS_WEIGHTS = jnp.array([0.2, 1.0, 4.0])


def net_fn(x):
    mlp = hk.Sequential([hk.Flatten(), hk.Linear(256), jax.nn.relu, hk.Linear(3)])
    return mlp(x)


net = hk.without_apply_rng(hk.transform(net_fn))
optimizer = optax.adamw(1e-3)


def loss_fn(params, batch):
    logits = net.apply(params, batch.image)
    weighted = jax.nn.softmax(logits, axis=-1) * CLASS_WEIGHTS  # <- LV002
    loss = optax.softmax_cross_entropy_with_integer_labels(weighted, batch.label)
    return loss.mean()


@jax.jit
def update(params, opt_state, batch):
    grads = jax.grad(loss_fn)(params, batch)
    updates, opt_state = optimizer.update(grads, opt_state)
    return optax.apply_updates(params, updates), opt_state
