"""Writes about people. Secrets leave once and are kept as digests; each act leaves an audit row."""

from samweb.accounts.services.audit import audit
from samweb.accounts.services.people import (
    first_admin,
    password_change,
    password_file,
    user_create,
    user_update,
    user_update_by_admin,
)
from samweb.accounts.services.sign_in import sign_in
from samweb.accounts.services.tokens import (
    digest,
    sign_in_link_create,
    sign_in_link_use,
    token_create,
    token_revoke,
    token_use,
)

__all__ = [
    "audit",
    "digest",
    "first_admin",
    "password_change",
    "password_file",
    "sign_in",
    "sign_in_link_create",
    "sign_in_link_use",
    "token_create",
    "token_revoke",
    "token_use",
    "user_create",
    "user_update",
    "user_update_by_admin",
]
