import { hashPassword } from '@services/admin/login/passwords'
import { writeAudit } from '@shared/store/admin/audit'
import { listMemberships } from '@shared/store/admin/members'
import { findUserByEmail, setPassword } from '@shared/store/admin/users'
import { inTransaction } from '@shared/store/query'
import { readCredentials, writeCredentials } from './credentials.ts'
import { newPassword } from './firstOwner.ts'
import { withTarget } from './publish/target.ts'
import { type Settings, SettingsError } from './settings.ts'

/** Gives a person a new password and shows it; all logins of this person end. For whoever can reach the database. */
export async function resetPassword(settings: Settings, email: string): Promise<void> {
  const password = newPassword()
  const passwordHash = await hashPassword(password)
  await withTarget(settings, async ({ db }) => {
    const user = await findUserByEmail(db, email)
    if (!user) throw new SettingsError(`Nobody has the e-mail address ${email}: invite them from Studio.`)
    await inTransaction(db, 'begin', async (client) => {
      await setPassword(client, user.id, passwordHash, null)
      for (const { organization } of await listMemberships(client, user.id)) {
        const by = { organizationId: organization.id, memberId: null, requestId: 'reset-password', address: null }
        await writeAudit(client, by, { action: 'user.resetPassword', target: user.id })
      }
    })
    const kept = await readCredentials(settings.dataFolder)
    if (kept?.owner?.email === user.email)
      await writeCredentials(settings.dataFolder, { ...kept, owner: { email: user.email, password } })
    console.log(`New password of ${user.email}: ${password}`)
  })
}
