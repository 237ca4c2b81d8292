# Right: a part by resampling, the rest by weights
from imblearn.over_sampling import RandomOverSampler

X_res, y_res = RandomOverSampler(sampling_strategy=0.25).fit_resample(X, y)
model.fit(X_res, y_res, class_weight={0: 1.0, 1: 4.0})
