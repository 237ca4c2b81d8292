# Held out. Flax: softmax in the module, loss of optax
import flax.linen as nn
import optax


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(64)(x))
        x = nn.Dense(10)(x)
        return nn.softmax(x)  # <- LV003


model = MLP()


def loss_fn(params, images, labels):
    probs = model.apply({"params": params}, images)
    return optax.softmax_cross_entropy_with_integer_labels(probs, labels).mean()
