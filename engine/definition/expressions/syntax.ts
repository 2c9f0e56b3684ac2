// Where expressions stand in a text: `<% … %>` cut out of it, `<%%` for a literal `<%`.
// Belongs here: the cutting and its complaints. Does not belong here: what stands inside an expression.

/** One piece of a text: plain text, or the source between `<%` and `%>`. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** `start`: where its `<%` stands. */
  | { readonly kind: 'expression'; readonly source: string; readonly start: number };

export interface Pieces {
  readonly pieces: readonly Piece[];
  /** What is unbalanced, as a sentence; the pieces are then not to be used. */
  readonly unbalanced?: string;
  /** Where that stands. */
  readonly at?: number;
}

/** True when the text holds anything this module would change. */
export function hasMarks(text: string): boolean {
  return text.includes('<%') || text.includes('%>');
}

/** Cuts a text at its marks. A `%>` inside a quoted CEL string does not end the expression. */
export function cut(text: string): Pieces {
  const pieces: Piece[] = [];
  let plain = '';
  let escapes = 0;
  let at = 0;
  while (at < text.length) {
    if (text.startsWith('<%%', at)) {
      plain += '<%';
      escapes += 1;
      at += 3;
    } else if (text.startsWith('<%', at)) {
      const end = endOf(text, at + 2);
      if (end < 0) return { pieces, unbalanced: "the text has '<%' without '%>'", at };
      if (plain !== '') pieces.push({ kind: 'text', text: plain });
      plain = '';
      pieces.push({ kind: 'expression', source: text.slice(at + 2, end), start: at });
      at = end + 2;
    } else {
      if (text.startsWith('%>', at) && (escapes -= 1) < 0) {
        return { pieces, unbalanced: "the text has '%>' without '<%'", at };
      }
      plain += text[at];
      at += 1;
    }
  }
  if (plain !== '') pieces.push({ kind: 'text', text: plain });
  return { pieces };
}

/** Index of the `%>` that ends the expression, or -1. A quote that never closes is left to the parser to report. */
function endOf(text: string, from: number): number {
  let quote = '';
  for (let at = from; at < text.length; at += 1) {
    const character = text[at] as string;
    if (quote !== '') {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '%' && text[at + 1] === '>') return at;
  }
  return text.indexOf('%>', from);
}
