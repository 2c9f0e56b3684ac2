// Functions on addresses and networks, IPv4 and IPv6.
// Belongs here: arithmetic on addresses as text. Does not belong here: names, ports in use, anything of a real network.
import { type Address, parseAddress } from '../../../base/addresses.ts';
import { ValueError } from '../values.ts';
import type { HostFunction } from './host.ts';

interface Network {
  readonly base: bigint;
  readonly prefix: number;
  readonly bits: 32 | 128;
}

export const NET: readonly HostFunction[] = [
  { signature: 'ipAdd(string, int): string', run: ipAdd },
  { signature: 'cidrHost(string, int): string', run: cidrHost },
  { signature: 'cidrContains(string, string): bool', run: cidrContains },
  { signature: 'cidrPrefix(string): int', run: (cidr: string) => BigInt(network(cidr).prefix) },
  { signature: 'isIpv6(string): bool', run: (text: string) => parseAddress(text)?.bits === 128 },
  { signature: 'hostPort(string, int): string', run: hostPort },
];

function ipAdd(text: string, count: bigint): string {
  const { value, bits } = address(text);
  return format(inRange(value + count, bits, `ipAdd('${text}', ${count})`), bits);
}

/** The n-th address of the network; negative counts from its end. */
function cidrHost(cidr: string, count: bigint): string {
  const { base, prefix, bits } = network(cidr);
  const size = 1n << BigInt(bits - prefix);
  const offset = count < 0n ? size + count : count;
  if (offset < 0n || offset >= size) throw new ValueError(`${cidr} has no address number ${count}`);
  return format(base + offset, bits);
}

function cidrContains(cidr: string, text: string): boolean {
  const { base, prefix, bits } = network(cidr);
  const { value, bits: other } = address(text);
  const shift = BigInt(bits - prefix);
  return bits === other && value >> shift === base >> shift;
}

function hostPort(host: string, port: bigint): string {
  if (port < 0n || port > 65_535n) throw new ValueError(`${port} is no port; ports are 0 to 65535`);
  return parseAddress(host)?.bits !== 128 ? `${host}:${port}` : `[${host}]:${port}`;
}

function inRange(value: bigint, bits: number, what: string): bigint {
  if (value >= 0n && value < 1n << BigInt(bits)) return value;
  throw new ValueError(`${what} leaves the addresses there are`);
}

function network(cidr: string): Network {
  const [text, length, ...rest] = cidr.split('/');
  const { value, bits } = address(text ?? '');
  const prefix = length !== undefined && /^\d{1,3}$/.test(length) ? Number(length) : bits + 1;
  if (rest.length > 0 || prefix > bits)
    throw new ValueError(`'${short(cidr)}' is no network such as 10.0.0.0/24`);
  const shift = BigInt(bits - prefix);
  return { base: (value >> shift) << shift, prefix, bits };
}

function address(text: string): Address {
  const found = parseAddress(text);
  if (found) return found;
  throw new ValueError(`'${short(text)}' is no IP address`);
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function format(value: bigint, bits: number): string {
  return bits === 32 ? formatIpv4(value) : formatIpv6(value);
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map(shift => (value >> shift) & 255n).join('.');
}

/** RFC 5952: lower case, the longest run of two or more zero groups as `::`, the first of equal ones. */
function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 65_535n).toString(16),
  );
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at += 1) {
    let length = 0;
    while (groups[at + length] === '0') length += 1;
    if (length > best.length) best = { at, length };
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}
