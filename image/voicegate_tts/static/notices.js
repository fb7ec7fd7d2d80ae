/** What the page tells: how it stands, what went wrong, and for how long to wait. */
import { duration, WORDS } from './words.js';

const WAIT = '{wait}';

export class Notices {
  #status;
  #error;
  /** When waiting ends, in milliseconds of `performance.now()`. */
  #until;
  #ticking;

  constructor(status, error) {
    this.status = status;
    this.error = error;
    this.language = 'en';
  }

  /** Words by their name, or a sentence of the service as it is. */
  say([name, argument] = []) {
    if (name === undefined) return '';
    const words = WORDS[this.language];
    const given = words[name] ?? name;
    if (typeof given !== 'function') return given;
    return given(
      name === 'quota'
        ? { unit: words.units[argument.unit] ?? argument.unit, period: words.periods[argument.period] ?? '' }
        : argument,
    );
  }

  /** Both are words: `[name, argument]`. `wait` is in seconds. */
  show(status, error, wait) {
    clearInterval(this.#ticking);
    this.#status = status;
    this.#error = error;
    this.#until = wait === undefined ? undefined : performance.now() + wait * 1000;
    this.render();
    if (wait !== undefined) this.#ticking = setInterval(() => this.#tick(), 1000);
  }

  /** Whether these words are the status. */
  isStatus(name) {
    return this.#status?.[0] === name;
  }

  isError(name) {
    return this.#error?.[0] === name;
  }

  /** Writes the words once more: the language may have changed. */
  render() {
    this.status.textContent = this.say(this.#status);
    const [before, after] = this.say(this.#error).split(WAIT);
    this.error.textContent = before;
    if (after === undefined) return;
    // Read out once, with the words around it; what it counts down afterwards is there to be seen only.
    const timer = document.createElement('span');
    timer.setAttribute('role', 'timer');
    timer.setAttribute('aria-live', 'off');
    timer.textContent = this.#left();
    this.error.append(timer, after);
  }

  #left() {
    return duration(Math.max(0, Math.ceil((this.#until - performance.now()) / 1000)), this.language);
  }

  #tick() {
    if (this.#until > performance.now()) {
      const timer = this.error.querySelector('[role=timer]');
      if (timer && timer.textContent !== this.#left()) timer.textContent = this.#left();
      return;
    }
    this.show(['again']);
  }
}
