// An engine as a service without Heat: other services make workflows over HTTP, as a process of its own.
// Belongs here: that it needs nothing of Heat's. Does not belong here: routes (actions.test.ts), Heat (test/heat/).
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { Workplace } from '../support/cli-process.ts';

const WAITS = `
workflow_version: 2026-11-01
entities:
  service:
    type: service
    states:
      asked: {action: {approval: {message: Really?}}}
      done: {requires: [asked], action: {set: {outputs: {answer: 42}}}, outputs: {answer: {type: integer}}}
goal: service.done
outputs: {answer: {value: "<% service.outputs.done.answer %>"}}
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}

describe('murano-workflow engine without Heat', () => {
  it('makes a workflow, acts on it, goes on with it after kill -9, and takes it back, all asked over HTTP', async () => {
    const place = await Workplace.make();
    const url = `http://127.0.0.1:${await freePort()}`;
    await writeFile(
      place.path('engine.yaml'),
      `state_dir: ${place.path('state')}\nadmin: {listen: '${url.slice(7)}', auth: none}\n`,
    );
    expect((await place.run('engine', '--config', 'engine.yaml', '--check')).code).to.equal(0);
    const headers = { 'Content-Type': 'application/json', 'X-Requested-With': 'test' };
    const ask = async (
      method: string,
      path: string,
      body?: object,
    ): Promise<{ status: number; json: unknown }> => {
      const answer = await fetch(`${url}/v1${path}`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: answer.status, json: await answer.json() };
    };
    const reaches = async (status: string): Promise<void> => {
      for (;;) {
        const { json } = await ask('GET', '/workflows/wf');
        if ((json as { record?: { status?: string } }).record?.status === status) return;
        await new Promise(resolve => setTimeout(resolve, 20));
      }
    };

    const first = place.start('engine', '--config', 'engine.yaml');
    await first.said('answers operators');
    const document = { source: WAITS, fileName: 'waits.yaml', files: {} };
    const made = await ask('POST', '/workflows', {
      id: 'wf',
      stackName: 'mine',
      document,
      inputs: {},
      members: {},
    });
    expect(made.status, JSON.stringify(made.json)).to.equal(201);
    await reaches('held');
    first.child.kill('SIGKILL');
    await first.ended;

    const second = place.start('engine', '--config', 'engine.yaml');
    await second.said('answers operators');
    const yes = await ask('POST', '/workflows/wf/actions', { kind: 'approve', step: 'service.asked' });
    expect(yes.status, JSON.stringify(yes.json)).to.equal(200);
    await reaches('complete');
    expect((await ask('GET', '/workflows/wf/outputs')).json).to.deep.include({ outputs: { answer: 42 } });
    expect((await ask('DELETE', '/workflows/wf')).status).to.equal(200);
    second.child.kill('SIGTERM');
    expect((await second.ended).code).to.equal(0);
  });
});
