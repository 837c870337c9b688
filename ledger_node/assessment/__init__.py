"""Codes and grades by quarter: collects what is known, computes, files; a run that stops goes on where it was."""
