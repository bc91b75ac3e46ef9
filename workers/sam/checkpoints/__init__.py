"""From a file that somebody published to a bundle that can be used, without trusting the file.

Reading order: `download` (bytes from the net), `incoming` (what kind of file it is), `child` and
`read_child` (weights out of it, in a process of its own), `variants` (which model they are),
`graphs` (what an ONNX file may hold), `trial_child` (whether it runs), `importing` (the whole
way), `library` (the folder in which imported bundles live). No Django: paths and an opener of
addresses come from outside.
"""
