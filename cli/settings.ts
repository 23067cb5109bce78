import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { tunables } from '@shared/domain/tunables'
import type { HolderKind, LimitSettings } from '@shared/limits/settings'
import { createOutboundGuard } from '@shared/outbound/guard'

/** A setting that is missing or wrong; told in one line. */
export class SettingsError extends Error {}

interface Setting {
  name: string
  /** As shown to people; what applies when it isn't set. */
  fallback: string
  meaning: string
}

/** Every setting from the environment; `agentview --help`, .env.example and docs/configuration.md say the same. */
export const SETTINGS = [
  { name: 'PORT', fallback: '4000', meaning: 'port of HTTP and Socket.IO' },
  { name: 'HOST', fallback: '127.0.0.1 (embedded), 0.0.0.0 (with DATABASE_URL)', meaning: 'address to listen on' },
  {
    name: 'DATABASE_URL',
    fallback: 'embedded Postgres',
    meaning: 'a Postgres, 14 or newer: postgres://user:password@host:5432/name',
  },
  {
    name: 'REDIS_URL',
    fallback: 'none: queue and pub/sub run on Postgres',
    meaning: 'a Redis, 6.2 or newer: redis://host:6379',
  },
  { name: 'AGENTVIEW_DATA', fallback: '.agentview', meaning: 'folder of the embedded data and of credentials.json' },
  { name: 'AGENTVIEW_CONFIG', fallback: 'agentview.config.ts', meaning: 'the file that defines your agents' },
  {
    name: 'AGENTVIEW_SECRET',
    fallback: 'generated and kept (embedded), else required',
    meaning: 'signs end-user tokens and seals stored secrets; at least 32 characters',
  },
  {
    name: 'AGENTVIEW_AUTO_MIGRATE',
    fallback: '0',
    meaning: '1: processes migrate and bootstrap the database when they start',
  },
  {
    name: 'AGENTVIEW_DRAIN_MS',
    fallback: '2000 (embedded), 20000 (with DATABASE_URL)',
    meaning: 'how long a stopping worker waits for its runs before it gives them back',
  },
  {
    name: 'AGENTVIEW_POOL',
    fallback: '20',
    meaning: 'connections to Postgres that one process opens at most, apart from the queue’s',
  },
  {
    name: 'AGENTVIEW_LEASE_MS',
    fallback: '15000',
    meaning: 'how long a worker that gives no sign of life keeps its runs; the same for every process',
  },
  {
    name: 'AGENTVIEW_EVENT_DAYS',
    fallback: '30',
    meaning: 'for how many days the events of ended runs are kept; items and runs stay',
  },
  {
    name: 'AGENTVIEW_ALLOW_HOSTS',
    fallback: '127.0.0.0/8,::1 (embedded), none (with DATABASE_URL)',
    meaning:
      'agent apps, webhooks and key sets may also be here, not only on the public internet: IP addresses, ranges (10.0.0.0/8) and host names, with commas',
  },
  {
    name: 'AGENTVIEW_TRUSTED_PROXIES',
    fallback: '0',
    meaning:
      'how many proxies of yours each request comes through; so many addresses at the end of X-Forwarded-For are believed',
  },
  {
    name: 'AGENTVIEW_RATE_USER',
    fallback: '3000',
    meaning: 'requests and socket messages a minute of one end user; 0: without limit, as for all of these',
  },
  {
    name: 'AGENTVIEW_RATE_KEY',
    fallback: '300000',
    meaning: 'requests and socket messages a minute by one secret key, or by the token of one run',
  },
  {
    name: 'AGENTVIEW_RATE_ADDRESS',
    fallback: '0 (embedded), 600 (with DATABASE_URL)',
    meaning: 'requests a minute by publishable keys from one address, and failed logins',
  },
  {
    name: 'AGENTVIEW_CONNECTIONS_USER',
    fallback: '1000',
    meaning: 'streams and sockets of one end user that one process holds at once',
  },
  {
    name: 'AGENTVIEW_CONNECTIONS_KEY',
    fallback: '10000',
    meaning: 'streams and sockets by one secret key that one process holds at once',
  },
  {
    name: 'AGENTVIEW_CONNECTIONS_ADDRESS',
    fallback: '0 (embedded), 10000 (with DATABASE_URL)',
    meaning: 'streams and sockets from one address that one process holds at once',
  },
  {
    name: 'AGENTVIEW_URL',
    fallback: 'http://localhost:PORT',
    meaning: 'where browsers reach AgentView: stands in links, and with https cookies are for https only',
  },
  {
    name: 'AGENTVIEW_SMTP_URL',
    fallback: 'none: invitations are only shown',
    meaning: 'a mail server that invitations are sent by: smtp://user:password@host:587, or smtps://…:465',
  },
  {
    name: 'AGENTVIEW_MAIL_FROM',
    fallback: 'AgentView <agentview@localhost>',
    meaning: 'whom mails come from',
  },
  { name: 'WORKER_CONCURRENCY', fallback: '32', meaning: 'runs that one worker carries out at once' },
  {
    name: 'LOG_LEVEL',
    fallback: 'warn (embedded), info (with DATABASE_URL)',
    meaning: 'trace, debug, info, warn, error, fatal or silent',
  },
] as const satisfies Setting[]

const DAY_MS = 24 * 3_600_000

type SettingName = (typeof SETTINGS)[number]['name']

export interface Settings {
  port: number
  host: string
  /** Null: the embedded Postgres. */
  databaseUrl: string | null
  /** Null: the broker runs on Postgres. */
  redisUrl: string | null
  dataFolder: string
  /** `explicit`: somebody named it, so it must be there. */
  config: { file: string; explicit: boolean }
  /** Null: embedded, generated and kept. */
  secret: string | null
  autoMigrate: boolean
  drainMs: number
  pool: number
  leaseMs: number
  /** How long events are kept, in ms. */
  eventRetentionMs: number
  /** What calls to the outside may reach beyond the public internet. */
  allowHosts: string[]
  limits: LimitSettings
  /** Null: localhost, on the port that it listens on. */
  publicUrl: string | null
  /** Null: no mail is sent. */
  mail: { url: string; from: string } | null
  concurrency: number
  logLevel: string
}

/** Reads and checks the environment, once. Throws SettingsError with what to change. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const text = (name: SettingName): string | null => environment[name]?.trim() || null
  const databaseUrl = url('DATABASE_URL', text('DATABASE_URL'), ['postgres:', 'postgresql:'])
  const redisUrl = url('REDIS_URL', text('REDIS_URL'), ['redis:', 'rediss:'])
  if (redisUrl && !databaseUrl) {
    throw new SettingsError('REDIS_URL is set but DATABASE_URL is not: set both, or neither for the embedded services.')
  }
  const embedded = databaseUrl === null
  const secret = text('AGENTVIEW_SECRET')
  if (secret !== null && secret.length < 32)
    throw new SettingsError('AGENTVIEW_SECRET is too short: use at least 32 random characters.')
  if (secret === null && !embedded) {
    throw new SettingsError(
      'AGENTVIEW_SECRET is required with DATABASE_URL: set it to at least 32 random characters, the same for every process.',
    )
  }
  return {
    port: whole('PORT', text('PORT'), 4_000, 0, 65_535),
    host: text('HOST') ?? (embedded ? '127.0.0.1' : '0.0.0.0'),
    databaseUrl,
    redisUrl,
    dataFolder: path.resolve(text('AGENTVIEW_DATA') ?? '.agentview'),
    config: {
      file: path.resolve(text('AGENTVIEW_CONFIG') ?? 'agentview.config.ts'),
      explicit: text('AGENTVIEW_CONFIG') !== null,
    },
    secret,
    autoMigrate: embedded || text('AGENTVIEW_AUTO_MIGRATE') === '1',
    drainMs: whole('AGENTVIEW_DRAIN_MS', text('AGENTVIEW_DRAIN_MS'), embedded ? 2_000 : 20_000, 0, 600_000),
    pool: whole('AGENTVIEW_POOL', text('AGENTVIEW_POOL'), 20, 4, 500),
    leaseMs: whole('AGENTVIEW_LEASE_MS', text('AGENTVIEW_LEASE_MS'), tunables.lease, 1_000, 600_000),
    eventRetentionMs:
      whole('AGENTVIEW_EVENT_DAYS', text('AGENTVIEW_EVENT_DAYS'), tunables.eventRetention / DAY_MS, 1, 36_500) * DAY_MS,
    allowHosts: hosts('AGENTVIEW_ALLOW_HOSTS', text('AGENTVIEW_ALLOW_HOSTS') ?? (embedded ? '127.0.0.0/8,::1' : '')),
    limits: limitsFrom(text, embedded),
    publicUrl: publicUrlIn(text('AGENTVIEW_URL')),
    mail: mailIn(text('AGENTVIEW_SMTP_URL'), text('AGENTVIEW_MAIL_FROM')),
    concurrency: whole('WORKER_CONCURRENCY', text('WORKER_CONCURRENCY'), 32, 1, 2_000),
    logLevel: oneOf('LOG_LEVEL', text('LOG_LEVEL') ?? (embedded ? 'warn' : 'info')),
  }
}

/** Embedded, all clients may have one address: that of this machine. */
function limitsFrom(text: (name: SettingName) => string | null, embedded: boolean): LimitSettings {
  const most = 999_999_999
  const read = (name: SettingName, fallback: number) => whole(name, text(name), fallback, 0, most)
  const rates: Record<HolderKind, number> = {
    user: read('AGENTVIEW_RATE_USER', 3_000),
    key: read('AGENTVIEW_RATE_KEY', 300_000),
    address: read('AGENTVIEW_RATE_ADDRESS', embedded ? 0 : 600),
  }
  const connections: Record<HolderKind, number> = {
    user: read('AGENTVIEW_CONNECTIONS_USER', 1_000),
    key: read('AGENTVIEW_CONNECTIONS_KEY', 10_000),
    address: read('AGENTVIEW_CONNECTIONS_ADDRESS', embedded ? 0 : 10_000),
  }
  const trustedProxies = whole('AGENTVIEW_TRUSTED_PROXIES', text('AGENTVIEW_TRUSTED_PROXIES'), 0, 0, 20)
  return { rates, connections, trustedProxies }
}

/** The secret that signs and seals; in embedded mode it is made at the first start and kept in the data folder. */
export async function resolveSecret(settings: Settings): Promise<string> {
  if (settings.secret !== null) return settings.secret
  const file = path.join(settings.dataFolder, 'secret')
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch {
    await mkdir(settings.dataFolder, { recursive: true })
    const secret = randomBytes(32).toString('base64url')
    await writeFile(file, `${secret}\n`, { mode: 0o600, flag: 'wx' })
    return secret
  }
}

function url(name: SettingName, value: string | null, protocols: string[]): string | null {
  if (value === null) return null
  const protocol = URL.canParse(value) ? new URL(value).protocol : null
  if (protocol === null || !protocols.includes(protocol)) {
    throw new SettingsError(
      `${name} is not a URL that begins with ${protocols.map((known) => `${known}//`).join(' or ')}.`,
    )
  }
  return value
}

/** Without a path: cookies and links are for the whole of it. */
function publicUrlIn(value: string | null): string | null {
  const found = url('AGENTVIEW_URL', value, ['http:', 'https:'])
  if (found === null) return null
  const { origin, pathname, search } = new URL(found)
  if (pathname === '/' && search === '') return origin
  throw new SettingsError(`AGENTVIEW_URL has a path: give scheme, host and port only, e.g. ${origin}.`)
}

function mailIn(value: string | null, from: string | null): Settings['mail'] {
  const server = url('AGENTVIEW_SMTP_URL', value, ['smtp:', 'smtps:'])
  return server === null ? null : { url: server, from: from ?? 'AgentView <agentview@localhost>' }
}

function whole(name: SettingName, value: string | null, fallback: number, least: number, most: number): number {
  if (value === null) return fallback
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw new SettingsError(`${name} is "${value}": it must be a whole number from ${least} to ${most}.`)
}

function hosts(name: SettingName, value: string): string[] {
  const list = value.split(',').flatMap((entry) => entry.trim() || [])
  try {
    createOutboundGuard(list)
  } catch (error) {
    throw new SettingsError(`${name}: ${error instanceof Error ? error.message : String(error)}.`)
  }
  return list
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

function oneOf(name: SettingName, value: string): string {
  if (LEVELS.includes(value)) return value
  throw new SettingsError(`${name} is "${value}": it must be one of ${LEVELS.join(', ')}.`)
}

/** The database of a cluster. Throws SettingsError where there is none to speak of. */
export function databaseUrlOf(settings: Settings): string {
  if (settings.databaseUrl === null)
    throw new SettingsError('Set DATABASE_URL; the embedded Postgres needs no preparation.')
  return settings.databaseUrl
}
