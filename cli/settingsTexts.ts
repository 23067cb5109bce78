import { SETTINGS } from './settings.ts'

/** The one table of settings as people read it; a test compares the files with what is made here. */

/** For `agentview --help`. */
export function helpText(): string {
  const width = Math.max(...SETTINGS.map(({ name }) => name.length))
  return SETTINGS.map(
    ({ name, meaning, fallback }) => `  ${name.padEnd(width)}  ${meaning} (default: ${fallback})`,
  ).join('\n')
}

/** The whole of .env.example. */
export function envExample(): string {
  const settings = SETTINGS.map(({ name, meaning, fallback }) => `# ${meaning} (default: ${fallback})\n# ${name}=\n`)
  return `# Every setting of AgentView, with what applies when it is not set. Copy to .env, or set them in your environment.
# Processes read the environment only; \`node --env-file=.env cli/bin/agentview.js start\` reads a file.

${settings.join('\n')}`
}

/** The table in docs/configuration.md. */
export function settingsTable(): string {
  const rows = [
    ['variable', 'default', 'meaning'],
    ...SETTINGS.map(({ name, fallback, meaning }) => [`\`${name}\``, fallback, meaning]),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[], filler: string) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!, filler)).join(' | ')} |\n`
  const [head, ...body] = rows
  return line(head!, ' ') + line(['', '', ''], '-') + body.map((row) => line(row, ' ')).join('')
}

/** docs/configuration.md with the table of today. */
export function withTable(page: string): string {
  return page.replace(/(^\|.*\n)+/m, () => settingsTable())
}
