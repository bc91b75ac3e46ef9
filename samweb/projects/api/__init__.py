"""Projects, members, images and uploads over HTTP. Labels are written as operations: see above."""
