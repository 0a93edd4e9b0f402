"""The Chinese country pack: identifiers, names and regions."""
