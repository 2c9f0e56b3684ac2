// What Heat's agents and members ask becomes one request each, with every parameter judged.
// Belongs here: the mapping. Does not belong here: what a request does (test/agents/enrolment.test.ts), stacks.
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import { agentMethods } from '../../engine/heat/agent-methods.ts';
import type { AgentRequest } from '../../engine/runtime/agents-api.ts';

const asked: AgentRequest[] = [];
const administer = async (request: AgentRequest): Promise<JsonObject> => {
  asked.push(request);
  return { state: 'created' };
};
const methods = agentMethods({ administer }, ({ context }) => `heat user ${context.userId}`);
const ask = async (method: string, args: JsonObject): Promise<unknown> => {
  const context = { userId: 'u', projectId: 'p', requestId: 'r' };
  return methods[method]?.({ method, args, version: '1.0', context });
};
const SERVER = '00000000-0000-4000-8000-00000000000a';

describe("methods of Heat's agents and members", () => {
  beforeEach(() => {
    asked.length = 0;
  });

  it('are these, and each is one request', async () => {
    expect(Object.keys(methods)).to.deep.equal([
      'agent.create',
      'agent.show',
      'agent.user_data',
      'agent.delete',
      'member.create',
      'member.show',
      'member.delete',
    ]);
    expect(await ask('agent.create', { agent_id: 'a', name: 'n', user_data: null })).to.deep.equal({
      state: 'created',
    });
    await ask('agent.show', { agent_id: 'a' });
    await ask('agent.user_data', { agent_id: 'a' });
    await ask('agent.delete', { agent_id: 'a' });
    const member = { member_id: 'm', agent_id: 'a', server_id: SERVER.toUpperCase(), name: 'n' };
    await ask('member.create', { ...member, data: { zone: 1 }, on_leave: 'abandon', leave_timeout: 1.5 });
    await ask('member.show', { member_id: 'm' });
    await ask('member.delete', { member_id: 'm' });
    const by = 'heat user u';
    expect(asked).to.deep.equal([
      { kind: 'create_agent', agent: 'a', name: 'n', format: 'cloud-init', reenrolment: 'approval', by },
      { kind: 'show_agent', agent: 'a', by },
      { kind: 'user_data', agent: 'a', by },
      { kind: 'delete_agent', agent: 'a', by },
      {
        kind: 'put_member',
        member: 'm',
        agent: 'a',
        server: SERVER,
        name: 'n',
        data: { zone: 1 },
        onLeave: 'abandon',
        leaveTimeout: 1_500,
        by,
      },
      { kind: 'show_member', member: 'm', by },
      { kind: 'delete_member', member: 'm', by },
    ]);
  });

  it('refuse what has another shape, and name the parameter', async () => {
    const wrong: readonly (readonly [string, JsonObject, RegExp])[] = [
      ['agent.create', { agent_id: 'a' }, /^agent\.create: name: /],
      ['agent.create', { agent_id: 'a', name: 'n', user_data_format: 'x' }, /user_data_format/],
      ['agent.show', {}, /agent_id/],
      [
        'member.create',
        { member_id: 'm', agent_id: 'a', server_id: SERVER, name: 'n', leave_timeout: -1 },
        /leave_timeout/,
      ],
      ['member.delete', { member_id: 'm', force: true }, /force/],
    ];
    for (const [method, args, message] of wrong) {
      const thrown = await ask(method, args).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(thrown, method).to.be.instanceOf(EngineError);
      expect((thrown as EngineError).message).to.match(message);
    }
    expect(asked).to.deep.equal([]);
  });
});
