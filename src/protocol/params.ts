/** What a parameter of an action may be: forms, the recipe's schema, its checks and the command line all come from this. */
export type ParamSpec =
  | {
      readonly kind: 'choice';
      readonly title: string;
      readonly help: string;
      /** Value → what it means. */
      readonly options: Readonly<Record<string, string>>;
      readonly default: string;
    }
  | {
      readonly kind: 'integer' | 'number';
      readonly title: string;
      readonly help: string;
      readonly min: number;
      readonly max: number;
      readonly default: number;
    }
  | {
      readonly kind: 'boolean';
      readonly title: string;
      readonly help: string;
      readonly default: boolean;
    };

export type ParamSpecs = Readonly<Record<string, ParamSpec>>;

/** The values of `S`, typed by its specs. */
export type ParamsOf<S extends ParamSpecs> = {
  readonly [K in keyof S]: S[K] extends { kind: 'choice'; options: infer O }
    ? keyof O & string
    : S[K] extends { kind: 'boolean' }
      ? boolean
      : number;
};

/** One thing wrong with a value, in the user's words. */
export interface ParamProblem {
  readonly name: string;
  readonly message: string;
}

/** Values with defaults where they are missing, and what is wrong with those that are there. */
export function readParams<S extends ParamSpecs>(
  specs: S,
  given: Readonly<Record<string, unknown>>,
): { params: ParamsOf<S>; problems: ParamProblem[] } {
  const problems: ParamProblem[] = Object.keys(given)
    .filter((name) => !Object.hasOwn(specs, name))
    .map((name) => ({
      name,
      message: `“${name}” is not a parameter here. ${listed(Object.keys(specs))}`,
    }));
  const params: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = given[name];
    const message = value === undefined ? undefined : problemWith(name, spec, value);
    if (message) problems.push({ name, message });
    params[name] = value === undefined || message ? spec.default : value;
  }
  return { params: params as ParamsOf<S>, problems };
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'There are none.' : `There are: ${names.join(', ')}.`;
}

function problemWith(name: string, spec: ParamSpec, value: unknown): string | undefined {
  switch (spec.kind) {
    case 'choice':
      return typeof value === 'string' && Object.hasOwn(spec.options, value)
        ? undefined
        : `“${name}” must be one of ${Object.keys(spec.options).join(', ')}.`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `“${name}” must be true or false.`;
    case 'integer':
    case 'number': {
      const fits =
        typeof value === 'number' &&
        value >= spec.min &&
        value <= spec.max &&
        (spec.kind === 'number' || Number.isInteger(value));
      const what = spec.kind === 'integer' ? 'a whole number' : 'a number';
      return fits ? undefined : `“${name}” must be ${what} from ${spec.min} to ${spec.max}.`;
    }
  }
}
