"""What it means: pure statistics. Tables and arrays in, frozen results out."""
