"""Compiles `carbonledger/hashing/loop.ll`, by LLVM, into the machine code that lies beside it: `loop.x86_64.json`.

The code is for every x86-64 processor and needs no linking, since OpenSSL's functions come as an argument. A test
compiles it again and compares.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from carbonledger.errors import Invalid
from scripts import made_files

FOLDER: Final = made_files.ROOT / "carbonledger/hashing"
TRIPLE: Final = "x86_64-unknown-linux-gnu"


def build() -> dict[Path, bytes]:
    """The file and its bytes; ImportError without llvmlite, Invalid if the code would have to be linked."""
    llvm: Any = import_module("llvmlite.binding")
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_assembly((FOLDER / "loop.ll").read_text("ascii"))
    module.verify()
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(cpu="x86-64", opt=2, reloc="pic")
    parts = llvm.ObjectFileRef.from_data(machine.emit_object(module)).sections()
    sections = {(part.name() or b"").decode(): part.data() for part in parts}
    if linked := [name for name in sections if name.startswith(".rela.text")]:
        raise Invalid("machine code of the loop", expected="code without relocations", found=", ".join(linked))
    code = {name: sections[f".text.{name}"].hex() for name in ("each", "join")}
    return {FOLDER / "loop.x86_64.json": json.dumps(code, indent=1).encode() + b"\n"}


if __name__ == "__main__":
    raise SystemExit(made_files.main(__doc__, build()))
