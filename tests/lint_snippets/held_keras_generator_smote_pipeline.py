# Held out. Oversampled frame by pandas, and class_weight
import pandas as pd
from sklearn.utils import resample

majority = df[df.label == 0]
minority = df[df.label == 1]
minority_upsampled = resample(minority, replace=True, n_samples=len(majority), random_state=1)
train = pd.concat([majority, minority_upsampled])
X = train.drop("label", axis=1)
y = train["label"]
history = model.fit(X, y, epochs=20, class_weight={0: 1.0, 1: 12.0})  # <- LV004
