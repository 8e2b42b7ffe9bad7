// Runs in the browser. What it is told may hold a broker's words: everything is put in as text, never as HTML.

const ASK_MS = 1000;
const KEPT = 120;
const GONE_AFTER = 3;

const byId = (id) => document.getElementById(id);
/** one a second: { at, received, sent } a second */
const history = [];
let before;
let failed = 0;
/** of several transfers: the name of the one that is shown, as the address has it */
let chosen;
let optionsTimer;

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** Puts new content in, but only where it differs: what somebody has selected stays so. */
function show(target, ...content) {
  const next = target.cloneNode(false);
  next.append(...content);
  if (target.innerHTML !== next.innerHTML) target.replaceChildren(...next.childNodes);
}

function number(value) {
  if (value === undefined || value === null) return '–';
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let rest = value ?? 0;
  for (; rest >= 1024 && unit < units.length - 1; unit += 1) rest /= 1024;
  return `${number(rest)} ${units[unit]}`;
}

function time(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function showState(state, reason) {
  const badge = byId('state');
  badge.className = `badge ${state}`;
  badge.textContent = state === 'gone' ? 'no answer' : state;
  byId('reason').textContent = reason;
  document.title = `${state === 'gone' ? 'no answer' : state} – stompctl`;
}

function memberLine({ name, phase, inFlight, messages, parked, leaving, lastError }) {
  const parts = [leaving ? 'leaving' : phase, `${number(messages)} messages`, `${number(inFlight)} in flight`];
  if (parked > 0) parts.push(`${number(parked)} parked`);
  if (phase !== 'open' && lastError) parts.push(lastError.message);
  return element('p', phase === 'open' ? '' : 'error', `${name}: ${parts.join(', ')}`);
}

function endCard({ role, name, phase, awayMs, attempt, nextTryMs, lastError, session, lazy, opened, members = [] }) {
  const away = awayMs === undefined ? '' : ` for ${time(awayMs)}, attempt ${attempt}`;
  const next = nextTryMs === undefined ? '' : `, next try in ${time(nextTryMs)}`;
  const waits = phase === 'closed' && lazy ? ' until the first message' : '';
  const card = element('div', 'card', element('div', 'role', role), element('strong', '', name));
  card.append(element('p', '', element('strong', phase, phase), `${waits}${away}${next}`));
  const parts = [];
  if (session)
    parts.push([session.server, `${session.protocol ?? 'STOMP'} ${session.version}`].filter(Boolean).join(', '));
  if (session?.certificateEnds) parts.push(`certificate ends ${session.certificateEnds.slice(0, 10)}`);
  if (opened > 1) parts.push(`opened ${opened} times`);
  if (parts.length > 0) card.append(element('p', 'error', parts.join('; ')));
  if (lastError) card.append(element('p', 'error', `last error, ${time(lastError.agoMs)} ago: ${lastError.message}`));
  card.append(...members.map(memberLine));
  return element('li', '', card);
}

function processorCard(processor, counted) {
  const card = element('div', 'card', element('div', 'role', 'callback'), element('strong', '', processor));
  if (counted?.processed > 0) {
    const each = (counted.processedSeconds / counted.processed) * 1000;
    card.append(element('p', 'error', `${number(counted.processed)} messages, ${each.toFixed(3)} ms each`));
  }
  return element('li', '', card);
}

function showPath({ ends = [], processor, counted }) {
  const [source, ...sinks] = [...ends].sort((a, b) => (b.role === 'source') - (a.role === 'source'));
  const steps = source ? [endCard(source)] : [];
  if (processor) steps.push(processorCard(processor, counted));
  show(byId('path'), ...steps, ...sinks.map(endCard));
}

function count(label, value, note) {
  const told = element('dd', '', value);
  if (note) told.append(element('small', '', note));
  return element('div', '', element('dt', '', label), told);
}

function waiting(queue) {
  return queue?.oldestMs === undefined || queue.elements === 0 ? '' : `the oldest for ${time(queue.oldestMs)}`;
}

function showCounts({
  counted = {},
  inFlight,
  oldestUnsettledMs,
  parked,
  backlog,
  failures,
  lastReceivedMs,
  lastSentMs,
}) {
  const ago = (ms) => (ms === undefined ? '' : `the last ${time(ms)} ago`);
  const all = [
    count('taken', number(counted.received), ago(lastReceivedMs) || bytes(counted.receivedBytes)),
    count('sent', number(counted.sent), ago(lastSentMs)),
    count('dropped', number(counted.dropped)),
    count('rejected', number(counted.rejected)),
    count('in flight', number(inFlight), oldestUnsettledMs ? `the oldest for ${time(oldestUnsettledMs)}` : ''),
    count('size of sent', bytes(counted.sentBytes)),
    count('connected again', number(counted.reconnects)),
  ];
  if (backlog) all.push(count('incoming queue', number(backlog.elements), waiting(backlog)));
  if (failures) all.push(count('failure queue', number(failures.elements), waiting(failures)));
  if (parked > 0) all.push(count('parked', number(parked), 'unacknowledged at the broker'));
  show(byId('counts'), ...all);
}

function remember({ counted }) {
  const now = { at: performance.now(), received: counted?.received ?? 0, sent: counted?.sent ?? 0 };
  if (before !== undefined && now.at > before.at) {
    const seconds = (now.at - before.at) / 1000;
    const rate = (name) => Math.max(0, now[name] - before[name]) / seconds;
    history.push({ at: new Date(), received: rate('received'), sent: rate('sent') });
    if (history.length > KEPT) history.shift();
  }
  before = now;
}

/** A round number not below: 1, 2 or 5 times a power of ten. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

function draw() {
  const top = roundUp(Math.max(1, ...history.map(({ received, sent }) => Math.max(received, sent))));
  const x = (index) => KEPT - (history.length - 1 - index);
  const line = (name) =>
    history.map((sample, index) => `${index === 0 ? 'M' : 'L'}${x(index)} ${100 - (sample[name] / top) * 98}`).join('');
  byId('received-line').setAttribute('d', line('received'));
  byId('sent-line').setAttribute('d', line('sent'));
  byId('sent-area').setAttribute('d', history.length === 0 ? '' : `${line('sent')}L${KEPT} 100L${x(0)} 100Z`);
  byId('top').textContent = number(top);
}

let pointed;
function showRates() {
  const at = pointed === undefined ? history.length - 1 : pointed - (KEPT - history.length);
  const sample = history[Math.max(0, Math.min(history.length - 1, at))];
  byId('received').textContent = number(sample?.received);
  byId('sent').textContent = number(sample?.sent);
  byId('at').textContent = pointed === undefined || sample === undefined ? '' : `at ${sample.at.toLocaleTimeString()}`;
  for (const name of ['x1', 'x2']) byId('cursor').setAttribute(name, String(pointed ?? -1));
}

byId('chart').addEventListener('pointermove', ({ clientX, currentTarget }) => {
  const { left, width } = currentTarget.getBoundingClientRect();
  pointed = Math.round(((clientX - left) / width) * KEPT);
  showRates();
});
byId('chart').addEventListener('pointerleave', () => {
  pointed = undefined;
  showRates();
});

/** Of several transfers the one that the address names, or the first. */
function oneOf({ transfers }) {
  const hashOf = ({ name }) => `#${encodeURIComponent(name)}`;
  const one = transfers.find((each) => hashOf(each) === location.hash) ?? transfers[0];
  const rows = transfers.map((each) => {
    const link = element('a', '', each.name);
    link.href = hashOf(each);
    if (each === one) link.setAttribute('aria-current', 'true');
    const state = element('td', '', element('strong', each.state, each.state));
    return element('tr', '', element('td', '', link), state, element('td', '', each.reason));
  });
  byId('several').hidden = false;
  show(byId('transfers').tBodies[0], ...rows);
  byId('path-title').textContent = one ? `Path of ${one.name}` : 'Path';
  if (one?.name !== chosen) {
    chosen = one?.name;
    history.length = 0;
    before = undefined;
    show(byId('options').tBodies[0]);
    showOptions();
  }
  return one ?? {};
}

function showStatus(status) {
  showState(status.state, status.reason);
  const one = status.transfers ? oneOf(status) : status;
  const started = new Date(status.startedAt);
  byId('about').textContent = `version ${status.version}, pid ${status.pid}, since ${started.toLocaleString()}`;
  showPath(one);
  showCounts(one);
  remember(one);
  draw();
  showRates();
}

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}

async function ask() {
  try {
    showStatus(await get('status'));
    failed = 0;
  } catch {
    failed += 1;
    before = undefined;
    if (failed >= GONE_AFTER) showState('gone', 'The run does not answer any more: it has ended, or it hangs.');
  }
  setTimeout(ask, ASK_MS);
}

async function showOptions() {
  clearTimeout(optionsTimer);
  // a reload changes them; while the run starts there are none
  let again = 10 * ASK_MS;
  try {
    const rows = (await get(chosen === undefined ? 'options' : `options/${encodeURIComponent(chosen)}`)).map(
      ({ name, value, source }) => {
        const row = element('tr', source === 'default' ? 'default' : '');
        row.append(element('td', '', name), element('td', '', value), element('td', '', source));
        return row;
      },
    );
    if (rows.length === 0) again = ASK_MS;
    show(byId('options').tBodies[0], ...rows);
  } catch {
    // the state says that nobody answers
  }
  optionsTimer = setTimeout(showOptions, again);
}

byId('all-options').addEventListener('change', ({ currentTarget }) => {
  byId('options').classList.toggle('given', !currentTarget.checked);
});

ask();
showOptions();
