import { cp } from 'node:fs/promises'
import { type Cleanup, StepStack } from '../../cluster/cleanup.ts'
import { type WorkFolder, makeWorkFolder } from '../../cluster/workFolder.ts'
import { type Site, type SiteOptions, startSite } from '../arena/site.ts'

/** A cluster of its own on which strikes come one after the other; replaced when it can't be made well. */
export class Lane {
  readonly #options: SiteOptions
  readonly #cleanup: Cleanup
  #ground: { site: Site; folder: WorkFolder; steps: StepStack } | null = null

  constructor(options: SiteOptions, cleanup: Cleanup) {
    this.#options = options
    this.#cleanup = cleanup
  }

  /** The cluster, well; a new one when there is none. */
  async site(): Promise<Site> {
    if (this.#ground) return this.#ground.site
    const steps = new StepStack()
    this.#cleanup.defer(() => steps.unwind())
    const folder = await makeWorkFolder(steps)
    const site = await startSite(this.#options, folder, process.env, steps)
    this.#ground = { site, folder, steps }
    return site
  }

  /** What it has logged so far, into a folder that stays. */
  async copyLogs(to: string): Promise<void> {
    if (this.#ground) await cp(this.#ground.folder.logs, to, { recursive: true })
  }

  /** Gives it up; the next strike gets a new one. */
  async replace(): Promise<void> {
    const ground = this.#ground
    this.#ground = null
    await ground?.steps.unwind()
  }
}
