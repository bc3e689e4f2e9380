"""What is wrong with the data, and what the numbers are worth because of it."""
