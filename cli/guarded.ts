import { ConfigError } from './config/configError.ts'
import { StartRefused } from './embedded/startRefused.ts'
import { SettingsError } from './settings.ts'

/** What went wrong: what a person can mend in one line, the rest with its stack. */
export function troubleOf(error: unknown): unknown {
  const isMendable = error instanceof SettingsError || error instanceof ConfigError || error instanceof StartRefused
  return isMendable ? error.message : error
}

/** Does the work of a command; trouble is told and ends the process with `code`. */
export async function guarded(work: () => Promise<void>, code = 1): Promise<void> {
  try {
    await work()
  } catch (error) {
    console.error(troubleOf(error))
    process.exit(code)
  }
}
