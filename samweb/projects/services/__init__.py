"""Writes about projects, members, labels and images; uploads become images here.

POST /projects/{id}/uploads -> uploads.file_add -> decoding.decode (a child process with limits)
  -> images.image_create -> events.image_added (embeddings enqueues a Run)
"""

from samweb.projects.services.counter import next_seq
from samweb.projects.services.images import image_create, image_delete, image_update
from samweb.projects.services.labels import label_create, label_delete, label_update
from samweb.projects.services.memberships import (
    membership_add,
    membership_change,
    membership_remove,
)
from samweb.projects.services.projects import (
    project_create,
    project_delete,
    project_update,
)
from samweb.projects.services.unpack import zip_unpack
from samweb.projects.services.uploads import Added, file_add

__all__ = [
    "Added",
    "file_add",
    "image_create",
    "image_delete",
    "image_update",
    "label_create",
    "label_delete",
    "label_update",
    "membership_add",
    "membership_change",
    "membership_remove",
    "next_seq",
    "project_create",
    "project_delete",
    "project_update",
    "zip_unpack",
]
