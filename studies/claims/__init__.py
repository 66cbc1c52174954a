"""What the five studies claim, and what the stored results say of it."""
