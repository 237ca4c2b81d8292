# Right. JAX: pseudo-labels as targets, weighted by their own class
import jax
import jax.numpy as jnp
import optax


def loss_fn(params, weak, strong):
    pseudo = jax.lax.stop_gradient(jnp.argmax(model.apply(params, weak), axis=-1))
    logits = model.apply(params, strong)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, pseudo)
    hard = optax.softmax_cross_entropy(logits, jax.nn.one_hot(pseudo, 10))
    return jnp.mean(class_weights[pseudo] * losses) + jnp.mean(hard * jnp.take(class_weights, pseudo))
