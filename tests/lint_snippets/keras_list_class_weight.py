# Keras: a list
model.fit(x_train, y_train, class_weight=[1.0, 20.0])  # <- LV009
