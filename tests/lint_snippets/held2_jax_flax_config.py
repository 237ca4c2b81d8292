# Held out, second set. JAX: a Flax model and its configuration; weights broadcast over the logits
import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.training import train_state


class CNN(nn.Module):
    num_classes: int

    @nn.compact
    def __call__(self, x):
        x = nn.Conv(32, (3, 3))(x)
        x = nn.relu(x)
        x = x.reshape((x.shape[0], -1))
        return nn.Dense(self.num_classes)(x)


def cross_entropy(logits, labels, num_classes):
    onehot = jax.nn.one_hot(labels, num_classes)
    return -jnp.mean(jnp.sum(onehot * jax.nn.log_softmax(logits), axis=-1))


@jax.jit
def train_step(state: train_state.TrainState, batch, class_weights):
    def loss_fn(params):
        logits = state.apply_fn({"params": params}, batch["image"])
        logits = logits * class_weights[None, :]  # <- LV001
        return cross_entropy(logits, batch["label"], 10)

    loss, grads = jax.value_and_grad(loss_fn)(state.params)
    return state.apply_gradients(grads=grads), loss
