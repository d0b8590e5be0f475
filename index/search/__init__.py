"""Finds hits for a question: candidates, fusion, evidence, pins. It writes no answer and changes no library."""
