// No cloud, for tests whose workflows call none.
// Belongs here: that. Does not belong here: clouds that answer (test/openstack/fake-cloud.ts, test/services).
import { CloudFault } from '../../engine/openstack/types.ts';
import type { CloudSource } from '../../engine/drivers/cloud/rights.ts';

export const NO_CLOUDS: CloudSource = {
  of: () => Promise.reject(new CloudFault('unfit', 'There is no cloud here.')),
};
