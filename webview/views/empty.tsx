import { Button } from '../kit';
import { baseName } from './facts';
import type { ViewProps } from './props';
import './empty.css';

/** The model could not be read: one sentence, and what to do next. */
export function Unreadable({ dashboard, act }: Omit<ViewProps, 'state'>) {
  return (
    <div class="empty" role="alert">
      <h1>{baseName(dashboard.file)}</h1>
      <p>{dashboard.error?.message}</p>
      {dashboard.error?.hint && <p class="quiet">{dashboard.error.hint}</p>}
      <Button look="primary" onPress={() => act.retry()}>
        Try Again
      </Button>
    </div>
  );
}

/** The extension itself did not answer. */
export function Unreachable(props: { readonly message: string; readonly onRetry: () => void }) {
  return (
    <div class="empty" role="alert">
      <h1>The dashboard could not be filled</h1>
      <p>{props.message}</p>
      <Button look="primary" onPress={props.onRetry}>
        Try Again
      </Button>
    </div>
  );
}

/** Stands where the page will stand while the model is read, so that nothing moves when it comes. */
export function Skeleton({ note }: { readonly note: string }) {
  return (
    <div class="skeleton" role="status" aria-label={note}>
      <div class="skeleton-line title" />
      <div class="skeleton-line facts-line" />
      <div class="skeleton-totals">
        {[0, 1, 2, 3, 4].map((index) => (
          <div key={index}>
            <div class="skeleton-line figure-line" />
            <div class="skeleton-line label-line" />
          </div>
        ))}
      </div>
      {[0, 1, 2, 3, 4].map((index) => (
        <div class="skeleton-line bar-line" key={index} />
      ))}
      <p class="quiet">{note}</p>
    </div>
  );
}
