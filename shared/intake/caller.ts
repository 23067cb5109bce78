import type { RunClaims } from './runTokens.ts'

/** Who asks, once a credential was verified. Everything a request may touch is within its organization. */
export type Caller =
  | { kind: 'secret'; organizationId: string; keyId: string }
  | { kind: 'publishable'; organizationId: string; keyId: string }
  | EndUserCaller
  | ({ kind: 'run' } & RunClaims)

/** By a token of ours, of a family, or by one of the customer's own, beside a publishable key. */
interface EndUserCaller {
  kind: 'endUser'
  organizationId: string
  endUserId: string
  familyId?: string
  keyId?: string
  expiresAt: Date
}

/** A caller who may talk to agents. */
export type Talker = Exclude<Caller, { kind: 'publishable' | 'run' }>

/** The scope that every query of a caller's is bound to; an end user sees only what is his. */
export function scopeOf(caller: Caller): { organizationId: string; endUserId: string | null } {
  return { organizationId: caller.organizationId, endUserId: caller.kind === 'endUser' ? caller.endUserId : null }
}

/** Whose idempotency keys these are. */
export function principalOf(caller: Caller): string {
  if (caller.kind === 'run') return caller.runId
  return caller.kind === 'endUser' ? caller.endUserId : caller.keyId
}

/** By whose right he reads: when one of these is revoked or erased, his connections are cut. */
export function principalsOf(caller: Caller): string[] {
  if (caller.kind === 'run') return []
  if (caller.kind !== 'endUser') return [caller.keyId]
  return [caller.endUserId, caller.familyId, caller.keyId].filter((principal) => principal !== undefined)
}

/** What a long answer hangs on. */
export function rightOf(caller: Caller): { until: Date | null; principals: readonly string[] } {
  return { until: expiryOf(caller), principals: principalsOf(caller) }
}

/** When the right to read ends that a long answer was begun with; null: not by itself. */
export function expiryOf(caller: Caller): Date | null {
  return caller.kind === 'endUser' ? caller.expiresAt : null
}
