/** Calls back when nothing was seen for a time. The load balancer's idle timeout. */
export class IdleTimer {
  private readonly timer: NodeJS.Timeout;

  constructor(milliseconds: number, onIdle: () => void) {
    this.timer = setTimeout(onIdle, milliseconds);
  }

  /** Something was sent or received. */
  readonly seen = (): void => {
    this.timer.refresh();
  };

  stop(): void {
    clearTimeout(this.timer);
  }
}
