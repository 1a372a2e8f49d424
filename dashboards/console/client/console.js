// @ts-check
/** Keeps a console page live: renews its content when the service says so, and puts the reader's own time beside UTC. */

/** @typedef {{ morph(old: Element, content: Element, options: object): unknown }} Morph */

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Pages are told apart by what is in view: a hidden one renews itself once it is seen again. */
let isStale = false;
let isRenewing = false;

localise(document);
listen();

function listen() {
  const source = new EventSource('/console/live');
  source.addEventListener('open', () => {
    show('live', 'Live');
    void renew();
  });
  source.addEventListener('update', () => void renew());
  source.addEventListener('error', () => {
    show('lost', `Not connected since ${clock.format(new Date())}; trying again`);
    // The browser tries again by itself, unless the answer was no stream at all.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5_000);
  });
}

// For who drives the page, a test above all.
document.addEventListener('highwater:renew', () => void renew());
document.addEventListener('visibilitychange', () => {
  if (isStale) void renew();
});

document.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('[data-copy]') : null;
  if (!(button instanceof HTMLButtonElement)) return;
  const text = document.getElementById(button.dataset['copy'] ?? '')?.textContent ?? '';
  navigator.clipboard.writeText(text).then(
    () => (button.textContent = 'Copied'),
    () => (button.textContent = 'Select and copy by hand'),
  );
});

/** Fetches this page again and changes what differs; what the reader opened or wrote stays. */
async function renew() {
  isStale = document.hidden || isRenewing;
  if (isStale) return;
  isRenewing = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (answer.status >= 500) {
      show('lost', `The service answered ${answer.status}; figures are old`);
      return;
    }
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const main = document.querySelector('main');
    const renewed = next.querySelector('main');
    if (!main || !renewed) return;
    localise(renewed);
    const { Idiomorph } = /** @type {{ Idiomorph: Morph }} */ (/** @type {unknown} */ (globalThis));
    Idiomorph.morph(main, renewed, {
      callbacks: {
        /** What a reader is writing is theirs. @param {Node} old */
        beforeNodeMorphed: (old) =>
          !(old instanceof HTMLInputElement || old instanceof HTMLSelectElement),
        /** @param {string} name @param {Element} element */
        beforeAttributeUpdated: (name, element) =>
          !(name === 'open' && element instanceof HTMLDetailsElement),
      },
    });
    show('live', 'Live');
  } catch {
    show('lost', 'The service does not answer; figures are old');
  } finally {
    isRenewing = false;
    document.dispatchEvent(new Event('highwater:renewed'));
  }
  if (isStale) void renew();
}

/** @param {'live' | 'lost'} state @param {string} text */
function show(state, text) {
  const connection = document.getElementById('connection');
  if (!connection || (connection.dataset['state'] === state && state === 'live')) return;
  connection.dataset['state'] = state;
  connection.textContent = text;
}

/** @param {ParentNode} root */
function localise(root) {
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    const utc = time.textContent ?? '';
    if (Number.isNaN(at.getTime()) || utc.includes('(')) continue;
    if (at.getTimezoneOffset() === 0) continue;
    const isToday = at.toDateString() === new Date().toDateString();
    time.textContent = isToday
      ? `${clock.format(at)} (${utc.slice(11)})`
      : `${calendar.format(at)} (${utc.slice(5)})`;
  }
  for (const button of root.querySelectorAll('button.copy')) button.removeAttribute('hidden');
}
