import { type Role, runProcess } from './runProcess.ts'
import { type Settings, SettingsError, readSettings } from './settings.ts'

export interface RoleOptions {
  /** Also run the example agents. */
  examples?: boolean
  /** Runs at once, instead of what the settings say. */
  concurrency?: number
}

/** Runs roles until a signal; a second signal ends at once. Throws SettingsError and what prevents a start. */
export async function runRoles(roles: Role[], version: string, options: RoleOptions): Promise<void> {
  const read = readSettings(process.env)
  const settings = { ...read, concurrency: options.concurrency ?? read.concurrency }
  if (settings.databaseUrl === null && roles.length === 1) {
    throw new SettingsError(
      `"agentview ${roles[0]}" runs one role of a cluster: set DATABASE_URL, or use "agentview start".`,
    )
  }
  let stopAsked = false
  const begun = runProcess({ settings, roles, examples: options.examples ?? false, version, onNotice: console.error })
  const stop = async () => {
    if (stopAsked) process.exit(130)
    stopAsked = true
    await begun.then(
      (running) => running.stop(),
      () => undefined,
    )
    process.exit(0)
  }
  process.on('SIGINT', () => void stop())
  process.on('SIGTERM', () => void stop())
  const running = await begun
  if (!stopAsked) console.log(banner(settings, roles, running))
}

function banner(
  settings: Settings,
  roles: Role[],
  { port, credentials, agents }: Awaited<ReturnType<typeof runProcess>>,
): string {
  const url = `http://localhost:${port}`
  if (!credentials) return `AgentView ${roles.join(' + ')} is ready on ${url}`
  return [
    '',
    `  AgentView is ready on ${url}`,
    '',
    `  Studio        ${url}/studio/`,
    `  Chat          ${url}/demo/`,
    `  Client API    ${url}/openapi.json`,
    `  Admin API     ${url}/admin/v1/docs`,
    `  Agents        ${agents.join(', ') || 'none yet: see README, "A first agent"'}`,
    '',
    ...(credentials.owner
      ? [`  Log in as        ${credentials.owner.email}`, `  Password         ${credentials.owner.password}`]
      : []),
    `  Secret key       ${credentials.secretKey}`,
    `  Publishable key  ${credentials.publishableKey}`,
    `  (also in ${settings.dataFolder}/credentials.json)`,
    '',
    '  Ctrl-C stops it.',
    '',
  ].join('\n')
}
