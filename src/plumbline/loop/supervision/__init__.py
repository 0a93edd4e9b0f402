"""The life of supervision models: trial, samples, approval, precision, exceptions, budget."""
