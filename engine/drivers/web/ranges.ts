// What kind of network an address belongs to, whatever form it is written in.
// Belongs here: the ranges that the internet's registries set apart. Does not belong here: who may be called (egress.ts).
import { type Address, parseAddress } from '../../base/addresses.ts';

/**
 * `public`: the internet; `private`: networks of their owners; `loopback`: this machine; `special`: the rest, such as
 * link-local (where clouds serve the secrets of a machine), multicast, or IPv4 inside IPv6 that a relay would take on.
 */
export type AddressKind = 'public' | 'private' | 'loopback' | 'special';

export interface Network {
  readonly base: Address;
  readonly prefix: number;
}

/** Undefined for anything but `address/prefix`. */
export function parseNetwork(text: string): Network | undefined {
  const [head = '', length = '', ...rest] = text.split('/');
  const base = parseAddress(head);
  if (base === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  return prefix > base.bits ? undefined : { base, prefix };
}

export function contains({ base, prefix }: Network, address: Address): boolean {
  const shift = BigInt(base.bits - prefix);
  return base.bits === address.bits && base.value >> shift === address.value >> shift;
}

const network = (text: string): Network => parseNetwork(text) as Network;

/** IPv4 within IPv6 that reaches just that IPv4 address: mapped, and by way of NAT64 (RFC 6052). */
const CARRIES_IPV4 = ['::ffff:0:0/96', '64:ff9b::/96'].map(network);

/** The IPv4 address that an IPv6 address only carries, else the address itself. */
export function bare(address: Address): Address {
  const carries = CARRIES_IPV4.some(range => contains(range, address));
  return carries ? { value: address.value & 0xffff_ffffn, bits: 32 } : address;
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(network);
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
  'fec0::/10',
].map(network);
/** Of IPv6, what is not global unicast is special; of that, what carries IPv4 by relays, and what is for documents. */
const SPECIAL = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
].map(network);
const GLOBAL_IPV6 = network('2000::/3');

export function kindOf(given: Address): AddressKind {
  const address = bare(given);
  const within = (range: Network): boolean => contains(range, address);
  if (LOOPBACK.some(within)) return 'loopback';
  if (PRIVATE.some(within)) return 'private';
  if (SPECIAL.some(within)) return 'special';
  return address.bits === 32 || within(GLOBAL_IPV6) ? 'public' : 'special';
}
