// The page's colours as a canvas needs them.
// Belongs here: reading them off the style sheet. Does not belong here: the colours (page.css).
import type { Tone } from '../model/words.ts';

export interface Paint {
  readonly ink: string;
  readonly fill: string;
  /** What is bad, or taken back, is hatched: told without its hue. */
  readonly hatch: CanvasPattern | string;
}

export interface Palette {
  readonly tones: { readonly [tone in Tone]: Paint };
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  readonly back: string;
  readonly accent: string;
  readonly font: string;
}

const TONES: readonly Tone[] = ['good', 'busy', 'bad', 'warn', 'quiet', 'undo'];
const HATCHED: ReadonlySet<Tone> = new Set<Tone>(['bad', 'undo']);
const dark = window.matchMedia('(prefers-color-scheme: dark)');
let known: { readonly theme: string; readonly palette: Palette } | undefined;

/** Read anew when the theme has changed. */
export function palette(): Palette {
  const theme = `${document.documentElement.dataset['theme'] ?? 'auto'} ${dark.matches}`;
  if (known?.theme !== theme) known = { theme, palette: read() };
  return known.palette;
}

function read(): Palette {
  const probe = document.createElement('span');
  document.body.append(probe);
  const look = (name: string): CSSStyleDeclaration => {
    probe.className = name;
    return getComputedStyle(probe);
  };
  const tones = Object.fromEntries(
    TONES.map(tone => [tone, paintOf(look(`tone-${tone}`), tone)]),
  ) as Palette['tones'];
  const found = {
    tones,
    text: look('probe-text').color,
    faint: look('faint').color,
    line: look('probe-line').color,
    back: look('probe-back').backgroundColor,
    accent: look('probe-accent').color,
    font: look('').fontFamily,
  };
  probe.remove();
  return found;
}

function paintOf({ color, backgroundColor }: CSSStyleDeclaration, tone: Tone): Paint {
  const [ink, fill] = [color, backgroundColor];
  return { ink, fill, hatch: HATCHED.has(tone) ? hatched(ink, fill) : fill };
}

function hatched(ink: string, fill: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const context = tile.getContext('2d');
  if (context === null) return fill;
  context.fillStyle = fill;
  context.fillRect(0, 0, 8, 8);
  context.strokeStyle = ink;
  context.globalAlpha = 0.35;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const x of [-8, 0, 8]) {
    context.moveTo(x, 8);
    context.lineTo(x + 8, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? fill;
}
