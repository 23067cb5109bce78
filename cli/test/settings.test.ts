import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { withAccessTable } from '../adminTexts.ts'
import { SETTINGS, SettingsError, readSettings } from '../settings.ts'
import { envExample, helpText, withTable } from '../settingsTexts.ts'

const read = (file: string) => readFile(path.join(import.meta.dirname, '..', '..', file), 'utf8')

describe('what people read of the settings is what the program reads (npm run settings writes it)', () => {
  test('.env.example', async () => {
    expect(await read('.env.example')).toBe(envExample())
  })

  test('docs/configuration.md', async () => {
    const page = await read('docs/configuration.md')
    expect(page).toBe(withTable(page))
    for (const { name } of SETTINGS) expect(page).toContain(`| \`${name}\``)
  })

  test('docs/admin-api.md', async () => {
    const page = await read('docs/admin-api.md')
    expect(page).toBe(withAccessTable(page))
    expect(page).toContain('`POST /login`')
  })

  test('agentview --help', () => {
    const text = helpText()
    for (const { name, meaning } of SETTINGS) expect([name, meaning].every((part) => text.includes(part))).toBe(true)
  })
})

describe('AGENTVIEW_ALLOW_HOSTS', () => {
  const cluster = { DATABASE_URL: 'postgres://localhost/x', AGENTVIEW_SECRET: 's'.repeat(32) }

  test('opens this machine in embedded mode, and nothing in a cluster', () => {
    expect(readSettings({}).allowHosts).toEqual(['127.0.0.0/8', '::1'])
    expect(readSettings(cluster).allowHosts).toEqual([])
  })

  test('is a list', () => {
    const { allowHosts } = readSettings({ ...cluster, AGENTVIEW_ALLOW_HOSTS: 'agents.internal, 10.0.0.0/8,' })
    expect(allowHosts).toEqual(['agents.internal', '10.0.0.0/8'])
  })

  test('with a mistake ends the start', () => {
    expect(() => readSettings({ AGENTVIEW_ALLOW_HOSTS: '10.0.0.0/40' })).toThrow(SettingsError)
  })
})

describe('AGENTVIEW_URL and mail', () => {
  test('are scheme, host and port, and a mail server', () => {
    expect(readSettings({}).publicUrl).toBeNull()
    expect(readSettings({ AGENTVIEW_URL: 'https://agents.example/' }).publicUrl).toBe('https://agents.example')
    expect(readSettings({ AGENTVIEW_SMTP_URL: 'smtp://mail:587' }).mail).toMatchObject({ url: 'smtp://mail:587' })
  })

  test.each([
    { AGENTVIEW_URL: 'agents.example' },
    { AGENTVIEW_URL: 'https://a.example/b' },
    { AGENTVIEW_SMTP_URL: 'http://mail' },
  ])('with a mistake end the start: %j', (environment) =>
    expect(() => readSettings(environment)).toThrow(SettingsError),
  )
})
