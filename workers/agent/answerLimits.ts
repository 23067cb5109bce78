import { type Json, findJsonFault } from '@shared/domain/json'
import type { Patch } from '@shared/domain/patch'
import { tunables } from '@shared/domain/tunables'
import { invalidOutput } from './agentFailure.ts'

/** So many bytes are measured in the time of one unit of work. */
export const BYTES_PER_WORK = 16

/** The bytes of a value as JSON. */
export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value))
}

export function refuseLarge(what: string, bytes: number, limit: number = tunables.itemBytes): void {
  if (bytes > limit) throw invalidOutput(`The agent app sent ${what} of more than ${limit} bytes.`)
}

/** By how many bytes a patch makes an item larger at most; what it takes away is not subtracted. */
export function growthOf(patch: Patch): number {
  let bytes = 0
  for (const operation of patch) {
    if (operation.op === 'remove') continue
    // Quotes or brackets of what is appended are there already; an added member brings its key, quotes, colon, comma.
    if (operation.op === 'append') bytes += jsonBytes(operation.value) - 1
    else bytes += jsonBytes(operation.value) + Buffer.byteLength(JSON.stringify(operation.path)) + 2
  }
  return bytes
}

/** A patch may not nest an item deeper than the item could have been sent at once. */
export function refuseDeep(patch: Patch): void {
  for (const operation of patch) {
    if (operation.op === 'remove' || typeof operation.value === 'string') continue
    const above = operation.path.split('/').length - 1
    const fault = findJsonFault(operation.value, tunables.jsonDepth - above)
    if (fault) throw invalidOutput(`The agent app sent a patch with a value that ${fault.message}.`)
  }
}
