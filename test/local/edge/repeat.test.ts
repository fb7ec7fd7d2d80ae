import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Repeated, repeat } from '../../../local/edge/repeat.js';

const PAUSE = 5000;

describe('a repeated step', () => {
  let steps = 0;
  /** Ends the step that is running. */
  let end: (error?: Error) => void = () => {};
  let repeated: Repeated;

  beforeEach(() => {
    vi.useFakeTimers();
    steps = 0;
    repeated = repeat(() => {
      steps += 1;
      return new Promise<void>((resolve, reject) => {
        end = (error) => (error ? reject(error) : resolve());
      });
    }, PAUSE);
  });

  afterEach(() => vi.useRealTimers());

  async function pass(milliseconds: number): Promise<number> {
    await vi.advanceTimersByTimeAsync(milliseconds);
    return steps;
  }

  it('runs after each pause, which begins when the step before it has ended', async () => {
    expect(await pass(PAUSE - 1)).toBe(0);
    expect(await pass(1)).toBe(1);
    expect(await pass(3 * PAUSE)).toBe(1);
    end();
    expect(await pass(PAUSE - 1)).toBe(1);
    expect(await pass(1)).toBe(2);
  });

  it('is tried again after it has failed', async () => {
    await pass(PAUSE);
    end(new Error('the emulated AWS restarts'));
    expect(await pass(PAUSE)).toBe(2);
  });

  it('runs at once where that is asked for, and keeps its pace afterwards', async () => {
    repeated.atOnce();
    expect(await pass(0)).toBe(1);
    end();
    expect(await pass(PAUSE - 1)).toBe(1);
    expect(await pass(1)).toBe(2);
  });

  it('runs a second time, and no third, where it is asked for while it runs', async () => {
    await pass(PAUSE);
    repeated.atOnce();
    repeated.atOnce();
    expect(await pass(0)).toBe(1);
    end();
    expect(await pass(0)).toBe(2);
    end();
    expect(await pass(PAUSE - 1)).toBe(2);
  });

  it('is over when it is stopped, after the step that is running, whoever asks for more', async () => {
    await pass(PAUSE);
    let over = false;
    const stopped = repeated.stop().then(() => {
      over = true;
    });
    repeated.atOnce();
    await pass(0);
    expect(over).toBe(false);
    end();
    await stopped;
    repeated.atOnce();
    expect(await pass(3 * PAUSE)).toBe(1);
  });
});
