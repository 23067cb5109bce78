import { AgentViewError, type ErrorDetail, notFound } from '@shared/domain/errors'
import type { JsonObject } from '@shared/domain/json'
import { compareVersions, parseVersion, versionForRun } from '@shared/domain/versions'
import { type MetadataCheck, compileMetadataCheck } from '@shared/contracts/sessionMetadata'
import { type TenantCheck, compileTenantSchema } from '@shared/contracts/tenantSchemas'
import { type AgentVersion, findActiveVersion, findAgentByName, findVersion } from '@shared/store/agents'
import type { Database } from '@shared/store/pool'
import type { SessionAccess } from '@shared/store/sessions'

/** The active version of an agent by its name. */
export async function agentByName(db: Database, organizationId: string, name: string): Promise<AgentVersion> {
  const agent = await findAgentByName(db, organizationId, name)
  if (!agent) throw notFound('agent')
  return agent
}

/**
 * Which version a session's next run uses: the active one when its major is that of the session's last run and it is
 * not lower, else the session's own. A request may name one that is compatible.
 */
export async function versionForMessage(
  db: Database,
  session: SessionAccess,
  wanted: string | undefined,
): Promise<AgentVersion> {
  const active = await findActiveVersion(db, session.agentId)
  if (!active) throw notFound('agent')
  const own = versionForRun(active.version, session.version)
  if (wanted !== undefined && wanted !== own) return wantedVersion(db, session, wanted)
  if (own === active.version) return active
  return (await findVersion(db, session.agentId, own)) ?? active
}

async function wantedVersion(db: Database, session: SessionAccess, wanted: string): Promise<AgentVersion> {
  const version = await findVersion(db, session.agentId, wanted)
  const parts = parseVersion(wanted)
  const last = session.version === null ? null : parseVersion(session.version)
  const compatible =
    parts !== null && (last === null || (last.major === parts.major && compareVersions(parts, last) >= 0))
  if (version && compatible) return version
  throw new AgentViewError('version_incompatible', `This session can't go on with version ${wanted}.`, {
    extra: { sessionVersion: session.version },
  })
}

interface InputChecks {
  input: Map<string, TenantCheck | null>
  metadata: MetadataCheck
}

/** Compiled once for each definition, which is immutable; found again by version id, as definitions are read anew. */
const compiled = new Map<string, InputChecks>()
const COMPILED_MAX = 1_000

function checksOf(version: AgentVersion): InputChecks {
  const known = compiled.get(version.id)
  if (known) return known
  const { runs } = version.definition
  const checks: InputChecks = {
    input: new Map(runs.map((run) => [run.type, run.input ? compileTenantSchema(run.input.schema) : null])),
    metadata: compileMetadataCheck(version.definition),
  }
  compiled.set(version.id, checks)
  if (compiled.size > COMPILED_MAX) compiled.delete(compiled.keys().next().value!)
  return checks
}

/** The run's type and its checked input; refuses with the path of what the agent's schema doesn't allow. */
export function checkInput(version: AgentVersion, runType: string | undefined, input: JsonObject): string {
  const checks = checksOf(version)
  const type = runType ?? version.definition.runs[0]!.type
  const check = checks.input.get(type)
  if (check === undefined) {
    const known = [...checks.input.keys()].join(', ')
    throw new AgentViewError('schema_violation', `The agent has no run type "${type}"; it has: ${known}.`, {
      details: [{ path: '/runType', message: `must be one of: ${known}` }],
    })
  }
  refuse(check?.(input) ?? null, '/input', 'The input does not fit the schema of this agent.')
  return type
}

/** Refuses metadata of a session that its agent's definition doesn't allow. */
export function checkSessionMetadata(version: AgentVersion, metadata: JsonObject): void {
  refuse(checksOf(version).metadata(metadata), '', 'The metadata does not fit the schema of this agent.')
}

function refuse(details: ErrorDetail[] | null, prefix: string, message: string): void {
  if (!details) return
  throw new AgentViewError('schema_violation', message, {
    details: details.map((detail) => ({ ...detail, path: prefix + detail.path })),
  })
}
