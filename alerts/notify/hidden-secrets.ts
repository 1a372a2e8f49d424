/** Takes secrets out of texts that came from outside: a receiver may well repeat what it was sent. */

/** Shorter ones would blank out half of every message; none that a receiver gives out is. */
const SECRET_CHARS_MIN = 4;
const REASON_CHARS_MAX = 300;

/** A function that replaces each secret, as it is, encoded for a URL, or in base64, and cuts what is long. */
export function hider(secrets: readonly string[]): (text: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= SECRET_CHARS_MIN)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
    ])
    // The longest first, or a secret that holds another would leave its rest behind.
    .toSorted((one, other) => other.length - one.length);
  return (text) => {
    const hidden = forms.reduce((left, form) => left.replaceAll(form, '(hidden)'), text);
    return hidden.length > REASON_CHARS_MAX ? `${hidden.slice(0, REASON_CHARS_MAX)}…` : hidden;
  };
}
