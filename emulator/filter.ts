/**
 * The filter language of subscriptions: a pure parser that returns a pure predicate over attributes.
 * Source: https://cloud.google.com/pubsub/docs/subscription-message-filter
 */
import { invalidArgument } from './pubsub-status.ts';

export type Attributes = ReadonlyMap<string, string>;
export type Filter = (attributes: Attributes) => boolean;

/** Source: the same page, "filters have a maximum length of 256 bytes". */
const FILTER_BYTES_MAX = 256;
/** More than 256 bytes of `(` can ask for, so only a guard. */
const DEPTH_MAX = 256;
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([A-Za-z_][\w-]*)|(!=|[()=.:,-]))/y;

type Token =
  | { readonly kind: 'string' | 'word' | 'sign'; readonly text: string }
  | { readonly kind: 'end'; readonly text: '' };

/**
 * Parses `text`; the empty text lets everything through (`undefined`).
 * @throws PubsubStatusError INVALID_ARGUMENT that names the place
 */
export function parseFilter(text: string): Filter | undefined {
  if (text.trim() === '') return undefined;
  if (Buffer.byteLength(text) > FILTER_BYTES_MAX) {
    throw invalidArgument(`The filter is longer than ${FILTER_BYTES_MAX} bytes.`);
  }
  return new FilterParser(text).parse();
}

class FilterParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = this.#tokenize();
  }

  parse(): Filter {
    const filter = this.#expression();
    if (this.#peek().kind !== 'end') throw this.#problem('the end of the filter');
    return filter;
  }

  /** AND and OR may not be mixed without parentheses, as in the real service. */
  #expression(): Filter {
    if (++this.#depth > DEPTH_MAX) throw this.#problem('fewer nested parentheses');
    const terms = [this.#term()];
    const operator = this.#peek().text;
    if (this.#peek().kind === 'word' && (operator === 'AND' || operator === 'OR')) {
      while (this.#takeWord(operator)) terms.push(this.#term());
    }
    this.#depth--;
    if (terms.length === 1) return terms[0]!;
    return operator === 'AND'
      ? (attributes) => terms.every((term) => term(attributes))
      : (attributes) => terms.some((term) => term(attributes));
  }

  #term(): Filter {
    if (this.#takeWord('NOT') || this.#takeSign('-')) {
      const inner = this.#primary();
      return (attributes) => !inner(attributes);
    }
    return this.#primary();
  }

  #primary(): Filter {
    if (this.#takeSign('(')) {
      const inner = this.#expression();
      this.#expectSign(')');
      return inner;
    }
    if (this.#takeWord('hasPrefix')) return this.#hasPrefix();
    if (!this.#takeWord('attributes')) throw this.#problem('attributes, hasPrefix, NOT or (');
    if (this.#takeSign(':')) {
      const key = this.#key();
      return (attributes) => attributes.has(key);
    }
    this.#expectSign('.');
    const key = this.#key();
    if (this.#takeSign('=')) {
      const value = this.#string();
      return (attributes) => attributes.get(key) === value;
    }
    if (!this.#takeSign('!=')) throw this.#problem('= or !=');
    const value = this.#string();
    return (attributes) => attributes.get(key) !== value;
  }

  #hasPrefix(): Filter {
    this.#expectSign('(');
    if (!this.#takeWord('attributes')) throw this.#problem('attributes');
    this.#expectSign('.');
    const key = this.#key();
    this.#expectSign(',');
    const prefix = this.#string();
    this.#expectSign(')');
    return (attributes) => attributes.get(key)?.startsWith(prefix) ?? false;
  }

  #key(): string {
    const token = this.#peek();
    if (token.kind !== 'word' && token.kind !== 'string') throw this.#problem('an attribute key');
    this.#position++;
    return token.kind === 'string' ? unquote(token.text) : token.text;
  }

  #string(): string {
    const token = this.#peek();
    if (token.kind !== 'string') throw this.#problem('a text in double quotes');
    this.#position++;
    return unquote(token.text);
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? { kind: 'end', text: '' };
  }

  #takeWord(text: string): boolean {
    return this.#take('word', text);
  }

  #takeSign(text: string): boolean {
    return this.#take('sign', text);
  }

  #take(kind: 'word' | 'sign', text: string): boolean {
    const token = this.#peek();
    if (token.kind !== kind || token.text !== text) return false;
    this.#position++;
    return true;
  }

  #expectSign(text: string): void {
    if (!this.#takeSign(text)) throw this.#problem(text);
  }

  #problem(expected: string) {
    const got = this.#peek().text || 'the end';
    return invalidArgument(`Invalid filter (${this.#text}): expected ${expected}; got ${got}.`);
  }

  #tokenize(): readonly Token[] {
    const tokens: Token[] = [];
    const text = this.#text.trimEnd();
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (!match) {
        throw invalidArgument(
          `Invalid filter (${text}): unexpected character at offset ${at}: ${text.slice(at, at + 10)}`,
        );
      }
      if (match[1] !== undefined) tokens.push({ kind: 'string', text: match[1] });
      else if (match[2] !== undefined) tokens.push({ kind: 'word', text: match[2] });
      else tokens.push({ kind: 'sign', text: match[3]! });
    }
    return tokens;
  }
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}
