import * as vscode from 'vscode';

/** A page that never says that it is there must not keep a command from what it was called for. */
const longestMs = 5000;
/** The page has the focus this long after it has spoken: what is opened then keeps it. */
const focusMs = 100;

/**
 * Which dashboards' pages are there. A page takes the focus when it arrives, some time after its editor has opened, and closes whatever
 * list was opened meanwhile.
 */
export class DashboardPages implements vscode.Disposable {
  private readonly there = new Map<string, Set<object>>();
  private readonly arrivals = new vscode.EventEmitter<string>();

  /** Tells that a page of a model has spoken. `page` is any object that stands for it. */
  arrived(model: vscode.Uri, page: object): void {
    const key = model.toString();
    this.there.set(key, new Set([...(this.there.get(key) ?? []), page]));
    this.arrivals.fire(key);
  }

  /** Tells that it is hidden or closed. */
  left(model: vscode.Uri, page: object): void {
    this.there.get(model.toString())?.delete(page);
  }

  /** Waits until a page of a model is there and has the focus; not longer than some seconds. */
  async whenReady(model: vscode.Uri): Promise<void> {
    const key = model.toString();
    if ((this.there.get(key)?.size ?? 0) > 0) return;
    await this.arrival(key);
    await new Promise((done) => setTimeout(done, focusMs));
  }

  dispose(): void {
    this.arrivals.dispose();
  }

  private arrival(wanted: string): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(late);
        listener.dispose();
        resolve();
      };
      const late = setTimeout(finish, longestMs);
      const listener = this.arrivals.event((key) => {
        if (key === wanted) finish();
      });
    });
  }
}
