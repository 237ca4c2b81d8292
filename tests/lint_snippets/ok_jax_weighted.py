# Right: JAX
import optax


def loss_fn(params, x, y):
    logits = model.apply(params, x)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, y)
    return (class_weights[y] * losses).sum() / len(y)
