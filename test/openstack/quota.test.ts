// Sentences in which services of OpenStack say that a project has no quota left, and sentences beside them that say something else.
// Belongs here: such sentences. Does not belong here: what follows from one (test/why, test/drivers).
import { expect } from 'chai';
import { isOverQuota } from '../../engine/openstack/quota.ts';

const QUOTA: readonly (readonly [number | undefined, string])[] = [
  [403, 'Quota exceeded for instances: Requested 1, but already used 0 of 0 instances'],
  [403, 'Quota exceeded, too many server groups.'],
  [403, 'Resource servers is over limit of 0 with current usage 0 and proposed 1.'],
  [409, "Quota exceeded for resources: ['network']."],
  [413, "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'."],
  [413, 'Project 5f is over a limit for [Resource image_size_total is over limit of 10]'],
  [403, 'Quota has been met for resources: Load Balancer'],
  [400, 'Request limit exceeded: You have reached the maximum stacks per tenant, 512.'],
  [undefined, 'Resource CREATE failed: Forbidden: resources.a: Quota exceeded for cores (HTTP 403)'],
];

const OTHER: readonly (readonly [number, string])[] = [
  [403, 'Policy does not allow os_compute_api:servers:create to be performed.'],
  [409, 'The stack (net) already exists.'],
  [400, 'Property error: resources.a.properties: Unknown Property quote'],
  [413, 'Request is too large.'],
  [429, 'This request was rate-limited: over limit.'],
];

describe('a quota of a service', () => {
  for (const [status, sentence] of QUOTA)
    it(`is what ${status ?? 'a stack'} says: ${sentence.slice(0, 60)}`, () =>
      void expect(isOverQuota(sentence, status)).to.equal(true));

  for (const [status, sentence] of OTHER)
    it(`is not what ${status} says: ${sentence.slice(0, 60)}`, () =>
      void expect(isOverQuota(sentence, status)).to.equal(false));

  it('is in no silence', () => void expect(isOverQuota(undefined, 403)).to.equal(false));
});
