# Harmless: weights of the resampled data are all 1
import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight

X_res, y_res = SMOTE().fit_resample(X, y)
LogisticRegression(class_weight="balanced").fit(X_res, y_res)
w = compute_class_weight("balanced", classes=np.unique(y_res), y=y_res)
model.fit(X_res, y_res, class_weight=dict(enumerate(w)))
