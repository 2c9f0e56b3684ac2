// The canary with the owner's cloud: the credential, its tokens and what is hidden and sent are kept and shown nowhere.
// Belongs here: a cloud that says again what it was told. Does not belong here: Heat (heat.test.ts), scripts (canary.test.ts).
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { FakeCloud, reply } from '../openstack/fake-cloud.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { Canary, secret } from './canary.ts';

/** Hidden values in every part of a call, answers of every kind, and an output that would show what was sent. */
const definition = `
workflow_version: 2026-11-01
inputs:
  password: {type: string, hidden: true}
  key: {type: string, hidden: true}
entities:
  vm:
    type: service
    states:
      made:
        action:
          openstack:
            service: compute
            method: POST
            path: "/servers?key=<% inputs.password %>"
            headers: {x-key: "<% inputs.key %>"}
            body: {server: {adminPass: "<% inputs.password %>"}}
        retry: {attempts: 2, delay: 1s}
        undo: {openstack: {service: compute, method: DELETE, path: "/servers/<% inputs.password %>"}}
        outputs: {echo: {type: string, hidden: true}}
      shown:
        requires: [made]
        action: {openstack: {service: compute, method: POST, path: /echo, body: {key: "<% vm.outputs.made.echo %>"}}}
        on_failure: {then: continue}
        outputs: {echo: {type: string}}
      awaited:
        requires: [shown]
        action: {openstack: {service: compute, path: "/<% inputs.password %>", until: "<% response.json.never %>"}}
        timeout: 2s
        on_failure: {then: continue}
      lost:
        requires: [awaited]
        action: {openstack: {service: compute, path: /lost, headers: {x-key: "<% inputs.key %>"}}}
goal: vm.lost
`;

describe("the canary with the owner's cloud", function () {
  this.timeout(60_000);

  it('is kept, sent, shown and told nowhere, though every answer has it', async () => {
    const directory = await temporaryDirectory();
    const cloud = await FakeCloud.open();
    const [password = '', right = ''] = ['input', 'right'].map(secret);
    const [token, key] = [`canary-token-${randomUUID()}`, `canary-key-${randomUUID()}`];
    const canary = new Canary(directory, [password, right, token, key]);
    cloud.tokenOf = login => `${token}-${login}`;
    cloud.answer = ({ url, headers, body }, response) => {
      const said = `${decodeURIComponent(url)} ${String(headers['x-auth-token'])} ${String(headers['x-key'])} ${body}`;
      if (url.endsWith('/lost')) return reply(response, 403, { forbidden: { message: said } });
      if (cloud.seen.length === 1) return reply(response, 409, { conflictingRequest: { message: said } });
      reply(response, 200, { echo: said });
    };
    const auth = { ...(cloud.credential['auth'] as object), application_credential_secret: right };
    const clouds = { clouds: { mine: { ...cloud.credential, auth } } };
    await writeFile(path.join(directory, 'clouds.yaml'), JSON.stringify(clouds));
    const file = path.join(directory, 'canary.workflow.yaml');
    const inputs = path.join(directory, 'inputs.json');
    await writeFile(file, definition);
    await writeFile(inputs, JSON.stringify({ password, key }));

    const held = await canary.murano('run', file, '--cloud', 'mine', '--inputs', inputs, '--verbose');
    expect(held, canary.said.join('')).to.equal(3);
    for (const words of [['status'], ['status', '--json'], ['why'], ['events', '--json']])
      expect(await canary.murano(words[0] ?? '', 'canary', ...words.slice(1)), words.join(' ')).to.equal(0);
    expect(await canary.murano('resume', 'canary', '--cloud', 'mine', '--verbose')).to.equal(3);
    const said = canary.said.join('');
    expect(said).to.include('answered 409').and.include("'echo' holds a hidden value");
    expect(said).to.include("The owner's authorisation was lost").and.include('***');
    expect(cloud.seen[0]?.body).to.include(JSON.stringify(password));
    expect([...canary.searched]).to.include.members(['engine.db', 'engine.db-wal', 'engine.log']);
    expect(canary.leaks()).to.deep.equal([]);
    expect(await canary.murano('delete', 'canary')).to.equal(0);
    expect(canary.leaks()).to.deep.equal([]);
    await cloud.close();
  });
});
