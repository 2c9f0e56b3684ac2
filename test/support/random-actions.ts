// The actions of random definitions.
// Belongs here: one of each kind. Does not belong here: where they stand (random-definitions.ts).
import type { Action } from '../../engine/definition/types.ts';
import { call, child, cloudCall, literal, script } from './definitions.ts';

export type KindDice =
  | 'script'
  | 'reboot'
  | 'wait'
  | 'set'
  | 'generate'
  | 'stack'
  | 'http'
  | 'openstack'
  | 'online'
  | 'child'
  | 'join'
  | 'approval'
  | 'signal';

/** Undefined for a join. */
export function actionOf(kind: KindDice, hasOutput: boolean): Action | undefined {
  switch (kind) {
    case 'script':
      return script();
    case 'reboot':
      return { kind: 'reboot' };
    case 'wait':
      return { kind: 'wait', duration: 5_000 };
    case 'set':
      return { kind: 'set', outputs: literal(hasOutput ? { port: 5022 } : {}) };
    case 'generate':
      return {
        kind: 'set',
        outputs: literal({}),
        generate: [{ name: 'port', length: 8, classes: [{ characters: 'ab', min: 1 }] }],
      };
    case 'http':
      return call();
    case 'openstack':
      return cloudCall();
    case 'stack': {
      const parameters = literal({});
      return { kind: 'stack', change: 'create', template: { digest: 't' }, parameters, sources: new Map() };
    }
    case 'online':
      return { kind: 'online' };
    case 'child':
      return child();
    case 'approval':
      return { kind: 'approval', message: literal('Go on?'), timeout: 30_000 };
    case 'signal':
      return { kind: 'signal', name: 'go' };
    case 'join':
      return undefined;
    default:
      return kind satisfies never;
  }
}
