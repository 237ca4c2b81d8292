# scikit-learn: oversampled, and weighted as before
from imblearn.over_sampling import RandomOverSampler
from sklearn.linear_model import LogisticRegression

X_over, y_over = RandomOverSampler().fit_resample(X, y)
classifier = LogisticRegression(class_weight={0: 1, 1: 16})
classifier.fit(X_over, y_over)  # <- LV004
