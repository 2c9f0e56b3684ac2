// Calls of a cloud by the right of the workflow's owner, and what it means to a step when they fail.
// Belongs here: from the credential's reference to a cloud, faults and refusals as outcomes. Does not belong here: what is
// called (stack-work.ts), tokens (openstack/).
import { failure } from '../../agents/outcome.ts';
import { type Cloud, type CloudAnswer, CloudFault } from '../../openstack/types.ts';
import type { JsonValue } from '../../base/json.ts';
import type { Outcome } from '../../machine/types.ts';
import { isOverQuota } from '../../openstack/quota.ts';
import { sentenceIn } from '../../openstack/sentences.ts';
import type { Task } from '../engine-driver.ts';

/** A cloud for each credential. */
export interface CloudSource {
  /** Rejects with CloudFault. */
  of(credential: JsonValue): Promise<Cloud>;
}

/** Rejects with CloudFault. */
export async function cloudOf(clouds: CloudSource, { command, context }: Task): Promise<Cloud> {
  if (command.credential === undefined)
    throw new CloudFault('unauthorised', 'The workflow has been given no credential.');
  return clouds.of(await context.secret(command.credential));
}

/** An answer that is no success, thrown where the caller cannot go on. */
export class Refusal extends Error {
  readonly answer: Pick<CloudAnswer, 'status' | 'body'>;
  readonly isOverQuota: boolean;

  /** `what`: who answered to what, such as `Heat, asked for the stack x,`; `remark`: what that often means. */
  constructor(what: string, answer: Pick<CloudAnswer, 'status' | 'body'>, remark = '') {
    const said = sentenceIn(answer.body);
    super(`${what} answered ${answer.status}: ${said ?? 'it does not say why'}${remark}`);
    this.answer = answer;
    this.isOverQuota = isOverQuota(said, answer.status);
  }
}

/** True where the next look may be answered: nobody answered, or the service is out of order or busy. */
export const mayPass = (thrown: unknown): boolean =>
  thrown instanceof Refusal
    ? isPassing(thrown.answer.status)
    : thrown instanceof CloudFault && (thrown.kind === 'unreachable' || thrown.kind === 'unsure');

/** Not 500: what a service stumbles over once it stumbles over again, and Heat says so of what it may not do. */
const PASSING = new Set([408, 425, 429, 502, 503, 504]);
const isPassing = (status: number): boolean => PASSING.has(status);

/** Undefined for what is no fault of a cloud. */
export function outcomeOf(thrown: unknown): Outcome | undefined {
  if (thrown instanceof Refusal) return failure(thrown.isOverQuota ? 'quota' : 'refused', thrown.message);
  if (!(thrown instanceof CloudFault)) return undefined;
  switch (thrown.kind) {
    case 'unauthorised':
      return failure(
        'unauthorised',
        `The owner's authorisation was lost: ${plain(thrown.message)}. Give the workflow a credential that is good for it, and let it go on.`,
      );
    case 'unreachable':
    case 'unsure':
      return failure('unreachable', thrown.message);
    case 'unfit':
    case 'answer':
      return failure('refused', thrown.message);
    default:
      return thrown.kind satisfies never;
  }
}

const plain = (sentence: string): string => sentence.replace(/\.$/, '');
