# Held out, third set, right. JAX: pixels weighted by their true class, ignored ones masked out
import jax
import jax.numpy as jnp
import optax

W = jnp.array([0.2, 1.0, 4.0, 12.0])


def seg_loss(params, apply_fn, img, lab, ignore=255):
    logits = apply_fn({"params": params}, img)
    valid = lab != ignore
    safe = jnp.where(valid, lab, 0)
    ce = optax.softmax_cross_entropy_with_integer_labels(logits, safe)
    w = W[safe] * valid
    return (ce * w).sum() / jnp.maximum(w.sum(), 1e-6)


grad_fn = jax.jit(jax.value_and_grad(seg_loss), static_argnums=1)
