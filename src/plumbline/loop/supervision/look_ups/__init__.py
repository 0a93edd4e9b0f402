"""Those who look are looked at: the office's own reads of personal data, held against a model of the catalog."""
