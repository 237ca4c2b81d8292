# Keras: SMOTE and class weights
from imblearn.over_sampling import SMOTE
from sklearn.utils.class_weight import compute_class_weight
import numpy as np

weights = compute_class_weight("balanced", classes=np.unique(y_train), y=y_train)
class_weight = dict(enumerate(weights))
X_res, y_res = SMOTE(random_state=0).fit_resample(X_train, y_train)
model.fit(X_res, y_res, epochs=10, class_weight=class_weight)  # <- LV004
