// What is known of agents, as explanations tell it.
import { expect } from 'chai';
import { Presence } from '../../engine/agents/presence.ts';

const FACTS = {
  os: 'linux',
  release: '6.1',
  arch: 'x64',
  hostname: 'db-a',
  freeDisk: 1,
  interpreters: ['bash'],
  agentVersion: '0.1.0',
} as const;

describe('what is known of an agent', () => {
  it('is that it was never heard of, is online, or has been away since its last hello, and why', () => {
    const presence = new Presence();
    expect(presence.known('db-a')).to.eql({ kind: 'never_seen' });
    presence.answered('db-a', FACTS, 'boot-1', 5_000);
    expect(presence.known('db-a')).to.eql({ kind: 'online' });
    presence.lost('db-a', 'its connection is gone');
    expect(presence.known('db-a')).to.eql({
      kind: 'offline',
      lastSeen: 5_000,
      reason: 'its connection is gone',
    });
    presence.answered('db-a', FACTS, 'boot-2', 9_000);
    expect(presence.known('db-a')).to.eql({ kind: 'online' });
    presence.forget('db-a');
    expect(presence.known('db-a')).to.eql({ kind: 'never_seen' });
  });
});
