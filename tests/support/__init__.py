"""Helpers of the tests: servers, histories, templates, events."""
