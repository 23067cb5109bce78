import { idOf } from '@shared/domain/ids'
import type { Database } from './pool.ts'
import { query, queryOne } from './query.ts'
import { uuid } from './render.ts'

/** How the customer's own JWTs are verified: by a shared secret or by the keys at a URL. */
export interface CustomerAuth {
  issuer?: string
  audience?: string
  /** Sealed with AGENTVIEW_SECRET. */
  sharedSecret?: string
  jwksUrl?: string
}

export interface OrganizationSettings {
  /** Origins of web pages that may call the Client API, e.g. `https://shop.example`. */
  allowedOrigins: string[]
  /** Any port of localhost and 127.0.0.1 as well; for development. */
  allowLocalOrigins: boolean
  customerAuth?: CustomerAuth
}

export interface Organization {
  id: string
  name: string
  settings: OrganizationSettings
  /** Encrypted with AGENTVIEW_SECRET. */
  agentSigningSecret: string
}

interface OrganizationRow {
  id: string
  name: string
  settings: Partial<OrganizationSettings>
  agent_signing_secret: string
}

function toOrganization(row: OrganizationRow): Organization {
  return {
    id: idOf('organization', row.id),
    name: row.name,
    settings: {
      allowedOrigins: row.settings.allowedOrigins ?? [],
      allowLocalOrigins: row.settings.allowLocalOrigins ?? false,
      ...(row.settings.customerAuth && { customerAuth: row.settings.customerAuth }),
    },
    agentSigningSecret: row.agent_signing_secret,
  }
}

export async function insertOrganization(db: Pick<Database, 'query'>, organization: Organization): Promise<void> {
  await query(
    db,
    {
      name: 'insert_organization',
      text: 'insert into organizations (id, name, settings, agent_signing_secret) values ($1, $2, $3, $4)',
    },
    [
      uuid('organization', organization.id),
      organization.name,
      JSON.stringify(organization.settings),
      organization.agentSigningSecret,
    ],
  )
}

export async function findOrganization(db: Database, id: string): Promise<Organization | null> {
  const row = await queryOne<OrganizationRow>(
    db,
    {
      name: 'find_organization',
      text: 'select id, name, settings, agent_signing_secret from organizations where id = $1',
    },
    [uuid('organization', id)],
  )
  return row && toOrganization(row)
}

/** The organization that was made first; null in an empty database. */
export async function findFirstOrganization(db: Pick<Database, 'query'>): Promise<Organization | null> {
  const row = await queryOne<OrganizationRow>(
    db,
    {
      name: 'find_first_organization',
      text: 'select id, name, settings, agent_signing_secret from organizations order by created_at, id limit 1',
    },
    [],
  )
  return row && toOrganization(row)
}

/** Every organization's settings that decide which web pages may ask at all (a preflight names no organization). */
export async function listOriginSettings(db: Database): Promise<OrganizationSettings[]> {
  const rows = await query<OrganizationRow>(
    db,
    { name: 'list_origin_settings', text: 'select id, name, settings, agent_signing_secret from organizations' },
    [],
  )
  return rows.map((row) => toOrganization(row).settings)
}

/** Says from now on how the customer's own JWTs are verified; null: there are none. */
export async function setCustomerAuth(
  db: Pick<Database, 'query'>,
  organizationId: string,
  auth: CustomerAuth | null,
): Promise<void> {
  await query(
    db,
    {
      name: 'set_customer_auth',
      text: `update organizations set settings = (settings - 'customerAuth')
               || case when $2::jsonb is null then '{}' else jsonb_build_object('customerAuth', $2::jsonb) end
             where id = $1`,
    },
    [uuid('organization', organizationId), auth && JSON.stringify(auth)],
  )
}
