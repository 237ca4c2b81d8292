# JAX
import jax
import optax


def loss_fn(params, batch):
    probs = jax.nn.softmax(apply_fn(params, batch["x"]))  # <- LV003
    return optax.softmax_cross_entropy(probs, batch["label"]).mean()
