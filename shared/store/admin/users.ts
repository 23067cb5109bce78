import { idOf, newId } from '@shared/domain/ids'
import { query, queryOne } from '../query.ts'
import { uuid } from '../render.ts'
import type { Client } from './audit.ts'

/** Somebody who can log in. */
export interface User {
  id: string
  email: string
  name: string
}

interface UserRow {
  id: string
  email: string
  name: string
}

const toUser = (row: UserRow): User => ({ id: idOf('user', row.id), email: row.email, name: row.name })

/** As addresses are kept and compared. */
export function plainEmail(email: string): string {
  return email.trim().toLowerCase()
}

/** With the hash of the password; null when nobody has this address, `passwordHash` null when there is none. */
export async function findUserByEmail(
  db: Client,
  email: string,
): Promise<(User & { passwordHash: string | null }) | null> {
  const row = await queryOne<UserRow & { password: string | null }>(
    db,
    {
      name: 'find_user_by_email',
      text: `select u.id, u.email, u.name, a.password from users u
             left join accounts a on a.user_id = u.id and a.provider_id = 'credential' where u.email = $1`,
    },
    [plainEmail(email)],
  )
  return row && { ...toUser(row), passwordHash: row.password }
}

/** Somebody new, with a password. Null: the address is taken. */
export async function insertUser(
  client: Client,
  { email, name, passwordHash }: { email: string; name: string; passwordHash: string },
): Promise<User | null> {
  const row = await queryOne<UserRow>(
    client,
    {
      name: 'insert_user',
      text: `with made as (
          insert into users (id, email, name) values ($1, $2, $3) on conflict (email) do nothing returning id, email, name
        ), account as (
          insert into accounts (id, user_id, provider_id, account_id, password)
            select $4, m.id, 'credential', m.id::text, $5 from made m
        )
        select id, email, name from made`,
    },
    [uuid('user', newId('user')), plainEmail(email), name, uuid('user', newId('user')), passwordHash],
  )
  return row && toUser(row)
}

export async function renameUser(client: Client, userId: string, name: string): Promise<void> {
  await query(
    client,
    { name: 'rename_user', text: 'update users set name = $2, updated_at = clock_timestamp() where id = $1' },
    [uuid('user', userId), name],
  )
}

/** Sets a new password, and ends all logins but one. Returns the ids of those that ended. */
export async function setPassword(
  client: Client,
  userId: string,
  passwordHash: string,
  keptLogin: string | null,
): Promise<string[]> {
  await query(
    client,
    {
      name: 'set_password',
      text: `insert into accounts (id, user_id, provider_id, account_id, password) values ($2, $1::uuid, 'credential', $1::uuid::text, $3)
             on conflict (provider_id, account_id) do update set password = $3, updated_at = clock_timestamp()`,
    },
    [uuid('user', userId), uuid('user', newId('user')), passwordHash],
  )
  const ended = await query<{ id: string }>(
    client,
    {
      name: 'end_other_logins',
      text: 'delete from login_sessions where user_id = $1 and id is distinct from $2 returning id',
    },
    [uuid('user', userId), keptLogin && uuid('loginSession', keptLogin)],
  )
  return ended.map(({ id }) => idOf('loginSession', id))
}
