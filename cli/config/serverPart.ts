import { STUDIO_MEMBERS, ServerConfig } from '@shared/contracts/config'
import { isObject } from '@shared/domain/json'
import { absenceOf } from './absent.ts'
import { ConfigMistake, type Path } from './configError.ts'
import { nearestName } from './nearestName.ts'
import { isForeignSchema, toJsonSchema } from './toJsonSchema.ts'

/** As much of a JSON Schema as the contract of the config uses. */
interface Shape {
  type?: string
  properties?: Record<string, Shape>
  required?: readonly string[]
  items?: Shape
  additionalProperties?: Shape | boolean
}

const CONFIG_SHAPE: unknown = ServerConfig

/**
 * What of a config the server reads, along its contract: Studio's members are left out, schemas become JSON Schema.
 * Throws ConfigMistake for a member that neither knows. Values are left for the contract's check.
 */
export function serverPart(config: unknown, configFile: string): unknown {
  return partOf(config, CONFIG_SHAPE as Shape, [], configFile)
}

function partOf(value: unknown, shape: Shape, path: Path, configFile: string): unknown {
  if (shape.type === 'object' && !shape.properties && !shape.additionalProperties)
    return toJsonSchema(value, path, configFile)
  const absence = absenceOf(value)
  if (absence) throw new ConfigMistake(path, `comes from "${absence.name}", which ${absence.reason}`)
  if (shape.type === 'object' && isForeignSchema(value)) {
    const wanted = shape.properties?.['schema'] ? '{ schema: … } around it' : 'an object with a schema for each key'
    throw new ConfigMistake(path, `is itself a schema; expected is ${wanted}`)
  }
  if (shape.items && Array.isArray(value)) {
    const { items } = shape
    return value.map((element: unknown, index) => partOf(element, items, [...path, index], configFile))
  }
  return shape.type === 'object' && isObject(value) ? membersOf(value, shape, path, configFile) : value
}

function membersOf(value: object, shape: Shape, path: Path, configFile: string): Record<string, unknown> {
  const part: Record<string, unknown> = {}
  const forStudio = STUDIO_MEMBERS[contractPath(path)] ?? []
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (forStudio.includes(name)) continue
    const known = shape.properties?.[name] ?? shape.additionalProperties
    if (typeof known !== 'object')
      throw unknownMember(path, name, [...Object.keys(shape.properties ?? {}), ...forStudio])
    if (member !== undefined) part[name] = partOf(member, known, [...path, name], configFile)
    else if (shape.required?.includes(name)) throw new ConfigMistake([...path, name], 'is undefined, but must be given')
  }
  return part
}

function unknownMember(path: Path, name: string, known: readonly string[]): ConfigMistake {
  const nearest = nearestName(name, known)
  const hint = nearest === undefined ? `known here: ${known.join(', ')}` : `did you mean "${nearest}"?`
  return new ConfigMistake([...path, name], `is not known; ${hint}`)
}

/** The path as STUDIO_MEMBERS names it: `/agents`, any index, `/runs`. */
function contractPath(path: Path): string {
  return path.map((segment) => `/${typeof segment === 'number' ? '*' : segment}`).join('')
}
