// What a person can do about a root, as people read it.
// Belongs here: advice, and what each answer does. Does not belong here: who can act (answers.ts), command lines (cli/).
import type { Answer, Cause, RootPath } from './types.ts';

export const ACTS: { readonly [act in Answer['act']]: string } = {
  retry: 'Try it again',
  skip: 'Go on as if it were done',
  fail: 'Let it fail',
  approve: 'Say yes',
  reject: 'Say no: it fails',
  signal: 'Send the signal',
  resume: 'Go on: what failed or was interrupted is tried again',
  delete: 'Try the undo again',
  abandon: 'Forget it without undoing',
};

export function adviceOn(cause: Cause, who: RootPath['who']): string {
  if (cause.kind === 'agent' && cause.presence.kind !== 'online' && cause.presence.kind !== 'unknown')
    return 'Look at the machine: does it run, does its agent run, can it reach the broker?';
  return cureOf(cause) ?? ADVICE[who];
}

const CURES = {
  broker: 'Look at the broker: once it answers this goes on by itself, and nothing is lost.',
  store: 'Make room, or bring the database back: then this goes on by itself, and nothing is lost.',
  quota: 'Have the quota raised, or make room in the project; then go on.',
} as const;

const cureOf = ({ kind }: Cause): string | undefined =>
  kind === 'broker' || kind === 'store' || kind === 'quota' ? CURES[kind] : undefined;

const ADVICE: { readonly [who in RootPath['who']]: string } = {
  operator: 'An operator has to act.',
  author: 'The definition leaves no other way, or an operator vouches for it.',
  machine: 'Nobody has to act: a machine is at work.',
  time: 'Nobody has to act: time has to pass.',
  engine: 'The engine has to act: look at its log.',
  nobody: 'Nothing has to be done about it.',
};
