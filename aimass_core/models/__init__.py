"""One model family a file, all behind scikit-learn's estimator interface."""
