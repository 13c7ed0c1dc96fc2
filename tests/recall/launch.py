"""Below strace: goes into an image's root, becomes its user and then its program (JSON, as of `native`).

Imports next to nothing: all of it runs traced.
"""

import json
import os
import sys

with open(sys.argv[1]) as file:  # noqa: PTH123
    spec = json.load(file)
os.get_exec_path({})  # imports what execvpe needs, while the host's files are in reach
os.chroot(spec["root"])
os.makedirs(spec["cwd"], exist_ok=True)  # noqa: PTH103
os.chdir(spec["cwd"])
os.umask(0o022)
for stream in (1, 2):
    os.fchown(stream, spec["uid"], -1)  # as runc does, so that /dev/stdout can be opened by USER
os.setgroups([spec["gid"], *spec["groups"]])
os.setgid(spec["gid"])
os.setuid(spec["uid"])
try:
    os.execvpe(spec["argv"][0], spec["argv"], spec["env"])
except OSError as error:
    os.write(2, f"{spec['argv'][0]}: {error}\n".encode())
    os._exit(127)
