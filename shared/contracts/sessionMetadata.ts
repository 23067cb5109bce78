import type { AgentDefinition } from '@shared/domain/agents'
import type { ErrorDetail } from '@shared/domain/errors'
import { type JsonObject, escapePointer } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { compileTenantSchema } from './tenantSchemas.ts'

/** Where metadata of a session doesn't fit its agent's definition; null when it fits. */
export type MetadataCheck = (metadata: JsonObject) => ErrorDetail[] | null

/** Compiled once for each definition, which is immutable. */
const compiled = new WeakMap<AgentDefinition, MetadataCheck>()

/**
 * Why an agent app may not change a session's metadata so; null when it may. Checked like a client's, and bounded
 * together with what the session has already. A null takes a key away, and needs to fit nothing.
 */
export function findMetadataFault(
  definition: AgentDefinition,
  before: JsonObject,
  change: JsonObject,
): ErrorDetail[] | null {
  const check = compiled.get(definition) ?? compileMetadataCheck(definition)
  compiled.set(definition, check)
  const set = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null))
  const kept = Object.fromEntries(Object.entries(before).filter(([key]) => !Object.hasOwn(change, key)))
  const bytes = Buffer.byteLength(JSON.stringify({ ...kept, ...set }))
  if (bytes > tunables.metadataBytes) {
    const cap = tunables.metadataBytes
    return [{ path: '/metadata', message: `would have ${bytes} bytes in its session; ${cap} are allowed` }]
  }
  return check(set)
}

/** Compiles what an agent's definition says of the metadata of its sessions, for whoever sets them. */
export function compileMetadataCheck({ metadata: schemas, allowUnknownMetadata }: AgentDefinition): MetadataCheck {
  const checks = new Map(Object.entries(schemas ?? {}).map(([key, schema]) => [key, compileTenantSchema(schema)]))
  return (metadata) => {
    for (const [key, value] of Object.entries(metadata)) {
      const prefix = `/metadata/${escapePointer(key)}`
      const check = checks.get(key)
      if (!check && schemas && !allowUnknownMetadata) return [{ path: prefix, message: 'is not known to this agent' }]
      const details = check?.(value)
      if (details) return details.map((detail) => ({ ...detail, path: prefix + detail.path }))
    }
    return null
  }
}
