"""Annotations, jobs and review over HTTP."""
