// The reference of messages says what the code does: kinds, refusals and numbers, both ways.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { MESSAGE_KINDS, REFUSAL_REASONS } from '../../agent-protocol/codec.ts';
import { AGENT_LIMITS } from '../../agent-protocol/limits.ts';
import { CONFIG_FILE } from '../../agent-protocol/enrolment/config.ts';
import { ENROLMENT_REFUSALS } from '../../agent-protocol/enrolment/messages.ts';
import { PROTOCOL_VERSION } from '../../agent-protocol/messages.ts';
import { inProject } from '../support/project.ts';

const read = (name: string): string => readFileSync(inProject('docs', 'reference', name), 'utf8');
const section = (text: string, title: string): string =>
  text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const firstCells = (text: string): string[] =>
  [...text.matchAll(/^\| `([a-z_]+)` \|/gm)].map(match => match[1] as string);

describe('documents of the agent', () => {
  const messages = read('messages.md');
  const agent = read('agent.md');

  it('list exactly the kinds of messages, by direction', () => {
    expect(firstCells(section(messages, 'From agents'))).to.have.members(MESSAGE_KINDS.from_agent);
    expect(firstCells(section(messages, 'From the engine'))).to.have.members(MESSAGE_KINDS.from_engine);
  });

  it('list exactly the reasons of a refusal', () => {
    expect(firstCells(section(messages, 'Refusals'))).to.deep.equal(REFUSAL_REASONS);
  });

  it('list exactly the messages of an enrolment, and why one is refused', () => {
    const enrolment = read('enrolment.md');
    const kinds = ['enrol', 'enrolled', 'enrolment_refused'];
    expect(firstCells(section(enrolment, 'Messages'))).to.deep.equal(kinds);
    expect(firstCells(section(enrolment, 'Refusals'))).to.deep.equal(ENROLMENT_REFUSALS);
    for (const file of Object.values(CONFIG_FILE)) expect(enrolment).to.contain(file);
    expect(enrolment).to.contain(`At most ${AGENT_LIMITS.enrolmentBytes / 1024} KiB.`);
  });

  it('give the numbers of the code', () => {
    expect(messages).to.contain(`Protocol version ${PROTOCOL_VERSION}.`);
    expect(messages).to.contain(
      `${AGENT_LIMITS.messageBytes / 2 ** 20} MiB and ${AGENT_LIMITS.messageDepth} levels`,
    );
    expect(agent).to.contain(`above ${AGENT_LIMITS.variableBytes / 1024} KiB`);
    expect(agent).to.contain(`All outputs together: ${AGENT_LIMITS.outputsBytes / 1024} KiB`);
    expect(agent).to.contain(`the first ${AGENT_LIMITS.headBytes / 1024} KiB`);
    expect(agent).to.contain(`${AGENT_LIMITS.liveTotalBytes / 2 ** 20} MiB in all`);
    expect(agent).to.contain(`${AGENT_LIMITS.killGraceMs / 1000} seconds, KILL`);
    expect(agent).to.contain(`${AGENT_LIMITS.runningScripts} others beside it`);
  });
});
