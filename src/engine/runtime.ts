import { messageOf, UserError } from '../base/errors';
import type { RuntimeFacts } from '../protocol/engineApi';
import { engineFolder } from '../protocol/temporary';
import type { Runner } from '../runtime/runner';
import { dieWithParent } from './watchdog';

let runner: Promise<Runner> | undefined;

/** ONNX Runtime, loaded when it is first needed: inspecting never does. Throws `unsupported` on systems that it is not made for. */
export function loadRunner(): Promise<Runner> {
  return (runner ??= load());
}

async function load(): Promise<Runner> {
  dieWithParent(engineFolder(process.pid));
  try {
    const { ortRunner } = await import('../runtime/ort');
    return ortRunner();
  } catch (error) {
    const system = `${process.platform} ${process.arch}`;
    throw new UserError(
      'unsupported',
      `ONNX Runtime cannot be loaded on this system (${system}): ${firstLine(messageOf(error))}`,
      'Models can be inspected here, but not run.',
    );
  }
}

const firstLine = (text: string) => text.split('\n')[0] ?? text;

/** What would run models here. Loads the runtime. */
export async function runtimeFacts(): Promise<RuntimeFacts> {
  const { version, providers } = await loadRunner();
  const isElectron = 'electron' in process.versions;
  return {
    version,
    providers: [...providers],
    node: `${isElectron ? 'the editor’s Node' : 'Node'} ${process.version} (${process.execPath})`,
  };
}
