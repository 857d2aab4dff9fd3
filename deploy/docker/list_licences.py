"""Every Python package below a directory, with its version and licence, as a table of tabs on stdout."""

import sys
from importlib import metadata

rows = set()
for found in metadata.distributions(path=sys.argv[1:]):
    about = found.metadata
    classifiers = [c.rsplit(" :: ", 1)[-1] for c in about.get_all("Classifier", []) if c.startswith("License ::")]
    said = (about.get("License-Expression") or ", ".join(classifiers) or about.get("License") or "").strip()
    rows.add((about["Name"].lower(), found.version, said.splitlines()[0] if said else "see its metadata"))
for row in sorted(rows):
    sys.stdout.write("\t".join(row) + "\n")
