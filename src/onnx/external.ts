import type { ByteSource } from '../base/bytes';
import { UserError } from '../base/errors';
import { quoted } from '../base/quote';

/** Opens a file of external data by its `location`; throws `missingFile` or `unsafePath`. */
export type OpenExternal = (location: string) => ByteSource;

/**
 * The parts of a `location`, relative to the model's folder, '/' and '\\' alike. Throws `unsafePath` for one that is absolute,
 * names a drive, a device or a stream, or climbs out of the folder.
 */
export function locationParts(location: string): readonly string[] {
  const parts = location.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  const climbs = parts.includes('..');
  const absolute = /^[/\\]|^[a-z]:/i.test(location);
  if (climbs || absolute || parts.length === 0 || /[\0:]/.test(location)) {
    throw new UserError(
      'unsafePath',
      `The model wants its weights from ${quoted(location)}, outside its own folder; that is not allowed.`,
      'Models from an unknown source may try this to read private files; a sound model keeps its data beside it.',
    );
  }
  return parts;
}

/** For models that should have no external data, or when nobody may open it. */
export const noExternal: OpenExternal = (location) => {
  throw new UserError('missingFile', `The weights in ${quoted(location)} are not available here.`);
};
