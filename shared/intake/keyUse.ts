import { tunables } from '@shared/domain/tunables'
import { noteKeyUse } from '@shared/store/admin/apiKeys'
import type { Database } from '@shared/store/pool'

/** Notes that keys are used, so that people see which are not; seldom, never awaited, and no matter when it fails. */
export function createKeyUse(db: Database): (keyId: string) => void {
  const noted = new Map<string, number>()
  return (keyId) => {
    const now = performance.now()
    if (now - (noted.get(keyId) ?? Number.NEGATIVE_INFINITY) < tunables.admin.keyUse) return
    noted.set(keyId, now)
    noteKeyUse(db, [keyId]).catch(() => noted.delete(keyId))
  }
}
