import type { Part, Role, Unit } from '../base/terms';
import type { Shapes } from '../onnx/shapes/shapes';
import type { Structure } from '../structure/structure';
import { candidatesOf } from './candidates';
import { layerSubject, type Subject, type SweepLayer } from './sweep';
import { blockSubjects } from './units/blocks';
import { headSubjects } from './units/heads';
import type { Unnamed } from './weightChange';

/** Something to ask about, with what tables say of it. */
export interface UnitSubject extends Subject {
  readonly unit: Unit;
  readonly name: string;
  readonly part: Part;
  readonly role: Role;
  /** Index into `Structure.blocks`, or undefined outside blocks. */
  readonly block: number | undefined;
  /** How it is taken away, for blocks and heads; what becomes of a layer is the probe's to say. */
  readonly removal?: Unnamed;
}

/** What can be asked about, and what cannot with the reason. */
export interface UnitSubjects {
  readonly subjects: readonly UnitSubject[];
  readonly skipped: readonly { readonly id: string; readonly why: string }[];
}

/** Everything of a unit that can be asked about, in the model's order. */
export function subjectsOf(structure: Structure, shapes: Shapes, unit: Unit): UnitSubjects {
  return finders[unit](structure, shapes);
}

const finders = {
  layer: layerSubjects,
  block: blockSubjects,
  head: headSubjects,
} as const satisfies Record<Unit, (structure: Structure, shapes: Shapes) => UnitSubjects>;

function layerSubjects(structure: Structure): UnitSubjects {
  const { layers, skipped } = candidatesOf(structure);
  return {
    subjects: layers.map(subjectOfLayer),
    skipped: skipped.map(({ layer, why }) => ({ id: layer.id, why })),
  };
}

/** A layer with what tables say of it. */
function subjectOfLayer(each: SweepLayer): UnitSubject {
  const { name, part, role, block } = each.layer;
  return { ...layerSubject(each), unit: 'layer', name, part, role, block };
}
