#!/usr/bin/env python3
"""Writes golden/softmax_regression.json with scikit-learn 1.2.1 and NumPy 1.24.2: a maximum-likelihood softmax regression.

    python3 testdata/softmax_regression.py > testdata/golden/softmax_regression.json

The classes overlap, so that without a penalty there is one optimum, up to a shift of all classes' scores; W and b are given
with mean 0 over the classes.
"""
import json

import numpy as np
from sklearn.linear_model import LogisticRegression


def case(name, description, features, labels):
    features, labels = np.round(features, 4), np.array(labels)
    means, deviations = features.mean(axis=0), features.std(axis=0)
    standard = (features - means) / deviations
    model = LogisticRegression(multi_class="multinomial", penalty=None, tol=1e-10, max_iter=10_000).fit(standard, labels)
    losses = -model.predict_log_proba(standard)[np.arange(len(labels)), labels]
    return {
        "name": name,
        "description": description,
        "inputs": {"features": features.tolist(), "labels": labels.tolist()},
        "expected": {
            "weights": (model.coef_ - model.coef_.mean(axis=0)).tolist(),
            "bias": (model.intercept_ - model.intercept_.mean()).tolist(),
            "loss": losses.mean(),
            "accuracy": model.score(standard, labels),
        },
    }


def main():
    draw = np.random.default_rng(7)
    labels = np.arange(90) % 3
    centres = np.array([[1.0, 0.0, 0.5, 0.0], [-0.5, 0.8, 0.0, 0.0], [-0.5, -0.8, -0.5, 0.0]])
    three = centres[labels] + draw.normal(size=(90, 4))
    scaled = three * [10.0, 0.1, 1.0, 3.0] + [100.0, -0.2, 0.0, 7.0]
    description = "Four features of unlike scales, the last of them noise."
    suite = {
        "suite": "softmax_regression",
        "description": "Softmax regression without a penalty on features standardised by their own mean and deviation.",
        "tolerance": {"float64": {"abs": 1e-5, "rel": 1e-5}, "float32": {"abs": 2e-4, "rel": 5e-4}},
        "cases": [case("three_classes", description, scaled, labels)],
    }
    print(json.dumps(suite))


if __name__ == "__main__":
    main()
