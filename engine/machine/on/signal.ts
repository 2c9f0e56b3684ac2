// `signal`: something outside happened that a step waits for, or will wait for.
// Belongs here: whom it moves, and keeping one that came early. Does not belong here: asking (asking.ts).
import { dataFor, longestWaiting, signalNames, statesFor } from '../asking.ts';
import { reach } from '../attempts.ts';
import type { Draft } from '../draft.ts';
import { mayGoOn } from '../operator.ts';
import type { EventOf, Handler } from './handler.ts';

export const onSignal: Handler<'signal'> = (draft, event) => {
  const { name, data, by } = event;
  if (statesFor(draft, name).length === 0) return unknown(draft, name);
  if (!mayGoOn(draft)) return false;
  const number = longestWaiting(draft, name);
  if (number === undefined) return keep(draft, event);
  const { outputs, problem } = dataFor(draft.step(number).state, data);
  if (!outputs) return misfit(draft, name, problem);
  reach(draft, number, { outputs, answeredBy: by });
  return true;
};

/** Row 38: the last of each name is kept. One that fits no state is refused while its sender can still be told. */
function keep(draft: Draft, { name, data, by }: EventOf<'signal'>): boolean {
  const judged = statesFor(draft, name).map(state => dataFor(state, data));
  if (!judged.some(({ outputs }) => outputs)) return misfit(draft, name, judged[0]?.problem);
  draft.keepSignal(name, { data, by });
  return true;
}

function unknown(draft: Draft, name: string): false {
  const names = signalNames(draft);
  draft.reject(
    `No state waits for a signal '${name}'.`,
    names.length === 0 ? 'This workflow waits for no signals.' : `Its signals are: ${names.join(', ')}.`,
  );
  return false;
}

function misfit(draft: Draft, name: string, problem: string | undefined): false {
  draft.reject(
    `The signal '${name}' can't be taken: ${problem ?? 'no outputs'}`,
    'Send it with every output that is not optional, of its type.',
  );
  return false;
}
