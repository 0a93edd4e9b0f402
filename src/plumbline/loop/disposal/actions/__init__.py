"""What people do about a warning: each verb its function, in one transaction with one row on the trail."""
