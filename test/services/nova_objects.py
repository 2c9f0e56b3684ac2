#!/usr/bin/python3
"""Makes the flavor `tiny` and the image `empty`, over REST, as admin; what exists already is left.

    nova_objects.py OPENRC
"""
import json
import re
import sys
import urllib.error
import urllib.request


def call(method, url, token, body=None, kind='application/json'):
    headers = {'Content-Type': kind}
    if token:
        headers['X-Auth-Token'] = token
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
        return (json.loads(text) if text else {}), answer.headers


def main(openrc):
    with open(openrc) as file:
        rc = dict(re.findall(r'(OS_\w+)=(\S+)', file.read()))
    user = {'name': 'admin', 'domain': {'name': 'Default'}, 'password': rc['OS_PASSWORD']}
    scope = {'project': {'name': 'admin', 'domain': {'name': 'Default'}}}
    auth = {'auth': {'identity': {'methods': ['password'], 'password': {'user': user}}, 'scope': scope}}
    body, headers = call('POST', rc['OS_AUTH_URL'] + '/auth/tokens', None, auth)
    token = headers['X-Subject-Token']

    def endpoint(kind):
        return [one['url'] for service in body['token']['catalog'] if service['type'] == kind
                for one in service['endpoints'] if one['interface'] == 'public'][0]

    flavor = {'name': 'tiny', 'ram': 64, 'vcpus': 1, 'disk': 1, 'id': '1'}
    try:
        call('POST', endpoint('compute') + '/flavors', token, {'flavor': flavor})
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
    found, _ = call('GET', endpoint('image') + '/v2/images?name=empty', token)
    if found['images']:
        return
    image = {'name': 'empty', 'disk_format': 'raw', 'container_format': 'bare', 'visibility': 'public'}
    made, _ = call('POST', endpoint('image') + '/v2/images', token, image)
    call('PUT', '%s/v2/images/%s/file' % (endpoint('image'), made['id']), token, bytes(1024), 'application/octet-stream')


if __name__ == '__main__':
    main(*sys.argv[1:])
