import type { Profile } from '../protocol/types';

/**
 * What was measured of a layer. Ids come from files: an id such as `constructor` must not find what every object has.
 */
export function layerTime(
  profile: Profile | undefined,
  id: string,
): Profile['layers'][string] | undefined {
  return profile && Object.hasOwn(profile.layers, id) ? profile.layers[id] : undefined;
}

/** Median time of a node in milliseconds; undefined where it was not measured. */
export function nodeTime(profile: Profile | undefined, id: string): number | undefined {
  return profile && Object.hasOwn(profile.nodes, id) ? profile.nodes[id] : undefined;
}
