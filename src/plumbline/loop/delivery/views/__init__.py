"""The pages of datasets, deliveries, rows in quarantine, and what departments are asked to check."""
