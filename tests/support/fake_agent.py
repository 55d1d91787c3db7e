#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An agent made of files: answers the control API on a Unix socket with canned objects.

    fake_agent.py SOCKET REQUESTS FOLDER...

GET /v1/learn/status is answered with GET_v1_learn_status.json of the first FOLDER that has it, with
the HTTP status of its error code if it is an Error. A .jsonl file is sent as it is. A file whose
text is "silence" is not answered at all. Every request is appended to REQUESTS, a line each.
"""
import json
import os
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler

STATUS_OF_ERROR = {
    "invalid": 400, "forbidden": 403, "notFound": 404, "pending": 409, "risk": 409,
    "sameConnection": 409, "policyInvalid": 422, "internal": 500, "unavailable": 503,
}
SILENCE_SECONDS = 30


class Agent(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "socket"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer("GET", None)

    def do_POST(self):
        size = int(self.headers.get("Content-Length", 0))
        self.answer("POST", json.loads(self.rfile.read(size)))

    def answer(self, method, body):
        self.record(method, body)
        path = self.path.split("?")[0]
        for folder in self.server.folders:
            for ending in (".json", ".jsonl"):
                name = os.path.join(folder, method + path.replace("/", "_") + ending)
                if os.path.exists(name):
                    with open(name, encoding="utf-8") as file:
                        return self.send(file.read(), ending)
        error = {"code": "notFound", "message": f"no canned answer for {method} {path}"}
        return self.send(json.dumps({"apiVersion": "tollgate/v1", "kind": "Error", "error": error}),
                         ".json")

    def send(self, text, ending):
        if text.strip() == "silence":
            time.sleep(SILENCE_SECONDS)
            return
        status = 200
        if ending == ".json":
            status = STATUS_OF_ERROR.get(json.loads(text).get("error", {}).get("code"), 200)
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def record(self, method, body):
        line = f"{method} {self.path}"
        if body is not None:
            line += " " + json.dumps(body, ensure_ascii=False)
        with open(self.server.requests, "a", encoding="utf-8") as file:
            file.write(line + "\n")


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path, requests, folders):
        self.requests = requests
        self.folders = folders
        super().__init__(path, Agent)


def main():
    path, requests, *folders = sys.argv[1:]
    with Server(path, requests, folders) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
