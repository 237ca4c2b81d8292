# Held out, second set, right. JAX: a student learns from its teacher's softmax, which is the target, not the logits
import equinox as eqx
import jax
import jax.numpy as jnp
import optax


def distillation_loss(student, teacher, x, y, temperature, mix):
    student_logits = jax.vmap(student)(x)
    teacher_logits = jax.lax.stop_gradient(jax.vmap(teacher)(x))
    soft_targets = jax.nn.softmax(teacher_logits / temperature)
    soft = optax.softmax_cross_entropy(student_logits / temperature, soft_targets)
    hard = optax.softmax_cross_entropy_with_integer_labels(student_logits, y)
    weights = jnp.array([mix * temperature**2, 1 - mix])
    return jnp.mean(weights[0] * soft + weights[1] * hard)


@eqx.filter_jit
def step(student, teacher, opt_state, optimizer, x, y):
    loss, grads = eqx.filter_value_and_grad(distillation_loss)(student, teacher, x, y, 4.0, 0.7)
    updates, opt_state = optimizer.update(grads, opt_state, student)
    return eqx.apply_updates(student, updates), opt_state, loss
