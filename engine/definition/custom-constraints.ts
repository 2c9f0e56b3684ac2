// The `custom_constraint`s that can be judged without a cloud.
// Belongs here: forms of addresses and names. Does not belong here: constraints that ask an OpenStack service.

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const MAC = /^[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}$/;

function isIpv4(text: string): boolean {
  return text.length <= 15 && IPV4.test(text);
}

/** RFC 4291: eight groups, one `::`, an IPv4 address at the end. */
function isIpv6(text: string): boolean {
  if (text.length > 45 || !/^[0-9A-Fa-f:.]+$/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map(half => (half === '' ? [] : half.split(':')));
  const flat = groups.flat();
  const last = flat.at(-1);
  const embedded = last?.includes('.') ?? false;
  if (embedded && (!isIpv4(last ?? '') || text.endsWith(':'))) return false;
  const plain = embedded ? flat.slice(0, -1) : flat;
  if (!plain.every(group => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  const count = plain.length + (embedded ? 2 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}

function isCidr(text: string): boolean {
  const match = /^([0-9A-Fa-f.:]{2,45})\/(\d{1,3})$/.exec(text);
  if (match === null) return false;
  const [address, length] = [match[1] ?? '', Number(match[2])];
  return (isIpv4(address) && length <= 32) || (isIpv6(address) && length <= 128);
}

function isRelativeName(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  const labels = text.replace(/\.$/, '').split('.');
  return labels.every(label => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** Name as in HOT → what it asks for, and the test. */
export const CUSTOM_CONSTRAINTS: ReadonlyMap<
  string,
  { readonly form: string; readonly test: (text: string) => boolean }
> = new Map([
  ['ip_addr', { form: 'an IPv4 or IPv6 address', test: text => isIpv4(text) || isIpv6(text) }],
  ['net_cidr', { form: 'a network such as 10.0.0.0/24', test: isCidr }],
  [
    'ip_or_cidr',
    { form: 'an address or a network', test: text => isIpv4(text) || isIpv6(text) || isCidr(text) },
  ],
  ['mac_addr', { form: 'a MAC address', test: text => MAC.test(text) }],
  ['rel_dns_name', { form: 'a DNS name', test: isRelativeName }],
  ['dns_name', { form: 'a DNS name', test: isRelativeName }],
  [
    'dns_domain',
    {
      form: 'a DNS domain that ends in a dot',
      test: text =>
        text.endsWith('.') && text.includes('.', 0) && isRelativeName(text) && text.split('.').length > 2,
    },
  ],
]);
