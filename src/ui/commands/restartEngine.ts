import type { Services } from '../services';

/** Ends the engine's processes and reads again what had not been read. */
export async function restartEngineCommand({ engine, models, log }: Services): Promise<void> {
  log.info('Restarting the engine.');
  engine.restart();
  await Promise.all(
    models.all
      .filter((model) => !model.inspection || model.isReading)
      .map((model) => model.reload()),
  );
}
