"""What is kept apart from the machine: sealed files, and archives of a whole workspace."""
