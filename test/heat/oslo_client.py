#!/usr/bin/python3
"""A real client of oslo.messaging, as heat-engine is one: makes the calls that it is given, prints what came of them.

    oslo_client.py TRANSPORT_URL EXCHANGE TOPIC < JSON list of [how, method, arguments, options]

Prints a JSON list: ["result", value] or ["error", class name, exc_type, text].
"""
import json
import os
import sys

import oslo_messaging
from oslo_config import cfg


def ask(client, how, method, arguments, options):
    try:
        prepared = client.prepare(**dict({'timeout': 5}, **options))
        return ['result', getattr(prepared, how)({'user_id': 'u1', 'project_id': 'p1'}, method, **arguments)]
    except Exception as error:
        return ['error', type(error).__name__, getattr(error, 'exc_type', None), str(error)]


def main(url, exchange, topic):
    cfg.CONF([])
    oslo_messaging.set_transport_defaults(exchange)
    transport = oslo_messaging.get_rpc_transport(cfg.CONF, url, allowed_remote_exmods=['heat.common.exception'])
    factory = getattr(oslo_messaging, 'get_rpc_client', oslo_messaging.RPCClient)
    client = factory(transport, oslo_messaging.Target(topic=topic, version='1.0'))
    print(json.dumps([ask(client, *call) for call in json.load(sys.stdin)]))
    sys.stdout.flush()
    # In order, it would wait ten seconds for threads that listen for replies.
    os._exit(0)


if __name__ == '__main__':
    main(*sys.argv[1:])
