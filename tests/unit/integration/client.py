# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions with switches and modules on them, as ansible-playbook has them, without its start for each.

The connection is the real network_cli over libssh with our plugins, behind the real JSON-RPC socket; the modules run in this process.
It is one of its own, since libssh waits for the switch without letting other threads run. Reads one request as JSON a line, answers so:

    {"host": "a", "open": {variables}}                             a session, with the inventory's variables
    {"host": "a", "module": "sg_save", "args": {...}, "check": true, "diff": true}
    {"host": "a", "call": "get_config", "args": ["startup"]}       a remote call
    {"host": "a", "close": true}
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import signal
import socket
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader, init_plugin_loader
from ansible.utils.jsonrpc import JsonRpcServer

# What a variable of the inventory is called as an option of the connection.
OPTIONS = {
    "ansible_host": "remote_addr", "ansible_user": "remote_user", "ansible_password": "password", "ansible_command_timeout": "persistent_command_timeout",
    "ansible_terminal_initial_prompt": "terminal_initial_prompt",
}  # fmt: skip


class Server(JsonRpcServer):
    """One connection's remote calls; the class above keeps one set of objects for all its instances."""

    def __init__(self, connection: Any) -> None:
        self._objects = {connection}


class Session:
    """A connection and its socket, as the helper process of ansible-playbook has them."""

    def __init__(self, folder: Path, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.path = str(folder / uuid.uuid4().hex[:8])
        self.connection: Any = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(1)
        threading.Thread(target=self._serve, daemon=True).start()

    def connect(self) -> Any:
        """The connection, a new one where there is none or the last has ended."""
        if self.connection is None or self.connection._conn_closed:
            context = PlayContext()
            context.network_os, context.connection = "homerouter.tripleplay.sg", "ansible.netcommon.network_cli"
            context.remote_addr, context.port = self.variables["ansible_host"], self.variables["ansible_port"]
            context.remote_user, context.password = self.variables["ansible_user"], self.variables["ansible_password"]
            context.become, context.become_method = bool(self.variables.get("ansible_become")), "ansible.netcommon.enable"
            context.become_pass = self.variables.get("ansible_become_password")
            self.connection = connection_loader.get(context.connection, context, "/dev/null", task_uuid="")
            direct = {option: self.variables[name] for name, option in OPTIONS.items() if name in self.variables}
            self.connection.set_options(direct={"host_key_checking": False, "ssh_type": "libssh", **direct})
            self.connection._socket_path = self.path
            if "lock_seconds" in self.variables:
                # Nobody has to wait for the pause between two tries.
                sys.modules[type(self.connection.cliconf).__module__].LOCK_SECONDS = self.variables["lock_seconds"]
        # A new task.
        self.connection.set_check_prompt(uuid.uuid4().hex)
        return self.connection

    def _serve(self) -> None:
        """Answer remote calls."""
        from ansible.module_utils.connection import recv_data, send_data  # noqa: PLC0415  the module side's own framing

        while True:
            client, _address = self._listener.accept()
            with client:
                data = recv_data(client)
                if data:
                    send_data(client, Server(self.connection).handle_request(data).encode())

    def call(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """One remote call, its result or its error."""
        from ansible.module_utils.connection import Connection, ConnectionError  # noqa: A004, PLC0415  it has this name

        self.connect()
        try:
            return {"result": getattr(Connection(self.path), name)(*args, **kwargs)}
        except ConnectionError as error:
            return {"error": str(error)}

    def module(self, name: str, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Run a module to its end; what it returned."""
        from ansible.module_utils import basic  # noqa: PLC0415  after the loader

        self.connect()
        arguments = {**args, "_ansible_socket": self.path, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": os.environ["TMPDIR"]}
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        basic._ANSIBLE_PROFILE = "legacy"
        made = importlib.import_module(f"ansible_collections.homerouter.tripleplay.plugins.modules.{name}")
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
            made.main()
        return json.loads(shown.getvalue())

    def close(self) -> None:
        """End the session."""
        if self.connection is not None and self.connection.connected:
            self.connection.close()


def main() -> None:
    """Answer until the input ends."""
    folder = Path(sys.argv[1])
    init_plugin_loader([os.environ["ANSIBLE_COLLECTIONS_PATH"]])
    # Modules print their answers; nothing else may be in them.
    answers = os.fdopen(os.dup(1), "w")
    sessions: dict[str, Session] = {}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        host = request["host"]
        answer: dict[str, Any] = {}
        if "open" in request:
            sessions[host] = Session(folder, request["open"])
        elif "call" in request:
            answer = sessions[host].call(request["call"], request.get("args", []), request.get("kwargs", {}))
        elif "module" in request:
            answer = sessions[host].module(request["module"], request["args"], request["check"], request["diff"])
        else:
            sessions[host].close()
        connection = sessions[host].connection
        if connection is not None:
            answer["messages"] = connection.pop_messages()
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
