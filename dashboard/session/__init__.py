"""What lasts from one page to the next: session and address, caches, pictures by address."""
