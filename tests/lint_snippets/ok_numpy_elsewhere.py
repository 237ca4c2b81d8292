# Right: products that have nothing to do with a loss
import numpy as np

weights = np.array([0.2, 0.8])
x = np.multiply(x, weights)
class_weights = np.array([1.0, 9.0])
price = np.sum(confusion * class_weights)
z = x @ weights
p = 1 / (1 + np.exp(-z))
