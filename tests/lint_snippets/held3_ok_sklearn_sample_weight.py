# Held out, third set, right. scikit-learn: balanced sample weights for boosting, none where it is scored
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

X_tr, X_va, y_tr, y_va = train_test_split(X, y, stratify=y, random_state=7)
cw = dict(zip(np.unique(y_tr), compute_class_weight("balanced", classes=np.unique(y_tr), y=y_tr)))
gb = GradientBoostingClassifier().fit(X_tr, y_tr, sample_weight=compute_sample_weight(cw, y_tr))
hgb = HistGradientBoostingClassifier(class_weight=cw).fit(X_tr, y_tr)
for m in (gb, hgb):
    print(balanced_accuracy_score(y_va, m.predict(X_va)), log_loss(y_va, m.predict_proba(X_va)))
