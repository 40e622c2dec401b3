import type { Named } from './names';

/** A stretch of a line. */
export type Stretch = readonly [line: number, from: number, to: number];

/** A module or layer of the text. Lines count from 0. */
export interface Section {
  readonly kind: 'module' | 'layer';
  readonly name: string;
  /** Layer id, or the module's dotted path. */
  readonly id: string;
  readonly line: number;
  end: number;
  readonly depth: number;
}

/** How much text there may be at most. */
export interface PageLimits {
  readonly characters: number;
  readonly lines: number;
}

/** A text as it grows, with the places of the names in it. */
export class Page {
  private readonly lines: string[] = [];
  private current = '';
  private characters = 0;

  constructor(private readonly limits: PageLimits) {}

  /** Number of the line that is being written. */
  get line(): number {
    return this.lines.length;
  }

  get isFull(): boolean {
    return this.characters > this.limits.characters || this.lines.length > this.limits.lines;
  }

  /** Begins a line. */
  begin(depth: number): this {
    this.current = '  '.repeat(depth);
    return this;
  }

  put(text: string): this {
    this.current += text;
    return this;
  }

  /** Writes a name: a place of the value that it stands for; `makes` where the value is made, which stands first among its places. */
  name(text: string, named: Named, makes: boolean): this {
    const from = this.current.length;
    this.current += text;
    const place: Stretch = [this.lines.length, from, this.current.length];
    if (makes && !named.made) {
      named.made = true;
      named.places.unshift(place);
    } else named.places.push(place);
    return this;
  }

  /** Ends the line and returns its number. */
  end(): number {
    this.lines.push(this.current.trimEnd());
    this.characters += this.current.length + 1;
    return this.lines.length - 1;
  }

  text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}
