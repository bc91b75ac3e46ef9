"""kill -9 of the web server in the middle of editing: nothing acknowledged is lost or doubled.

`server` runs the real server, `fault` lets it die where a request asks for it, `editor` is the
scripted client with retries, `outside` reads the database without the app and judges.
"""
