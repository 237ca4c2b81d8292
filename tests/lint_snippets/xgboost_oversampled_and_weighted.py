# XGBoost: oversampled, and the positive class weighted by the old counts
from imblearn.over_sampling import RandomOverSampler
from xgboost import XGBClassifier

X_over, y_over = RandomOverSampler().fit_resample(X_train, y_train)
classifier = XGBClassifier(scale_pos_weight=(y_train == 0).sum() / (y_train == 1).sum())
classifier.fit(X_over, y_over)  # <- LV004
