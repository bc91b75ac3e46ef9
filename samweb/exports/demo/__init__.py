"""The demo project: eight photographs with lawful licences, one of them annotated and accepted.

`data/manifest.json` names the photographs, their licences and whom to credit;
`data/human_masks.json` is a COCO file of outlines that people drew on four of them.
"""
