# Held out, right. A stratified split and weights
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.class_weight import compute_sample_weight

X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y)
forest = RandomForestClassifier()
forest.fit(X_train, y_train, sample_weight=compute_sample_weight("balanced", y_train))
