// `stack check` of Murano::Workflow in a real Heat: what drifted is named, nothing is changed, and an update brings it back (H7).
// Belongs here: what becomes of stack and resource. Does not belong here: what a check looks at (test/machine, test/scenarios).
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { services } from '../support/services.ts';
import { temporaryDirectoryFor } from '../support/lasting-directory.ts';
import { heatSuite } from './suite.ts';
import { template, workflow } from './templates.ts';

const found = services('check of Murano::Workflow');

/** Keeps files: PUT writes one, GET answers 200 while it says what was written, else 404. */
class Files {
  readonly asked: string[] = [];
  readonly #place = temporaryDirectoryFor('heat-check-files');
  readonly #server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    this.asked.push(`${method} ${url}`);
    void this.#answer(method, this.file(url.slice(1))).then(status => response.writeHead(status).end('{}'));
  });

  async #answer(method: string, file: string): Promise<number> {
    if (method === 'PUT') await writeFile(file, 'good');
    const text = await readFile(file, 'utf8').catch(() => '');
    return text === 'good' ? 200 : 404;
  }

  file(name: string): string {
    return path.join(this.#place.path, name);
  }

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await new Promise(resolve => this.#server.close(resolve));
    this.#place.remove();
  }
}

if (found !== undefined)
  describe('check of Murano::Workflow', function () {
    this.timeout(120_000);
    const files = new Files();
    before(() => files.start());
    after(() => files.stop());
    const { create, engine, heat } = heatSuite(found, 'heat-check', {
      settings: () => `egress: {allow: ['${new URL(files.url).host}']}\n`,
    });
    const written = (name: string, requires: readonly string[] = []): object => ({
      requires,
      action: { http: { method: 'PUT', url: `${files.url}/${name}` } },
      probe: { http: { url: `${files.url}/${name}` } },
    });
    const stack = (): object =>
      template({
        flow: {
          definition: workflow(
            { one: written('one'), two: written('two', ['one']), up: { requires: ['two'] } },
            'up',
          ),
        },
      });
    const settledAs = async (name: string): Promise<string> => {
      const settled = await heat.settled(name);
      return `${settled?.stack_status}: ${settled?.stack_status_reason}`;
    };
    const puts = (): readonly string[] => files.asked.filter(one => one.startsWith('PUT'));
    const checkedAs = async (name: string): Promise<string> => {
      await heat.act(name, 'check');
      return settledAs(name);
    };

    it('H7: fails and names a file that somebody changed; the same template brings it back, and it is fine again', async () => {
      await create('drift', stack());
      expect(await settledAs('drift')).to.match(/^CREATE_COMPLETE/);
      expect(await checkedAs('drift')).to.match(/^CHECK_COMPLETE/);
      expect(puts()).to.eql(['PUT /one', 'PUT /two']);
      const before = await heat.resource('drift', 'flow');

      await writeFile(files.file('one'), 'changed by hand');
      expect(await checkedAs('drift')).to.match(/^CHECK_FAILED.*service\.one has drifted/);
      const after = await heat.resource('drift', 'flow');
      expect(after.physical_resource_id).to.equal(before.physical_resource_id);
      expect(after.resource_status_reason)
        .to.contain('service.one has drifted')
        .and.not.contain('service.two');
      expect(after.attributes['unverified']).to.deep.include.members([
        {
          step: 'service.one',
          why: 'drifted',
          message: `The probe denies it: GET ${files.url}/one answered 404, where 200 to 299 are expected.`,
        },
      ]);
      expect(await readFile(files.file('one'), 'utf8'), 'nothing is changed').to.equal('changed by hand');

      await heat.update('drift', stack());
      expect(await settledAs('drift')).to.match(/^UPDATE_COMPLETE/);
      expect((await heat.resource('drift', 'flow')).physical_resource_id).to.equal(
        before.physical_resource_id,
      );
      expect(puts()).to.eql(['PUT /one', 'PUT /two', 'PUT /one']);
      expect(await checkedAs('drift')).to.match(/^CHECK_COMPLETE/);
    });

    it('asks an engine that was killed and started again meanwhile', async () => {
      await create('gone', stack());
      await heat.settled('gone');
      await rm(files.file('two'));
      await engine.kill();
      await engine.start();
      expect(await checkedAs('gone')).to.match(/^CHECK_FAILED.*service\.two has drifted/);
    });
  });
