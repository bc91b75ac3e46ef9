"""Makes the database, a project with images and labels, and a token; prints them as JSON."""

from __future__ import annotations

import json

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from samweb.accounts import services  # noqa: E402
from samweb.projects.models import Label  # noqa: E402
from tests import cast  # noqa: E402

if __name__ == "__main__":
    call_command("migrate", interactive=False, verbosity=0)
    ada = cast.person("ada", can_create_projects=True)
    project = cast.project("Orchard", owner=ada, labels=["apple", "leaf"])
    images = [cast.image(project, f"{n}.jpg", width=90, height=70) for n in range(4)]
    print(
        json.dumps(
            {
                "token": services.token_create(user=ada, name="kill")[1],
                "user": str(ada.id),
                "project": str(project.id),
                "images": [str(image.id) for image in images],
                "labels": [str(id) for id in Label.objects.values_list("id", flat=True)],
                "height": 70,
                "width": 90,
            }
        )
    )
