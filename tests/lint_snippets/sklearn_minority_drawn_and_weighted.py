# scikit-learn: the minority drawn up to the majority, and weighted as before
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.utils import resample

few, many = df[df.label == 1], df[df.label == 0]
drawn = resample(few, replace=True, n_samples=len(many), random_state=0)
both = pd.concat([many, drawn])
classifier = LogisticRegression(class_weight={0: 1, 1: 16})
classifier.fit(both[features], both["label"])  # <- LV004
