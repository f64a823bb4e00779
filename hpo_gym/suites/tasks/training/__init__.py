"""Tasks that are trainings: networks whose hyperparameters are controlled while they train, many at once in NumPy."""
