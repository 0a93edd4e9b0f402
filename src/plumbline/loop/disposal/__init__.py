"""From a warning raised to one closed: dispatch, verification, review, and its outcomes."""
