"""What people send, checked before an action is called."""
