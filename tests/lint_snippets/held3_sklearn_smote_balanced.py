# Held out, third set. scikit-learn: SMOTE in an imblearn pipeline, before a classifier that balances again
import pandas as pd
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("creditcard.csv")
X, y = df.drop(columns="Class"), df["Class"]
pipe = Pipeline([
    ("scale", StandardScaler()),
    ("smote", SMOTE(sampling_strategy=1.0, random_state=42)),
    ("rf", RandomForestClassifier(n_estimators=300, class_weight={0: 1, 1: 100}, n_jobs=-1)),  # <- LV004
])
scores = cross_val_score(pipe, X, y, cv=StratifiedKFold(5), scoring="average_precision")
print(scores.mean())
