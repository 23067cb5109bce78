import { type Json, type JsonObject, isObject } from '@shared/domain/json'

/** A score that members may give an output, as the version's definition has it. */
export interface ScoreDefinition {
  name: string
  title: string
  kind: string
  schema: JsonObject
}

/** What members may give outputs of a run type. */
export function readDefinitions(definition: JsonObject | undefined, runType: string | undefined): ScoreDefinition[] {
  const runs = listOf(definition?.runs)
  const run = runs.find((each) => each.type === runType)
  const output = run && isObject(run.output) ? run.output : {}
  return listOf(output.scores).flatMap(({ name, title, kind, schema }) => {
    if (typeof name !== 'string' || !isObject(schema)) return []
    const shown = { title: typeof title === 'string' ? title : name, kind: typeof kind === 'string' ? kind : '' }
    return [{ name, ...shown, schema }]
  })
}

/** The options of a `select`, or of a `multiSelect`. */
export function optionsOf({ schema }: ScoreDefinition): string[] {
  const source = isObject(schema.items) ? schema.items : schema
  const options = Array.isArray(source.enum) ? source.enum : []
  return options.filter((option) => typeof option === 'string')
}

/** The highest value of a `rating`. */
export function highestOf({ schema }: ScoreDefinition): number {
  return typeof schema.maximum === 'number' ? Math.min(schema.maximum, 10) : 5
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
