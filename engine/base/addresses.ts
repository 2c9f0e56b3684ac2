// IP addresses as numbers.
// Belongs here: reading them from text. Does not belong here: which may be called (drivers/web/egress.ts), arithmetic for
// authors (definition/expressions/functions/net.ts).

export interface Address {
  readonly value: bigint;
  readonly bits: 32 | 128;
}

/** Undefined for anything but a whole address; IPv6 with its end written as IPv4 too, never with a zone. */
export function parseAddress(text: string): Address | undefined {
  const four = parseIpv4(text);
  if (four !== undefined) return { value: four, bits: 32 };
  const six = parseIpv6(text);
  return six === undefined ? undefined : { value: six, bits: 128 };
}

function parseIpv4(text: string): bigint | undefined {
  if (text.length > 15) return undefined;
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(part => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  if (text.length > 45 || !text.includes(':')) return undefined;
  const halves = withoutIpv4(text).split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array.from({ length: Math.max(missing, 0) }, () => '0'), ...right];
  if (!groups.every(group => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n);
}

/** `::ffff:10.0.0.1` with its end as two groups. */
function withoutIpv4(text: string): string {
  const at = text.lastIndexOf(':') + 1;
  const four = parseIpv4(text.slice(at));
  return four === undefined
    ? text
    : `${text.slice(0, at)}${(four >> 16n).toString(16)}:${(four & 65_535n).toString(16)}`;
}
