// Why an agent is not there: the nearest reason, for each there is.
// Belongs here: the reasons. Does not belong here: how they look (test/cli), a real broker (amqp.test.ts).
import { expect } from 'chai';
import { Absence } from '../../engine/agents/absence.ts';
import { memoryDirectory } from '../../engine/agents/directory.ts';
import { overview, type OverviewParts } from '../../engine/agents/overview.ts';
import type { AgentRecord } from '../../engine/agents/ports.ts';
import { Presence } from '../../engine/agents/presence.ts';
import type { Survey } from '../../engine/broker/survey.ts';

const record: AgentRecord = { id: 'a', signingKey: '', sealingKey: '', retired: [], journal: 0 };
const facts = {
  os: 'linux',
  release: '6',
  arch: 'x64',
  hostname: 'db-1',
  freeDisk: 1,
  interpreters: ['bash'],
  agentVersion: '1.2.3',
} as const;
const survey = (...users: readonly string[]): Survey => ({
  queues: new Map([['agent.a', { messages: 3, consumers: 0, silent: false }]]),
  connections: new Map(users.map(user => [user, [{ host: '10.0.0.5', since: 1_800_000_000_000 }]])),
  losing: [],
});

describe('the overview of agents', () => {
  const view = (change: Partial<OverviewParts> = {}) =>
    overview({
      agents: [record],
      presence: new Presence(),
      link: { kind: 'connected' },
      place: 'amqp://broker:5672',
      survey: survey(),
      ...change,
    });
  const reason = (change: Partial<OverviewParts> = {}): string => view(change).agents[0]?.reason ?? '';
  const was: AgentRecord = { ...record, incarnation: 'i' };

  it('says first what of its enrolment somebody has to decide, also of one that is there', () => {
    expect(reason({ enrolment: () => 'approve it' })).to.equal('approve it');
    const presence = new Presence();
    presence.answered('a', facts, 'boot', 5);
    expect(reason({ presence, enrolment: agent => `${agent} waits` })).to.equal('a waits');
    expect(view({ presence, enrolment: () => undefined }).agents[0]).to.not.have.property('reason');
  });

  it('B15: says of one that is away that the broker has no majority of its nodes', () => {
    const minority = { queues: 2, example: 'agent.a', away: ['one', 'two'] };
    expect(reason({ agents: [was], survey: { ...survey(), minority } })).to.equal(
      'the broker stores nothing that it says: 2 of its queues, such as agent.a, have no majority of nodes while one and two are down',
    );
  });

  it('tells all that is known of one that is there', () => {
    const presence = new Presence();
    presence.heard('a', 7);
    presence.answered('a', facts, 'boot', 5);
    expect(view({ presence, agents: [was], survey: survey('agent.a'), deadLetters: 4 })).to.deep.equal({
      agents: [
        { id: 'a', state: 'online', lastSeen: 7, version: '1.2.3', host: 'db-1', bootId: 'boot', waiting: 3 },
      ],
      bus: { state: 'connected', place: 'amqp://broker:5672' },
      deadLetters: 4,
    });
  });

  it('gives our own way to the broker first, then what we refused, then what the broker sees', () => {
    const presence = new Presence();
    presence.refused('a', 'the engine refuses its hello, which speaks version 9');
    expect(reason({ presence, link: { kind: 'down', reason: 'ECONNREFUSED' } })).to.equal(
      'the engine itself has no connection to the broker: ECONNREFUSED',
    );
    expect(reason({ presence, survey: survey('agent.a') })).to.equal(
      'the engine refuses its hello, which speaks version 9',
    );
    presence.admitted('a');
    expect(reason({ presence, survey: survey('agent.a') })).to.equal(
      'it is connected from 10.0.0.5 since 2027-01-15 08:00:00 UTC, and has not said hello',
    );
    expect(reason({ survey: survey('enrol.a') })).to.match(/^it is connected from 10\.0\.0\.5 .* to enrol$/);
    expect(reason()).to.match(/^it has never logged in at amqp:\/\/broker:5672; .* console of its VM$/);
    expect(reason({ agents: [was] })).to.match(/^it has no connection to amqp:\/\/broker:5672/);
  });

  it('says what it does not know where the management does not answer', () => {
    const { survey: _, ...unseen } = {
      agents: [was],
      presence: new Presence(),
      link: { kind: 'connected' } as const,
      survey: undefined,
    };
    expect(overview(unseen).agents[0]?.reason).to.equal('it has not said hello since this engine started');
    expect(overview({ ...unseen, trouble: 'nobody answers' }).agents[0]?.reason).to.equal('nobody answers');
  });

  it('calls offline who has had no connection for longer than the broker’s list lags behind', async () => {
    const directory = memoryDirectory([was]);
    const presence = new Presence();
    const absence = new Absence(directory, presence);
    presence.answered('a', facts, 'boot', 5);
    absence.seen(survey(), 1_000);
    absence.seen(survey('agent.a'), 9_000);
    absence.seen(survey(), 10_000);
    absence.seen(survey(), 19_000);
    expect(presence.online('a')).to.equal(true);
    absence.seen(survey(), 20_000);
    expect(presence.online('a')).to.equal(false);
    presence.answered('a', facts, 'boot', 21_000);
    absence.seen(survey('agent.a'), 21_000);
    expect(presence.online('a')).to.equal(true);
  });
});
