# Right: resampled and not weighted
from imblearn.over_sampling import SMOTE

X_res, y_res = SMOTE().fit_resample(X_train, y_train)
model.fit(X_res, y_res, epochs=3)
other.fit(X_train, y_train, class_weight={0: 1, 1: 16})
