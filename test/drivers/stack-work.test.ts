// What the driver of stacks does with what it finds: made once, changed after a failure, adopted after a crash.
// Belongs here: single commands against a Heat in memory. Does not belong here: workflows in a real Heat (test/openstack).
import { expect } from 'chai';
import type { Ended } from '../../engine/agents/outcome.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import { StackWork } from '../../engine/drivers/cloud/stack-work.ts';
import type { Command, ResolvedAction } from '../../engine/machine/types.ts';
import { CloudFault } from '../../engine/openstack/types.ts';
import { contextOf, idOf } from '../agents/world.ts';
import { FakeHeat, silence } from './fake-heat.ts';

const WANTED: ResolvedAction = {
  kind: 'stack',
  change: 'create',
  name: 'net',
  digest: 'd',
  parameters: { size: 3, key: { $secret: 'k' } },
  sources: { address: 'Address' },
};
const GONE: ResolvedAction = { kind: 'stack', change: 'delete', name: 'net' };
const SECRETS: { readonly [ref: string]: string } = { c: 'the-credential', k: 'very-hidden' };
const MINE = 'murano-workflow-2';
const OTHER = 'murano-workflow-1';

describe('The driver of stacks', () => {
  let heat: FakeHeat;
  let sealed: [string, unknown][];
  let notes: string[];
  let stop: AbortController;

  beforeEach(() => {
    heat = new FakeHeat();
    sealed = [];
    notes = [];
    stop = new AbortController();
  });

  function carryOut(action: ResolvedAction, rest: Partial<Command> = {}): Promise<Ended> {
    const work = new StackWork({
      clouds: { of: async credential => (expect(credential).to.equal('the-credential'), heat) },
      clock: { now: () => 0, at: (_, callback) => (setImmediate(callback), () => undefined) },
      seal: (ref, value) => (sealed.push([ref, value]), { ref, sealed: new Uint8Array() }),
    });
    const command: Command = {
      action,
      timeout: 600_000,
      reason: 'first',
      credential: 'c',
      outputs: [
        { name: 'address', hidden: false },
        { name: 'key', hidden: true },
      ],
      ...rest,
    };
    const context = {
      ...contextOf(),
      content: (digest: string) => `text of ${digest}`,
      secret: async (ref: string) => SECRETS[ref] ?? '',
    };
    const id = { ...idOf(), dispatch: 2 };
    return work.carryOut({ id, command, context, signal: stop.signal, note: seen => void notes.push(seen) });
  }

  const made = (): readonly string[] => heat.calls.filter(call => !call.startsWith('GET'));

  it('makes it, waits, and gives its outputs by their names, hidden ones sealed', async () => {
    heat.outputs = [
      { output_key: 'Address', output_value: '10.0.0.1' },
      { output_key: 'key', output_value: 'made-secret' },
      { output_key: 'more', output_value: 1 },
    ];
    const { outcome, secrets } = await carryOut(WANTED);
    expect(made()).to.deep.equal(['POST /stacks']);
    expect(heat.stacks.get('net')).to.deep.include({
      tags: [MINE],
      parameters: { size: 3, key: 'very-hidden' },
    });
    const [[ref, value] = []] = sealed;
    expect(value).to.equal('made-secret');
    expect(outcome).to.deep.equal({
      kind: 'succeeded',
      outputs: { address: { json: '10.0.0.1' }, key: { secret: ref } },
    });
    expect(secrets.map(secret => secret.ref)).to.deep.equal([ref]);
    expect(JSON.stringify(notes)).not.to.contain('very-hidden');
  });

  it('row 39: SW1: makes no second one when the answer to the first request was lost', async () => {
    heat.before = call => {
      if (call !== 'POST /stacks' || heat.stacks.size > 0) return;
      heat.put('net', 'CREATE_IN_PROGRESS', MINE);
      silence();
    };
    expect((await carryOut(WANTED)).outcome.kind).to.equal('succeeded');
    expect(made()).to.deep.equal(['POST /stacks']);
  });

  it('row 39: SW1: finds what an engine that is gone has asked for, and only waits for it', async () => {
    heat.put('net', 'CREATE_IN_PROGRESS', MINE);
    expect((await carryOut(WANTED)).outcome.kind).to.equal('succeeded');
    expect(made()).to.deep.equal([]);
  });

  it('row 39: SW2: changes the stack of an attempt that failed, and makes none', async () => {
    for (const status of ['CREATE_FAILED', 'UPDATE_FAILED', 'CREATE_IN_PROGRESS', 'CREATE_COMPLETE']) {
      heat.calls.length = 0;
      heat.put('net', status, OTHER);
      expect((await carryOut(WANTED)).outcome.kind, status).to.equal('succeeded');
      expect(made(), status).to.deep.equal(['PUT /stacks/net']);
    }
  });

  it('waits until one that is being deleted is gone, and deletes again what could not be', async () => {
    heat.put('net', 'DELETE_IN_PROGRESS', OTHER);
    expect((await carryOut(WANTED)).outcome.kind).to.equal('succeeded');
    expect(made()).to.deep.equal(['POST /stacks']);
    heat.calls.length = 0;
    heat.put('net', 'DELETE_FAILED', OTHER);
    expect((await carryOut(WANTED)).outcome.kind).to.equal('succeeded');
    expect(made()).to.deep.equal(['DELETE /stacks/net', 'POST /stacks']);
  });

  it("fails with Heat's reason", async () => {
    heat.put('net', 'CREATE_FAILED', MINE).stack_status_reason = 'Resource CREATE failed: no valid host';
    const { outcome } = await carryOut(WANTED);
    expect(outcome.kind === 'failed' && outcome.error).to.deep.equal({
      kind: 'refused',
      message: 'The stack net is CREATE_FAILED: Resource CREATE failed: no valid host',
    });
  });

  it('SW3: puts up with a Heat that does not answer, and tells what it saw last', async () => {
    let away = 3;
    heat.before = () => void ((away -= 1) >= 0 && silence());
    expect((await carryOut(WANTED)).outcome.kind).to.equal('succeeded');
    expect(notes[0]).to.contain('socket hang up');
  });

  it('leaves at once when it is stopped', async () => {
    heat.becomes = {};
    heat.before = () => void (heat.calls.length > 4 && stop.abort(new Error('called back')));
    const thrown: unknown = await carryOut(WANTED).catch((reason: unknown) => reason);
    expect(thrown).to.equal(stop.signal.reason);
  });

  it("says that the owner's authorisation was lost, and what to do", async () => {
    heat.before = () => {
      throw new CloudFault('unauthorised', 'Keystone refuses the credential: it is gone.');
    };
    const { outcome } = await carryOut(WANTED);
    expect(outcome.kind === 'failed' && outcome.error).to.deep.equal({
      kind: 'unauthorised',
      message:
        "The owner's authorisation was lost: Keystone refuses the credential: it is gone. Give the workflow a credential that is good for it, and let it go on.",
    });
  });

  it('deletes it, waits until it is gone, and says why it could not be', async () => {
    heat.put('net', 'CREATE_COMPLETE', OTHER);
    expect((await carryOut(GONE)).outcome.kind).to.equal('succeeded');
    expect(made()).to.deep.equal(['DELETE /stacks/net']);
    expect((await carryOut(GONE)).outcome.kind, 'again').to.equal('succeeded');
    heat.put('net', 'DELETE_FAILED', OTHER);
    heat.becomes = { DELETE_IN_PROGRESS: 'DELETE_FAILED' };
    const { outcome } = await carryOut(GONE);
    expect(outcome.kind === 'failed' && outcome.error.message).to.contain('is DELETE_FAILED');
  });

  it("quotes Heat's own sentence where it refuses", async () => {
    heat.call = async () => ({ status: 400, headers: {}, body: REFUSAL, text: '', endpoint: 'http://heat' });
    const { outcome } = await carryOut(WANTED);
    expect(outcome.kind === 'failed' && outcome.error.message).to.equal(
      'Heat, asked for the stack net, answered 400: The template is invalid',
    );
  });
});

const REFUSAL: JsonObject = {
  code: 400,
  error: { message: 'The template is invalid' },
  title: 'Bad Request',
};
