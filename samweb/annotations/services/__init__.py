"""Writes. Everything people may argue about goes through `operations.operations_apply`."""
