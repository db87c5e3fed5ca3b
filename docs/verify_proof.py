"""Check a proof of Tenantry's: python verify_proof.py PROOF.json HASH-OF-THE-SEAL-YOU-HOLD"""

import hashlib
import json
import sys
from pathlib import Path


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def spelt(said: dict[str, str]) -> bytes:  # sorted keys, no blanks, UTF-8
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


if len(sys.argv) != 3:
    sys.exit(__doc__)
proof = json.loads(Path(sys.argv[1]).read_text("utf-8"))
entry, seals = proof["entry"], proof["seals"]
node = sha256(b"\0" + bytes.fromhex(entry["id"].replace("-", "")) + sha256(spelt(entry)))
for step in proof["path"]:
    other = bytes.fromhex(step["hash"])
    node = sha256(b"\1" + (other + node if step["side"] == "left" else node + other))
links = [sha256(spelt(seal)).hex() for seal in seals]
whose = seals[0].get("tenant_id", entry.get("tenant_id")) == entry.get("tenant_id")
linked = all(links[n] == seal["previous"] for n, seal in enumerate(seals[1:]))
if not (node.hex() == seals[0]["root"] and whose and linked and links[-1] == sys.argv[2].lower()):
    sys.exit("NOT PROVEN")
sys.stdout.write(f"Proven: this is under seal {links[-1]}\n{json.dumps(entry, indent=2)}\n")
