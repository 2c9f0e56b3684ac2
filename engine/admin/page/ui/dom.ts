// What is to be shown, as data, and the document brought to it with as few changes as possible.
// Belongs here: nodes as data and their application. Does not belong here: any particular view.
//
// Elements are kept wherever tag and key are the same: what has the focus keeps it, and nothing moves under the pointer
// without a reason. Styles are set one by one on the element, never as text: the page's policy allows no inline style.

type Handler = (event: never) => void;

export interface Props {
  readonly key?: string;
  readonly on?: { readonly [event: string]: Handler | undefined };
  readonly css?: { readonly [property: string]: string };
  /** Called with the element whenever it has been brought up to date. */
  readonly ref?: (element: HTMLElement) => void;
  /** Of a field: set once, and again only when it is not being edited. */
  readonly value?: string;
  readonly [attribute: string]: unknown;
}

export interface Node_ {
  readonly tag: string;
  readonly props: Props;
  readonly children: readonly Child[];
}

export type Child = Node_ | string | number | false | undefined | null;

export const h = (
  tag: string,
  props: Props = {},
  ...children: readonly (Child | readonly Child[])[]
): Node_ => ({
  tag,
  props,
  children: children.flat(),
});

const SVG = new Set([
  'svg',
  'g',
  'path',
  'rect',
  'text',
  'tspan',
  'line',
  'circle',
  'polygon',
  'title',
  'marker',
  'defs',
]);
const applied = new WeakMap<Element, Props>();
const listening = new WeakMap<Element, Map<string, Handler>>();
const keys = new WeakMap<Node, string>();

/** Brings the children of an element to what is wanted. */
export function show(parent: Element, wanted: readonly Child[]): void {
  const kept = new Map<string, Node>();
  for (const child of parent.childNodes) kept.set(keys.get(child) ?? '', child);
  const counts = new Map<string, number>();
  let place: ChildNode | null = parent.firstChild;
  for (const child of wanted) {
    if (child === false || child === undefined || child === null) continue;
    const key = keyOf(child, counts);
    const known = kept.get(key);
    kept.delete(key);
    const node = known ?? make(child, parent);
    keys.set(node, key);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
    // Only now, so that what is told of an element is told of one that stands in the document.
    if (typeof child === 'object') bring(node as HTMLElement, child);
    else if (node.nodeValue !== String(child)) node.nodeValue = String(child);
  }
  while (place !== null) {
    const next: ChildNode | null = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** Its own, or its tag and how many of that kind stood before it. */
function keyOf(child: Node_ | string | number, counts: Map<string, number>): string {
  const tag = typeof child === 'object' ? child.tag : '#';
  const own = typeof child === 'object' ? child.props.key : undefined;
  if (own !== undefined) return `${tag} ${own}`;
  const count = (counts.get(tag) ?? 0) + 1;
  counts.set(tag, count);
  return `${tag}/${count}`;
}

function make(child: Node_ | string | number, parent: Element): Node {
  if (typeof child !== 'object') return document.createTextNode(String(child));
  const isSvg =
    SVG.has(child.tag) && (child.tag === 'svg' || parent.namespaceURI !== 'http://www.w3.org/1999/xhtml');
  return isSvg
    ? document.createElementNS('http://www.w3.org/2000/svg', child.tag)
    : document.createElement(child.tag);
}

function bring(element: HTMLElement, { props, children, tag }: Node_): void {
  const before = applied.get(element) ?? {};
  for (const name of Object.keys(before)) if (!(name in props)) attribute(element, name, undefined);
  for (const [name, value] of Object.entries(props))
    if (before[name] !== value) attribute(element, name, value);
  applied.set(element, props);
  listen(element, props.on ?? {});
  for (const [name, value] of Object.entries(props.css ?? {}))
    if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
  if (tag !== 'textarea') show(element, children);
  if (props.value !== undefined) fill(element as HTMLInputElement, props.value);
  props.ref?.(element);
}

const OWN = new Set(['key', 'on', 'css', 'ref', 'value']);

function attribute(element: HTMLElement, name: string, value: unknown): void {
  if (OWN.has(name)) return;
  if (name === 'checked' || name === 'disabled') {
    Object.assign(element, { [name]: value === true });
    return;
  }
  if (value === undefined || value === false || value === null) element.removeAttribute(name);
  else if (typeof value === 'string' || typeof value === 'number') element.setAttribute(name, String(value));
  else if (value === true) element.setAttribute(name, '');
}

function fill(field: HTMLInputElement, value: string): void {
  if (field.value !== value && document.activeElement !== field) field.value = value;
}

/** One listener for each kind of event, whatever it leads to. */
function listen(element: Element, wanted: NonNullable<Props['on']>): void {
  const known = listening.get(element) ?? new Map<string, Handler>();
  listening.set(element, known);
  for (const [event, handler] of Object.entries(wanted)) {
    if (handler === undefined) continue;
    if (!known.has(event)) element.addEventListener(event, happened => known.get(event)?.(happened as never));
    known.set(event, handler);
  }
  for (const event of known.keys()) if (!(event in wanted)) known.set(event, () => undefined);
}

/** Classes that hold, as one attribute. */
export const classes = (...names: readonly (string | false | undefined)[]): string =>
  names.filter(name => typeof name === 'string' && name !== '').join(' ');
