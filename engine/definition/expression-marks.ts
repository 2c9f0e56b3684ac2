// The marks <% and %>: whether a text holds them in pairs.
// Belongs here: balance, and the sentence for text that YAML has cut. Does not belong here: CEL (expressions/).

export const CUT_HINT =
  'YAML cut this expression at a comma, `#` or colon; put it in double quotes, or write it as a `>-` block.';

/** True when the text has an opening mark without its closing one, or the reverse. `<%%` is a literal `<%`. */
export function unbalanced(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('<%', at);
    const close = text.indexOf('%>', at);
    if (open === -1) return close !== -1;
    if (close !== -1 && close < open) return true;
    if (text[open + 2] === '%' && text[open + 3] !== '>') {
      at = open + 3;
      continue;
    }
    const end = text.indexOf('%>', open + 2);
    if (end === -1) return true;
    at = end + 2;
  }
  return false;
}

/** True when the text holds an expression, as opposed to plain text. */
export function hasExpression(text: string): boolean {
  return text.replaceAll('<%%', '').includes('<%');
}
