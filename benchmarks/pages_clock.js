// Runs in the page before anything else: notes input, messages and changes of the page.
(() => {
  const clock = {out: 0, outTotal: 0, start: 0, input: 0, finished: 0, touched: 0, bytes: 0, total: 0};
  window.__clock = clock;
  for (const kind of ['pointerdown', 'pointerup', 'click', 'keydown', 'change'])
    addEventListener(kind, event => { if (event.isTrusted) clock.input = event.timeStamp; }, true);
  const fields = data => {  // protobuf: number → value of the top level, varints only
    const found = new Map(); let at = 0;
    const varint = () => { let value = 0, shift = 1, byte;
      do { byte = data[at++]; value += (byte & 127) * shift; shift *= 128; } while (byte & 128); return value; };
    while (at < data.length) {
      const key = varint(), wire = key & 7, number = Math.floor(key / 8);
      if (wire === 0) found.set(number, varint());
      else if (wire === 2) { const size = varint(); found.set(number, -1); at += size; }
      else if (wire === 5) at += 4; else if (wire === 1) at += 8; else break;
    }
    return found;
  };
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', event => {
        if (!(event.data instanceof ArrayBuffer)) return;
        clock.bytes = Math.max(clock.bytes, event.data.byteLength);
        clock.total += event.data.byteLength;
        const status = fields(new Uint8Array(event.data)).get(6);  // ForwardMsg.script_finished
        if (status === 0 || status === 3) clock.finished = performance.now();
      });
    }
    send(data) {
      if (data instanceof Uint8Array && fields(data).has(11)) {  // BackMsg.rerun_script
        if (!clock.out && clock.input >= clock.armed) { clock.start = clock.input; clock.out = performance.now(); }
        if (clock.out) { clock.out = performance.now(); clock.finished = 0; }
      }
      super.send(data);
    }
  };
  clock.arm = () => { Object.assign(clock, {out: 0, start: 0, finished: 0, touched: 0, bytes: 0, total: 0,
    armed: performance.now()}); };
  clock.arm();
  const drawn = () => {
    const app = document.querySelector('[data-testid=stApp]');
    if (!app || app.dataset.testScriptState !== 'notRunning') return false;
    // what lies in a closed expander is not drawn before it is opened
    const undrawn = (names, part) => [...document.querySelectorAll(names)].some(
      found => !(part && found.querySelector(part)) && found.checkVisibility());
    return !undrawn('[data-testid=stSkeleton], [data-stale=true], [data-testid=stMain] [data-testid=stSpinner]')
      && !undrawn('[data-testid=stPlotlyChart]', '.main-svg')
      && !undrawn('[data-testid=stDataFrame]', 'canvas');
  };
  addEventListener('DOMContentLoaded', () => new MutationObserver(changes => {
    if (changes.some(change => {
      const place = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      return place && place.closest('[data-testid=stMain]'); })) clock.touched = performance.now();
  }).observe(document.body, {subtree: true, childList: true, characterData: true}));
  clock.rest = (title, quiet) => new Promise(resolve => {
    let at = 0;
    const look = () => {
      const now = performance.now();
      const heading = document.querySelector('[data-testid=stMain] h1');
      const done = (clock.finished > 0) && drawn()
        && (!title || (heading && heading.innerText.trim() === title));
      if (!done) at = 0; else if (!at) at = now;
      if (at && now - Math.max(at, clock.touched) > quiet)
        return resolve({seconds: (Math.max(at, clock.touched) - clock.start) / 1000,
          server: (clock.finished - clock.out) / 1000, bytes: clock.bytes, total: clock.total});
      requestAnimationFrame(look);
    };
    look();
  });
})();
