import { access, constants, mkdir, realpath } from 'node:fs/promises'
import path from 'node:path'
import { type Binaries, findBinaries } from './binaries.ts'
import { databaseUrl, ensureDatabase } from './database.ts'
import { type DataFolder, findDataFolder, refuseOtherVersion } from './dataFolder.ts'
import { lockFolder } from './folderLock.ts'
import { initialise, keptPassword } from './initialise.ts'
import { type Launch, findRunning, startServer } from './server.ts'
import { SETTINGS } from './settings.ts'
import { StartRefused, errorCode } from './startRefused.ts'
import { supervise } from './supervise.ts'

// startEmbeddedPostgres
//   ├─ lockFolder      one process per data folder; a dead one's lock is taken over
//   ├─ findDataFolder  where the data is (root in a private folder: elsewhere) and which user serves it
//   ├─ findBinaries    programs which that user can run
//   ├─ initialise      first start only: initdb under another name, then rename
//   ├─ findRunning     a Postgres that outlived its process (kill -9) is adopted
//   ├─ startServer     otherwise: postgres in a session of its own, on a free port of 127.0.0.1
//   ├─ ensureDatabase
//   └─ supervise       started again if it dies; stopped when we stop or exit

/** A running Postgres with an empty or kept database `agentview`. */
export interface EmbeddedPostgres {
  /** With the password in it: not for logs. */
  url: string
  /** Whether it outlived a killed process of ours and was found running. */
  adopted: boolean
  /** Ends Postgres within three seconds and gives the folder free. Idempotent. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** AGENTVIEW_DATA; made when it does not exist. */
  folder: string
  /** Told in one line what a person who started us wants to know: copies made, adoption, a restart. */
  onNotice?: (line: string) => void
  /** Postgres settings on top of ours. */
  settings?: Readonly<Record<string, string>>
}

/**
 * Runs a real Postgres for this process on the data in `folder`, which it makes on the first start.
 * Throws StartRefused, whose message is one line for the person at the terminal, when it can't.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32')
    throw new StartRefused('Embedded Postgres does not run on Windows: set DATABASE_URL.')
  const folder = await openFolder(options.folder)
  const lock = await lockFolder(folder)
  try {
    const onNotice = options.onNotice ?? (() => undefined)
    const launch = await prepareFolder(folder, { ...SETTINGS, ...options.settings }, onNotice)
    const running = await findRunning(launch)
    if (running) onNotice(`Postgres (pid ${running.pid}) still ran after its process had been killed: using it again.`)
    const server = running ?? (await startServer(launch))
    const supervised = supervise(server, launch, onNotice)
    await ensureDatabase(server.port, launch.password).catch(async (error: unknown) => {
      await supervised.stop()
      throw error
    })
    const stop = async () => {
      await supervised.stop()
      await lock.release()
    }
    let stopped: Promise<void> | undefined
    return {
      url: databaseUrl(server.port, launch.password),
      adopted: running !== null,
      stop: () => (stopped ??= stop()),
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function openFolder(asked: string): Promise<string> {
  const folder = path.resolve(asked)
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return await realpath(folder)
  } catch (error) {
    throw new StartRefused(
      `The data folder ${folder} is not usable (${errorCode(error)}): set AGENTVIEW_DATA to another.`,
    )
  }
}

/** Where the data of a folder lies and which programs serve it; makes the data at the first start. */
export async function prepareFolder(
  folder: string,
  settings: Readonly<Record<string, string>>,
  onNotice: (line: string) => void,
): Promise<Launch> {
  const at: DataFolder = await findDataFolder(folder, onNotice)
  const binaries: Binaries = await findBinaries(at.user, onNotice)
  if (at.state === 'initialised') await refuseOtherVersion(at.data, binaries.major)
  const password = await (at.state === 'initialised' ? keptPassword(folder) : initialise(folder, at, binaries))
  return { folder, at, binaries, password, settings }
}
