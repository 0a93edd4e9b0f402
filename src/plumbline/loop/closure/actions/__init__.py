"""What is done: each verb in one transaction, with one row on the trail."""
