#!/usr/bin/python3
"""Makes what Heat and the tests need in Keystone, over its REST API: about a second instead of 15 calls of two.

    bootstrap.py KEYSTONE_URL PASSWORD HEAT_PORT [TYPE=NAME=URL…]

Each further service gets a user of its name and an endpoint.

Idempotent: what exists already is found by its name.
"""
import json
import sys
import urllib.error
import urllib.request


class Keystone:
    def __init__(self, url, password):
        self.url = url
        self.password = password
        self.token = None
        user = {'name': 'admin', 'domain': {'id': 'default'}, 'password': password}
        scope = {'project': {'name': 'admin', 'domain': {'id': 'default'}}}
        identity = {'methods': ['password'], 'password': {'user': user}}
        _, headers = self.call('POST', '/auth/tokens', {'auth': {'identity': identity, 'scope': scope}})
        self.token = headers['X-Subject-Token']

    def call(self, method, path, body=None):
        headers = {'Content-Type': 'application/json'}
        if self.token:
            headers['X-Auth-Token'] = self.token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return (json.loads(text) if text else {}), answer.headers
        except urllib.error.HTTPError as error:
            if error.code == 409:
                return None, {}
            raise SystemExit('%s %s: %s %s' % (method, path, error.code, error.read()[:400]))

    def make(self, kind, plural, body, query):
        made, _ = self.call('POST', '/' + plural, {kind: body})
        if made:
            return made[kind]['id']
        found, _ = self.call('GET', '/%s?%s' % (plural, query))
        return found[plural][0]['id']

    def role(self, name):
        return self.make('role', 'roles', {'name': name}, 'name=' + name)

    def project(self, name):
        body = {'name': name, 'domain_id': 'default'}
        return self.make('project', 'projects', body, 'name=%s&domain_id=default' % name)

    def user(self, name, domain='default'):
        body = {'name': name, 'domain_id': domain, 'password': self.password}
        return self.make('user', 'users', body, 'name=%s&domain_id=%s' % (name, domain))

    def grant(self, user, project, role):
        self.call('PUT', '/projects/%s/users/%s/roles/%s' % (project, user, role))

    def endpoint(self, kind, name, url):
        found, _ = self.call('GET', '/services?type=' + kind)
        service = found['services'][0]['id'] if found['services'] else \
            self.make('service', 'services', {'type': kind, 'name': name}, '')
        existing, _ = self.call('GET', '/endpoints?service_id=' + service)
        have = {endpoint['interface'] for endpoint in existing['endpoints']}
        for interface in ('public', 'internal', 'admin'):
            if interface not in have:
                body = {'service_id': service, 'interface': interface, 'region_id': 'RegionOne', 'url': url}
                self.call('POST', '/endpoints', {'endpoint': body})


def main(url, password, heat_port, *others):
    keystone = Keystone(url, password)
    names = ('admin', 'member', 'reader', 'service', 'heat_stack_owner', 'heat_stack_user')
    roles = {name: keystone.role(name) for name in names}
    service, demo = keystone.project('service'), keystone.project('demo')
    domain = keystone.make('domain', 'domains', {'name': 'heat'}, 'name=heat')
    admin = keystone.user('heat_domain_admin', domain)
    keystone.call('PUT', '/domains/%s/users/%s/roles/%s' % (domain, admin, roles['admin']))
    heat = keystone.user('heat')
    keystone.grant(heat, service, roles['service'])
    keystone.grant(heat, service, roles['admin'])
    owner = keystone.user('demo')
    for name in ('member', 'heat_stack_owner'):
        keystone.grant(owner, demo, roles[name])
    keystone.endpoint('orchestration', 'heat', 'http://127.0.0.1:%s/v1/%%(tenant_id)s' % heat_port)
    for other in others:
        kind, name, address = other.split('=', 2)
        user = keystone.user(name)
        keystone.grant(user, service, roles['admin'])
        keystone.grant(user, service, roles['service'])
        keystone.endpoint(kind, name, address)


if __name__ == '__main__':
    main(*sys.argv[1:])
