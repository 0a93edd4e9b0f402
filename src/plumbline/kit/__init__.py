"""The kit: what all work done by people shares. No application knows another; all know the kit."""
