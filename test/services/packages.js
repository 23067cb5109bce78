import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import path from 'node:path'

/** The first of these programs that is on the PATH. */
export function findProgram(names) {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable)
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Installs a Debian package, when we are root on Debian and may (AGENTVIEW_NO_INSTALL). Says what it does. */
export function installed(name) {
  const may = process.getuid?.() === 0 && existsSync('/etc/debian_version') && process.env.AGENTVIEW_NO_INSTALL !== '1'
  if (!may || !findProgram(['apt-get'])) return false
  const install = ['install', '-y', '--no-install-recommends', name]
  // A fresh image has no package lists, and old lists name versions that are gone.
  return aptGet(install) || (aptGet(['update']) && aptGet(install))
}

function aptGet(commandArguments) {
  console.log(`apt-get ${commandArguments.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status } = spawnSync('apt-get', ['-qq', ...commandArguments], { stdio: ['ignore', 'ignore', 'inherit'], env })
  return status === 0
}
