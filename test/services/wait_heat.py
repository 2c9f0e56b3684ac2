#!/usr/bin/python3
"""Waits until Heat answers: GET /stacks as the user demo, which takes Keystone, RabbitMQ, heat-engine and the database.

    wait_heat.py STATE_DIRECTORY RABBIT_PORT

A request that reaches heat-api before heat-engine consumes its queues is dropped by the broker and hangs for a minute:
so both queues must have a consumer first.
"""
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request

import amqp

PATIENCE = 90


def consumers(port, queue):
    try:
        with amqp.Connection('127.0.0.1:' + port) as connection:
            return connection.channel().queue_declare(queue, passive=True).consumer_count
    except Exception:
        return 0


def wait_for_engine(state, port, end):
    with open(state + '/pids/heat-engine') as file:
        pid = int(file.read())
    while not all(consumers(port, queue) for queue in ('engine', 'engine_worker')):
        try:
            os.kill(pid, 0)
        except OSError:
            raise SystemExit('heat-engine ended: see %s/log/heat-engine.log' % state)
        if time.time() > end:
            raise SystemExit('heat-engine does not read its queues: see %s/log/heat-engine.log' % state)
        time.sleep(0.1)


def ask(rc):
    user = {'name': rc['OS_USERNAME'], 'domain': {'name': 'Default'}, 'password': rc['OS_PASSWORD']}
    scope = {'project': {'name': rc['OS_PROJECT_NAME'], 'domain': {'name': 'Default'}}}
    body = {'auth': {'identity': {'methods': ['password'], 'password': {'user': user}}, 'scope': scope}}
    request = urllib.request.Request(rc['OS_AUTH_URL'] + '/auth/tokens', method='POST',
                                     headers={'Content-Type': 'application/json'}, data=json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        token, catalog = answer.headers['X-Subject-Token'], json.load(answer)['token']['catalog']
    url = [endpoint['url'] for service in catalog if service['type'] == 'orchestration'
           for endpoint in service['endpoints'] if endpoint['interface'] == 'public'][0]
    request = urllib.request.Request(url + '/stacks', headers={'X-Auth-Token': token})
    with urllib.request.urlopen(request, timeout=20) as answer:
        answer.read()


def main(state, port):
    end = time.time() + PATIENCE
    wait_for_engine(state, port, end)
    with open(state + '/openrc') as file:
        rc = dict(re.findall(r'(OS_\w+)=(\S+)', file.read()))
    while True:
        try:
            return ask(rc)
        except (urllib.error.URLError, OSError) as error:
            if time.time() > end:
                raise SystemExit('Heat does not answer: %r' % error)
            time.sleep(0.1)


if __name__ == '__main__':
    main(*sys.argv[1:])
