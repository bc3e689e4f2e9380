"""Evaluations that are started from a page and outlive it."""
