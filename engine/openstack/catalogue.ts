// Where in the catalogue of a token a service is, and the address of one call to it.
// Belongs here: service types and their aliases, endpoints, paths below them, headers of microversions.
// Does not belong here: sending (exchange.ts), tokens (keystone.ts).
//
// C1 Nothing but what the catalogue names is ever called: a path cannot leave its endpoint.
import type { Endpoint, Service } from './keystone.ts';
import { CloudFault } from './types.ts';

/** Official service type → other names for it that catalogues and people use. */
const ALIASES: { readonly [type: string]: readonly string[] } = {
  'block-storage': ['volumev3', 'block-store', 'volume', 'volumev2'],
  baremetal: ['bare-metal'],
  'container-infrastructure-management': ['container-infra', 'container-infrastructure'],
  'key-manager': ['secrets'],
  'load-balancer': ['loadbalancer'],
  'shared-file-system': ['sharev2', 'share', 'shared-file-systems'],
  workflow: ['workflowv2'],
};

export interface Place {
  readonly interface: string;
  readonly region?: string;
}

/** CloudFault `unfit`, naming what the catalogue has instead. */
export function endpointOf(catalogue: readonly Service[], type: string, place: Place): Endpoint {
  const services = serviceNamed(catalogue, type);
  if (services.length === 0) {
    const known = [...new Set(catalogue.map(service => service.type))].sort().join(', ');
    throw new CloudFault(
      'unfit',
      `The catalogue has no service '${type}'. It has ${known || 'none for this project'}.`,
    );
  }
  const found = services
    .flatMap(service => service.endpoints)
    .find(one => one.interface === place.interface && (place.region ?? one.region) === one.region);
  if (found) return found;
  const where = place.region === undefined ? '' : ` in the region '${place.region}'`;
  throw new CloudFault('unfit', `The service '${type}' has no ${place.interface} endpoint${where}.`);
}

/** By whichever of its names a service is called. */
export const officialType = (type: string): string =>
  Object.keys(ALIASES).find(name => ALIASES[name]?.includes(type)) ?? type;

function serviceNamed(catalogue: readonly Service[], type: string): readonly Service[] {
  const official = Object.keys(ALIASES).find(name => name === type || ALIASES[name]?.includes(type));
  const names = official === undefined ? [type] : [type, official, ...(ALIASES[official] ?? [])];
  // In this order: what was asked for comes before what is another version of it.
  for (const name of names) {
    const found = catalogue.filter(service => service.type === name);
    if (found.length > 0) return found;
  }
  return [];
}

/** CloudFault `unfit` when the path does not stay below the endpoint. */
export function addressOf(endpoint: Endpoint, path: string): URL {
  const base = endpoint.url.replace(/\/+$/, '');
  const root = URL.canParse(base) ? new URL(base) : undefined;
  if (root === undefined || !/^https?:$/.test(root.protocol))
    throw new CloudFault('unfit', `The catalogue gives '${base.slice(0, 200)}', which is no address.`);
  if (!path.startsWith('/') || /[\s#\\]/.test(path) || !URL.canParse(`${base}${path}`)) throw outside(path);
  const url = new URL(`${base}${path}`);
  const below = root.pathname.endsWith('/') ? root.pathname : `${root.pathname}/`;
  if (url.origin !== root.origin || !url.pathname.startsWith(below)) throw outside(path);
  return url;
}

const outside = (path: string): CloudFault =>
  new CloudFault(
    'unfit',
    `The path '${path.slice(0, 200)}' must begin with a slash and stay below the service's endpoint.`,
  );

/** Of services that had a header of their own before there was one for all, both. */
export function microversionHeaders(
  type: string,
  version: string | undefined,
): { readonly [name: string]: string } {
  if (version === undefined) return {};
  if (type === 'baremetal' || ALIASES['baremetal']?.includes(type))
    return { 'x-openstack-ironic-api-version': version };
  if (ALIASES['block-storage']?.includes(type) || type === 'block-storage')
    return { 'openstack-api-version': `volume ${version}` };
  if (ALIASES['shared-file-system']?.includes(type) || type === 'shared-file-system')
    return {
      'x-openstack-manila-api-version': version,
      'openstack-api-version': `shared-file-system ${version}`,
    };
  const one = { 'openstack-api-version': `${type} ${version}` };
  return type === 'compute' ? { ...one, 'x-openstack-nova-api-version': version } : one;
}
