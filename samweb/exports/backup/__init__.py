"""Backups: a snapshot of the database, and the files it names by their hashes.

    DEST/files/<kind>/<aa>/<sha256>      every file once, shared by all snapshots in DEST
    DEST/snapshots/<time>/manifest.json  what the snapshot holds, with digests; written last
    DEST/snapshots/<time>/files.txt      "kind sha256 bytes" of every file it needs
    DEST/snapshots/<time>/...            the database

Not in a backup: embeddings, proposals and queues, which are made again; the signing key and the
admin's password file, which belong to the installation.
"""
