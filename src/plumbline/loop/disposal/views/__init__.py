"""The pages of disposals, leads, money and letters."""
