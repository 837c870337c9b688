"""The command `python -m oracle`: run a node, enrol who may sign, simulate a meter, check what is kept."""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from carbonledger.errors import CarbonLedgerError, Malformed, Refused
from carbonledger.note import VerifierKey
from oracle import by_hand, config, enrolment, fsck, levels_command, monitor, plans, restate_command, simulate_command
from oracle.chain_link import link
from oracle.config import Settings, WitnessSettings
from oracle.node import OracleNode
from oracle.server import create_app


def wall_clock() -> int:
    """ms UTC."""
    return time.time_ns() // 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """0 done, 1 problems found, 2 misuse or refused."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.action(parsed))
    except (CarbonLedgerError, OSError) as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m oracle", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser("run", help="take readings in over HTTP and publish the log")
    _home(run)
    run.add_argument("--port", type=int, help="instead of the configured one; 0 takes a free one")
    run.set_defaults(action=_run)

    enrol = commands.add_parser("enrol", help="make a node; enrol devices and persons").add_subparsers(
        dest="what", required=True
    )
    gateway = enrol.add_parser("gateway", help="make the node's home and keys, and name its gateway")
    _home(gateway)
    gateway.add_argument("identifier", help="identifier of the gateway")
    gateway.add_argument("--origin", required=True, help="<gateway domain>/<log name>, for good")
    gateway.add_argument("--chain-id", type=int, required=True, help="of the chain that the log is anchored in")
    gateway.add_argument("--witness", nargs=2, action="append", default=[], metavar=("URL", "VKEY"))
    gateway.set_defaults(action=_enrol_gateway)
    device = enrol.add_parser("device", help="enrol a meter and its public key")
    _home(device)
    _signer(device)
    device.add_argument("--unit", default="Wh", choices=("Wh", "kJ", "g", "L"))
    device.add_argument("--register-type", default="register", choices=("register", "interval"))
    device.add_argument("--rated-max", type=int, help="base units per hour (W for Wh); flags only")
    device.add_argument("--interval-s", type=int, help="the grid of its readings; flags only")
    device.add_argument("--modulus", type=int, help="where the register rolls over; flags only")
    device.add_argument("--calibration-to", type=int, help="end of the calibration, Unix seconds; flags only")
    device.set_defaults(action=_enrol_device)
    person = enrol.add_parser("person", help="enrol a person who signs documents and manual values")
    _home(person)
    _signer(person)
    person.set_defaults(action=_enrol_person)

    by_hand.register(commands, lambda home: OracleNode.open(home, wall_clock))
    plans.register(commands, lambda home: OracleNode.open(home, wall_clock))

    simulate_command.add_parser(commands, wall_clock)

    check = commands.add_parser("fsck", help="derive everything again and compare")
    where = check.add_mutually_exclusive_group(required=True)
    where.add_argument("--home", type=Path, help="a node's home (the node must not run)")
    where.add_argument("--log", type=Path, help="a bare tlog-tiles folder")
    check.add_argument("--origin", help="with --log: the origin of the log")
    check.add_argument("--vkey", action="append", default=[], help="with --log: a verifier key of the log")
    check.add_argument("--json", action="store_true")
    check.set_defaults(action=_fsck)
    levels_command.add_parser(commands)
    restate_command.add_parser(commands, wall_clock)
    return parser


def _home(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--home", type=Path, required=True, help="where the node keeps everything")


def _signer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("identifier")
    parser.add_argument("--public", required=True, help="public key, hex")
    parser.add_argument("--algorithm", default="ed25519", choices=("ed25519", "es256", "es256k"))


def _run(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.home)
    with link(arguments.home, settings, wall_clock) as chain:
        node = OracleNode.open(arguments.home, wall_clock, settings, head_sources=chain.head_sources)
        chain.attach(node)
        return _serve(node, settings, arguments)


def _serve(node: OracleNode, settings: config.Settings, arguments: argparse.Namespace) -> int:
    port = settings.http.port if arguments.port is None else arguments.port
    with listen(settings.http.host, port) as door:
        host, bound = door.getsockname()[:2]
        print(f"oracle: {node.origin} takes readings at http://{host}:{bound}/readings", flush=True)
        if node.log.halted:
            print(f"oracle: halted: {node.log.halted}", file=sys.stderr, flush=True)
        app = create_app(node)
        gc.collect()
        gc.freeze()  # what is here now stays: a collection that walked through it would make a meter wait
        try:
            uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[door])
        finally:
            node.close()
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket. The protocol is named, for asyncio sends small packets at once only if it is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(128)  # from here on callers wait instead of being refused
    except OSError as error:
        door.close()
        raise Malformed("address of the door", expected="a free address", found=f"{host}:{port}: {error}") from error
    return door


def _enrol_gateway(arguments: argparse.Namespace) -> int:
    home: Path = arguments.home
    path = home / config.FILE_NAME
    witnesses = tuple(WitnessSettings(url, vkey) for url, vkey in arguments.witness)
    wanted = Settings(origin=arguments.origin, chain_id=arguments.chain_id, witness=witnesses)
    config.check(wanted)
    if path.exists():
        settings = config.load(home)
        if (settings.origin, settings.chain_id) != (wanted.origin, wanted.chain_id):
            raise Malformed(
                f"{path} is of another log",
                expected=f"{settings.origin}, chain {settings.chain_id}",
                found=f"{wanted.origin}, chain {wanted.chain_id}",
            )
    else:
        settings = wanted
        home.mkdir(parents=True, exist_ok=True)
        path.write_text(config.format_toml(settings), encoding="utf-8")
    node = OracleNode.open(home, wall_clock, settings)
    try:
        enrolment.enrol_gateway(node, arguments.identifier)
        keys = node.log.keys
        print(f"log    {keys.verifier.format()}")
        print(f"chain  {keys.eip712_verifier.format()}")
        print(f"signer 0x{keys.chain.public.address.hex()}")
    finally:
        node.close()
    return 0


def _enrol_device(arguments: argparse.Namespace) -> int:
    profile = {
        "rated_max": arguments.rated_max,
        "interval_ms": None if arguments.interval_s is None else arguments.interval_s * 1000,
        "modulus": arguments.modulus,
        "calibration_to_ms": None if arguments.calibration_to is None else arguments.calibration_to * 1000,
    }
    given = {name: value for name, value in profile.items() if value is not None}
    node = OracleNode.open(arguments.home, wall_clock)
    try:
        signer = enrolment.enrol_device(
            node,
            arguments.identifier,
            _hex(arguments.public),
            algorithm=arguments.algorithm,
            unit=arguments.unit,
            register_type=arguments.register_type,
            profile=given,
        )
        if signer.profile != given:
            raise Refused(f"{signer.identifier} is enrolled with another profile", expected=signer.profile, found=given)
        print(f"salt digest {hashlib.sha256(signer.salt).hexdigest()}")
    finally:
        node.close()
    return 0


def _enrol_person(arguments: argparse.Namespace) -> int:
    node = OracleNode.open(arguments.home, wall_clock)
    try:
        enrolment.enrol_person(node, arguments.identifier, _hex(arguments.public), arguments.algorithm)
    finally:
        node.close()
    return 0


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Malformed("public key", expected="hex digits", found=repr(text)[:80]) from error


def _fsck(arguments: argparse.Namespace) -> int:
    if arguments.home is not None:
        findings = fsck.check_home(arguments.home)
    else:
        if not arguments.origin or not arguments.vkey:
            raise Malformed("fsck --log", expected="--origin and --vkey", found="not both")
        keys = [VerifierKey.parse(text) for text in arguments.vkey]
        findings = monitor.check_folder(arguments.log, arguments.origin, keys)
    if arguments.json:
        print(
            json.dumps(
                {
                    "clean": findings.clean,
                    "problems": findings.problems,
                    "root": findings.root.hex(),
                    "size": findings.size,
                }
            )
        )
    else:
        for problem in findings.problems:
            print(problem)
        print(f"{findings.size} entries, root {findings.root.hex()}: {'clean' if findings.clean else 'PROBLEMS'}")
    return 0 if findings.clean else 1


if __name__ == "__main__":
    sys.exit(main())
