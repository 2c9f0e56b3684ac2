#!/usr/bin/python3
"""The little of Neutron's API that Nova needs for servers without networks: empty lists.

    neutron_stub.py PORT

A model, named as one: nothing of networks is tested with it. Nova asks for the ports of each server that it shows, and
answers 500 when nobody answers it.
"""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        kind = self.path.split('?')[0].rstrip('/').split('/')[-1].replace('.json', '').replace('-', '_')
        if kind in ('', 'v2.0'):
            link = {'rel': 'self', 'href': 'http://127.0.0.1:%s/v2.0/' % sys.argv[1]}
            return self.answer({'versions': [{'id': 'v2.0', 'status': 'CURRENT', 'links': [link]}]})
        self.answer({kind: []})

    def do_DELETE(self):
        self.send_response(204)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)


ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
