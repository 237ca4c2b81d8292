# Held out, third set, right. scikit-learn: weights in one grid, SMOTE in another, compared
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline as sk_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

weighted = sk_pipeline(StandardScaler(), SVC(probability=True))
grid = GridSearchCV(weighted, {"svc__C": [0.1, 1, 10], "svc__class_weight": [None, "balanced", {0: 1, 1: 10}]},
                    scoring="f1")
grid.fit(X_train, y_train)

sampled = make_pipeline(StandardScaler(), SMOTE(random_state=0), LogisticRegression(max_iter=1000))
grid2 = GridSearchCV(sampled, {"smote__sampling_strategy": [0.2, 0.5, 1.0]}, scoring="f1")
grid2.fit(X_train, y_train)
print(grid.best_score_, grid2.best_score_)
