const SHOW_AFTER = 2000;
const FRAME = 100;
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

/** Seconds with one digit below ten, without above: `4.2 s`, `41 s`. */
export function seconds(milliseconds) {
  const value = milliseconds / 1000;
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} s`;
}

/**
 * Shows what is being done and for how long. On a terminal the last line is rewritten; elsewhere a step that lasts
 * longer than two seconds gets a line then and every `lineEvery` milliseconds.
 */
export function createProgress({ stream, env = process.env, now = Date.now, lineEvery = 5000 }) {
  const terminal = stream.isTTY === true && env.TERM !== 'dumb';
  const color = terminal && !env.NO_COLOR;
  const paint = (code, text) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const steps = new Set();
  let drawn = false;
  let frame = 0;
  let timer;

  const clear = () => {
    if (drawn) stream.write('\r\u001b[2K');
    drawn = false;
  };
  const draw = () => {
    const visible = [...steps].filter((step) => now() - step.started > 300);
    if (!terminal || visible.length === 0) return;
    const text = visible.map((step) => describe(step, now() - step.started)).join('  |  ');
    const width = (stream.columns || 80) - 3;
    clear();
    frame = (frame + 1) % SPINNER.length;
    stream.write(`${paint('36', SPINNER[frame])} ${text.length > width ? `${text.slice(0, width - 1)}…` : text}`);
    drawn = true;
  };
  const tick = () => {
    if (terminal) {
      draw();
      return;
    }
    for (const step of steps) {
      const elapsed = now() - step.started;
      if (elapsed < SHOW_AFTER || now() - step.written < lineEvery) continue;
      step.written = now();
      stream.write(`  ${describe(step, elapsed)}\n`);
    }
  };
  const log = (text) => {
    clear();
    stream.write(`${text}\n`);
    draw();
  };

  async function step(label, work) {
    const state = { label, detail: '', started: now(), written: Number.NEGATIVE_INFINITY };
    steps.add(state);
    timer ??= setInterval(tick, terminal ? FRAME : 250);
    const finish = (mark) => {
      steps.delete(state);
      if (steps.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
      clear();
      const elapsed = now() - state.started;
      if (mark || elapsed > 300) log(`${mark ?? paint('32', '✓')} ${label} ${paint('2', seconds(elapsed))}`);
    };
    try {
      const result = await work((detail) => {
        state.detail = detail;
      });
      finish();
      return result;
    } catch (error) {
      finish(paint('31', '✗'));
      throw error;
    }
  }

  return { step, log, paint, close: clear };
}

/** The time stands before the detail, which a narrow terminal may cut. */
function describe({ label, detail }, elapsed) {
  return `${label} ${seconds(elapsed)}${detail ? `: ${detail}` : ''}`;
}
