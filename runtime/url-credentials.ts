/** Keeps the user and password of URLs out of what is shown: logs, printed settings, messages of errors. */

/** Between `//` and the last `@` before a path; a URL with a space or quote in it would have it encoded. */
const CREDENTIALS = /(?<=:\/\/)[^\s/?#"'\\]*@/g;

/** The text with `(hidden)@` for the credentials of each URL in it. */
export function hideUrlCredentials(text: string): string {
  return text.includes('://') ? text.replaceAll(CREDENTIALS, '(hidden)@') : text;
}
